// Package admission decides about new pods as the admission plugins of the API server
// of Kubernetes 1.37 do: it completes a pod or refuses it, in the server's words.
//
// [Admit] runs the plugins in the server's order
// (pkg/kubeapiserver/options/plugins.go: AllOrderedPlugins): those that change the pod,
// then validation, then those that only check it. ResourceQuota, the last one, keeps an
// account and has a type of its own, [Quotas]. Where a plugin upstream follows the order
// of a map, this package follows the order of names.
//
// It leaves out what nothing in berth reads: the volume with the token of the service
// account, and warnings. The API server's own configuration is taken to be empty: no
// default node selector of the cluster, no exemptions from PodSecurity, no
// limitedResources.
package admission

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

// Objects looks up the objects that decide about pods. Lists are in ascending order of
// names. No object is modified.
type Objects interface {
	kube.PriorityClasses
	Release() kube.Release // of the API server
	Namespace(name string) (*corev1.Namespace, bool)
	ServiceAccount(namespace, name string) (*corev1.ServiceAccount, bool)
	RuntimeClass(name string) (*nodev1.RuntimeClass, bool)
	LimitRanges(namespace string) []*corev1.LimitRange
}

// Refusal is why a pod is not created.
type Refusal struct {
	Plugin  Plugin
	Object  string // the object that decides, for example "LimitRange apps/limits"; "" if only the pod does
	Message string // the API server's error

	// NamespaceTerminating reports whether the error has the cause
	// NamespaceTerminating. Controllers record no event then
	// (pkg/controller/controller_utils.go: createPods).
	NamespaceTerminating bool
}

// Error returns the API server's message.
func (r *Refusal) Error() string { return r.Message }

// request is a pod on its way through the plugins.
type request struct {
	pod       *corev1.Pod
	objects   Objects
	namespace *corev1.Namespace
	named     string // the pod's name in messages
	watch     func(Change)
}

// Change is what a plugin changed in the spec of a pod.
type Change struct {
	Plugin        Plugin
	Object        string // that decides, as in Refusal
	Before, After *corev1.PodSpec
}

// step is what a plugin does with a pod. Either function may be nil.
type step struct {
	plugin          Plugin
	admit, validate func(*request) *Refusal
}

// chain holds the plugins in the order in which the API server calls them. A plugin
// whose Admit ends with its own Validate has the check in both columns. It is never
// modified.
var chain = [...]step{
	{NamespaceLifecycle, checkNamespace, nil},
	{LimitRanger, setLimitRangeDefaults, checkLimitRanges},
	{ServiceAccount, setServiceAccount, checkServiceAccount},
	{PodSecurity, nil, checkPodSecurity},
	{PodNodeSelector, setNodeSelector, checkNodeSelector},
	{Priority, setPriority, nil},
	{DefaultTolerationSeconds, setTolerationSeconds, nil},
	{PodTolerationRestriction, setDefaultTolerations, checkTolerations},
	{ExtendedResourceToleration, setExtendedResourceTolerations, nil},
	{RuntimeClass, setRuntimeClass, checkRuntimeClass},
	{OriginPodNodeEnvironment, setProjectNodeSelector, checkProjectNodeSelector},
}

// Admit returns a copy of a new pod as the API server stores it, or the reason why it
// refuses the pod. It sets the defaults of the kind first. The pod has a namespace. In
// the messages of plugins that change pods, a generateName comes before the name, as the
// server generates the name after them.
//
// webhooks changes the pod as the mutating webhooks of the cluster do; it may be nil.
func Admit(pod *corev1.Pod, objects Objects, plugins Plugins, webhooks func(*corev1.Pod)) (*corev1.Pod, *Refusal) {
	return admit(pod, objects, plugins, webhooks, nil)
}

// Changes returns what each plugin changes in the spec of a new pod, up to the plugin
// that refuses it, in the order of the plugins.
func Changes(pod *corev1.Pod, objects Objects, plugins Plugins, webhooks func(*corev1.Pod)) []Change {
	var all []Change
	admit(pod, objects, plugins, webhooks, func(c Change) { all = append(all, c) })
	return all
}

// admit is Admit, and calls watch, if it is not nil, with each change.
func admit(pod *corev1.Pod, objects Objects, plugins Plugins, webhooks func(*corev1.Pod), watch func(Change)) (*corev1.Pod, *Refusal) {
	r := &request{pod: defaults.ForUpdate(objects.Release(), pod), objects: objects, named: pod.Name, watch: watch}
	if pod.GenerateName != "" {
		r.named = pod.GenerateName
	}
	r.namespace, _ = objects.Namespace(pod.Namespace)
	if refusal := r.run(plugins, step.admitting); refusal != nil {
		return nil, refusal
	}
	if webhooks != nil {
		if refusal := r.callWebhooks(plugins, webhooks); refusal != nil {
			return nil, refusal
		}
	}
	defaults.PrepareForCreate(objects.Release(), r.pod)
	r.named = pod.Name
	if mistakes := validation.ValidateDefaulted(r.pod); len(mistakes) > 0 {
		message := fmt.Sprintf("Pod %q is invalid: %v", r.named, mistakes.ToAggregate())
		return nil, &Refusal{Plugin: Validation, Message: message}
	}
	if refusal := r.run(plugins, step.validating); refusal != nil {
		return nil, refusal
	}
	return r.pod, nil
}

