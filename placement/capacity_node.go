package placement

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// NodeUsage is the usage of a node in a CapacityReport.
type NodeUsage struct {
	Node string `json:"node"`
	// The four lists have the same resources: all that the node has or that a
	// pod requests. The resource "pods" is the number of pods.
	Allocatable       corev1.ResourceList `json:"allocatable"`
	DaemonSetRequests corev1.ResourceList `json:"daemonSetRequests"` // of the pods of DaemonSets, including pods that do not run yet
	OtherRequests     corev1.ResourceList `json:"otherRequests"`     // of all other pods that are bound to the node and have not ended
	Free              corev1.ResourceList `json:"free"`              // below zero where more is requested than there is

	DaemonSets []DaemonSetUsage `json:"daemonSets"` // ascending by namespace and name
	Conflicts  []Conflict       `json:"conflicts"`  // conflicts that more capacity would not solve, in the order of DaemonSets
}

// DaemonSetUsage is what a DaemonSet requests of a node, for the pod that it
// wants there or for a pod that is only kept.
type DaemonSetUsage struct {
	DaemonSet string              `json:"daemonSet"`      // namespace/name
	Running   int                 `json:"running"`        // its pods that are bound there already
	Kept      bool                `json:"kept,omitempty"` // it wants none, or is not known; this one runs
	Requests  corev1.ResourceList `json:"requests,omitempty"`
}

// Conflict is what keeps a DaemonSet's pod from a node beside the other pods
// that are to be there, however much the node can allocate: host ports,
// required pod affinity and anti-affinity, and spread constraints.
type Conflict struct {
	DaemonSet string         `json:"daemonSet"` // namespace/name
	Reasons   []FilterReason `json:"reasons"`
}

// sum is the usage of one resource of a node in the scheduler's own units.
type sum struct {
	name                       corev1.ResourceName
	has, daemons, others, free int64
}

func (s sum) over() bool { return s.free < 0 && s.daemons > 0 }

// sums returns the usage of each resource of a node.
func (l *CapacityReport) sums(position int) []sum {
	has, free, base := l.all.has.value[position], l.all.free(position), l.base.free(position)
	var all []sum
	add := func(name corev1.ResourceName, has, base, free int64) {
		if s := (sum{name, has, has - base, base - free, free}); s != (sum{name: name}) {
			all = append(all, s)
		}
	}
	add(corev1.ResourceCPU, has.cpu, base.cpu, free.cpu)
	add(corev1.ResourceMemory, has.memory, base.memory, free.memory)
	add(corev1.ResourceEphemeralStorage, has.ephemeral, base.ephemeral, free.ephemeral)
	add(corev1.ResourcePods, int64(has.pods), int64(base.pods), int64(free.pods))
	for _, s := range free.scalars { // that any node in the block has or a pod requests
		add(s.name, has.scalars.amount(s.name), base.scalars.amount(s.name), s.amount)
	}
	return all
}

func (l *CapacityReport) entry(position int) NodeUsage {
	l.judge()
	e := NodeUsage{
		Node: borrow.From(l.cluster).Name(position), Allocatable: corev1.ResourceList{}, DaemonSetRequests: corev1.ResourceList{},
		OtherRequests: corev1.ResourceList{}, Free: corev1.ResourceList{}, DaemonSets: []DaemonSetUsage{}, Conflicts: []Conflict{},
	}
	for _, s := range l.sums(position) {
		e.Allocatable[s.name], e.DaemonSetRequests[s.name] = quantity(s.name, s.has), quantity(s.name, s.daemons)
		e.OtherRequests[s.name], e.Free[s.name] = quantity(s.name, s.others), quantity(s.name, s.free)
	}
	for _, d := range l.wantedOn(position) {
		e.DaemonSets = append(e.DaemonSets, DaemonSetUsage{DaemonSet: d.load().name, Running: d.running[position], Requests: d.load().requests.list()})
	}
	for _, r := range l.kept[position] {
		e.DaemonSets = append(e.DaemonSets, DaemonSetUsage{r.pod.Namespace + "/" + kube.ControllerOf(r.pod, "DaemonSet").Name, 1, true, r.load.requests.list()})
	}
	slices.SortStableFunc(e.DaemonSets, func(a, b DaemonSetUsage) int { return strings.Compare(a.DaemonSet, b.DaemonSet) })
	if l.conflicts != nil {
		e.Conflicts = cloneConflicts(l.conflicts[position])
	}
	return e
}

// text returns the DaemonSet and what blocks its pod.
func (c Conflict) text() string {
	var reasons []string
	for _, r := range c.Reasons {
		reasons = append(reasons, r.String())
	}
	return c.DaemonSet + ": " + strings.Join(reasons, "; ")
}

// cloneConflicts returns a copy that shares no memory with the report.
func cloneConflicts(from []Conflict) []Conflict {
	to := make([]Conflict, len(from))
	for i, c := range from {
		to[i] = Conflict{c.DaemonSet, cloneReasons(c.Reasons)}
	}
	return to
}
