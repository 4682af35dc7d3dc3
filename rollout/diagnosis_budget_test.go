package rollout_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	. "github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// The budget that a remedy or a relief sets is the smallest: with one less the
// rollout gets less far. Mutants seen to fail: least that
// returns high + 1; Rest that never says settled when spins stopped it.
func TestTheBudgetOfARemedyIsTheSmallest(t *testing.T) {
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		y := Stories(Mixed).Draw(t, "story")
		s := resting(t, y)
		if rapid.Bool().Draw(t, "a node dies") { // else one story in twenty has such a remedy
			dies(t, s, y)
		}
		for _, key := range DaemonSetKeys(s) {
			x := diagnose(t, s, key)
			if x == nil {
				continue
			}
			for _, r := range append(x.Remedies, x.PartialRemedies...) {
				if apply, ok := r.Inputs[0].(Apply); ok && r.Kind == diagnosis.RemedyChangeUpdateLimit {
					tried++
					checkSmallest(t, s.Fork(), key, apply, len(r.Unresolved))
				}
			}
		}
	})
	if tried == 0 && !testing.Short() {
		t.Error("no budget was raised")
	}
}

func checkSmallest(t Failer, s *Sim, key string, apply Apply, leaves int) {
	applied := apply.Object.(*appsv1.DaemonSet)
	roll := applied.DeepCopy().Spec.UpdateStrategy.RollingUpdate
	amount := roll.MaxUnavailable
	if roll.MaxSurge != nil && roll.MaxSurge.String() != "0" {
		amount = roll.MaxSurge
	}
	was := amount.String()
	number, percent := strings.CutSuffix(was, "%")
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 {
		return
	}
	*amount = intstr.Parse(fmt.Sprint(n - 1))
	if percent {
		*amount = intstr.Parse(fmt.Sprintf("%d%%", n-1))
	}
	changed := applied.DeepCopy()
	changed.Spec.UpdateStrategy.RollingUpdate = roll
	apply.Object = changed
	if err := s.Inject(apply); err != nil {
		t.Fatalf("%v", err)
	}
	for range s.Run(5000) {
	}
	if s.State(key) == StateDone || leaves > 0 && strings.Count(WaitingFor(s, key), "\n") <= leaves {
		t.Fatalf("%s would do in place of %s: %v", amount, was, WaitingFor(s, key))
	}
}

// What a diagnosis costs: 7 % of the nodes down and only kept, a budget of 5 %.
func BenchmarkDiagnose(b *testing.B) {
	for _, nodes := range []int{288, 5000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			s := deadFleet(b, nodes)
			b.ResetTimer()
			for range b.N {
				if x := diagnose(t, s, "default/agent"); x == nil || len(x.Remedies) != 5 {
					b.Fatal(x)
				}
			}
		})
	}
}

// deadFleet returns a stuck rollout. Nodes that are down are tainted one in ten seconds.
func deadFleet(tb testing.TB, nodes int) *Sim {
	s := Fleet(tb, nodes, "5%")
	var down []Input
	for _, name := range s.Cluster().Nodes().Names()[:nodes*7/100] {
		down = append(down, NodeDown{name})
	}
	for _, in := range [][]Input{down, {Apply{Object: FleetSet("v2", "5%")}}} {
		if err := s.Inject(in...); err != nil {
			tb.Fatal(err)
		}
		for range s.Run(10000) {
		}
	}
	return s
}
