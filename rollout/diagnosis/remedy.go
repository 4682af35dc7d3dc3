package diagnosis

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
)

// Remedy is a list of inputs that were tried on a fork: injected now, they let
// the rollout or drain end, or for a partial remedy continue as far as it can. Of two
// remedies the cheaper one has the smaller Kind (what it touches), then fewer
// Inputs, then fewer Ticks. Money and permissions do not count.
type Remedy struct {
	Kind        RemedyKind
	Description string          // the inputs in words
	Inputs      []rollout.Input // for Sim.Inject; in JSON lines as rollout.FormatInput writes
	Then        []rollout.Input // to be injected after the end: they take back what was needed only for a while
	Changes     []Change        // what each of Inputs and then of Then changes, as a user would
	Ticks       int             // from now until the rollout's last event
	Unresolved  []string        // of a partial remedy: the nodes that are still not updated and available, ascending
}

// remedyJSON is a remedy in JSON.
type remedyJSON struct {
	Kind        RemedyKind `json:"kind"`
	Description string     `json:"description"`
	Inputs      []string   `json:"inputs"`
	Then        []string   `json:"then,omitempty"`
	Changes     []Change   `json:"changes"`
	Ticks       int        `json:"ticks"`
	Unresolved  []string   `json:"unresolved"`
}

// MarshalJSON writes the inputs as rollout.FormatInput does.
func (r Remedy) MarshalJSON() ([]byte, error) {
	out := remedyJSON{Kind: r.Kind, Description: r.Description, Inputs: []string{}, Changes: full(r.Changes), Ticks: r.Ticks, Unresolved: full(r.Unresolved)}
	for _, in := range r.Inputs {
		out.Inputs = append(out.Inputs, rollout.FormatInput(in))
	}
	for _, in := range r.Then {
		out.Then = append(out.Then, rollout.FormatInput(in))
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Remedy) UnmarshalJSON(data []byte) error {
	var read remedyJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*r = Remedy{Kind: read.Kind, Description: read.Description, Inputs: []rollout.Input{}, Changes: full(read.Changes), Ticks: read.Ticks, Unresolved: full(read.Unresolved)}
	for i, line := range slices.Concat(read.Inputs, read.Then) {
		in, err := rollout.ParseInput(line)
		if err != nil {
			return err
		}
		if i < len(read.Inputs) {
			r.Inputs = append(r.Inputs, in)
		} else {
			r.Then = append(r.Then, in)
		}
	}
	return nil
}

// commands returns the kubectl commands, the first few on lines of their own. There is
// none if only a part of the remedy has one. Between the inputs and Then the rollout of
// the key ends.
func (r Remedy) commands(key string) string {
	first, then := commandLines(r.Changes[:len(r.Inputs)]), commandLines(r.Changes[len(r.Inputs):])
	if first == "" || len(r.Then) == 0 {
		return first
	}
	kind, name, _ := strings.Cut(key, "/")
	namespace, name, _ := strings.Cut(name, "/")
	return first + fmt.Sprintf("  kubectl rollout status %s/%s -n %s\n", kind, name, namespace) + then
}

func commandLines(changes []Change) string {
	const shown = 3
	var b strings.Builder
	for i, c := range changes {
		switch {
		case c.Command == "":
			return ""
		case i < shown:
			fmt.Fprintf(&b, "  %s\n", c.Command)
		case i == shown:
			fmt.Fprintf(&b, "  and %s more like these\n", counted(len(changes)-shown, "command"))
		}
	}
	return b.String()
}

// String returns the remedy in one line.
func (r Remedy) String() string {
	s := fmt.Sprintf("%v: %s", r.Kind, r.Description)
	if len(r.Unresolved) > 0 {
		return s + fmt.Sprintf(": resolves all but %s in %s", listed(r.Unresolved), counted(r.Ticks, "tick"))
	}
	return s + ": ends in " + counted(r.Ticks, "tick")
}

// RemedyKind is the kind of change that a remedy makes. A remedy of several kinds has
// the largest of them.
type RemedyKind string

// From the smallest change to the largest.
const (
	RemedyResume            RemedyKind = "Resume"            // a paused Deployment
	RemedyChangeUpdateLimit RemedyKind = "ChangeUpdateLimit" // of the rollout; pods and nodes are not touched
	RemedyReplaceInPlace    RemedyKind = "ReplaceInPlace"    // instead of surging: each old pod is deleted before its successor is created
	RemedyDeletePods        RemedyKind = "DeletePods"        // that block the rollout
	RemedyRepairNodes       RemedyKind = "RepairNodes"       // or add what they lack
	RemedyAddNodes          RemedyKind = "AddNodes"          // like the existing ones
	RemedyScaleUp           RemedyKind = "ScaleUp"           // to more replicas
	RemedyScaleDown         RemedyKind = "ScaleDown"         // to fewer replicas
	RemedyChangeTemplate    RemedyKind = "ChangeTemplate"    // to a new revision: all nodes are updated again
	RemedyUndo              RemedyKind = "Undo"              // the update is rolled back
	RemedyRemoveNodes       RemedyKind = "RemoveNodes"       // from the cluster
	RemedyChangePolicy      RemedyKind = "ChangePolicy"      // what decides about new pods: a LimitRange, a ResourceQuota, a ServiceAccount, the labels of a namespace
	RemedyChangePDB         RemedyKind = "ChangePDB"         // a PodDisruptionBudget: fewer pods are protected
	RemedyBypassPDB         RemedyKind = "BypassPDB"         // delete pods that a PodDisruptionBudget protects
)

var remedyKinds = []RemedyKind{
	RemedyResume, RemedyChangeUpdateLimit, RemedyReplaceInPlace, RemedyDeletePods, RemedyRepairNodes,
	RemedyAddNodes, RemedyScaleUp, RemedyScaleDown, RemedyChangeTemplate, RemedyUndo, RemedyRemoveNodes, RemedyChangePolicy, RemedyChangePDB, RemedyBypassPDB,
}

// size returns the place of the kind among all, from the smallest change to the largest.
func (k RemedyKind) size() int { return slices.Index(remedyKinds, k) }

func larger(a, b RemedyKind) RemedyKind {
	if a.size() < b.size() {
		return b
	}
	return a
}

// cheapest compares remedies by cost (see Remedy).
func cheapest(a, b Remedy) int {
	return cmp.Or(cmp.Compare(a.Kind.size(), b.Kind.size()), cmp.Compare(len(a.Inputs), len(b.Inputs)), cmp.Compare(a.Ticks, b.Ticks))
}
