package rollout

import (
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
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
