package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/internal/kube"
)

// Entry is a node's account in a Ledger.
type Entry struct {
	Node    string  `json:"node"`
	Lines   []Line  `json:"lines"`             // cpu, memory, ephemeral-storage, pods, then the others by name; nothing that neither is there nor asked for
	Shares  []Share `json:"shares,omitempty"`  // ascending by namespace and name
	Clashes []Clash `json:"clashes,omitempty"` // what more room would not help against, in the order of the shares
}

// Line is what becomes of one resource of a node. "pods" is places for pods.
type Line struct {
	Resource    corev1.ResourceName `json:"resource"`
	Allocatable resource.Quantity   `json:"allocatable"`
	DaemonSets  resource.Quantity   `json:"daemonSets"` // requested by their pods, those that do not run yet included
	Others      resource.Quantity   `json:"others"`     // requested by all other pods that are bound to the node and have not ended
	Free        resource.Quantity   `json:"free"`       // below zero where more is requested than there is
}

// Share is what a DaemonSet takes from a node: the pod that it wants there, or one
// that only stays.
type Share struct {
	DaemonSet string              `json:"daemonSet"`      // namespace/name
	Running   int                 `json:"running"`        // pods of it that are bound there already
	Kept      bool                `json:"kept,omitempty"` // it wants none, or is not known; this one runs
	Requests  corev1.ResourceList `json:"requests,omitempty"`
}

// Clash is what keeps a DaemonSet's pod from a node beside the others that are to
// be there, however much the node can allocate: host ports, required affinity
// and anti-affinity between pods, spread constraints.
type Clash struct {
	DaemonSet string   `json:"daemonSet"` // namespace/name
	Reasons   []Reason `json:"reasons"`
}

// sum is a Line in the scheduler's own units.
type sum struct {
	name                       corev1.ResourceName
	has, daemons, others, free int64
}

func (s sum) over() bool { return s.free < 0 && s.daemons > 0 }

func (s sum) line() Line {
	q := func(amount int64) resource.Quantity { return quantity(s.name, amount) }
	return Line{s.name, q(s.has), q(s.daemons), q(s.others), q(s.free)}
}

// sums gives the lines of a node.
func (l *Ledger) sums(position int) []sum {
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
	for _, s := range free.scalars { // that any node near by has, or is asked for
		add(s.name, has.scalars.amount(s.name), base.scalars.amount(s.name), s.amount)
	}
	return all
}

func (l *Ledger) entry(position int) Entry {
	l.judge()
	e := Entry{Node: l.cluster.Borrow().Name(position)}
	for _, s := range l.sums(position) {
		e.Lines = append(e.Lines, s.line())
	}
	for _, d := range l.wantedOn(position) {
		e.Shares = append(e.Shares, Share{DaemonSet: d.Load().name, Running: d.running[position], Requests: d.Load().requests.list()})
	}
	for _, r := range l.staying[position] {
		e.Shares = append(e.Shares, Share{r.pod.Namespace + "/" + kube.ControllerOf(r.pod, "DaemonSet").Name, 1, true, r.load.requests.list()})
	}
	slices.SortStableFunc(e.Shares, func(a, b Share) int { return strings.Compare(a.DaemonSet, b.DaemonSet) })
	if l.clashes != nil {
		e.Clashes = l.clashes[position]
	}
	return e
}

// Over says whether DaemonSets request the resource and there is too little of it
// for all pods.
func (l Line) Over() bool { return l.Free.Sign() < 0 && l.DaemonSets.Sign() > 0 }

// String is the line as "cpu 8 short: DaemonSets 10 + others 0 of 2".
func (l Line) String() string {
	left, word := l.Free.DeepCopy(), "free"
	if left.Sign() < 0 {
		left.Neg()
		word = "short"
	}
	return fmt.Sprintf("%s %s %s: DaemonSets %s + others %s of %s", l.Resource, left.String(), word, l.DaemonSets.String(), l.Others.String(), l.Allocatable.String())
}

// Overloaded gives the lines that are Over.
func (e Entry) Overloaded() []Line {
	var over []Line
	for _, l := range e.Lines {
		if l.Over() {
			over = append(over, l)
		}
	}
	return over
}

// String is what is wrong with the node, or else what is left of it, in one line.
func (e Entry) String() string {
	lines, word := e.Overloaded(), "overloaded"
	if len(lines) == 0 {
		lines, word = e.Lines, "ok"
	}
	if len(e.Clashes) > 0 {
		word += " and clashing"
	}
	var parts []string
	for _, l := range lines {
		parts = append(parts, l.String())
	}
	for _, c := range e.Clashes {
		parts = append(parts, c.String())
	}
	return fmt.Sprintf("%s: %s: %s: %s", e.Node, number(len(e.Shares), "DaemonSet"), word, cmp.Or(strings.Join(parts, "; "), "nothing to allocate"))
}

// String is the DaemonSet and what is in its way.
func (c Clash) String() string {
	var reasons []string
	for _, r := range c.Reasons {
		reasons = append(reasons, r.String())
	}
	return c.DaemonSet + ": " + strings.Join(reasons, "; ")
}

// String is the DaemonSet and what it requests.
func (s Share) String() string {
	text := s.DaemonSet + " (" + amountsText(s.Requests) + ")"
	if s.Kept {
		text += " kept"
	}
	return text
}
