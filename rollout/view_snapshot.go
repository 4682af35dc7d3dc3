package rollout

import (
	"fmt"
	"maps"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// Pod is a pod of a DaemonSet or Deployment: plain, comparable data.
type Pod struct {
	Name        string
	Node        string // that it runs on or is aimed at; empty for one that the scheduler has found none for
	Bound       bool   // whether it is bound to that node
	Revision    int64  // 0 if its ControllerRevision or ReplicaSet is unknown
	Hash        string // its label controller-revision-hash or pod-template-hash
	Phase       corev1.PodPhase
	Ready       bool
	Available   bool // ready for minReadySeconds; a terminating pod can be
	Terminating bool
	Reason      string // what kubectl shows in place of the phase: OutOfcpu, ImagePullBackOff, CrashLoopBackOff; mostly empty
	Restarts    int    // of the container that was started again most often
	Since       int    // the tick of its last change; negative if before the simulation
}

// String is the pod in one line.
func (p Pod) String() string {
	state := string(p.Phase)
	switch {
	case p.Terminating:
		state = "Terminating"
	case p.Reason != "":
		state = p.Reason
	case p.Ready:
		state = "Ready"
	}
	where := " on " + p.Node
	if p.Node == "" {
		where = " nowhere"
	}
	again := ""
	if p.Restarts > 0 {
		again = fmt.Sprintf(", restarts %d", p.Restarts)
	}
	return fmt.Sprintf("%s%s: r%d %s since %d%s", p.Name, where, p.Revision, state, p.Since, again)
}

// Pods lists the DaemonSet's pods by node, each node's as the controller orders
// them: bound before unbound, then the oldest, then by name. Those of a Deployment
// come by ReplicaSet, the oldest first, and then in the order in which they came.
func (s *Sim) Pods(key string) []Pod {
	d, deployed := s.resolve(key)
	var pods []Pod
	switch {
	case d != nil:
		for _, id := range s.podsOf(d) {
			pods = append(pods, s.showPod(id, d.minReady))
		}
	case deployed != nil:
		for _, slot := range deployed.mine {
			for _, id := range s.sets.at[slot].pods {
				pods = append(pods, s.showPod(id, s.sets.at[slot].minReady()))
			}
		}
	}
	return pods
}

func (s *Sim) showPod(id int32, minReady stamp) Pod {
	p := &s.pods[id]
	shown := Pod{
		Name: s.podName(id), Bound: p.is(bound),
		Revision: s.numbers[p.class], Hash: s.classes[p.class].hash,
		Phase: phases[p.phase], Ready: p.is(isReady), Available: s.availableFor(minReady, p), Terminating: p.is(terminating),
		Reason: s.reasonOf(p), Restarts: s.restartsOf(id).most(), Since: s.sinceTick(p),
	}
	if p.node != none {
		shown.Node = s.roster[p.node].name
	}
	return shown
}

// sinceTick is the tick of the pod's last change, rounded down.
func (s *Sim) sinceTick(p *pod) int {
	at := p.since
	if p.readied != never {
		at = max(at, p.readied)
	}
	return int(math.Floor(float64(min(at, max(0, s.clock))) / float64(s.step)))
}

// Cluster is a snapshot of the simulated cluster as it is now. It costs as much
// as there are objects.
func (s *Sim) Cluster() *cluster.Cluster {
	b := s.cluster.Borrow()
	var objects []runtime.Object
	for i := range b.Len() {
		objects = append(objects, b.At(i))
	}
	add(&objects, b.Namespaces())
	add(&objects, b.StatefulSets())
	add(&objects, b.Services())
	for _, budget := range b.PodDisruptionBudgets() {
		objects = append(objects, s.counted(budget))
	}
	add(&objects, b.PriorityClasses())
	for _, slot := range s.order {
		d := s.daemons[slot]
		object := d.object.DeepCopy()
		object.Status = *d.status.DeepCopy()
		objects = append(objects, object)
	}
	for _, r := range s.everyRevision() {
		objects = append(objects, r.object)
	}
	for _, slot := range s.deployments.order {
		objects = append(objects, s.deployments.at[slot].write())
	}
	for _, slot := range s.sets.order {
		objects = append(objects, s.sets.at[slot].write())
	}
	w := newPodWriter(s)
	for id := range s.pods {
		if s.pods[id].phase != vacant {
			objects = append(objects, w.write(int32(id)))
		}
	}
	c, err := cluster.Adopt(objects...)
	if err != nil {
		return s.cluster // cannot be: the names are distinct
	}
	return c
}

// write is the Deployment as the API server has it.
func (d *deployment) write() *appsv1.Deployment {
	object := d.object.DeepCopy()
	object.Status = *d.status.DeepCopy()
	return object
}

// write is the ReplicaSet as the API server has it.
func (rs *replicaSet) write() *appsv1.ReplicaSet {
	object := rs.object.DeepCopy()
	object.Status = *rs.status.DeepCopy()
	return object
}

// Before gives the cluster as the controllers will find it in the next tick, in a
// round of theirs, the first being 1: when the tick's inputs have taken effect,
// kubelets have done their part, and what the controllers did in earlier rounds is
// there. It tries that in a fork.
func (s *Sim) Before(round int) *cluster.Cluster {
	f := s.Fork()
	switch {
	case f.now >= f.last:
	case f.idle():
		f.skip(f.now + 1)
	default:
		f.dawn()
		f.rounds(int32(min(round-1, math.MaxInt32)))
	}
	return f.Cluster()
}

func add[T runtime.Object](objects *[]runtime.Object, list []T) {
	for _, o := range list {
		*objects = append(*objects, o)
	}
}

// podWriter writes pods as an API server would store them.
type podWriter struct {
	sim    *Sim
	models map[int32]*corev1.Pod // by class
}

func newPodWriter(s *Sim) *podWriter { return &podWriter{s, map[int32]*corev1.Pod{}} }

func (w *podWriter) write(id int32) *corev1.Pod {
	s := w.sim
	p := &s.pods[id]
	var object *corev1.Pod
	if p.name < 0 {
		object = s.named[^p.name].DeepCopy()
	} else {
		object = w.make(id)
	}
	if c := s.classes[p.class]; object.Spec.Priority == nil && c.priority != 0 {
		object.Spec.Priority = &c.priority
	}
	if p.is(nominated) {
		object.Status.NominatedNodeName = s.roster[p.node].name
	}
	w.own(p, object)
	if p.is(bound) && p.node != none {
		object.Spec.NodeName = s.roster[p.node].name
	}
	w.state(id, object)
	return object
}

// make writes a pod as the controller makes it of a template
// (pkg/controller: GetPodFromTemplate; pkg/controller/daemon/util:
// ReplaceDaemonSetPodNodeNameNodeAffinity).
func (w *podWriter) make(id int32) *corev1.Pod {
	s := w.sim
	p := &s.pods[id]
	c := s.classes[p.class]
	model, ok := w.models[p.class]
	if !ok {
		model = w.model(p)
		w.models[p.class] = model
	}
	object := model.DeepCopy()
	object.Name, object.GenerateName = s.podName(id), c.prefix
	object.Namespace = s.namespace(p)
	object.UID = s.uidOf(id)
	object.CreationTimestamp = s.timestamp(p.created)
	if p.set == none {
		object.Spec.Affinity = pinned(object.Spec.Affinity, s.roster[p.node].name)
	}
	return object
}

func (w *podWriter) model(p *pod) *corev1.Pod {
	c := w.sim.classes[p.class]
	if p.set != none {
		return c.workload.Pod()
	}
	of, err := placement.ForDaemonSet(&appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: *c.template}}, placement.Unvalidated())
	if err != nil {
		return &corev1.Pod{}
	}
	return of.Pod()
}

