package rollout

import (
	"testing"

	"pgregory.net/rapid"
)

// Where a crash loop stands follows from its start as it does second by second.
// Mutant seen to fail: the wait doubles once too often.
func TestRunOfIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(-2000, 10).Draw(t, "first")
		after := pick[int64](t, "after", 0, 1, 7, 300, 600, 601, 1000)
		now := first + rapid.Int64Range(0, 6000).Draw(t, "now")
		want := run{starts: first, ends: first + after, next: first + after}
		for wait := int64(0); want.next <= now; {
			want.starts, want.restarts = want.next, want.restarts+1
			if wait = min(2*wait, 300); wait == 0 {
				wait = 10
			}
			if after > 600 {
				wait = 0
			}
			want.ends = want.starts + after
			want.next = want.ends + wait
		}
		if got := runOf(first, after, now); got != want {
			t.Fatalf("%+v, counted %+v", got, want)
		}
	})
}

// A failed pull is tried again 10, 30, 70, ... s later.
func TestNextPull(t *testing.T) {
	for _, c := range [][2]int64{{0, 10}, {10, 10}, {11, 30}, {31, 70}, {150, 150}, {151, 310}, {311, 610}, {610, 610}, {611, 910}, {100_000, 100_210}} {
		if got := nextPull(0, c[0]); got != c[1] {
			t.Errorf("after %d s the next pull is at %d, want %d", c[0], got, c[1])
		}
	}
}
