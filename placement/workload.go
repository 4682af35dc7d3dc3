package placement

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/kube"
)

// Workload is a compiled pod spec: what the pod requires of a node. After it is
// compiled, no question returns an error. A nil Workload and the zero Workload
// stand for a pod that requires nothing. A Workload is safe for concurrent use.
type Workload struct {
	daemonSet   *appsv1.DaemonSet // nil for a pod
	pod         *corev1.Pod       // the pod as the API server stores it; a DaemonSet's without its node
	tolerations tolerations
	affinity    affinity
	asks        amounts
	ports       []hostPort
	spreads     []spread
	relations   relations
	minds       bool         // where other pods are
	fault       *fault       // why no node is even looked at
	loadOnce    func() *load // of the running pod, computed on first use
	scoring     *scoring
	beside      bool // own pods are counted in, including pods that are still to come
	entry       entry
}

// orNothing returns a workload that requires nothing for a nil Workload and for
// the zero Workload, and w otherwise.
func (w *Workload) orNothing() *Workload {
	if w == nil || w.pod == nil {
		return idle()
	}
	return w
}

var idle = sync.OnceValue(func() *Workload {
	w := &Workload{pod: &corev1.Pod{}, scoring: compileScoring(&corev1.Pod{})}
	w.compileFit("")
	return w
})

// Option changes how a workload is compiled.
type Option struct{ set func(*options) }

type options struct {
	unvalidated bool
	version     cluster.Version
	without     []string
	created     bool // by a controller, so the pod is new
}

// Unvalidated skips defaulting and validation. Use it for an object that is
// already stored: it is then judged as the controller and the scheduler judge
// it. A required term with a mistake in it matches no node. The pods that a stored
// controller creates are new, so the API server may still refuse them. With
// WithoutAdmission() as well, it is not asked.
func Unvalidated() Option { return Option{func(o *options) { o.unvalidated = true }} }

// AtVersion fills in the defaults of a release of Kubernetes, and validates by its
// rules. Without it they are those of the latest. What a Prediction says follows the
// version of its cluster.
func AtVersion(v cluster.Version) Option { return Option{func(o *options) { o.version = v }} }

// WithoutAdmission has admission plugins of the API server not look at the pod, for
// example "PodSecurity". Without names, none of them does. ForPod and ForDaemonSet
// return an error for a name that no plugin has.
func WithoutAdmission(plugins ...string) Option {
	if len(plugins) == 0 {
		plugins = admission.PluginNames()
	}
	return Option{func(o *options) { o.without = append(o.without, plugins...) }}
}

func collect(opts []Option) options {
	var o options
	for _, opt := range opts {
		if opt.set != nil {
			opt.set(&o)
		}
	}
	return o
}

// ForDaemonSet compiles the pods of a DaemonSet. It works on a defaulted,
// validated copy and adds the tolerations that the controller adds to its pods
// (pkg/controller/daemon/util/daemonset_util.go:
// AddOrUpdateDaemonPodTolerations). The error reports every mistake; each is a
// *field.Error, wrapped with the object's name.
func ForDaemonSet(ds *appsv1.DaemonSet, opts ...Option) (*Workload, error) {
	if ds == nil {
		return nil, errors.New("DaemonSet: is nil")
	}
	o := collect(opts)
	entry, unknown := o.entry()
	ds, err := accept(ds, "DaemonSet", o)
	if err := errors.Join(err, unknown); err != nil {
		return nil, err
	}
	w := compileDaemonSet(ds, o.version)
	w.entry = entry
	return w, nil
}

// compileDaemonSet compiles a DaemonSet and takes ownership of it.
func compileDaemonSet(ds *appsv1.DaemonSet, version cluster.Version) *Workload {
	template := ds.Spec.Template
	own := daemonTolerations(&template.Spec)
	pod := version.Default(kube.PodFromTemplate(&template, ds.Name, nil)).(*corev1.Pod)
	pod.Namespace = ds.Namespace
	pod.Spec.Tolerations = own.plain()
	kube.MergeLabelKeys(pod)
	w := &Workload{
		daemonSet:   ds,
		pod:         pod,
		tolerations: own,
		affinity:    compileAffinity(&template.Spec, "spec.template.spec"),
	}
	w.compileFit(kube.Key(ds))
	return w
}

