package diagnosis

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
)

// Remedy is a list of inputs that were tried on a fork: injected now, they let
// the rollout end, or for a partial remedy continue as far as it can. Of two
// remedies the cheaper one has the smaller Kind (what it touches), then fewer
// Inputs, then fewer Ticks. Money and permissions do not count.
type Remedy struct {
	Kind        RemedyKind
	Description string          // the inputs in words
	Inputs      []rollout.Input // for Sim.Inject; in JSON lines as rollout.FormatInput writes
	Ticks       int             // from now until the rollout's last event
	Unresolved  []string        // of a partial remedy: the nodes that are still not updated and available, ascending
}

// remedyJSON is a remedy in JSON.
type remedyJSON struct {
	Kind        RemedyKind `json:"kind"`
	Description string     `json:"description"`
	Inputs      []string   `json:"inputs"`
	Ticks       int        `json:"ticks"`
	Unresolved  []string   `json:"unresolved,omitempty"`
}

// MarshalJSON writes the inputs as rollout.FormatInput does.
func (r Remedy) MarshalJSON() ([]byte, error) {
	out := remedyJSON{Kind: r.Kind, Description: r.Description, Ticks: r.Ticks, Unresolved: r.Unresolved}
	for _, in := range r.Inputs {
		out.Inputs = append(out.Inputs, rollout.FormatInput(in))
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Remedy) UnmarshalJSON(data []byte) error {
	var read remedyJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*r = Remedy{Kind: read.Kind, Description: read.Description, Ticks: read.Ticks, Unresolved: read.Unresolved}
	for _, line := range read.Inputs {
		in, err := rollout.ParseInput(line)
		if err != nil {
			return err
		}
		r.Inputs = append(r.Inputs, in)
	}
	return nil
}

// String returns the remedy in one line.
func (r Remedy) String() string {
	s := fmt.Sprintf("%v: %s", r.Kind, r.Description)
	if len(r.Unresolved) > 0 {
		return s + fmt.Sprintf(": leaves %s in %s", kube.FirstNames(r.Unresolved), ticks(r.Ticks))
	}
	return s + ": ends in " + ticks(r.Ticks)
}

func ticks(n int) string {
	if n == 1 {
		return "1 tick"
	}
	return strconv.Itoa(n) + " ticks"
}

// RemedyKind is the kind of change that a remedy makes, ordered from the smallest
// to the largest. A remedy of several kinds has the largest of them.
type RemedyKind uint8

const (
	RemedyResume            RemedyKind = iota + 1 // a paused Deployment
	RemedyChangeUpdateLimit                       // of the rollout; pods and nodes are not touched
	RemedyReplaceInPlace                          // instead of surging: each old pod is deleted before its successor is created
	RemedyDeletePods                              // that block the rollout
	RemedyRepairNodes                             // or add what they lack
	RemedyAddNodes                                // like the existing ones
	RemedyScaleDown                               // to fewer replicas
	RemedyChangeTemplate                          // to a new revision: all nodes are updated again
	RemedyUndo                                    // the update is rolled back
	RemedyRemoveNodes                             // from the cluster
)

var remedyKindNames = enum.Of[RemedyKind]("", "Resume", "ChangeUpdateLimit", "ReplaceInPlace", "DeletePods", "RepairNodes", "AddNodes", "ScaleDown", "ChangeTemplate", "Undo", "RemoveNodes")

// String returns the name of the kind.
func (m RemedyKind) String() string { return remedyKindNames.String(m) }

// MarshalText returns the name of the kind.
func (m RemedyKind) MarshalText() ([]byte, error) { return remedyKindNames.MarshalText(m) }

// UnmarshalText reads the name of a kind.
func (m *RemedyKind) UnmarshalText(text []byte) error { return remedyKindNames.UnmarshalText(m, text) }

// cheapest compares remedies by cost (see Remedy).
func cheapest(a, b Remedy) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(len(a.Inputs), len(b.Inputs)), cmp.Compare(a.Ticks, b.Ticks))
}
