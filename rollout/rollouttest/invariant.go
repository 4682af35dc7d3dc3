package rollouttest

import (
	"errors"
	"time"

	"github.com/berthsim/berth/internal/span"
)

// Invariant is a claim about a simulation: one of this package, or one made with Always
// or AtEnd. Check, Judge and Explore judge it. It can be used any number of times.
type Invariant struct {
	claim   string
	start   func() judge // starts a run
	grace   time.Duration
	vacuous bool
	wrong   error // why the invariant cannot be judged
}

// checkInvariants returns why invariants cannot be judged: there are none, or one is
// invalid.
func checkInvariants(invariants []Invariant) error {
	if len(invariants) == 0 {
		return errors.New("there is no invariant to check")
	}
	var errs []error
	for _, i := range invariants {
		errs = append(errs, i.wrong)
	}
	return errors.Join(errs...)
}

// judge is an invariant in one run. Both functions may be nil.
type judge struct {
	always func(m *Observed) error // called after each tick with an event
	end    func(m *Observed) error
}

// ErrNoPremise is returned by an invariant to which a moment does not apply. It is no
// failure, but an invariant that never returns anything else is vacuous.
var ErrNoPremise = errors.New("no premise")

// Always returns the invariant that holds returns nil or ErrNoPremise after every tick
// with an event.
func Always(claim string, holds func(m *Observed) error) Invariant {
	return Invariant{claim: claim, start: func() judge { return judge{always: holds} }}
}

// AtEnd returns the invariant that holds returns nil or ErrNoPremise when the
// simulation has settled, or has reached the tick limit of Check.
func AtEnd(claim string, holds func(m *Observed) error) Invariant {
	return Invariant{claim: claim, start: func() judge { return judge{end: holds} }}
}

// LongerThan returns the invariant, allowed to fail for up to d at a time.
func (i Invariant) LongerThan(d time.Duration) Invariant {
	i.grace = d
	i.wrong = errors.Join(i.wrong, span.Check(i.claim+": LongerThan:", d))
	i.claim += " for longer than " + d.String()
	return i
}

// AllowEmpty returns the invariant, allowed to have a premise that never holds.
func (i Invariant) AllowEmpty() Invariant {
	i.vacuous = true
	return i
}

// String returns the claim.
func (i Invariant) String() string { return i.claim }

// MarshalJSON returns an error: an invariant has no JSON form. RunReport has.
func (i Invariant) MarshalJSON() ([]byte, error) {
	return nil, errors.New("rollouttest.Invariant has no JSON form: marshal the RunReport of Judge")
}

// watch tracks an invariant through one run.
type watch struct {
	Invariant
	judge
	premise bool
	failed  error // the current failure, not yet longer than the grace period
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

// look judges a moment. It returns true if the invariant is broken for the first time.
func (w *watch) look(m *Observed) bool {
	if w.always == nil || w.broken != nil {
		return false
	}
	w.overdue(m.time())
	err := w.note(w.always(m))
	switch {
	case err == nil:
		w.failed = nil
	case w.failed == nil:
		w.failed, w.since = err, m.time()
	}
	if w.grace == 0 {
		w.broken = w.failed
	}
	return w.broken != nil
}

// overdue breaks an invariant that has failed for longer than its grace period.
func (w *watch) overdue(now time.Time) {
	if w.failed != nil && now.Sub(w.since) > w.grace {
		w.broken = w.failed
	}
}

// last judges the end. A failure then is final if nothing more is to happen.
func (w *watch) last(m *Observed) bool {
	if w.broken != nil {
		return false
	}
	if w.overdue(m.time()); w.failed != nil && m.sim.Settled() {
		w.broken = w.failed
	}
	if w.broken == nil && w.end != nil {
		w.broken = w.note(w.end(m))
	}
	return w.broken != nil
}

// note returns the error, or nil for ErrNoPremise. It records whether the premise held.
func (w *watch) note(err error) error {
	if errors.Is(err, ErrNoPremise) {
		return nil
	}
	w.premise = true
	return err
}
