package rollout

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
)

// onDeployment is the Deployment with the budget.
func (b Budget) onDeployment(d *appsv1.Deployment) *appsv1.Deployment {
	d = cluster.Default(d)
	if b != (Budget{}) {
		u := b.on(&appsv1.DaemonSet{}).Spec.UpdateStrategy.RollingUpdate
		d.Spec.Strategy = appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: u.MaxUnavailable, MaxSurge: u.MaxSurge},
		}
	}
	return d
}

// EstimateDeployment is Estimate for a Deployment: its waves are the ticks in
// which old ReplicaSets shrank, Desired is its replicas, and no node has gaps.
func (s *Sim) EstimateDeployment(d *appsv1.Deployment, max int, budgets ...Budget) ([]Estimate, error) {
	if d == nil {
		return nil, errors.New("no Deployment")
	}
	if len(budgets) == 0 {
		budgets = []Budget{{}}
	}
	var estimates []Estimate
	var errs []error
	for _, b := range budgets {
		f, wish := s.Fork(), b.onDeployment(d)
		if err := f.ApplyDeployment(wish); err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", b, err))
			continue
		}
		e, err := f.gaugeDeployment(namespaced(wish), max)
		if err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", b, err))
			continue
		}
		e.Budget = b
		estimates = append(estimates, e)
	}
	return estimates, errors.Join(errs...)
}

func namespaced(d *appsv1.Deployment) string {
	if d.Namespace == "" {
		return "default/" + d.Name
	}
	return keyOf(d)
}

// gaugeDeployment lets the rollout happen and measures it. The error is why the
// Deployment was not taken.
func (s *Sim) gaugeDeployment(plain string, max int) (Estimate, error) {
	start, key := s.Now(), "deployment/"+plain
	e := Estimate{Lowest: -1, LowestAt: start + 1}
	last := start
	for events := range s.Run(max) {
		if last = events[0].Tick; last == start+1 {
			if err := refusedApply(events, plain); err != nil {
				return Estimate{}, err
			}
		}
		_, d := s.resolve(key)
		if d == nil {
			continue
		}
		e.Desired = int(d.replicas())
		if up := s.serving(d); e.Lowest < 0 || up < e.Lowest {
			e.Lowest, e.LowestAt = up, last
		}
		if shrinks(events, d.key) {
			e.Waves++
		}
	}
	if e.Lowest < 0 {
		e.Lowest = s.servingOf(key)
	}
	e.State, e.Ticks = s.State(key), last-start
	return e, nil
}

func (s *Sim) servingOf(key string) int {
	if _, d := s.resolve(key); d != nil {
		return s.serving(d)
	}
	return 0
}

// serving is how many pods of the Deployment are available and stay.
func (s *Sim) serving(d *deployment) (up int) {
	for _, slot := range d.mine {
		rs := s.sets.at[slot]
		for _, id := range rs.pods {
			if p := &s.pods[id]; p.live() && s.availableFor(rs.minReady(), p) {
				up++
			}
		}
	}
	return up
}

// shrinks says whether pods of the Deployment were deleted to make place.
func shrinks(events []Event, key string) bool {
	for i := range events {
		if events[i].Deployment == key && events[i].Why.Rule == TooManyReplicas {
			return true
		}
	}
	return false
}
