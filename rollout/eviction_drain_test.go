package rollout

import (
	"testing"

	"pgregory.net/rapid"
)

// A drain asks again every 5 s for what was refused, as long as the answer may be
// another one; skipped and stepped it does the same; and a settled simulation
// has nothing to grant. Mutants seen to fail: nextTry counts from now; nextTry
// is not asked; Fork without a clone of the pods of drains.
func TestDrainsAskAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(drained).Draw(t, "story")
		y.ticks = int(y.inputs[len(y.inputs)-1].tick) + 1
		s, skip := y.sim(t), y.sim(t)
		stepped(s, y.ticks)
		fork := s.Fork()
		var events []Event
		for range 40 {
			grantable := s.grantable()
			now := s.Tick()
			events = append(events, now...)
			if grantable != "" && !evicts(now) {
				t.Fatalf("tick %d: %s may go and is not evicted:\n%s", s.Now(), grantable, lines(now))
			}
		}
		unequal(t, "fork", events, stepped(fork, 40))
		for range skip.Run(y.ticks) {
		}
		for skip.Now() < y.ticks-1 {
			skip.Tick()
		}
		var skipped []Event
		for e := range skip.Run(40) {
			skipped = append(skipped, e...)
		}
		unequal(t, "skipped", events, skipped)
		if s.Settled() && s.waitingForNothing() {
			t.Fatalf("settled, and yet a drain may go on: %+v", s.Drains())
		}
	})
}

func evicts(events []Event) bool {
	for _, e := range events {
		if e.Kind == EventEvicted || e.Kind == EventDrainFailed {
			return true
		}
	}
	return false
}

// grantable returns a pod whose eviction was refused and would be granted now, if
// its drain retries in the next tick.
func (s *Sim) grantable() string {
	for _, d := range s.evictions.drains {
		if since := s.clock + s.step - d.started; since/retry == (since-s.step)/retry {
			continue
		}
		for _, l := range d.pods {
			if l.refused != "" && s.evictions.stillThere(&l) && !s.pods[l.id].is(terminating) && s.evictions.evictable(&s.pods[l.id]).message == "" {
				return l.name
			}
		}
	}
	return ""
}

func (s *Sim) waitingForNothing() bool {
	for _, d := range s.evictions.drains {
		for _, l := range d.pods {
			if l.refused != "" && s.evictions.evictable(&s.pods[l.id]).message == "" {
				return true
			}
		}
	}
	return false
}
