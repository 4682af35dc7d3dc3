package dryrun

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// BudgetCourse describes what a PodDisruptionBudget allows while a plan is carried out.
type BudgetCourse struct {
	Budget  string `json:"budget"`  // namespace/name
	Healthy Count  `json:"healthy"` // pods, before and after
	Desired Count  `json:"desired"` // pods that must be healthy, before and after
	Allowed Count  `json:"allowed"` // disruptions, before and after
	Least   int    `json:"least"`   // the lowest number of disruptions allowed
	// Closed is the longest continuous time without any disruption allowed. It is
	// Config.Horizon if that time does not end.
	Closed time.Duration `json:"closed"`
}

// String returns the course in one line.
func (b BudgetCourse) String() string {
	return fmt.Sprintf("PodDisruptionBudget %s: %d disruptions allowed before, at worst %d, %d in the end; none for %v at a stretch",
		b.Budget, b.Allowed.Before, b.Least, b.Allowed.After, b.Closed)
}

// Budgets returns what every PodDisruptionBudget allows while the plan is carried out,
// ascending by namespace and name. It runs the simulation once more and takes a
// snapshot of the cluster in each tick with an event.
func (p *Plan) Budgets() []BudgetCourse {
	p = p.orNothing()
	return p.budgets()
}

func (p *Plan) budgets() []BudgetCourse {
	sim, err := p.Sim()
	if err != nil {
		return nil
	}
	start := sim.Now()
	found := map[string]*BudgetCourse{}
	closed := map[string]int{} // the tick since which none is allowed
	var keys []string
	look := func(c *cluster.Cluster, tick int) {
		for _, b := range borrow.From(c).PodDisruptionBudgets() {
			key := kube.Key(b)
			x, known := found[key]
			if !known {
				x = &BudgetCourse{Budget: key, Least: int(b.Status.DisruptionsAllowed)}
				x.Healthy.Before, x.Desired.Before, x.Allowed.Before = int(b.Status.CurrentHealthy), int(b.Status.DesiredHealthy), int(b.Status.DisruptionsAllowed)
				found[key], keys = x, append(keys, key)
			}
			x.Healthy.After, x.Desired.After, x.Allowed.After = int(b.Status.CurrentHealthy), int(b.Status.DesiredHealthy), int(b.Status.DisruptionsAllowed)
			x.Least = min(x.Least, x.Allowed.After)
			since, shut := closed[key]
			switch {
			case x.Allowed.After <= 0 && !shut:
				closed[key] = tick
			case x.Allowed.After > 0 && shut:
				x.Closed = max(x.Closed, p.duration(tick-since))
				delete(closed, key)
			}
		}
	}
	look(sim.Cluster(), start)
	for range sim.Run(p.base.ticks()) {
		look(sim.Cluster(), sim.Now())
	}
	slices.Sort(keys)
	all := make([]BudgetCourse, len(keys))
	for i, key := range keys {
		if _, shut := closed[key]; shut {
			found[key].Closed = p.base.config.Horizon
		}
		all[i] = *found[key]
	}
	return all
}

// BudgetsOpen requires that no PodDisruptionBudget stays without an allowed disruption
// for longer than the given duration at a time, so that nodes can be drained. Budgets
// are named as "namespace/name" or with the wildcards of path.Match; without names it
// applies to all. It is about no DaemonSet.
func BudgetsOpen(within time.Duration, budgets ...string) Policy {
	names := Policy{}.For(budgets...)
	text := fmt.Sprintf("budgets allow a disruption again within %v", within)
	if len(budgets) > 0 {
		text = word(strings.Join(budgets, ", ")) + ": " + text
	}
	p := Policy{text: text, wrong: names.wrong, ofPods: true}
	if within < 0 {
		p.wrong = fmt.Errorf("duration %v: must not be negative", within)
	}
	p.together = func(plan *Plan, _ []Effect) evaluation { return plan.budgetsOpen(within, names) }
	return p
}

func (p *Plan) budgetsOpen(within time.Duration, names Policy) evaluation {
	var r evaluation
	asked := 0
	without := map[string]time.Duration{}
	if none, err := p.base.Plan(); err == nil {
		for _, b := range none.Budgets() {
			without[b.Budget] = b.Closed
		}
	}
	for _, b := range p.Budgets() {
		if !names.about(Effect{Key: b.Budget}) {
			continue
		}
		if asked++; b.Closed > within {
			r.offenders = append(r.offenders, Violation{Node: b.Budget, Before: without[b.Budget] > within,
				Message: fmt.Sprintf("none for %v, with %d healthy of %d desired in the end", b.Closed, b.Healthy.After, b.Desired.After)})
		}
	}
	switch {
	case asked == 0:
		r.empty = "the cluster has no such PodDisruptionBudget"
	case len(r.offenders) > 0:
		r.message = fmt.Sprintf("%d of %d budgets do not", len(r.offenders), asked)
	}
	return r
}
