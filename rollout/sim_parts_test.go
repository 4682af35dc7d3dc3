package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A moment has the first tick that is not before it, nor past.
// Mutants seen to fail: tickOf that rounds down, or without the bound by now.
func TestTicksOfMoments(t *testing.T) {
	c := newClock(time.Unix(1000, 0), 5*time.Second)
	c.skip(3)
	for moment, tick := range map[int64]int32{-1: 3, 0: 3, 15: 3, 16: 4, 20: 4, int64(c.last) * 5: c.last, int64(c.last)*5 + 1: none} { // any order: each by itself
		if got := c.tickOf(moment); got != tick {
			t.Errorf("moment %d: tick %d, want %d", moment, got, tick)
		}
	}
	if at := c.timestamp(c.clock); at.Unix() != 1015 || c.simTimeOf(at) != 15 {
		t.Errorf("tick 3 is %v, and that %d", at, c.simTimeOf(at))
	}
}

// The queue yields each pod in the tick that was put last, ascending by tick, and
// reuses its entries. Mutants seen to fail: takeDue that ignores a pod's due tick; drop
// that does not free the list.
func TestPodsAreDueInTheTickThatWasPutLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := store{eventQueue: eventQueue{podQueue: podQueue{free: none}}, virtualClock: virtualClock{step: 1, last: 1000, now: -1}}
		s.pods = make([]pod, rapid.IntRange(1, 6).Draw(t, "pods"))
		for id := range s.pods {
			s.pods[id] = blank
			s.pods[id].name, s.pods[id].node = int32(id), int32(id)
		}
		s.classes = []*class{{}}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			for range rapid.IntRange(0, 4).Draw(t, "puts") {
				id, tick := rapid.IntRange(0, len(s.pods)-1).Draw(t, "pod"), s.now+rapid.Int32Range(1, 5).Draw(t, "in")
				if p := &s.pods[id]; p.due != tick {
					s.podQueue.put(tick, int32(id))
					p.due = tick
				}
			}
			s.skip(s.now + 1)
			checkDue(t, &s)
		}
		if n := len(s.podQueue.entries); n > 4*6 { // what is put lasts for five ticks
			t.Fatalf("%d entries", n)
		}
	})
}

// checkDue compares the pods that are due with a look at every pod.
func checkDue(t failer, s *store) {
	next := none
	var want []int32
	for id := range s.pods {
		due := s.pods[id].due
		if due == s.now {
			want = append(want, int32(id))
		}
		if due != none && (next == none || due < next) {
			next = due
		}
	}
	if got := s.nextMoves(); got != next {
		t.Fatalf("tick %d: the next move is in %d, want %d", s.now, got, next)
	}
	if got := s.takeDue(); !slices.Equal(got, want) {
		t.Fatalf("tick %d: due are %v, want %v", s.now, got, want)
	}
}

// thing is what the registry of the test holds.
type thing struct{ key string }

func (x *thing) name() string { return x.key }

// A registry finds what was added and not dropped, ascending by key, and an object
// keeps its slot. Mutants seen to fail: add that takes a slot in use; drop that keeps
// the order.
func TestRegistriesKeepSlotsAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r registry[*thing]
		slots := map[string]int32{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			key := fmt.Sprint("k", rapid.IntRange(0, 5).Draw(t, "key"))
			if slot, has := slots[key]; has {
				r.drop(slot)
				delete(slots, key)
			} else {
				slots[key] = r.add(&thing{key})
			}
			c := r.clone(func(x *thing) *thing { y := *x; return &y })
			if len(c.order) != len(slots) || !slices.IsSortedFunc(c.order, func(a, b int32) int { return int(c.at[a].key[1]) - int(c.at[b].key[1]) }) {
				t.Fatalf("%v of %v", c.order, slots)
			}
			for key, slot := range slots { // any order: each by itself
				if x := c.find(key); x == nil || x.key != key || x != c.at[slot] || x == r.at[slot] {
					t.Fatalf("%s in slot %d: %v", key, slot, x)
				}
			}
		}
	})
}

// Events that were handed out stay as they are while others are recorded.
// Mutant seen to fail: report that hands out room behind its events.
func TestReportedEventsStay(t *testing.T) {
	var r eventRecorder
	var all [][]Event
	for tick := range 50 {
		for range tick % 7 {
			*r.newEvent() = Event{Tick: tick}
		}
		if tick > 0 {
			_ = append(all[tick-1], Event{Tick: -1})
		}
		events := r.report()
		if len(events) != tick%7 {
			t.Fatalf("tick %d: %d events", tick, len(events))
		}
		all = append(all, events)
	}
	for tick, events := range all {
		for _, e := range events {
			if e.Tick != tick {
				t.Errorf("an event of tick %d is of tick %d now", tick, e.Tick)
			}
		}
	}
	if f := r.fork(); len(f.events) > 0 || f.told > 0 {
		t.Errorf("a fork has %d events to tell", len(f.events))
	}
}

// A scratch list is lent once: until it is returned, callers get another list.
// Mutant seen to fail: take that leaves the list with the scratch.
func TestScratchIsLentOnce(t *testing.T) {
	var s scratch
	s.giveBack(make([]int32, 0, 4))
	a := append(s.take(), 1)
	b := append(s.take(), 2)
	if a[0] != 1 || b[0] != 2 {
		t.Errorf("%v and %v", a, b)
	}
	s.giveBack(a)
	if c := s.take(); cap(c) != 4 || len(c) != 0 {
		t.Errorf("%d of %d", len(c), cap(c))
	}
}

// Reasons for a sync are a set.
func TestSyncReasons(t *testing.T) {
	var r syncReasons
	r.add(stateChanged | ownersChanged)
	r.clear(stateChanged)
	if r.has(stateChanged|specChanged) || !r.has(ownersChanged|specChanged) {
		t.Errorf("%b", r)
	}
}
