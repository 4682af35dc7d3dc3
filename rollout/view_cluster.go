package rollout

import (
	"errors"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/rollout/internal/probe"
)

func init() {
	probe.Before = func(sim any, round int) *cluster.Cluster { return sim.(*Sim).before(round) }
	probe.Choices = func(sim any) []probe.Choice { return slices.Clone(sim.(*Sim).choices) }
}

// MarshalJSON returns an error: a simulation has no JSON form. Its Cluster can be
// written as YAML.
func (s *Sim) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a rollout.Sim has no JSON form: write its Cluster with Manifest.WriteYAML, or marshal what its methods return")
}

// Cluster returns a snapshot of the simulated cluster as it is now. It costs as
// much as there are objects.
func (s *Sim) Cluster() *cluster.Cluster {
	b := borrow.From(s.cluster)
	var objects []runtime.Object
	for i := range b.Len() {
		objects = append(objects, s.reported(b.At(i)))
	}
	add(&objects, b.Namespaces())
	add(&objects, b.StatefulSets())
	add(&objects, b.Services())
	add(&objects, s.evictions.countAll())
	add(&objects, b.PriorityClasses())
	add(&objects, b.ServiceAccounts())
	add(&objects, b.LimitRanges())
	add(&objects, s.quotasNow())
	add(&objects, b.RuntimeClasses())
	for _, slot := range s.daemonSets.order {
		objects = append(objects, s.daemonSets.at[slot].write())
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

// reported returns the node as its kubelet, if it works, reports it now: the time of
// the report is what tells the time of a dump in which nothing happens.
func (s *Sim) reported(n *corev1.Node) *corev1.Node {
	i := slices.IndexFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
	if i < 0 || !s.nodes[s.slotOf(n.Name)].works() || s.now < 0 {
		return n
	}
	object := *n
	object.Status.Conditions = slices.Clone(n.Status.Conditions)
	object.Status.Conditions[i].LastHeartbeatTime = s.timestamp(s.clock)
	return &object
}

// before implements probe.Before.
func (s *Sim) before(round int) *cluster.Cluster {
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
