package rollout

import (
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

// note is what an event was about, for those who follow a simulation from inside.
type note struct {
	node, owner, deployment int32 // slots, or none
	rule                    Rule
}

func (s *Sim) note(n note) {
	s.epoch++
	s.notes = append(s.notes, n)
}

func (s *Sim) emit(e Event) {
	n := note{none, none, none, e.Why.Rule}
	if e.Node != "" {
		n.node = s.slotOf(e.Node)
	}
	if d := s.find(e.DaemonSet); d != nil && (e.Node == "" || n.node != none) {
		n.owner = d.slot
	}
	if d := s.deployments.find(e.Deployment); d != nil {
		n.deployment = d.slot
	}
	s.note(n)
	if !s.quiet || e.Kind == Refused {
		e.Tick, e.Round = int(s.now), int(s.round)
		*s.newEvent() = e
	}
}

func (s *Sim) emitPod(kind Kind, id int32, why Why) {
	p := &s.pods[id]
	s.note(note{p.node, p.owner, s.deploymentSlot(p), why.Rule})
	if s.quiet {
		return
	}
	e := s.newEvent()
	e.Tick, e.Round, e.Kind = int(s.now), int(s.round), kind
	e.Pod, e.Revision = s.podName(id), s.numbers[p.class]
	e.Why.Rule, e.Why.Used, e.Why.Of = why.Rule, why.Used, why.Of
	if why.Detail != "" { // what is not written costs the collector nothing
		e.Why.Detail = why.Detail
	}
	if p.owner != none {
		e.DaemonSet = s.daemons[p.owner].key
	} else {
		e.Deployment = s.ownerKey(p)
	}
	if p.node != none {
		e.Node = s.roster[p.node].name
	}
}

// eventsAtOnce is how many events are allocated at a time, at the least: most
// ticks have a few, and so many fill 8 kB. The first are fewer, for those forks
// that pass a tick only.
const (
	eventsAtOnce = 60
	firstEvents  = 15
)

// newEvent gives the place of the next event, which is zero.
func (s *Sim) newEvent() *Event {
	n := len(s.events)
	if n == cap(s.events) {
		s.moreEvents()
		n = len(s.events)
	}
	s.events = s.events[:n+1]
	return &s.events[n]
}

// untold gives the events of this tick.
func (s *Sim) untold() []Event { return s.events[s.told:] }

// moreEvents makes room, beginning with the events of this tick.
func (s *Sim) moreEvents() {
	least := eventsAtOnce
	if s.events == nil {
		least = firstEvents
	}
	now := s.untold()
	s.events = append(make([]Event, 0, max(least, 2*len(now), s.expected)), now...)
	s.told = 0
}

// report hands out what has happened, and goes on behind it. The next tick mostly
// brings as much.
func (s *Sim) report() []Event {
	s.notes = s.notes[:0]
	n := len(s.events)
	if n == s.told {
		return nil
	}
	events := s.events[s.told:n:n]
	s.told, s.expected = n, len(events)
	return events
}
