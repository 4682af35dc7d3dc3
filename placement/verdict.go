package placement

import (
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/enum"
)

// Decision is the outcome for a pod on a node. Decisions are ordered: a higher
// decision is nearer to a running pod.
type Decision uint8

const (
	Excluded Decision = iota // no pod is wanted, and a running one is deleted
	Kept                     // a DaemonSet wants no pod, but a running one stays: only NoSchedule taints keep new pods away
	Refused                  // wanted, but the API server refuses the pod
	Pending                  // wanted, but the scheduler would not bind it now
	Eligible                 // wanted; whether it fits was not judged
	Placed                   // wanted, and the scheduler would bind it now
)

var decisionNames = enum.Of[Decision]("Excluded", "Kept", "Refused", "Pending", "Eligible", "Placed")

// String returns the name of the decision.
func (d Decision) String() string { return decisionNames.String(d) }

// MarshalText encodes a decision as its name.
func (d Decision) MarshalText() ([]byte, error) { return decisionNames.MarshalText(d) }

// UnmarshalText decodes the name of a decision.
func (d *Decision) UnmarshalText(text []byte) error { return decisionNames.UnmarshalText(d, text) }

// Verdict is the result for one node. Reasons has all reasons, in the order of
// the scheduler's default profile. It is empty if and only if the decision is
// Eligible or Placed.
type Verdict struct {
	Node     string         `json:"node"`
	Decision Decision       `json:"decision"`
	Reasons  []FilterReason `json:"reasons"`
}

// String returns the verdict in one line.
func (v Verdict) String() string {
	s := v.Node + ": " + v.Decision.String()
	for i, r := range v.Reasons {
		if i == 0 {
			s += ": "
		} else {
			s += "; "
		}
		s += r.String()
	}
	return s
}

// The scheduler's filter plugins, in the order of the default profile. The
// first four look at the node object alone, the other four at the pods on the
// nodes.
const (
	pluginNodeName      = "NodeName"
	pluginUnschedulable = "NodeUnschedulable"
	pluginTaints        = "TaintToleration"
	pluginAffinity      = "NodeAffinity"
	pluginPorts         = "NodePorts"
	pluginResources     = "NodeResourcesFit"
	pluginSpread        = "PodTopologySpread"
	pluginRelations     = "InterPodAffinity"
)

// FilterReason is the reason why a plugin of the scheduler rejects a node, or an
// admission plugin of the API server a pod.
type FilterReason struct {
	Plugin  string `json:"plugin"`           // "TaintToleration", "LimitRanger"; "Validation" if the API server finds the pod invalid
	Message string `json:"message"`          // kube-scheduler's or the API server's own words
	Object  string `json:"object,omitempty"` // that decides, if it is not the pod or the node: "LimitRange apps/limits"

	// Unresolvable reports whether evicting pods from the node would not help
	// (the scheduler's code UnschedulableAndUnresolvable).
	Unresolvable bool `json:"unresolvable,omitempty"`

	// The evidence, of the kind that the plugin looks at.
	Mismatches []Mismatch         `json:"mismatches,omitempty"` // NodeAffinity
	Taints     []Untolerated      `json:"taints,omitempty"`     // TaintToleration, NodeUnschedulable
	WantedNode string             `json:"wantedNode,omitempty"` // NodeName: the node that the pod names
	Ports      []PortConflict     `json:"ports,omitempty"`      // NodePorts
	Shortfall  *Shortfall         `json:"shortfall,omitempty"`  // NodeResourcesFit
	Conflicts  []TopologyConflict `json:"conflicts,omitempty"`  // PodTopologySpread, InterPodAffinity
}

// String returns the reason with its evidence in one line.
func (r FilterReason) String() string {
	s := r.Plugin + ": " + r.Message
	if evidence := r.evidence(); len(evidence) > 0 {
		s += " [" + strings.Join(evidence, "; ") + "]"
	}
	return s
}

func (r FilterReason) evidence() []string {
	var all []string
	all = describe(all, r.Mismatches)
	all = describe(all, r.Taints)
	all = describe(all, r.Ports)
	all = describe(all, r.Conflicts)
	if r.Object != "" {
		all = append(all, r.Object)
	}
	if r.WantedNode != "" {
		all = append(all, "the pod names "+r.WantedNode)
	}
	if r.Shortfall != nil {
		all = append(all, r.Shortfall.text())
	}
	return all
}

func describe[T interface{ text() string }](all []string, evidence []T) []string {
	for _, e := range evidence {
		all = append(all, e.text())
	}
	return all
}

// clone returns a copy that shares no memory.
func (r FilterReason) clone() FilterReason {
	r.Mismatches, r.Taints = slices.Clone(r.Mismatches), slices.Clone(r.Taints)
	for i := range r.Mismatches {
		r.Mismatches[i].Values = slices.Clone(r.Mismatches[i].Values)
	}
	for i := range r.Taints {
		t := &r.Taints[i]
		t.Taint, t.Nearest, t.Differs = *t.Taint.DeepCopy(), t.Nearest.DeepCopy(), slices.Clone(t.Differs)
	}
	r.Ports, r.Conflicts = slices.Clone(r.Ports), slices.Clone(r.Conflicts)
	if r.Shortfall != nil {
		s := Shortfall{r.Shortfall.Resource, r.Shortfall.Requested.DeepCopy(), r.Shortfall.Free.DeepCopy(), r.Shortfall.Capacity.DeepCopy()}
		r.Shortfall = &s
	}
	return r
}

func cloneReasons(from []FilterReason) []FilterReason {
	to := make([]FilterReason, len(from))
	for i, r := range from {
		to[i] = r.clone()
	}
	return to
}
