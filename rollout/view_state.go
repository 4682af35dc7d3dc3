package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DrainStatus is a drain in progress: plain data.
type DrainStatus struct {
	Drain Drain          `json:"drain"`
	Since int            `json:"since"` // the tick in which the drain began
	Pods  []RemainingPod `json:"pods"`
}

// RemainingPod is a pod that a drain waits for.
type RemainingPod struct {
	Pod     string `json:"pod"`              // namespace/name
	Refused string `json:"refused,omitzero"` // why the last eviction was refused; empty if it is terminating
}

// Drains returns the drains in progress, in the order in which they began. In a
// settled simulation, a drain whose pods are all refused never ends.
func (s *Sim) Drains() []DrainStatus {
	var all []DrainStatus
	for _, d := range s.evictions.drains {
		x := DrainStatus{Drain: d.input.copied().(Drain), Since: int(d.started / s.step)}
		for _, l := range d.pods {
			x.Pods = append(x.Pods, RemainingPod{l.name, l.refused})
		}
		all = append(all, x)
	}
	return all
}

// State is the progress of a DaemonSet or Deployment. It follows from what is
// still to happen, not from a timeout. It is one of the constants, or the tick
// before which nothing happens: "WaitingUntil(12)".
type State int64

const (
	StateUnknown     State = 0  // no such DaemonSet or Deployment
	StateProgressing State = -1 // something happens in the next tick
	StateDone        State = -2 // complete, and nothing more will happen by itself
	StateStuck       State = -3 // not complete, and nothing more will happen by itself
)

// waitingUntil returns the state of an object to which nothing happens before a
// tick.
func waitingUntil(tick int) State { return State(tick) + 1 }

// Until returns the tick before which nothing happens, and false for the constants.
func (s State) Until() (tick int, waiting bool) { return int(s) - 1, s > 0 }

// String returns the state in words.
func (s State) String() string {
	switch s {
	case StateUnknown:
		return "Unknown"
	case StateProgressing:
		return "Progressing"
	case StateDone:
		return "Done"
	case StateStuck:
		return "Stuck"
	}
	return fmt.Sprintf("WaitingUntil(%d)", int64(s)-1)
}

// stateWords are the states without a tick.
var stateWords = map[string]State{"Unknown": StateUnknown, "Progressing": StateProgressing, "Done": StateDone, "Stuck": StateStuck}

// MarshalText returns the same text as String. The error is always nil.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *State) UnmarshalText(text []byte) error {
	if state, ok := stateWords[string(text)]; ok {
		*s = state
		return nil
	}
	inner, waits := strings.CutPrefix(string(text), "WaitingUntil(")
	inner, closed := strings.CutSuffix(inner, ")")
	tick, err := strconv.ParseUint(inner, 10, 31)
	if !waits || !closed || err != nil {
		return fmt.Errorf("state %q: must be one of Unknown, Progressing, Done, Stuck, WaitingUntil(tick)", text)
	}
	*s = waitingUntil(int(tick))
	return nil
}

// State returns the progress of the DaemonSet or Deployment: StateUnknown if there
// is none, and StateProgressing if an input takes effect in the next tick. Later
// inputs do not count, but Settled waits for them. Keys are the same as for Object.
func (s *Sim) State(key string) State {
	switch d, deployed := s.resolve(key); {
	case s.inputDue() && (d != nil || deployed != nil || s.outstanding(key) != ""):
		return StateProgressing
	case d != nil:
		return s.stateOf(d.wants(), s.nextFor(func(p *pod) bool { return p.owner == d.slot }), d.complete())
	case deployed != nil:
		return s.stateOf(s.wantsAny(deployed), s.nextForDeployment(deployed), deployed.done())
	}
	return StateUnknown
}

func (s *Sim) stateOf(wants bool, next int32, complete bool) State {
	switch {
	case wants || next <= s.now+1:
		return StateProgressing
	case next <= s.last:
		return waitingUntil(int(next))
	case complete:
		return StateDone
	}
	return StateStuck
}

// wantsAny reports whether the Deployment or one of its ReplicaSets needs a sync.
func (s *Sim) wantsAny(d *deployment) bool {
	return d.queued.has(stateChanged) ||
		slices.ContainsFunc(d.mine, func(slot int32) bool { return s.replicaSets.at[slot].queued.has(stateChanged) })
}

// nextForDeployment returns the earlier of nextFor and the next progress check.
func (s *Sim) nextForDeployment(d *deployment) int32 {
	next := s.nextForReplicas(d)
	if d.check != none {
		next = min(next, d.check)
	}
	return next
}

func (s *Sim) nextForReplicas(d *deployment) int32 {
	return s.nextFor(func(p *pod) bool { return p.set != none && s.replicaSets.at[p.set].deployment == d.slot })
}

// nextFor returns the next tick in which something happens by itself to a
// controller's pods or to nodes, or a tick after the last if nothing does. For
// unbound pods every pod that moves counts, since it may make room.
func (s *Sim) nextFor(own func(*pod) bool) int32 {
	next := s.nextManaged()
	if slices.ContainsFunc(s.unbound, func(q queuedPod) bool { return own(&s.pods[q.pod]) }) {
		return s.nextChange()
	}
	for tick, id := range s.moves() {
		if tick >= next {
			break
		}
		if own(&s.pods[id]) {
			return tick
		}
	}
	return next
}

// Settled reports whether nothing more will happen by itself and no input is to
// come: every DaemonSet is StateDone or StateStuck.
func (s *Sim) Settled() bool { return s.nextDue() > s.last }

// Settle is Advance with an error if the simulation is not settled after max ticks.
// The error names the DaemonSets and Deployments to which something still happens.
func (s *Sim) Settle(max int) (refused []Event, err error) {
	refused = s.Advance(max)
	if s.Settled() {
		return refused, nil
	}
	text := fmt.Sprintf("not settled after %d ticks", max)
	for _, key := range s.keys() {
		if state := s.State(key); state != StateDone && state != StateStuck {
			text += fmt.Sprintf("; %s is %v", key, state)
		}
	}
	return refused, errors.New(text)
}
