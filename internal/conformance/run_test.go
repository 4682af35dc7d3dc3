package conformance

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/shrunk"
	"pgregory.net/rapid"
)

// longer is how many times more cases than usual every suite runs: BERTH_CONFORMANCE=10.
func longer(t testing.TB) int {
	s := os.Getenv("BERTH_CONFORMANCE")
	if s == "" {
		return 1
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("BERTH_CONFORMANCE=%q: want a whole number of times, at least 1", s)
	}
	return n
}

// often is how many cases a suite has that usually has so many: a tenth with -short.
func often(t testing.TB, times int) int {
	if testing.Short() {
		times = max(times/10, 1)
	}
	return times * longer(t)
}

// seeds yields the seeds of the cases of a suite that draws by itself.
func seeds(t testing.TB, times int) iter.Seq[[2]uint64] {
	return func(yield func([2]uint64) bool) {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("again with BERTH_SEED=%d", seed.Value)
			}
		})
		for n := range uint64(often(t, times)) {
			if !yield([2]uint64{seed.Value, n}) {
				return
			}
		}
	}
}

// check runs a property at least the given number of times, a tenth with -short.
// A failure is shrunk, and printed with the seed that repeats it.
func check(t *testing.T, times int, property func(*rapid.T)) {
	t.Helper()
	shrunk.Checks(t, often(t, times))
	rapid.Check(t, property)
}

// census counts how often each premise of a suite held. Without it a generator
// that has stopped reaching a corner would go unnoticed.
type census struct {
	cases int
	held  map[string]int
}

func newCensus(premises ...string) *census {
	c := &census{held: map[string]int{}}
	for _, p := range premises {
		c.held[p] = 0
	}
	return c
}

func (c *census) note(premise string) { c.held[premise]++ }

func (c *census) noteIf(held bool, premise string) {
	if held {
		c.note(premise)
	}
}

// add counts a case, and once each premise that held in it.
func (c *census) add(one *census) {
	c.cases++
	for premise, times := range one.held {
		c.noteIf(times > 0, premise)
	}
}

// report prints the counts (seen with go test -v), and fails if a premise never held.
func (c *census) report(t *testing.T, what string) {
	t.Helper()
	if t.Failed() {
		return
	}
	premises := slices.SortedFunc(maps.Keys(c.held), func(a, b string) int {
		return cmp.Or(-cmp.Compare(c.held[a], c.held[b]), strings.Compare(a, b))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", c.cases, what)
	for i, p := range premises {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s %s", sep, p, share(c.held[p], c.cases))
		if c.held[p] == 0 && !testing.Short() {
			t.Errorf("no case in which this held: %s", p)
		}
	}
	t.Log(b.String())
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	if percent := 100 * float64(n) / float64(of); percent >= 1 {
		return fmt.Sprintf("%.0f%%", percent)
	}
	return strconv.Itoa(n)
}
