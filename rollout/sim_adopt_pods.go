package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// adoptPods adopts the pods of the cluster. Each phase needs the phases before
// it: pods are listed before their lists are ordered and counted; a pod's next
// move follows from when its containers, its failures and taints let it move; the
// usage of nodes counts all pods at once.
func (s *Sim) adoptPods(dumped simTime) error {
	if err := s.listAdopted(); err != nil {
		return err
	}
	s.orderAdopted()
	s.armAdopted(dumped)
	s.taintAdopted()
	s.cluster = (*cluster.Cluster)(borrow.From(s.cluster).WithoutPods()) // the simulation has its own
	s.survey()
	return nil
}

// listAdopted adds each pod to the lists of its node and of its controller.
func (s *Sim) listAdopted() error {
	b := borrow.From(s.cluster)
	known, templates := adoptedClasses{byText: map[string]int32{}}, b.PodTemplates()
	s.named, s.loads = b.Pods(), room.LoadsOfPods(s.cluster)
	for i, object := range b.Pods() {
		d, free := s.ownerOf(object)
		rs := s.setOf(object)
		p := s.readPod(object)
		if rs != nil && !p.is(bound) {
			p.node = none
		}
		var err error
		if p.class, err = s.adoptClass(d, rs, object, templates[i], &known); err != nil {
			return err
		}
		switch {
		case d != nil:
			s.joinDaemonSet(&p, object.Name, d)
		case free:
			p.flags |= orphan
		}
		p.name = ^int32(i)
		s.addAdopted(p, object, rs)
	}
	return nil
}

// joinDaemonSet makes the DaemonSet the owner of the pod, unless the pod is bound
// for no node: the controller ignores such a pod
// (pkg/controller/daemon/daemon_controller.go: getNodesToDaemonPods). A number in
// its name is not used again.
func (s *Sim) joinDaemonSet(p *pod, name string, d *daemonSet) {
	if p.node != none {
		p.owner = d.slot
	}
	if serial, ok := parseSerial(strings.TrimPrefix(name, namePrefix(d.object.Name))); ok {
		d.taken = append(d.taken, serial)
	}
}

func (s *Sim) addAdopted(p pod, object *corev1.Pod, rs *replicaSet) {
	id := int32(len(s.pods))
	s.pods = append(s.pods, p)
	s.readMark(id, object)
	s.link(id)
	if rs != nil {
		s.joinAdopted(id, rs)
	}
	if p.phase == pending && !p.is(bound) && (p.node != none || rs != nil) {
		s.pods[id].flags |= tried
		if s.classes[p.class].ignored() == "" {
			s.unbound = append(s.unbound, queuedPod{pod: id})
		}
	}
}

// orderAdopted sorts what was listed in the order of the dump, and finds the
// revisions that the pods have.
func (s *Sim) orderAdopted() {
	s.orderQueue()
	for _, slot := range s.replicaSets.order {
		s.sortAdopted(s.replicaSets.at[slot])
	}
	for _, slot := range s.daemonSets.order {
		slices.Sort(s.daemonSets.at[slot].taken)
		s.guessRevision(s.daemonSets.at[slot])
	}
}

// armAdopted computes when each pod moves, or that it is overdue.
func (s *Sim) armAdopted(dumped simTime) {
	for id := range s.pods {
		if p := &s.pods[id]; s.overdue(p, dumped) {
			p.flags |= stays
		}
		s.kubelets.arm(int32(id))
	}
}

// taintAdopted starts the time that pods tolerate the taints of their nodes.
func (s *Sim) taintAdopted() {
	for n := range s.nodes {
		if object, ok := borrow.From(s.cluster).Node(s.nodeNames[n].name); ok {
			s.noteTaints(int32(n), object)
		}
	}
	s.evictions.processTaints()
}

// adoptedClasses are the classes of the pods of a dump: by template, and by what
// decides the class, since pods of several templates may be alike.
type adoptedClasses struct {
	byTemplate []int32 // none where it is not known
	byText     map[string]int32
}