// ForPod compiles a pod as the scheduler sees it. Like ForDaemonSet it works on
// a defaulted, validated copy and reports every mistake.
func ForPod(pod *corev1.Pod, opts ...Option) (*Workload, error) {
	if pod == nil {
		return nil, errors.New("Pod: is nil")
	}
	o := collect(opts)
	entry, unknown := o.entry()
	entry.stored = !o.created && (o.unvalidated || pod.ResourceVersion != "" || pod.UID != "")
	pod, err := accept(pod, "Pod", o)
	if err := errors.Join(err, unknown); err != nil {
		return nil, err
	}
	if !o.unvalidated {
		kube.MergeLabelKeys(pod)
	}
	scoring := compileScoring(pod)
	if scoring.fault != nil && !o.unvalidated {
		return nil, fmt.Errorf("Pod %s/%s: %w", pod.Namespace, pod.Name, cmp.Or(checkPreferences(&pod.Spec, "spec"), scoring.fault))
	}
	w := &Workload{
		pod:         pod,
		scoring:     scoring,
		tolerations: podTolerations(pod.Spec.Tolerations),
		affinity:    compileAffinity(&pod.Spec, "spec"),
		entry:       entry,
	}
	w.compileFit(kube.Key(pod))
	return w, nil
}

func (w *Workload) compileFit(name string) {
	pod := w.pod
	w.asks, w.ports, w.relations = asked(pod), hostPorts(&pod.Spec), compileRelations(pod)
	w.loadOnce = sync.OnceValue(func() *load {
		load := loadOf(pod)
		load.name = name
		return load
	})
	var err error
	if w.spreads, err = compileSpreads(w.pod, corev1.DoNotSchedule); err != nil {
		w.fault = &fault{pluginSpread, fmt.Sprintf("running PreFilter plugin %q: %v", pluginSpread, err)}
	} else if w.relations.fault != "" {
		w.fault = &fault{pluginRelations, w.relations.fault}
	}
	w.minds = len(w.spreads)+len(w.relations.with)+len(w.relations.without) > 0
}

// fault is a mistake in a pod that ends its scheduling before any node is
// looked at. Only a pod that was not validated can have one.
type fault struct{ plugin, message string }

// withSurge returns the workload in the middle of a surge (internal/room:
// WithSurge).
func (w *Workload) withSurge() *Workload {
	surging := *w.orNothing()
	surging.beside = true
	return &surging
}

// withWebhooks returns the workload with webhooks (internal/room: WithWebhooks).
func (w *Workload) withWebhooks(admit func(*corev1.Pod)) *Workload {
	if admit == nil {
		return w
	}
	hooked := *w.orNothing()
	hooked.entry.webhooks = admit
	return &hooked
}

// load returns what the workload's pod takes from the node it runs on.
func (w *Workload) load() *load { return w.orNothing().loadOnce() }

// accept returns the copy that a workload is compiled from.
func accept[T interface {
	runtime.Object
	metav1.Object
}](object T, kind string, o options) (T, error) {
	if o.unvalidated {
		return object.DeepCopyObject().(T), nil
	}
	copied := o.version.Default(object).(T)
	if copied.GetNamespace() == "" {
		copied.SetNamespace(metav1.NamespaceDefault)
	}
	var errs []error
	for _, e := range o.version.Validate(copied) {
		errs = append(errs, fmt.Errorf("%s %s/%s: %w", kind, copied.GetNamespace(), copied.GetName(), e))
	}
	return copied, errors.Join(errs...)
}

// MarshalJSON returns an error: a Workload has no JSON form. Its Pod has.
func (w *Workload) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a Workload has no JSON form: marshal its pod, Workload.Pod, or the object that it was compiled from")
}

// Pod returns a copy of the pod that is judged: the pod passed to ForPod, or
// the pod that the DaemonSet controller would create from the template, not yet
// targeted at a node.
func (w *Workload) Pod() *corev1.Pod { return w.orNothing().pod.DeepCopy() }
