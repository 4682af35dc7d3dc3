package rollouttest

import (
	"errors"
	"time"
)

// Invariant is a claim about a simulation: one of this package's, or one made
// with Always or AtEnd. It is judged by Check, Judge and Explore, as often as
// one likes.
type Invariant struct {
	claim   string
	start   func() judge // of one run
	grace   time.Duration
	vacuous bool
}

// judge is an invariant in one run. Both may be nil.
type judge struct {
	always func(m *Observed) error // after each tick in which something happened
	end    func(m *Observed) error
}

// ErrNoPremise is the verdict on a moment that an invariant says nothing about: it
// is no failure, but an invariant that never has another verdict is vacuous.
var ErrNoPremise = errors.New("no premise")

// Always is the invariant that holds gives nil, or ErrNoPremise, after every tick
// in which something happens.
func Always(claim string, holds func(m *Observed) error) Invariant {
	return Invariant{claim: claim, start: func() judge { return judge{always: holds} }}
}

// AtEnd is the invariant that holds gives nil when the simulation has settled,
// or has passed as many ticks as Check allows.
func AtEnd(claim string, holds func(m *Observed) error) Invariant {
	return Invariant{claim: claim, start: func() judge { return judge{end: holds} }}
}

// LongerThan allows that what holds always does not for as long as that at a time.
func (i Invariant) LongerThan(d time.Duration) Invariant {
	i.grace = d
	i.claim += " for longer than " + d.String()
	return i
}

// AllowEmpty allows that the premise never holds.
func (i Invariant) AllowEmpty() Invariant {
	i.vacuous = true
	return i
}

// String is the claim.
func (i Invariant) String() string { return i.claim }

// watch is an invariant on its way through one run.
type watch struct {
	Invariant
	judge
	premise bool
	failed  error // since then, and not yet longer than the grace
	since   time.Time
	broken  error
}

func newWatch(i Invariant) *watch {
	w := &watch{Invariant: i}
	if i.start != nil {
		w.judge = i.start()
	}
	return w
}

// look judges a moment; true if the invariant is broken for the first time.
func (w *watch) look(m *Observed) bool {
	if w.always == nil || w.broken != nil {
		return false
	}
	w.overdue(m.Time())
	err := w.note(w.always(m))
	switch {
	case err == nil:
		w.failed = nil
	case w.failed == nil:
		w.failed, w.since = err, m.Time()
	}
	if w.grace == 0 {
		w.broken = w.failed
	}
	return w.broken != nil
}

// overdue breaks an invariant that has not held for longer than its grace.
func (w *watch) overdue(now time.Time) {
	if w.failed != nil && now.Sub(w.since) > w.grace {
		w.broken = w.failed
	}
}

// last judges the end, where what does not hold any more never will if nothing
// is to come.
func (w *watch) last(m *Observed) bool {
	if w.broken != nil {
		return false
	}
	if w.overdue(m.Time()); w.failed != nil && m.sim.Settled() {
		w.broken = w.failed
	}
	if w.broken == nil && w.end != nil {
		w.broken = w.note(w.end(m))
	}
	return w.broken != nil
}

// note is the verdict without ErrNoPremise.
func (w *watch) note(err error) error {
	if errors.Is(err, ErrNoPremise) {
		return nil
	}
	w.premise = true
	return err
}
