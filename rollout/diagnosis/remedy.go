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

// Remedy is inputs that were tried on a fork: injected now, they let the rollout
// end, or as a relief continue as far as it can. Of two, the cheaper one has the
// smaller Means (what it touches), then fewer Inputs, then fewer Ticks. Money, and who
// may do what, do not count.
type Remedy struct {
	Means  Means
	Does   string          // the inputs in words
	Inputs []rollout.Input // for Sim.Inject; in JSON lines as rollout.FormatInput writes
	Ticks  int             // from now until the rollout's last event
	Leaves []string        // of a relief: the nodes that are not as wanted even then, ascending
}

// remedyJSON is a remedy in JSON.
type remedyJSON struct {
	Means  Means    `json:"means"`
	Does   string   `json:"does"`
	Inputs []string `json:"inputs"`
	Ticks  int      `json:"ticks"`
	Leaves []string `json:"leaves,omitempty"`
}

// MarshalJSON writes the inputs as rollout.FormatInput does.
func (r Remedy) MarshalJSON() ([]byte, error) {
	out := remedyJSON{Means: r.Means, Does: r.Does, Ticks: r.Ticks, Leaves: r.Leaves}
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
	*r = Remedy{Means: read.Means, Does: read.Does, Ticks: read.Ticks, Leaves: read.Leaves}
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
	s := fmt.Sprintf("%v: %s", r.Means, r.Does)
	if len(r.Leaves) > 0 {
		return s + fmt.Sprintf(": leaves %s in %s", kube.FirstNames(r.Leaves), ticks(r.Ticks))
	}
	return s + ": ends in " + ticks(r.Ticks)
}

func ticks(n int) string {
	if n == 1 {
		return "1 tick"
	}
	return strconv.Itoa(n) + " ticks"
}

// Means is what kind of thing a remedy does, from what touches least to what gives up
// most. A remedy of several kinds counts as the dearest of them.
type Means uint8

const (
	ResumeRollout  Means = iota + 1 // that somebody has paused
	ChangeBudget                    // of the rollout: neither pods nor nodes are touched by it
	ReplaceInstead                  // of surging: each old pod goes before the new one comes
	DeleteThePods                   // that are in the way
	RepairNodes                     // or give them what they lack
	AddNodes                        // like those that there are
	ScaleDown                       // do with fewer replicas
	ChangeTemplate                  // which makes a new revision: all nodes are updated again
	UndoRollout                     // the update is given up
	RemoveNodes                     // from the cluster
)

var means = enum.Of[Means]("", "ResumeRollout", "ChangeBudget", "ReplaceInstead", "DeleteThePods", "RepairNodes", "AddNodes", "ScaleDown", "ChangeTemplate", "UndoRollout", "RemoveNodes")

// String is the name of the means.
func (m Means) String() string { return means.String(m) }

// MarshalText makes means their name in JSON.
func (m Means) MarshalText() ([]byte, error) { return means.MarshalText(m) }

// UnmarshalText reads the name of means.
func (m *Means) UnmarshalText(text []byte) error { return means.UnmarshalText(m, text) }

// cheapest orders remedies as the comment of Remedy says.
func cheapest(a, b Remedy) int {
	return cmp.Or(cmp.Compare(a.Means, b.Means), cmp.Compare(len(a.Inputs), len(b.Inputs)), cmp.Compare(a.Ticks, b.Ticks))
}
