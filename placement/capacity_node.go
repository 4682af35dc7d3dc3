package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// NodeUsage is the usage of a node in a CapacityReport.
type NodeUsage struct {
	Node       string           `json:"node"`
	Resources  []ResourceUsage  `json:"resources"`            // cpu, memory, ephemeral-storage, pods, then the others by name; only resources that the node has or a pod requests
	DaemonSets []DaemonSetUsage `json:"daemonSets,omitempty"` // ascending by namespace and name
	Conflicts  []Conflict       `json:"conflicts,omitempty"`  // conflicts that more capacity would not solve, in the order of DaemonSets
}

// ResourceUsage is the usage of one resource of a node. The resource "pods" is
// the number of pods.
type ResourceUsage struct {
	Resource    corev1.ResourceName `json:"resource"`
	Allocatable resource.Quantity   `json:"allocatable"`
	DaemonSets  resource.Quantity   `json:"daemonSets"` // requested by their pods, including pods that do not run yet
	Others      resource.Quantity   `json:"others"`     // requested by all other pods that are bound to the node and have not ended
	Free        resource.Quantity   `json:"free"`       // below zero where more is requested than there is
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

// sum is a ResourceUsage in the scheduler's own units.
type sum struct {
	name                       corev1.ResourceName
	has, daemons, others, free int64
}

func (s sum) over() bool { return s.free < 0 && s.daemons > 0 }

func (s sum) line() ResourceUsage {
	q := func(amount int64) resource.Quantity { return quantity(s.name, amount) }
	return ResourceUsage{s.name, q(s.has), q(s.daemons), q(s.others), q(s.free)}
}

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
	e := NodeUsage{Node: borrow.From(l.cluster).Name(position)}
	for _, s := range l.sums(position) {
		e.Resources = append(e.Resources, s.line())
	}
	for _, d := range l.wantedOn(position) {
		e.DaemonSets = append(e.DaemonSets, DaemonSetUsage{DaemonSet: d.load().name, Running: d.running[position], Requests: d.load().requests.list()})
	}
	for _, r := range l.kept[position] {
		e.DaemonSets = append(e.DaemonSets, DaemonSetUsage{r.pod.Namespace + "/" + kube.ControllerOf(r.pod, "DaemonSet").Name, 1, true, r.load.requests.list()})
	}
	slices.SortStableFunc(e.DaemonSets, func(a, b DaemonSetUsage) int { return strings.Compare(a.DaemonSet, b.DaemonSet) })
	if l.clashes != nil {
		e.Conflicts = l.clashes[position]
	}
	return e
}

// Over reports whether DaemonSets request the resource and there is too little
// for all pods.
func (l ResourceUsage) Over() bool { return l.Free.Sign() < 0 && l.DaemonSets.Sign() > 0 }

// String returns the usage as "cpu 8 short: DaemonSets 10 + others 0 of 2".
func (l ResourceUsage) String() string {
	left, word := l.Free.DeepCopy(), "free"
	if left.Sign() < 0 {
		left.Neg()
		word = "short"
	}
	return fmt.Sprintf("%s %s %s: DaemonSets %s + others %s of %s", l.Resource, left.String(), word, l.DaemonSets.String(), l.Others.String(), l.Allocatable.String())
}

// Overloaded returns the resources that are Over.
func (e NodeUsage) Overloaded() []ResourceUsage {
	var over []ResourceUsage
	for _, l := range e.Resources {
		if l.Over() {
			over = append(over, l)
		}
	}
	return over
}

// String returns what is wrong with the node, or else what is free, in one
// line.
func (e NodeUsage) String() string {
	lines, word := e.Overloaded(), "overloaded"
	if len(lines) == 0 {
		lines, word = e.Resources, "ok"
	}
	if len(e.Conflicts) > 0 {
		word += " and clashing"
	}
	var parts []string
	for _, l := range lines {
		parts = append(parts, l.String())
	}
	for _, c := range e.Conflicts {
		parts = append(parts, c.String())
	}
	return fmt.Sprintf("%s: %s: %s: %s", e.Node, number(len(e.DaemonSets), "DaemonSet"), word, cmp.Or(strings.Join(parts, "; "), "nothing to allocate"))
}

// String returns the DaemonSet and what blocks its pod.
func (c Conflict) String() string {
	var reasons []string
	for _, r := range c.Reasons {
		reasons = append(reasons, r.String())
	}
	return c.DaemonSet + ": " + strings.Join(reasons, "; ")
}

// String returns the DaemonSet and its requests.
func (s DaemonSetUsage) String() string {
	text := s.DaemonSet + " (" + amountsText(s.Requests) + ")"
	if s.Kept {
		text += " kept"
	}
	return text
}