func pinned(a *corev1.Affinity, node string) *corev1.Affinity {
	if a == nil {
		a = &corev1.Affinity{}
	}
	if a.NodeAffinity == nil {
		a.NodeAffinity = &corev1.NodeAffinity{}
	}
	a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}}}},
	}
	return a
}

// own writes whose the pod is.
func (w *podWriter) own(p *pod, object *corev1.Pod) {
	object.Labels = maps.Clone(w.sim.classes[p.class].labels)
	switch {
	case p.owner != none:
		object.OwnerReferences = []metav1.OwnerReference{*w.sim.daemons[p.owner].reference()}
	case p.set != none:
		object.OwnerReferences = []metav1.OwnerReference{*w.sim.sets.at[p.set].reference()}
	case p.is(orphan):
		object.OwnerReferences = nil
	}
}

func (w *podWriter) state(id int32, object *corev1.Pod) {
	s := w.sim
	p := &s.pods[id]
	object.Status.Phase = phases[p.phase]
	s.writeReason(id, object)
	if p.is(terminating) && object.DeletionTimestamp == nil {
		grace := int64(s.graceOf(p))
		at := s.timestamp(p.since + stamp(grace))
		object.DeletionTimestamp, object.DeletionGracePeriodSeconds = &at, &grace
	}
	if p.phase == running && object.Status.StartTime == nil {
		at := s.timestamp(p.since)
		object.Status.StartTime = &at
	}
	if p.is(bound) && condition(object, corev1.PodScheduled).Type == "" {
		setCondition(object, corev1.PodScheduled, true, s.timestamp(max(p.created, min(p.since, s.clock))))
	}
	if p.readied != never || p.is(isReady) {
		at := metav1.Time{}
		if p.readied != never {
			at = s.timestamp(p.readied)
		}
		setCondition(object, corev1.PodReady, p.is(isReady), at)
	}
}

