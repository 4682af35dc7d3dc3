package rollout

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/berthsim/berth/internal/enum"
)

// Event is one thing that happened: plain, comparable data. Fields that do not
// apply are zero.
type Event struct {
	Tick       int    `json:"tick"`
	Round      int    `json:"round,omitempty"` // the pass of the controllers in the tick, from 1: a sync acts on 250 pods at most
	Kind       Kind   `json:"kind"`
	DaemonSet  string `json:"daemonSet,omitempty"`  // namespace/name
	Deployment string `json:"deployment,omitempty"` // namespace/name; of the two one at most is set
	Node       string `json:"node,omitempty"`
	Pod        string `json:"pod,omitempty"`
	Revision   int64  `json:"revision,omitempty"` // of the pod; 0 if it is unknown
	Why        Why    `json:"why,omitzero"`
}

// Kind is what happened. Created and Deleted are the controller's own calls;
// what users and collectors do has other kinds.
type Kind uint8

const (
	Happened  Kind = iota + 1 // an input took effect
	Unchanged                 // an input found everything as it wants it
	Refused                   // an input was impossible
	Gone                      // a DaemonSet or Deployment, after a foreground deletion
	Tainted                   // a node that has been down for Config.NodeGrace

	Created       // a pod, by the controller
	Deleted       // a pod, by the controller
	Unschedulable // a pod that was just created does not fit
	Bound         // a pod of a ReplicaSet, or one that was created in an earlier tick
	Started       // a pod runs but is not ready yet
	Ready         // a pod runs and is ready
	Available     // a pod has been ready for minReadySeconds, if there are any
	Unready       // a pod is not ready any more
	Crashed       // a pod's container ends for the first time, and will again and again
	PullFailed    // a pod's image cannot be pulled, for the first time
	Failed        // a pod
	Stopped       // a terminating pod is gone
	UserDeleted   // a pod, by DeletePods
	Evicted       // a pod, by a NoExecute taint or through the eviction API
	Unevicted     // a pod, because a budget does not allow it
	Preempted     // a pod, by the scheduler, to make room for a more important one
	Drained       // a node: the pods that were to go are gone
	Undrained     // a node, because a drain has failed
	Collected     // a pod, by a garbage collector
	Adopted       // an orphaned pod, by a DaemonSet or ReplicaSet, or a ReplicaSet by a Deployment
	Orphaned      // a pod whose DaemonSet was deleted with Orphan
	Released      // a pod or ReplicaSet that the selector does not match any more

	RevisionAdded      // a ControllerRevision, or a Deployment's ReplicaSet
	RevisionRenumbered // an earlier template is the current one again
	RevisionRemoved    // beyond revisionHistoryLimit, or with its DaemonSet
	SyncFailed         // the controller tries again

	Scaled           // a ReplicaSet, by its Deployment
	ConditionChanged // of a Deployment: its status or reason
)

var kinds = enum.Of[Kind](
	"", "Happened", "Unchanged", "Refused", "Gone", "Tainted",
	"Created", "Deleted", "Unschedulable", "Bound", "Started", "Ready", "Available", "Unready", "Crashed", "PullFailed", "Failed", "Stopped",
	"UserDeleted", "Evicted", "Unevicted", "Preempted", "Drained", "Undrained", "Collected", "Adopted", "Orphaned", "Released",
	"RevisionAdded", "RevisionRenumbered", "RevisionRemoved", "SyncFailed",
	"Scaled", "ConditionChanged",
)

// String is the name of the kind.
func (k Kind) String() string { return kinds.String(k) }

// MarshalText makes a kind its name in JSON.
func (k Kind) MarshalText() ([]byte, error) { return kinds.MarshalText(k) }

// UnmarshalText reads the name of a kind.
func (k *Kind) UnmarshalText(text []byte) error { return kinds.UnmarshalText(k, text) }

// String is the event in one line.
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v", e.Tick, e.Kind)
	for _, part := range []string{e.DaemonSet, e.Deployment, e.Pod} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	if e.Revision != 0 {
		fmt.Fprintf(&b, " r%d", e.Revision)
	}
	if e.Node != "" {
		b.WriteString(" on " + e.Node)
	}
	if e.Round > 1 {
		fmt.Fprintf(&b, " in round %d", e.Round)
	}
	if why := e.Why.String(); why != "" {
		b.WriteString(": " + why)
	}
	return b.String()
}

// Trace is events in the order in which they happened. Its String has a line
// for each; its JSON carries a version and reads back to an equal Trace.
type Trace []Event

// traceVersion names the form of a trace in JSON. A field may be added to
// events without another version; nothing else may change.
const traceVersion = "berth.rollout/v1"

// String is one line for each event.
func (t Trace) String() string {
	var b strings.Builder
	for _, e := range t {
		b.WriteString(e.String())
		b.WriteByte('\n')
	}
	return b.String()
}

type traceJSON struct {
	Version string  `json:"version"`
	Events  []Event `json:"events"`
}

// MarshalJSON is {"version":"berth.rollout/v1","events":[...]}.
func (t Trace) MarshalJSON() ([]byte, error) {
	return json.Marshal(traceJSON{traceVersion, append([]Event{}, t...)})
}

// UnmarshalJSON reads what MarshalJSON writes; another version is an error.
func (t *Trace) UnmarshalJSON(data []byte) error {
	var read traceJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if read.Version != traceVersion {
		return fmt.Errorf("trace: version %q: must be %q", read.Version, traceVersion)
	}
	*t = read.Events
	return nil
}
