package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// MinimumNode is the smallest node that takes the pods of a set of DaemonSets
// and no other pods.
type MinimumNode struct {
	DaemonSets  []string            `json:"daemonSets"`  // ascending by namespace and name
	Nodes       cluster.NodeSet     `json:"nodes"`       // nodes that want exactly this set
	Allocatable corev1.ResourceList `json:"allocatable"` // what the node must be able to allocate; "pods" is the number of pods
	// Conflicts lists the conflicts on the first of the nodes that no size of
	// node solves.
	Conflicts []Conflict `json:"conflicts"`
}

// measure groups the nodes by the DaemonSets that they want.
func (l *CapacityReport) measure() []MinimumNode {
	var shapes []MinimumNode
	for _, members := range l.groups() {
		first, nodes := members[0], make([]uint64, (l.all.Len()+63)/64)
		for _, position := range members {
			nodes[position>>6] |= 1 << (position & 63)
		}
		s := MinimumNode{Nodes: borrow.Set(l.cluster, nodes), Conflicts: l.conflictsIn(l.base, first)}
		var needs amounts
		for _, d := range l.wantedOn(first) {
			s.DaemonSets = append(s.DaemonSets, d.load().name)
			needs.add(&d.load().requests)
		}
		s.Allocatable = needs.list()
		s.Allocatable[corev1.ResourcePods] = *resource.NewQuantity(int64(len(s.DaemonSets)), resource.DecimalSI)
		shapes = append(shapes, s)
	}
	slices.SortStableFunc(shapes, func(a, b MinimumNode) int { return cmp.Compare(len(b.DaemonSets), len(a.DaemonSets)) })
	return shapes
}

// groups returns the nodes grouped by the DaemonSets that they want, in the
// order of the first node of each group. Nodes that want none are omitted.
func (l *CapacityReport) groups() [][]int {
	place := map[string]int{}
	var all [][]int
	for position := range l.all.Len() {
		var set strings.Builder
		for i, d := range l.daemons {
			if d.wanted.has(position) {
				fmt.Fprintf(&set, "%d ", i)
			}
		}
		if set.Len() == 0 {
			continue
		}
		i, known := place[set.String()]
		if !known {
			i = len(all)
			place[set.String()], all = i, append(all, nil)
		}
		all[i] = append(all[i], position)
	}
	return all
}

// conflictsIn returns the conflicts of each DaemonSet's pod with all other pods,
// except shortfalls of resources.
func (l *CapacityReport) conflictsIn(room *room, position int) []Conflict {
	var all []Conflict
	for _, d := range l.wantedOn(position) {
		if len(d.ports) == 0 && !d.minds && room.kinds.distance.Load() == 0 && d.fault == nil {
			continue
		}
		room.remove(d.load(), position)
		reasons := slices.DeleteFunc(room.refusals(d.Workload, position), func(r FilterReason) bool { return r.Plugin == pluginResources })
		room.add(d.load(), position)
		for i := range reasons { // pods that were put back stand last
			slices.SortStableFunc(reasons[i].Ports, func(a, b PortConflict) int { return cmp.Compare(a.Pod, b.Pod) })
		}
		if len(reasons) > 0 {
			all = append(all, Conflict{d.load().name, reasons})
		}
	}
	return all
}