// writeReason tells why a pod does not run, and how often it was started again,
// where a kubelet would.
func (s *Sim) writeReason(id int32, object *corev1.Pod) {
	p := &s.pods[id]
	reason := s.reasonOf(p)
	if p.phase == failed && reason != "" {
		object.Status.Reason = reason
	}
	_, restarted := s.restarted[id]
	if waits := reason != "" && p.phase != failed; waits || restarted || p.is(loops) {
		s.writeContainers(id, &object.Status, reason)
	}
}

func (s *Sim) writeContainers(id int32, status *corev1.PodStatus, reason string) {
	p := &s.pods[id]
	status.ContainerStatuses, status.InitContainerStatuses = nil, nil
	for i, c := range s.classes[p.class].containers {
		is := corev1.ContainerStatus{Name: c.name, Image: c.image, RestartCount: s.restartCount(id, i)}
		switch {
		case p.phase == failed:
		case reason != "" && c.kind == regular:
			is.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason}
		case p.phase == running && c.kind != initial:
			is.State.Running = &corev1.ContainerStateRunning{StartedAt: s.timestamp(min(p.since, s.clock))}
		}
		if c.kind == regular {
			status.ContainerStatuses = append(status.ContainerStatuses, is)
		} else {
			status.InitContainerStatuses = append(status.InitContainerStatuses, is)
		}
	}
}

func setCondition(object *corev1.Pod, kind corev1.PodConditionType, holds bool, at metav1.Time) {
	status := corev1.ConditionFalse
	if holds {
		status = corev1.ConditionTrue
	}
	for i := range object.Status.Conditions {
		if c := &object.Status.Conditions[i]; c.Type == kind {
			c.Status, c.LastTransitionTime = status, at
			return
		}
	}
	object.Status.Conditions = append(object.Status.Conditions, corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: at})
}

func (s *Sim) everyRevision() []revision {
	var all []revision
	for _, slot := range s.order {
		all = append(all, s.daemons[slot].revisions...)
	}
	return append(append(all, s.orphans...), s.foreign...)
}
