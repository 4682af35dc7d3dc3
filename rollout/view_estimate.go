package rollout

import (
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Budget is a DaemonSet's maxUnavailable and maxSurge, each "3" or "10%"; empty
// is 0, both empty is what the DaemonSet has.
type Budget struct{ MaxUnavailable, MaxSurge string }

// String is the budget in words.
func (b Budget) String() string {
	switch {
	case b == Budget{}:
		return "as it is"
	case b.MaxSurge == "":
		return "maxUnavailable " + b.MaxUnavailable
	case b.MaxUnavailable == "":
		return "maxSurge " + b.MaxSurge
	}
	return "maxUnavailable " + b.MaxUnavailable + " maxSurge " + b.MaxSurge
}

func (b Budget) on(ds *appsv1.DaemonSet) *appsv1.DaemonSet {
	if b == (Budget{}) {
		return ds
	}
	amount := func(s string) *intstr.IntOrString {
		v := intstr.FromInt32(0)
		if s != "" {
			v = intstr.Parse(s)
		}
		return &v
	}
	ds = ds.DeepCopy()
	ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
		Type:          appsv1.RollingUpdateDaemonSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: amount(b.MaxUnavailable), MaxSurge: amount(b.MaxSurge)},
	}
	return ds
}

// Estimate is what a rollout would take. Ticks count from the one in which the
// DaemonSet is applied, which is number 1.
type Estimate struct {
	Budget    Budget
	State     State // Done or Deadlocked; another one if the time was not enough
	Ticks     int   // until its last event
	Waves     int   // ticks in which the rollout deleted old pods or set new ones beside them
	Desired   int   // nodes that want a pod, at the end
	Lowest    int   // available on wanted nodes when it was worst, pods on their way out not counted
	LowestAt  int   // in this tick of the simulation, for the first time
	Gaps      []Gap // nodes that were without an available pod, ascending by name
	LongestAt Gap   // the longest of them; the first by name of equals
}

// Gap is how long a wanted node was without an available pod at a stretch; the
// longest stretch if there were several.
type Gap struct {
	Node  string
	Ticks int
}

// String is the estimate in one line.
func (e Estimate) String() string {
	s := fmt.Sprintf("%v: %v after %d ticks in %d waves, at worst %d of %d available", e.Budget, e.State, e.Ticks, e.Waves, e.Lowest, e.Desired)
	if e.LongestAt.Ticks > 0 {
		s += fmt.Sprintf(", a node without for %d ticks", e.LongestAt.Ticks)
	}
	return s
}

// Estimate tries the DaemonSet with each budget, or as it is if none is given,
// on forks of the simulation, which itself does not change: each is applied and
// runs until it is settled, for at most max ticks. Each costs as much as happens
// in it. The error names every budget that is malformed, or with which the
// DaemonSet is refused.
func (s *Sim) Estimate(ds *appsv1.DaemonSet, max int, budgets ...Budget) ([]Estimate, error) {
	if ds == nil {
		return nil, errors.New("no DaemonSet")
	}
	if len(budgets) == 0 {
		budgets = []Budget{{}}
	}
	var estimates []Estimate
	var errs []error
	for _, b := range budgets {
		f := s.Fork()
		f.quiet = true
		if err := f.Apply(b.on(ds)); err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", b, err))
			continue
		}
		namespaced := ds.DeepCopy()
		if namespaced.Namespace == "" {
			namespaced.Namespace = "default"
		}
		g := newGauge(f, keyOf(namespaced))
		g.run(max)
		if g.refused != nil {
			errs = append(errs, fmt.Errorf("%v: %w", b, g.refused))
			continue
		}
		g.Budget = b
		estimates = append(estimates, g.Estimate)
	}
	return estimates, errors.Join(errs...)
}

// gauge measures one rollout while it happens.
type gauge struct {
	Estimate
	*watch
	start  int
	up     []bool // by slot: wanted and served
	wants  []bool
	since  []int // the tick since which a wanted node is not served
	gaps   []int // the longest so far
	served int

	refused error // why the object was not taken
}

func newGauge(s *Sim, key string) *gauge {
	g := &gauge{watch: newWatch(s, key), start: s.Now()}
	g.LowestAt = g.start + 1
	return g
}

func (g *gauge) run(max int) {
	last := g.start
	for tick := range g.sim.passes(max) {
		last = tick
		g.see(tick)
		if events := g.sim.report(); tick == g.start+1 {
			g.refused = refusedApply(events, g.key)
		}
	}
	g.close(g.sim.Now())
	g.State, g.Ticks = g.sim.State(g.key), last-g.start
}

// refusedApply is why the DaemonSet or Deployment was not taken; nil if it was.
func refusedApply(events []Event, key string) error {
	for i := range events {
		if e := &events[i]; e.Kind == Refused && e.DaemonSet+e.Deployment == key && strings.HasPrefix(e.Why.Detail, "apply ") {
			return errors.New(e.Why.Detail)
		}
	}
	return nil
}

// see looks at what this tick was about, before it is reported.
func (g *gauge) see(tick int) {
	d := g.sim.find(g.key)
	if d == nil {
		return
	}
	first := g.up == nil
	nodes, all := g.touched()
	if all || first {
		g.grow(len(g.sim.nodes))
		for n := range g.up {
			g.look(d, int32(n), tick)
		}
	} else {
		for _, n := range nodes {
			g.look(d, n, tick)
		}
	}
	if first || g.served < g.Lowest {
		g.Lowest, g.LowestAt = g.served, tick
	}
	g.Desired = d.number(desired)
	if g.rolled(d) {
		g.Waves++
	}
}

// rolls says whether the rule is one of rollingUpdate's that begins with a node.
func (r Rule) rolls() bool {
	switch r {
	case WithinBudget, OldUnavailable, WithinSurge, OldUnavailableSurge:
		return true
	}
	return false
}

// grow makes room for nodes that have come: the slots of others may have moved.
func (g *gauge) grow(n int) {
	if len(g.up) == n {
		return
	}
	g.up, g.wants, g.since, g.gaps = make([]bool, n), make([]bool, n), make([]int, n), make([]int, n)
	g.served = 0
}

func (g *gauge) look(d *daemon, node int32, tick int) {
	wanted := g.wanted(d, node)
	up := wanted && g.watch.served(d, node)
	switch was := g.up[node]; {
	case up && !was:
		g.served++
	case was && !up:
		g.served--
	}
	if missing := wanted && !up; missing && !(g.wants[node] && !g.up[node]) {
		g.since[node] = tick
	} else if !missing && g.wants[node] && !g.up[node] {
		g.gaps[node] = max(g.gaps[node], tick-g.since[node])
	}
	g.up[node], g.wants[node] = up, wanted
}

// close ends the gaps that are still open.
func (g *gauge) close(tick int) {
	for n := range g.up {
		if g.wants[n] && !g.up[n] {
			g.gaps[n] = max(g.gaps[n], tick+1-g.since[n])
		}
		if g.gaps[n] == 0 {
			continue
		}
		gap := Gap{g.sim.roster[n].name, g.gaps[n]}
		g.Gaps = append(g.Gaps, gap)
		if gap.Ticks > g.LongestAt.Ticks {
			g.LongestAt = gap
		}
	}
}
