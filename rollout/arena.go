package rollout

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// arena is what the scheduler needs to know of nodes and other objects to place
// the pods of ReplicaSets, whatever pods there are. It is good as long as the
// snapshot that it was made from is the simulation's.
type arena struct {
	of      *cluster.Cluster
	cluster *cluster.Cluster                // with open nodes that can allocate
	allowed map[int32]*placement.Prediction // by class
}

// fork shares what does not change.
func (a arena) fork() arena {
	a.allowed = maps.Clone(a.allowed)
	return a
}

// setArena brings the arena and the room up to date.
func (s *Sim) setArena() {
	if s.arena.of == s.cluster {
		return
	}
	s.arena = arena{of: s.cluster, cluster: s.roomy(), allowed: map[int32]*placement.Prediction{}}
	s.room.Over(s.arena.cluster)
}

// roomy is the snapshot in which open nodes have room for all.
func (s *Sim) roomy() *cluster.Cluster {
	b := s.cluster.Borrow()
	var nodes []runtime.Object
	for i := range b.Len() {
		if object := b.At(i); len(object.Status.Allocatable) == 0 {
			open := *object
			open.Status.Allocatable = plenty
			nodes = append(nodes, &open)
		}
	}
	if len(nodes) == 0 {
		return s.cluster
	}
	c, err := s.cluster.With(nodes...)
	if err != nil {
		return s.cluster // cannot be: the nodes are in the snapshot
	}
	return c
}

var plenty = corev1.ResourceList{
	corev1.ResourceCPU:              resource.MustParse("1000000"),
	corev1.ResourceMemory:           resource.MustParse("1Pi"),
	corev1.ResourceEphemeralStorage: resource.MustParse("1Pi"),
	corev1.ResourcePods:             resource.MustParse("1000000"),
}

// predict is where the scheduler would bind a pod of the class now.
func (s *Sim) predict(class int32) *placement.Prediction {
	s.setArena()
	allowed, ok := s.arena.allowed[class]
	if !ok {
		allowed = s.classes[class].workload.Predict(s.arena.cluster)
		s.arena.allowed[class] = allowed
	}
	return allowed.In(s.room)
}
