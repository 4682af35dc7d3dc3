package rollout

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Event is one thing that happened: plain, comparable data. Fields that do not
// apply are zero.
type Event struct {
	Tick     int       `json:"tick"`
	Round    int       `json:"round,omitempty"` // the round of the controllers in the tick, from 1: a sync acts on 250 pods at most
	Kind     EventKind `json:"kind"`
	Key      string    `json:"key,omitempty"` // daemonset/namespace/name or deployment/namespace/name
	Node     string    `json:"node,omitempty"`
	Pod      string    `json:"pod,omitempty"`
	Revision int64     `json:"revision,omitempty"` // of the pod; 0 if it is unknown
	Reason   Reason    `json:"reason,omitempty"`   // why the controller acted
	Used     int       `json:"used,omitempty"`     // units of maxUnavailable or maxSurge in use, this event's own included
	Limit    int       `json:"limit,omitempty"`    // maxUnavailable, maxSurge or the replicas
	Detail   string    `json:"detail,omitempty"`
}

// EventKind is the kind of an event. EventCreated and EventDeleted are the
// controller's own calls; changes by users and collectors have other kinds.
type EventKind string

const (
	EventInputApplied   EventKind = "InputApplied"   // an input took effect
	EventInputUnchanged EventKind = "InputUnchanged" // an input changed nothing
	EventInputRefused   EventKind = "InputRefused"   // an input was impossible
	EventObjectDeleted  EventKind = "ObjectDeleted"  // a DaemonSet or Deployment, after a foreground deletion
	EventNodeTainted    EventKind = "NodeTainted"    // a node, by the node lifecycle controller
	EventNodeUntainted  EventKind = "NodeUntainted"  // a node, by the node lifecycle controller

	EventCreated          EventKind = "Created"          // a pod, by the controller
	EventDeleted          EventKind = "Deleted"          // a pod, by the controller
	EventUnschedulable    EventKind = "Unschedulable"    // a pod that was just created does not fit
	EventBound            EventKind = "Bound"            // a pod of a ReplicaSet, or a pod created in an earlier tick
	EventStarted          EventKind = "Started"          // a pod runs and is not ready yet
	EventReady            EventKind = "Ready"            // a pod runs and is ready
	EventAvailable        EventKind = "Available"        // a pod has been ready for minReadySeconds, if that is not 0
	EventNotReady         EventKind = "NotReady"         // a pod is no longer ready
	EventCrashed          EventKind = "Crashed"          // a pod's container exits for the first time in a crash loop
	EventImagePullFailed  EventKind = "ImagePullFailed"  // a pod's image cannot be pulled, for the first time
	EventFailed           EventKind = "Failed"           // a pod
	EventStopped          EventKind = "Stopped"          // a terminating pod is removed
	EventDeletedByUser    EventKind = "DeletedByUser"    // a pod, by DeletePods
	EventEvicted          EventKind = "Evicted"          // a pod, by a NoExecute taint or through the eviction API
	EventEvictionRefused  EventKind = "EvictionRefused"  // a pod, because a budget does not allow it
	EventPreempted        EventKind = "Preempted"        // a pod, by the scheduler, to make room for a pod of higher priority
	EventDrained          EventKind = "Drained"          // a node: all pods to drain are removed
	EventDrainFailed      EventKind = "DrainFailed"      // a node, because a drain has failed
	EventGarbageCollected EventKind = "GarbageCollected" // a pod, by a garbage collector
	EventAdopted          EventKind = "Adopted"          // an orphaned pod, by a DaemonSet or ReplicaSet, or a ReplicaSet by a Deployment
	EventOrphaned         EventKind = "Orphaned"         // a pod whose DaemonSet was deleted with Orphan
	EventReleased         EventKind = "Released"         // a pod or ReplicaSet that the selector no longer matches

	EventRevisionCreated    EventKind = "RevisionCreated"    // a ControllerRevision, or a Deployment's ReplicaSet
	EventRevisionRenumbered EventKind = "RevisionRenumbered" // an earlier template is the current one again
	EventRevisionDeleted    EventKind = "RevisionDeleted"    // beyond revisionHistoryLimit, or with its DaemonSet
	EventSyncFailed         EventKind = "SyncFailed"         // the controller retries
	EventFailedCreate       EventKind = "FailedCreate"       // the API server refuses the pods of a DaemonSet or ReplicaSet; the controller retries

	EventScaled           EventKind = "Scaled"           // a ReplicaSet, by its Deployment
	EventConditionChanged EventKind = "ConditionChanged" // of a Deployment: its status or reason
)

// String returns the event in one line.
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v", e.Tick, e.Kind)
	for _, part := range []string{plainKey(e.Key), e.Pod} {
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
	if why := e.Why(); why != "" {
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
