package rollout

import (
	"math"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// Cluster returns a snapshot of the simulated cluster as it is now. It costs as
// much as there are objects.
func (s *Sim) Cluster() *cluster.Cluster {
	b := borrow.From(s.cluster)
	var objects []runtime.Object
	for i := range b.Len() {
		objects = append(objects, b.At(i))
	}
	add(&objects, b.Namespaces())
	add(&objects, b.StatefulSets())
	add(&objects, b.Services())
	for _, budget := range b.PodDisruptionBudgets() {
		objects = append(objects, s.evictions.counted(budget))
	}
	add(&objects, b.PriorityClasses())
	add(&objects, b.ServiceAccounts())
	add(&objects, b.LimitRanges())
	add(&objects, b.ResourceQuotas())
	add(&objects, b.RuntimeClasses())
	for _, slot := range s.daemonSets.order {
		d := s.daemonSets.at[slot]
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
	for _, slot := range s.replicaSets.order {
		objects = append(objects, s.replicaSets.at[slot].write())
	}
	w := newPodWriter(&s.kubelets)
	for id := range s.pods {
		if s.pods[id].phase != vacant {
			objects = append(objects, w.write(int32(id)))
		}
	}
	c, err := cluster.Adopt(objects...)
	if err != nil {
		return s.cluster // cannot be: the names are distinct
	}
	return (*cluster.Cluster)(borrow.From(c).WithRelease(s.release()))
}

// Before returns the cluster as the controllers will find it in the given round
// of the next tick, the first being 1: the tick's inputs have taken effect,
// kubelets have acted, and the changes of earlier rounds are included. It runs
// that tick in a fork.
func (s *Sim) Before(round int) *cluster.Cluster {
	f := s.Fork()
	switch {
	case f.now >= f.last:
	case f.idle():
		f.skip(f.now + 1)
	default:
		f.beginTick()
		f.rounds(int32(min(round-1, math.MaxInt32)))
	}
	return f.Cluster()
}
