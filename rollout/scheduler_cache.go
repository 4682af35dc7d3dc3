package rollout

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// schedulerCache is the usage of nodes, updated as pods are added and removed.
// Position is replaced when it changes, and shared between forks.
type schedulerCache struct {
	room       room.Room   // nil: all nodes are open
	position   []int32     // by slot: the node's in the room, or none
	unsurveyed bool        // both are of an earlier time
	freed      bool        // pods that were tried in vain may fit now
	moved      bool        // those of them that depend on other pods may fit now
	arrived    bool        // the queue has new pods
	filters    filterCache // where pods of ReplicaSets are scheduled
}

func (c *schedulerCache) fork() schedulerCache {
	f := *c
	if c.room != nil {
		f.room = c.room.Clone()
	}
	f.filters = c.filters.fork()
	return f
}

// queuedPod is a pod in the scheduler's queue. The queue lists pods that were tried in
// vain in the order of their last try, and after them the pods that have arrived since.
// Among pods of one priority the position is therefore the time at which a pod entered
// the queue, which a try renews (pkg/scheduler/backend/queue/scheduling_queue.go:
// AddUnschedulablePodIfNotPresent).
type queuedPod struct {
	pod   int32
	tries int32   // in vain
	last  simTime // the last of them
}

// filterCache is what the scheduler needs from nodes and other objects to place
// the pods of ReplicaSets, independent of pods. It is valid as long as its
// snapshot is the simulation's.
type filterCache struct {
	of      *cluster.Cluster
	cluster *cluster.Cluster                // with open nodes that can allocate
	allowed map[int32]*placement.Prediction // by class
}

var plenty = corev1.ResourceList{
	corev1.ResourceCPU:              resource.MustParse("1000000"),
	corev1.ResourceMemory:           resource.MustParse("1Pi"),
	corev1.ResourceEphemeralStorage: resource.MustParse("1Pi"),
	corev1.ResourcePods:             resource.MustParse("1000000"),
}

// fork shares what does not change.
func (a filterCache) fork() filterCache {
	a.allowed = maps.Clone(a.allowed)
	return a
}

// roomy returns the snapshot in which open nodes have room for all pods.
func (t *nodeTable) roomy() *cluster.Cluster {
	b := borrow.From(t.cluster)
	var nodes []runtime.Object
	for i := range b.Len() {
		if object := b.At(i); len(object.Status.Allocatable) == 0 {
			open := *object
			open.Status.Allocatable = plenty
			nodes = append(nodes, &open)
		}
	}
	if len(nodes) == 0 {
		return t.cluster
	}
	c, err := t.cluster.With(nodes...)
	if err != nil {
		return t.cluster // cannot be: the nodes are in the snapshot
	}
	return c
}

// bindPod adds the pod to its node's usage, or removes it. A pod that has ended
// uses no room (room.New); a terminating one does. Before a survey there
// is nothing to do, since it counts all pods.
func (s *store) bindPod(p *pod, in bool) {
	if s.unsurveyed || !p.is(bound) || p.terminal() || s.room == nil || p.node == none || s.position[p.node] == none {
		return
	}
	load := s.loadOf(p)
	if p.is(terminating) {
		load = load.Leaving()
	}
	if in {
		s.room.Add(load, int(s.position[p.node]))
	} else {
		s.room.Remove(load, int(s.position[p.node]))
		s.freed = true
	}
}

// rebind updates its node's usage for a change of a bound pod that frees no room, but
// may let pods fit that depend on where others are.
func (s *store) rebind(p *pod, change func()) {
	freed := s.freed
	s.bindPod(p, false)
	change()
	s.bindPod(p, true)
	s.freed, s.moved = freed, true
}

// survey recomputes the usage of the nodes. It runs once in a tick in which nodes
// were added, removed or enlarged, after the inputs and before the first query.
// It costs as much as there are nodes and pods.
func (s *store) survey() {
	s.unsurveyed = false
	b := borrow.From(s.cluster)
	s.position = make([]int32, len(s.nodes))
	open := true
	for n := range s.nodeNames {
		s.position[n] = none
		s.nodes[n].flags &^= isOpen
		if i, ok := b.Position(s.nodeNames[n].name); ok {
			s.position[n] = int32(i)
			if len(b.At(i).Status.Allocatable) == 0 {
				s.nodes[n].flags |= isOpen
			} else {
				open = false
			}
		}
	}
	s.freed, s.room = true, nil
	if open && len(s.replicaSets.order) == 0 {
		return
	}
	s.room = room.New(s.roomy())
	s.filters = filterCache{}
	for i := range s.pods {
		if p := &s.pods[i]; p.phase != vacant {
			s.bindPod(p, true)
		}
	}
}

// orderQueue orders the queue of a dump, which does not show when its pods were tried:
// by age, then as the controllers would have created them in one tick.
func (s *store) orderQueue() {
	slices.SortFunc(s.unbound, func(a, b queuedPod) int {
		p, q := &s.pods[a.pod], &s.pods[b.pod]
		return cmp.Or(cmp.Compare(p.created, q.created), cmp.Compare(p.set, none)-cmp.Compare(q.set, none), s.inTurn(a.pod, b.pod))
	})
}
