package dryrun

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/span"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// BudgetCourse describes what a PodDisruptionBudget allows while a plan is carried out.
type BudgetCourse struct {
	Budget  string `json:"budget"`  // namespace/name
	Healthy Count  `json:"healthy"` // pods, before and after
	Desired Count  `json:"desired"` // pods that must be healthy, before and after
	Allowed Count  `json:"allowed"` // disruptions, before and after
	Least   int    `json:"least"`   // the lowest number of disruptions allowed
	// Moments has the numbers before the edits, and each time one of them changes.
	Moments []BudgetMoment `json:"moments"`
	// Closed is the longest continuous time without any disruption allowed. It is
	// Config.Limit if that time does not end.
	Closed time.Duration `json:"closed"`
}

// BudgetMoment is what a PodDisruptionBudget allows from a time on.
type BudgetMoment struct {
	At      time.Duration `json:"at"` // from the edits
	Healthy int           `json:"healthy"`
	Desired int           `json:"desired"`
	Allowed int           `json:"allowed"`
}

// String returns the course in one line.
func (b BudgetCourse) String() string {
	return fmt.Sprintf("PodDisruptionBudget %s: %d disruptions allowed before, at worst %d (%s), %d in the end; none for %v at a stretch",
		b.Budget, b.Allowed.Before, b.Least, b.worst(), b.Allowed.After, b.Closed)
}

// worst returns when the fewest disruptions were allowed, and why.
func (b BudgetCourse) worst() string {
	i := slices.IndexFunc(b.Moments, func(m BudgetMoment) bool { return m.Allowed == b.Least })
	if i < 0 {
		return "never"
	}
	m := b.Moments[i]
	return fmt.Sprintf("after %v, with %d healthy and %d required", m.At, m.Healthy, m.Desired)
}

// findBudgets returns what every PodDisruptionBudget allows while the plan is carried
// out, ascending by namespace and name. If there are any, it runs the simulation once
// more and counts the budgets in each tick with an event of their pods.
func (p *Plan) findBudgets() []BudgetCourse {
	sim, err := p.Sim()
	if err != nil || len(borrow.From(p.start).PodDisruptionBudgets()) == 0 {
		return nil
	}
	daemons := budgetsOverDaemons(p.start)
	start := sim.Now()
	found := map[string]*BudgetCourse{}
	closed := map[string]int{} // the tick since which none is allowed
	var keys []string
	look := func(tick int) {
		for _, b := range probe.Of(sim).AllBudgets() {
			key := kube.Key(b)
			x, known := found[key]
			now := BudgetMoment{p.duration(tick - start), int(b.Status.CurrentHealthy), int(b.Status.DesiredHealthy), int(b.Status.DisruptionsAllowed)}
			if !known {
				x = &BudgetCourse{
					Budget: key, Least: now.Allowed, Healthy: Count{Before: now.Healthy}, Desired: Count{Before: now.Desired}, Allowed: Count{Before: now.Allowed},
				}
				found[key], keys = x, append(keys, key)
			}
			x.see(now)
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
	look(start)
	for events := range sim.Run(p.base.ticks()) {
		if slices.ContainsFunc(events, func(e rollout.Event) bool { return daemons || !strings.HasPrefix(e.Key, kube.DaemonSetKind) }) {
			look(sim.Now())
		}
	}
	slices.Sort(keys)
	all := make([]BudgetCourse, len(keys))
	for i, key := range keys {
		if _, shut := closed[key]; shut {
			found[key].Closed = p.base.config.Limit
		}
		all[i] = *found[key]
	}
	return all
}

// see records the numbers if they have changed.
func (b *BudgetCourse) see(now BudgetMoment) {
	b.Healthy.After, b.Desired.After, b.Allowed.After = now.Healthy, now.Desired, now.Allowed
	b.Least = min(b.Least, now.Allowed)
	if n := len(b.Moments); n > 0 {
		was := b.Moments[n-1]
		if was.At = now.At; was == now {
			return
		}
	}
	b.Moments = append(b.Moments, now)
}

// budgetsOverDaemons reports whether a budget selects pods of a DaemonSet.
func budgetsOverDaemons(c *cluster.Cluster) bool {
	b := borrow.From(c)
	return slices.ContainsFunc(b.PodDisruptionBudgets(), func(budget *policyv1.PodDisruptionBudget) bool {
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		return err != nil || slices.ContainsFunc(b.DaemonSets(), func(ds *appsv1.DaemonSet) bool {
			return ds.Namespace == budget.Namespace && selector.Matches(labels.Set(ds.Spec.Template.Labels))
		})
	})
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
	if err := span.Check("duration", within); err != nil {
		p.wrong = err
	}
	p.together = func(plan *Plan, _ []effect) evaluation { return plan.budgetsOpen(within, names) }
	return p
}

func (p *Plan) budgetsOpen(within time.Duration, names Policy) evaluation {
	var r evaluation
	asked := 0
	without := map[string]time.Duration{}
	if none, err := p.base.Plan(); err == nil {
		for _, b := range none.budgets() {
			without[b.Budget] = b.Closed
		}
	}
	for _, b := range p.budgets() {
		if !names.about(effect{key: b.Budget}) {
			continue
		}
		if asked++; b.Closed > within {
			r.offenders = append(r.offenders, Violation{Subject: b.Budget, Before: without[b.Budget] > within,
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