func (s step) admitting() func(*request) *Refusal  { return s.admit }
func (s step) validating() func(*request) *Refusal { return s.validate }

// run calls one function of each enabled plugin until one refuses the pod.
func (r *request) run(plugins Plugins, function func(step) func(*request) *Refusal) *Refusal {
	for _, s := range chain {
		call := function(s)
		if call == nil || !plugins.Has(s.plugin) {
			continue
		}
		var before *corev1.PodSpec
		if r.watch != nil {
			before = r.pod.Spec.DeepCopy()
		}
		if refusal := call(r); refusal != nil {
			refusal.Plugin = s.plugin
			return refusal
		}
		if r.watch != nil && !equality.Semantic.DeepEqual(before, &r.pod.Spec) {
			r.watch(Change{s.plugin, r.source(s.plugin), before, r.pod.Spec.DeepCopy()})
		}
	}
	return nil
}

// source names the object that makes a plugin change the pod. It is empty for plugins
// that need none.
func (r *request) source(plugin Plugin) string {
	switch plugin {
	case LimitRanger:
		var names []string
		for _, ranges := range r.objects.LimitRanges(r.pod.Namespace) {
			if requests, limits := containerDefaults(ranges); len(requests)+len(limits) > 0 {
				names = append(names, "LimitRange "+kube.Key(ranges))
			}
		}
		return strings.Join(names, ", ")
	case ServiceAccount:
		return "ServiceAccount " + r.pod.Namespace + "/" + r.pod.Spec.ServiceAccountName
	case PodNodeSelector, PodTolerationRestriction, OriginPodNodeEnvironment:
		return r.namespaceObject()
	case Priority:
		if name := r.pod.Spec.PriorityClassName; name != "" {
			return "PriorityClass " + name
		}
	case RuntimeClass:
		return "RuntimeClass " + *r.pod.Spec.RuntimeClassName
	}
	return ""
}

// callWebhooks calls the webhooks and then, because they may have changed the pod, the
// plugins again (k8s.io/apiserver/pkg/admission/reinvocation.go: Admit).
func (r *request) callWebhooks(plugins Plugins, webhooks func(*corev1.Pod)) *Refusal {
	before := r.pod.Spec.DeepCopy()
	webhooks(r.pod)
	r.pod = defaults.ForUpdate(r.objects.Release(), r.pod)
	if r.watch != nil && !equality.Semantic.DeepEqual(before, &r.pod.Spec) {
		r.watch(Change{Webhooks, "", before, r.pod.Spec.DeepCopy()})
	}
	return r.run(plugins, step.admitting)
}

// forbid returns a refusal that names the pod
// (k8s.io/apiserver/pkg/admission/errors.go: NewForbidden).
func (r *request) forbid(object string, reason error) *Refusal {
	return &Refusal{Object: object, Message: forbidden(r.named, reason.Error())}
}

// forbidden returns the error's message
// (k8s.io/apimachinery/pkg/api/errors/errors.go: NewForbidden).
func forbidden(pod, reason string) string {
	if pod == "" {
		return "pods is forbidden: " + reason
	}
	return fmt.Sprintf("pods %q is forbidden: %s", pod, reason)
}

// namespaceObject names the pod's namespace as the object that decides.
func (r *request) namespaceObject() string { return "Namespace " + r.pod.Namespace }

// checkNamespace follows NamespaceLifecycle
// (k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go: Admit).
func checkNamespace(r *request) *Refusal {
	switch {
	case r.namespace == nil:
		return &Refusal{Object: r.namespaceObject(), Message: fmt.Sprintf("namespaces %q not found", r.pod.Namespace)}
	case r.namespace.Status.Phase == corev1.NamespaceTerminating:
		refusal := r.forbid(r.namespaceObject(), fmt.Errorf(
			"unable to create new content in namespace %s because it is being terminated", r.pod.Namespace))
		refusal.NamespaceTerminating = true
		return refusal
	}
	return nil
}

// annotations returns the annotations of the pod's namespace.
func (r *request) annotations() map[string]string {
	if r.namespace == nil {
		return nil
	}
	return r.namespace.Annotations
}
