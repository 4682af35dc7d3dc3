package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/rollout/internal/probe"
)

// Every combination comes once, the first nodes first.
// Mutant seen to fail: combination with k <= with.
func TestCombinations(t *testing.T) {
	for n := range 8 {
		for take := 1; take < n; take++ {
			var seen []string
			for k := range binomial(n, take) {
				nodes := make([]int32, n)
				for i := range nodes {
					nodes[i] = int32(i)
				}
				seen = append(seen, fmt.Sprint(combination(nodes, take, k)))
			}
			if !slices.IsSorted(seen) || len(slices.Compact(seen)) != binomial(n, take) || len(strings.Fields(seen[0])) != take {
				t.Errorf("%d of %d: %v", take, n, seen)
			}
		}
	}
	for _, tt := range []struct{ n, k, want int }{{5, 2, 10}, {100_000, 1, 100_000}, {100_000, 50_000, 1<<31 - 1}, {70, 35, 1<<31 - 1}} {
		if got := binomial(tt.n, tt.k); got != tt.want {
			t.Errorf("%d of %d: %d", tt.k, tt.n, got)
		}
	}
}

// scripted runs the story in every order; false if there are more than most.
func scripted(t failer, y *story, most int, each func(events []Event)) bool {
	for range most {
		s := y.sim(t)
		each(stepped(s, y.ticks))
		choices := probe.Choices(s)
		last := len(choices) - 1
		for last >= 0 && choices[last].Chosen+1 >= choices[last].Count {
			last--
		}
		if last < 0 {
			return true
		}
		y.config.Choices = nil
		for _, c := range choices[:last+1] {
			y.config.Choices = append(y.config.Choices, c.Chosen)
		}
		y.config.Choices[last]++
	}
	return false
}

// happenings returns the events without what the order of actions within a sync
// decides: the names of pods, and the order of pods created at once.
func happenings(events []Event) string {
	var all []string
	for _, e := range events {
		e.Pod, e.Used, e.Limit, e.Detail = "", 0, 0, ""
		all = append(all, fmt.Sprintf("%06d.%03d %v", e.Tick, e.Round, e))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// Whatever a seed draws, some script does too; without a script it is the order by name.
// Mutants seen to fail: choose that never takes the last way, or always the first.
func TestScriptsCoverEveryOrder(t *testing.T) {
	covered, orders := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		y := stories(calm).Draw(t, "story")
		byName := lines(stepped(y.sim(t), y.ticks))
		y.config.Order = OrderFromScript
		if script := lines(stepped(y.sim(t), y.ticks)); script != byName {
			t.Fatalf("without a script:\n%s\nby name:\n%s", script, byName)
		}
		all := map[string]bool{}
		if !scripted(t, y, 60, func(events []Event) { all[happenings(events)] = true }) {
			return
		}
		y.config.Order, y.config.Choices = OrderSeeded, nil
		for seed := range uint64(5) {
			y.config.Seed = seed
			if h := happenings(stepped(y.sim(t), y.ticks)); !all[h] {
				t.Fatalf("seed %d, none of %d scripts:\n%s", seed, len(all), h)
			}
		}
		if len(all) > 1 {
			covered++
		}
		orders += len(all)
	})
	if t.Logf("%d stories with a choice whose every order was seen, %d orders", covered, orders); covered == 0 {
		t.Error("no story had a choice and was small enough")
	}
}
