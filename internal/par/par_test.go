package par_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/par"
	_ "github.com/berthsim/berth/internal/seed"
)

// TestOrderLaw: the results are those of a loop, however the work is scheduled,
// and also where the caller stops early.
// Mutant it fails on: newest (oldest takes the last of running).
func TestOrderLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.IntRange(0, 100), 0, 50).Draw(t, "in")
		stop := rapid.IntRange(0, 60).Draw(t, "stop")
		work := func(n int) string {
			for range n {
				runtime.Gosched()
			}
			return fmt.Sprint(n)
		}
		var got, want []string
		for s := range par.Map(slices.Values(in), work) {
			if got = append(got, s); len(got) == stop {
				break
			}
		}
		for _, n := range in {
			if want = append(want, work(n)); len(want) == stop {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q want %q", got, want)
		}
	})
}

// TestPanicReachesCaller: a panic of the work can be recovered by the caller.
func TestPanicReachesCaller(t *testing.T) {
	defer func() {
		if got := recover(); got != "two" {
			t.Errorf("recovered %v", got)
		}
	}()
	for range par.Map(slices.Values([]int{1, 2, 3}), func(n int) int {
		if n == 2 {
			panic("two")
		}
		return n
	}) {
	}
	t.Error("no panic")
}
