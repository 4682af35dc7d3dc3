package placement

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/borrow"
)

// entry is how the API server looks at the new pods of a workload.
type entry struct {
	stored   bool // the pod has passed admission already
	ignored  bool // the caller wants neither plugins nor validation
	without  admission.Plugins
	webhooks func(*corev1.Pod) // nil: none
}

// entry returns the options about admission.
func (o options) entry() (e entry, err error) {
	var errs []error
	for _, name := range o.without {
		plugin, ok := admission.PluginNamed(name)
		if !ok {
			errs = append(errs, fmt.Errorf("WithoutAdmission: %q is not an admission plugin", name))
			continue
		}
		e.without = e.without.With(plugin)
	}
	e.ignored = o.unvalidated && e.without == admission.AllPlugins
	return e, errors.Join(errs...)
}

// admitted is what becomes of a workload's new pod in the API server of a cluster.
type admitted struct {
	workload *Workload     // as the scheduler sees it; the given one if the pod is refused
	pod      *corev1.Pod   // nil: the one that was given, or refused
	refusal  *FilterReason // nil: the pod is stored
}

// admitted has the API server of the prediction's cluster look at the pod. The
// DaemonSet controller decides by the template where it wants pods, and never sees what
// admission adds (pkg/controller/daemon/daemon_controller.go: NodeShouldRunDaemonPod).
// The scheduler sees the admitted pod.
func (p *Prediction) admitted() *admitted {
	p.asked.Do(func() {
		if p.outcome = (admitted{workload: p.given}); !p.isNew() {
			return
		}
		pod, refusal := p.admit()
		if refusal != nil {
			p.outcome.refusal = &FilterReason{
				Plugin: refusal.Plugin.String(), Message: refusal.Message, Object: refusal.Object, Unresolvable: true,
			}
			return
		}
		p.outcome.workload, p.outcome.pod = p.given.as(pod), pod
	})
	return &p.outcome
}

// isNew reports whether admission looks at the workload's pod and may decide about it.
func (p *Prediction) isNew() bool {
	w := p.given
	if w.entry.stored {
		return false
	}
	if _, known := borrow.From(p.cluster).Pod(w.pod.Namespace, w.pod.Name); known && w.daemonSet == nil {
		return false
	}
	return w.entry.webhooks != nil || !w.entry.ignored && borrow.Decides(p.cluster, w.pod)
}

// admit has the API server look at a new pod of the workload.
func (p *Prediction) admit() (*corev1.Pod, *admission.Refusal) {
	return borrow.Admit(p.cluster, p.given.newPod(), p.given.entry.without, p.given.entry.webhooks)
}

// newPod returns the pod that the API server is sent.
func (w *Workload) newPod() *corev1.Pod {
	pod := w.Pod()
	if w.daemonSet != nil {
		pod.GenerateName, pod.Name = w.daemonSet.Name+"-", w.daemonSet.Name+"-xxxxx"
	}
	pod.Name = cmp.Or(pod.Name, "new")
	pod.Namespace = cmp.Or(pod.Namespace, corev1.NamespaceDefault)
	return pod
}

// as returns the workload with its pod as the API server stores it. It returns w if the
// scheduler sees no difference.
func (w *Workload) as(pod *corev1.Pod) *Workload {
	if equality.Semantic.DeepEqual(w.pod.Spec, pod.Spec) && equality.Semantic.DeepEqual(w.pod.Labels, pod.Labels) {
		return w
	}
	stored := *w
	stored.pod, stored.entry = pod, entry{stored: true}
	stored.tolerations = podTolerations(pod.Spec.Tolerations)
	stored.affinity = compileAffinity(&pod.Spec, strings.TrimSuffix(w.path(""), "."))
	if w.daemonSet == nil {
		stored.scoring = compileScoring(pod)
	}
	stored.compileFit(w.load().name)
	return &stored
}

// Admitted returns the workload's new pod as the API server stores it, or an error in
// the API server's words if it refuses the pod. The pod is that of the template, with
// what LimitRanges, the RuntimeClass, the namespace and other objects of the cluster add.
// The plugins that look at it are those that run by default, and those whose
// annotation a namespace has; a plugin that refuses pods for an object that does not
// exist runs only if the cluster has an object of that kind. ResourceQuotas are not
// asked. A pod that is stored already is returned as it is.
func (p *Prediction) Admitted() (*corev1.Pod, error) {
	p = p.orNothing()
	switch a := p.admitted(); {
	case a.refusal != nil:
		return nil, errors.New(a.refusal.Message)
	case a.pod != nil:
		return a.pod.DeepCopy(), nil
	}
	return p.given.Pod(), nil
}

// scheduled returns the workload as the scheduler sees it.
func (p *Prediction) scheduled() *Workload { return p.admitted().workload }

// refused returns why the API server refuses the pod, or nil if it does not.
func (p *Prediction) refused() *FilterReason { return p.admitted().refusal }

// lets returns the nodes of wanted that the node filters let the admitted pod onto.
func (p *Prediction) lets(wanted cluster.NodeSet) cluster.NodeSet {
	w := p.scheduled()
	if w == p.workload {
		return wanted
	}
	allowed, _ := w.eligible(p.cluster)
	return wanted.And(allowed)
}

// admissionChanges describes what admission changes in the pod that the scheduler reads,
// a line for each plugin.
func (p *Prediction) admissionChanges() []string {
	if p.admitted().pod == nil {
		return nil
	}
	var lines []string
	for _, c := range borrow.AdmissionChanges(p.cluster, p.given.newPod(), p.given.entry.without, p.given.entry.webhooks) {
		fields := changedFields(c.Before, c.After)
		if len(fields) == 0 {
			continue
		}
		by := c.Plugin.String()
		if c.Object != "" {
			by += " (" + c.Object + ")"
		}
		lines = append(lines, by+" sets "+strings.Join(fields, ", "))
	}
	return lines
}

// changedFields lists the fields that the scheduler reads and that differ, with their
// new values.
func changedFields(before, after *corev1.PodSpec) []string {
	var all []string
	add := func(field string, a, b any, text string) {
		if !equality.Semantic.DeepEqual(a, b) {
			all = append(all, field+" "+text)
		}
	}
	add("nodeSelector", before.NodeSelector, after.NodeSelector, "{"+labels.FormatLabels(after.NodeSelector)+"}")
	add("overhead", before.Overhead, after.Overhead, amountsText(after.Overhead))
	var tolerations []string
	for _, t := range after.Tolerations {
		tolerations = append(tolerations, tolerationText(&t))
	}
	add("tolerations", before.Tolerations, after.Tolerations, "["+strings.Join(tolerations, "; ")+"]")
	for _, list := range [...]struct {
		name          string
		before, after []corev1.Container
	}{{"initContainers", before.InitContainers, after.InitContainers}, {"containers", before.Containers, after.Containers}} {
		for i := range min(len(list.before), len(list.after)) {
			was, is := list.before[i].Resources, list.after[i].Resources
			path := fmt.Sprintf("%s[%d].resources.", list.name, i)
			add(path+"requests", was.Requests, is.Requests, amountsText(is.Requests))
			add(path+"limits", was.Limits, is.Limits, amountsText(is.Limits))
		}
	}
	return all
}
