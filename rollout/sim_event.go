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
	Tick       int       `json:"tick"`
	Round      int       `json:"round,omitempty"` // the round of the controllers in the tick, from 1: a sync acts on 250 pods at most
	Kind       EventKind `json:"kind"`
	DaemonSet  string    `json:"daemonSet,omitempty"`  // namespace/name
	Deployment string    `json:"deployment,omitempty"` // namespace/name; at most one of the two is set
	Node       string    `json:"node,omitempty"`
	Pod        string    `json:"pod,omitempty"`
	Revision   int64     `json:"revision,omitempty"` // of the pod; 0 if it is unknown
	Why        Why       `json:"why,omitzero"`
}

// EventKind is the kind of an event. EventCreated and EventDeleted are the
// controller's own calls; changes by users and collectors have other kinds.
type EventKind uint8

const (
	EventInputApplied   EventKind = iota + 1 // an input took effect
	EventInputUnchanged                      // an input changed nothing
	EventInputRefused                        // an input was impossible
	EventObjectDeleted                       // a DaemonSet or Deployment, after a foreground deletion
	EventNodeTainted                         // a node that has been down for Config.NodeGrace

	EventCreated          // a pod, by the controller
	EventDeleted          // a pod, by the controller
	EventUnschedulable    // a pod that was just created does not fit
	EventBound            // a pod of a ReplicaSet, or a pod created in an earlier tick
	EventStarted          // a pod runs and is not ready yet
	EventReady            // a pod runs and is ready
	EventAvailable        // a pod has been ready for minReadySeconds, if that is not 0
	EventNotReady         // a pod is no longer ready
	EventCrashed          // a pod's container exits for the first time in a crash loop
	EventImagePullFailed  // a pod's image cannot be pulled, for the first time
	EventFailed           // a pod
	EventStopped          // a terminating pod is removed
	EventDeletedByUser    // a pod, by DeletePods
	EventEvicted          // a pod, by a NoExecute taint or through the eviction API
	EventEvictionRefused  // a pod, because a budget does not allow it
	EventPreempted        // a pod, by the scheduler, to make room for a pod of higher priority
	EventDrained          // a node: all pods to drain are removed
	EventDrainFailed      // a node, because a drain has failed
	EventGarbageCollected // a pod, by a garbage collector
	EventAdopted          // an orphaned pod, by a DaemonSet or ReplicaSet, or a ReplicaSet by a Deployment
	EventOrphaned         // a pod whose DaemonSet was deleted with Orphan
	EventReleased         // a pod or ReplicaSet that the selector no longer matches

	EventRevisionCreated    // a ControllerRevision, or a Deployment's ReplicaSet
	EventRevisionRenumbered // an earlier template is the current one again
	EventRevisionDeleted    // beyond revisionHistoryLimit, or with its DaemonSet
	EventSyncFailed         // the controller retries

	EventScaled           // a ReplicaSet, by its Deployment
	EventConditionChanged // of a Deployment: its status or reason
)

var eventKinds = enum.Of[EventKind](
	"", "InputApplied", "InputUnchanged", "InputRefused", "ObjectDeleted", "NodeTainted",
	"Created", "Deleted", "Unschedulable", "Bound", "Started", "Ready", "Available", "NotReady", "Crashed", "ImagePullFailed", "Failed", "Stopped",
	"DeletedByUser", "Evicted", "EvictionRefused", "Preempted", "Drained", "DrainFailed", "GarbageCollected", "Adopted", "Orphaned", "Released",
	"RevisionCreated", "RevisionRenumbered", "RevisionDeleted", "SyncFailed",
	"Scaled", "ConditionChanged",
)

// String returns the name of the kind.
func (k EventKind) String() string { return eventKinds.String(k) }

// MarshalText returns the name of the kind.
func (k EventKind) MarshalText() ([]byte, error) { return eventKinds.MarshalText(k) }

// UnmarshalText reads the name of a kind.
func (k *EventKind) UnmarshalText(text []byte) error { return eventKinds.UnmarshalText(k, text) }

// String returns the event in one line.
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

// Trace is a list of events in the order in which they happened. Its String has a
// line for each. Its JSON has a version and reads back to an equal Trace.
type Trace []Event

// traceVersion names the form of a trace in JSON. A field may be added to
// events without another version; nothing else may change.
const traceVersion = "berth.rollout/v1"

// String returns one line for each event.
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

// MarshalJSON returns {"version":"berth.rollout/v1","events":[...]}.
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
