package rollout

import (
	"slices"
	"testing"
)

// After an attempt at 0 s the controller tries again 5 ms, 10 ms, 20 ms ... after each
// failure. Mutants seen to fail: failures not counted; wake without the attempts between.
func TestTheNextAttemptIsWhereTheRateLimiterPutsIt(t *testing.T) {
	var got []int64
	for _, freed := range []simTime{0, 1, 2, 3, 6, 11, 100, 700, 2000, 4000} {
		var r requeue
		r.failed(0)
		r.wake(freed)
		got = append(got, r.at)
	}
	// 5*(2^n-1) ms, and from 655,355 and 1,310,715 ms on 1,000 s between two.
	want := []int64{5, 1275, 2555, 5115, 10235, 20475, 163835, 1310715, 2310715, 4310715}
	if !slices.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
}

// A sync for another reason is an attempt too, and does not put off the next one.
func TestAnAttemptInBetweenCountsAsAFailure(t *testing.T) {
	var r requeue
	for range 12 {
		r.failed(0) // syncs at once, for the pods that were created
	}
	if r.failed(0); r.at != 5 {
		t.Errorf("the first attempt to wait for is at %d ms", r.at)
	}
	if r.wake(1); r.at != 5+5<<13 {
		t.Errorf("after it the next one is at %d ms", r.at)
	}
	if r.due() != 41 || r.fires(40) || !r.fires(41) || r.fires(41) {
		t.Errorf("due at %d s", r.due())
	}
	if r.succeeded(); r.due() != int64(never) {
		t.Error("a success leaves an attempt")
	}
}
