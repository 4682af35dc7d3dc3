package rollout

import (
	"slices"

	"github.com/berthsim/berth/rollout/internal/probe"
)

// eventRecorder holds what has happened: events for callers, and notes for
// observers inside the package.
type eventRecorder struct {
	epoch    uint64         // counts events: where it is the same, nothing has changed
	notes    []note         // of this tick, until it is reported
	events   []Event        // of earlier ticks and of this one
	told     int            // how many of the events are from earlier ticks
	expected int            // how many there were in the last tick with any
	quiet    bool           // nobody reads events: except for Refused ones there are only notes
	choices  []probe.Choice // of a scripted order
}

// fork omits the events that the parent has not reported yet.
func (r *eventRecorder) fork() eventRecorder {
	return eventRecorder{epoch: r.epoch, quiet: r.quiet, choices: slices.Clone(r.choices)}
}

// note is what an event was about, for observers inside the package.
type note struct {
	node, owner, deployment int32 // slots, or none
	rolls                   bool  // the rollout began with a node, or scaled down a ReplicaSet
}

// eventsAtOnce is the minimum number of events allocated at a time: most ticks
// have a few, and so many fill 8 kB. The first allocation is smaller, for forks
// that pass only one tick.
const (
	eventsAtOnce = 60
	firstEvents  = 15
)

// choose returns the nodes or pods that the script chooses, and reorders its
// argument. A number at or above the count of choices wraps around. The key is that of
// the object that acts on them.
func (s *store) choose(key string, nodes []int32, take int) []int32 {
	if take >= len(nodes) || take <= 0 {
		return nodes[:max(0, min(take, len(nodes)))]
	}
	c := probe.Choice{
		Tick: int(s.now), Round: int(s.round), Key: key,
		Pick: take, Candidates: len(nodes), Count: binomial(len(nodes), take),
	}
	if i := len(s.choices); i < len(s.config.Choices) {
		c.Chosen = s.config.Choices[i] % c.Count
	}
	s.choices = append(s.choices, c)
	return combination(nodes, take, c.Chosen)
}

func (r *eventRecorder) note(n note) {
	r.epoch++
	r.notes = append(r.notes, n)
}

func (s *store) emit(e Event) {
	n := note{none, none, none, e.Reason.rolls()}
	if e.Node != "" {
		n.node = s.slotOf(e.Node)
	}
	if d := s.daemonSets.find(plainKey(e.Key)); d != nil && d.fullKey == e.Key && (e.Node == "" || n.node != none) {
		n.owner = d.slot
	}
	if d := s.deployments.find(plainKey(e.Key)); d != nil && d.fullKey == e.Key {
		n.deployment = d.slot
	}
	s.note(n)
	if !s.quiet || e.Kind == EventInputRefused {
		e.Tick, e.Round = int(s.now), int(s.round)
		*s.newEvent() = e
	}
}

func (s *store) emitPod(kind EventKind, id int32, why cause) {
	p := &s.pods[id]
	s.note(note{p.node, p.owner, s.deploymentSlot(p), why.Reason.rolls()})
	if s.quiet {
		return
	}
	e := s.newEvent()
	e.Tick, e.Round, e.Kind = int(s.now), int(s.round), kind
	e.Pod, e.Revision = s.podName(id), s.numbers[p.class]
	e.Used, e.Limit = why.Used, why.Limit
	if why.Reason != "" { // a field that is not written costs the collector nothing
		e.Reason = why.Reason
	}
	if why.Detail != "" {
		e.Detail = why.Detail
	}
	e.Key = s.fullKeyOf(p)
	if p.node != none {
		e.Node = s.nodeNames[p.node].name
	}
}

// newEvent returns a pointer to the next event, which is zero.
func (r *eventRecorder) newEvent() *Event {
	n := len(r.events)
	if n == cap(r.events) {
		r.moreEvents()
		n = len(r.events)
	}
	r.events = r.events[:n+1]
	return &r.events[n]
}

// untold returns the events of this tick.
func (r *eventRecorder) untold() []Event { return r.events[r.told:] }

// moreEvents makes room, beginning with the events of this tick.
func (r *eventRecorder) moreEvents() {
	least := eventsAtOnce
	if r.events == nil {
		least = firstEvents
	}
	now := r.untold()
	r.events = append(make([]Event, 0, max(least, 2*len(now), r.expected)), now...)
	r.told = 0
}

// report returns what has happened, and continues after it. The next tick mostly
// has as many events.
func (r *eventRecorder) report() []Event {
	r.notes = r.notes[:0]
	n := len(r.events)
	if n == r.told {
		return nil
	}
	events := r.events[r.told:n:n]
	r.told, r.expected = n, len(events)
	return events
}