// adoptClass returns one class for pods that are alike.
func (s *Sim) adoptClass(d *daemonSet, rs *replicaSet, object *corev1.Pod, template int32, known *adoptedClasses) (int32, error) {
	known.byTemplate = grown(known.byTemplate, template)
	if id := known.byTemplate[template]; id != none && object.Spec.NodeName != "" {
		return id, nil
	}
	prefix, slot, set := "", none, none
	switch {
	case d != nil:
		prefix, slot = namePrefix(d.object.Name), d.slot
	case rs != nil:
		prefix, set = namePrefix(rs.object.Name), rs.slot
	}
	c := newClass(prefix, object.Labels, &object.Spec)
	c.namespace = object.Namespace
	c.cost, _ = kube.DeletionCost(object.Annotations)
	if rs != nil {
		c.hash = object.Labels[templateHashLabel]
	}
	c.priority = kube.RunningPriority(&object.Spec, borrow.From(s.cluster))
	key := fmt.Sprint(slot, set, c.namespace, c.labels, c.grace, c.containers, c.cost, c.priority, c.hostNet)
	if object.Spec.NodeName == "" {
		w, err := placement.ForPod(object, placement.Unvalidated())
		if err != nil {
			return none, fmt.Errorf("Pod %s: %w", kube.Key(object), err)
		}
		c.priority, c.workload = kube.Priority(&object.Spec, borrow.From(s.cluster)), w
		key += kube.Key(object)
	}
	id, ok := known.byText[key]
	if !ok && rs != nil {
		id = s.addSetClass(rs, c)
	} else if !ok {
		id = s.addClass(d, c)
	}
	known.byText[key] = id
	known.byTemplate[template] = id
	return id, nil
}

// readPod returns the pod of the dump, without owner, class and name.
func (s *Sim) readPod(object *corev1.Pod) pod {
	p := blank
	p.created = s.simTimeOf(object.CreationTimestamp)
	if node := targetNode(object); node != "" {
		p.node = s.slotOf(node)
	}
	if object.Spec.NodeName != "" {
		p.flags |= bound
	}
	if i := slices.Index(phases[:], object.Status.Phase); i > 0 {
		p.phase = phase(i)
	}
	p.reason = s.intern(waitingFor(object))
	since := condition(object, corev1.PodScheduled).LastTransitionTime
	if p.phase != pending && object.Status.StartTime != nil {
		since = *object.Status.StartTime
	}
	if ready := condition(object, corev1.PodReady); ready.Status != "" {
		if ready.Status == corev1.ConditionTrue {
			p.flags |= isReady
		}
		if !ready.LastTransitionTime.IsZero() {
			p.readied = s.simTimeOf(ready.LastTransitionTime)
		}
	}
	if object.DeletionTimestamp != nil {
		p.flags |= terminating
		since = *object.DeletionTimestamp
		if g := object.DeletionGracePeriodSeconds; g != nil {
			since = metav1.NewTime(since.Add(-time.Duration(*g) * time.Second))
		}
	}
	if !since.IsZero() {
		p.since = s.simTimeOf(since)
	}
	return p
}

// waitingFor returns why the pod has failed, does not start or is not ready.
func waitingFor(object *corev1.Pod) string {
	if object.Status.Phase == corev1.PodFailed {
		return object.Status.Reason
	}
	for _, c := range object.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && condition(object, corev1.PodReady).Status != corev1.ConditionTrue {
			return w.Reason
		}
	}
	return ""
}

// overdue reports whether the pod should have moved before the time of the dump and
// has not, or has tried and failed. The dump may be older than tick 0, and says nothing about the time
// between. A pod moves in the first tick at or after it is due.
func (s *Sim) overdue(p *pod, dumped simTime) bool {
	due := p.since
	switch {
	case p.phase == vacant || p.node == none || !p.is(bound) || p.is(marked) || s.kubelets.waitsForNode(p):
		return false
	case p.live() && !p.is(isReady) && fails(s.kubelets.reasonOf(p)):
		return true // it would fail again
	case p.is(terminating):
		due += s.kubelets.stopTime(p)
	case p.phase == pending:
		due += max(s.step, s.kubelets.durations(p).start)
	case p.phase == running && !p.is(isReady):
		due += s.kubelets.durations(p).ready
	default:
		return false
	}
	return due+s.step-1 < dumped
}

// fails reports whether a container that waits for the reason has failed before
// (pkg/kubelet/kuberuntime/kuberuntime_manager.go: doBackOff).
func fails(reason string) bool {
	switch reason {
	case "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return true
	}
	return false
}

// targetNode follows the controller
// (pkg/controller/daemon/util/daemonset_util.go: GetTargetNodeName).
func targetNode(p *corev1.Pod) string {
	if p.Spec.NodeName != "" {
		return p.Spec.NodeName
	}
	a := p.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && f.Operator == corev1.NodeSelectorOpIn {
				if len(f.Values) == 1 {
					return f.Values[0]
				}
				return ""
			}
		}
	}
	return ""
}
