package rollout

import (
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// daemonSetController follows the controller
// (pkg/controller/daemon/daemon_controller.go: DaemonSetsController). What it
// holds between ticks is scratch.
type daemonSetController struct {
	*store
	kubelets  *kubelets
	evictions *evictions
	scheduler *scheduler

	walked    []int32 // nodes
	doomed    []deletion
	creations []creation
	deletions []deletion
}

// addDaemonSet returns a slot for a DaemonSet. Its object is not set yet.
func (dsc *daemonSetController) addDaemonSet(object *appsv1.DaemonSet) *daemonSet {
	key := kube.Key(object)
	d := newDaemonSet(key, len(dsc.nodes), dsc.serials[key])
	d.slot = dsc.daemonSets.add(d)
	return d
}

func (dsc *daemonSetController) dropDaemonSet(d *daemonSet) {
	dsc.keepSerial(d.key, d.serial)
	dsc.daemonSets.drop(d.slot)
}

// setObject recomputes everything that follows from the DaemonSet's object.
// Eligible nodes are computed again only if a field that decides them has
// changed.
func (dsc *daemonSetController) setObject(d *daemonSet, object *appsv1.DaemonSet) error {
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return err
	}
	decoded := kube.DecodedTemplate(&object.Spec.Template)
	patch, err := templatePatch(decoded)
	if err != nil {
		return err
	}
	workload, err := placement.ForDaemonSet(object, placement.Unvalidated(), placement.AtVersion(dsc.cluster.Version()))
	if err != nil {
		return err
	}
	moved := d.object == nil || !samePlaces(&d.object.Spec.Template.Spec, &object.Spec.Template.Spec)
	if d.object == nil || !equality.Semantic.DeepEqual(d.object.Spec.Selector, object.Spec.Selector) {
		d.queued.add(ownersChanged)
	}
	d.object, d.selector, d.decoded, d.patch, d.workload = object, selector, decoded, patch, workload
	d.blind, d.minReady = selector.Empty(), object.Spec.MinReadySeconds
	d.rolling = object.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType
	one, err := d.maxSurge(1)
	d.surges = err == nil && one > 0
	d.queued.add(specChanged)
	d.stale, d.scaled = true, scaled{}
	if moved {
		dsc.decideAll(d)
		dsc.evictions.processTaintsOf(d)
	}
	dsc.kubelets.rearmAll(d)
	return nil
}

// samePlaces reports whether two templates are eligible for the same nodes.
func samePlaces(a, b *corev1.PodSpec) bool {
	return a.NodeName == b.NodeName && a.HostNetwork == b.HostNetwork &&
		equality.Semantic.DeepEqual(a.NodeSelector, b.NodeSelector) &&
		equality.Semantic.DeepEqual(a.Affinity, b.Affinity) &&
		equality.Semantic.DeepEqual(a.Tolerations, b.Tolerations)
}

// classOf returns the class of the pods that the DaemonSet creates now. It returns
// none if the API server refuses them; denied is the reason.
func (dsc *daemonSetController) classOf(d *daemonSet) int32 {
	if d.class != none || d.denied != (denial{}) {
		return d.class
	}
	c := dsc.newTemplateClass(d)
	if refusal := dsc.admitClass(d, c); refusal != nil {
		d.denied = denialOf(refusal)
		return none
	}
	d.class = dsc.addClass(d, c)
	return d.class
}

// admitClass changes a class as admission changes its pods, or returns why they are
// refused. The scheduler and the kubelets see the admitted pod, the controller only the
// template (pkg/controller/daemon/daemon_controller.go: NodeShouldRunDaemonPod).
func (dsc *daemonSetController) admitClass(d *daemonSet, c *class) *admission.Refusal {
	pod := d.workload.Pod()
	pod.GenerateName, pod.Name = d.object.Name+"-", c.prefix+"xxxxx"
	pod.Labels = c.labels
	admitted, refusal := dsc.admit(pod)
	if refusal != nil {
		return refusal
	}
	c.admitted = admitted
	if admitted.Spec.Priority != nil {
		c.priority = *admitted.Spec.Priority
	}
	if sameToScheduler(&pod.Spec, &admitted.Spec) {
		return nil
	}
	object := *d.object
	object.Spec.Template.Spec, object.Spec.Template.Annotations = admitted.Spec, admitted.Annotations
	workload, err := placement.ForDaemonSet(&object, placement.Unvalidated())
	if err != nil { // cannot be: the admitted pod is valid
		return nil
	}
	c.workload, c.load, c.template, c.changed = workload, room.LoadOfWorkload(workload), &object.Spec.Template, true
	c.tolerates = admitted.Spec.Tolerations
	return nil
}

// newTemplateClass returns the class of the pods created from now on, before admission
// (pkg/controller/daemon/util/daemonset_util.go: CreatePodTemplate).
func (dsc *daemonSetController) newTemplateClass(d *daemonSet) *class {
	template := &d.object.Spec.Template
	meta := maps.Clone(template.Labels)
	if meta == nil {
		meta = map[string]string{}
	}
	if g, err := strconv.ParseInt(d.generation(), 10, 64); err == nil {
		meta[generationLabel] = fmt.Sprint(g)
	}
	if d.hash != "" {
		meta[hashLabel] = d.hash
	}
	c := newClass(namePrefix(d.object.Name), meta, &template.Spec)
	c.namespace, c.template = d.object.Namespace, template
	c.tolerates = d.workload.Pod().Spec.Tolerations
	c.priority, c.workload, c.load = kube.Priority(&template.Spec, borrow.From(dsc.cluster)), d.workload, room.LoadOfWorkload(d.workload)
	return c
}

// decideAll computes the eligibility of every node for the DaemonSet.
func (dsc *daemonSetController) decideAll(d *daemonSet) {
	d.decision = make([]placement.Decision, len(dsc.nodes))
	p := d.workload.Predict(dsc.cluster)
	nodes := borrow.From(dsc.cluster)
	wanted, kept := borrow.Words(dsc.cluster, p.Eligible()), borrow.Words(dsc.cluster, p.Kept())
	slot := int32(0)
	for i := range nodes.Len() {
		for dsc.nodeNames[slot].name != nodes.Name(i) {
			slot++
		}
		switch bit := uint64(1) << (i & 63); {
		case wanted[i>>6]&bit != 0:
			d.decision[slot] = placement.Eligible
		case kept[i>>6]&bit != 0:
			d.decision[slot] = placement.Kept
		}
	}
	d.stale = true
}

// decide computes the eligibility of one node for every DaemonSet, after the node
// has changed.
func (dsc *daemonSetController) decide(node int32) {
	dsc.freed = true
	object, there := borrow.From(dsc.cluster).Node(dsc.nodeNames[node].name)
	for _, slot := range dsc.daemonSets.order {
		d := dsc.daemonSets.at[slot]
		now := placement.Excluded
		if there {
			now = d.workload.Check(object).Decision
		}
		d.decision[node] = now
		d.touch(node)
	}
	if there {
		dsc.noteTaints(node, object)
	}
}

func (dsc *daemonSetController) syncAll() {
	for i := 0; i < len(dsc.daemonSets.order); {
		d := dsc.daemonSets.at[dsc.daemonSets.order[i]]
		if d.wants() {
			dsc.sync(d)
		}
		if i < len(dsc.daemonSets.order) && dsc.daemonSets.order[i] == d.slot { // it still exists
			i++
		}
	}
}
