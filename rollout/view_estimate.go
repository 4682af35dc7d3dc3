package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// UpdateLimit is a DaemonSet's maxUnavailable and maxSurge, each "3" or "10%". An
// empty one is 0. If both are empty, the DaemonSet's own apply.
type UpdateLimit struct{ MaxUnavailable, MaxSurge string }

// String returns the limit in words.
func (b UpdateLimit) String() string {
	switch {
	case b == UpdateLimit{}:
		return "as it is"
	case b.MaxSurge == "":
		return "maxUnavailable " + b.MaxUnavailable
	case b.MaxUnavailable == "":
		return "maxSurge " + b.MaxSurge
	}
	return "maxUnavailable " + b.MaxUnavailable + " maxSurge " + b.MaxSurge
}

// amounts parses the limit.
func (b UpdateLimit) amounts() (maxUnavailable, maxSurge *intstr.IntOrString) {
	parse := func(s string) *intstr.IntOrString { return new(intstr.Parse(cmp.Or(s, "0"))) }
	return parse(b.MaxUnavailable), parse(b.MaxSurge)
}

// on returns the DaemonSet with the limit.
func (b UpdateLimit) on(ds *appsv1.DaemonSet) *appsv1.DaemonSet {
	if b == (UpdateLimit{}) {
		return ds
	}
	unavailable, surge := b.amounts()
	ds = ds.DeepCopy()
	ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
		Type:          appsv1.RollingUpdateDaemonSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: unavailable, MaxSurge: surge},
	}
	return ds
}

// onDeployment returns the Deployment with the limit.
func (b UpdateLimit) onDeployment(d *appsv1.Deployment) *appsv1.Deployment {
	if b == (UpdateLimit{}) {
		return d
	}
	unavailable, surge := b.amounts()
	d = d.DeepCopy()
	d.Spec.Strategy = appsv1.DeploymentStrategy{
		Type:          appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: unavailable, MaxSurge: surge},
	}
	return d
}

// Estimate is the predicted course of a rollout. Ticks count from the one in
// which the DaemonSet is applied, which is number 1.
type Estimate struct {
	Limit            UpdateLimit
	State            State    // StateDone or StateStuck; another state if max ticks were not enough
	Ticks            int      // until the last event of the rollout
	Waves            int      // ticks in which the rollout deleted old pods or created new ones beside them
	Desired          int      // nodes that want a pod, at the end
	MinAvailable     int      // the lowest number of desired nodes with an available pod, not counting terminating pods
	MinAvailableTick int      // the first tick of the simulation with that number
	Outages          []Outage // nodes that were without an available pod, ascending by name
	LongestAt        Outage   // the longest of them; among equals the first by name
}

// Outage is how long a node that wants a pod was without an available one; the
// longest stretch if there were several.
type Outage struct {
	Node  string
	Ticks int
}

// String returns the estimate in one line.
func (e Estimate) String() string {
	s := fmt.Sprintf("%v: %v after %d ticks in %d waves, at worst %d of %d available", e.Limit, e.State, e.Ticks, e.Waves, e.MinAvailable, e.Desired)
	if e.LongestAt.Ticks > 0 {
		s += fmt.Sprintf(", a node without for %d ticks", e.LongestAt.Ticks)
	}
	return s
}

// Estimate tries the DaemonSet with each limit, or as it is if there are no
// limits. Each is applied on a fork of the simulation and runs until it is
// settled, for at most max ticks; the simulation itself does not change. Each
// costs as much as happens in it. The error names every limit that is malformed
// or that makes the DaemonSet invalid.
func (s *Sim) Estimate(ds *appsv1.DaemonSet, max int, limits ...UpdateLimit) ([]Estimate, error) {
	if ds == nil {
		return nil, errors.New("no DaemonSet")
	}
	return s.estimate("daemonset", ds, max, limits, func(b UpdateLimit) Apply { return Apply{Object: b.on(ds)} })
}

// EstimateDeployment is Estimate for a Deployment. Its waves are the ticks in
// which old ReplicaSets shrank, Desired is its replicas, and it has no Outages.
func (s *Sim) EstimateDeployment(d *appsv1.Deployment, max int, limits ...UpdateLimit) ([]Estimate, error) {
	if d == nil {
		return nil, errors.New("no Deployment")
	}
	return s.estimate("deployment", d, max, limits, func(b UpdateLimit) Apply { return Apply{Object: b.onDeployment(d)} })
}

func (s *Sim) estimate(kind string, object metav1.Object, max int, limits []UpdateLimit, with func(UpdateLimit) Apply) ([]Estimate, error) {
	if len(limits) == 0 {
		limits = []UpdateLimit{{}}
	}
	plain := cmp.Or(object.GetNamespace(), corev1.NamespaceDefault) + "/" + object.GetName()
	var estimates []Estimate
	var errs []error
	for _, b := range limits {
		f := s.Fork()
		f.quiet = true
		o := newObserver(f, kind, plain)
		err := f.Inject(with(b))
		if err == nil {
			err = o.run(max)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", b, err))
			continue
		}
		o.Limit = b
		estimates = append(estimates, o.Estimate)
	}
	return estimates, errors.Join(errs...)
}

// run passes the time of one rollout. The error is why the object was refused.
func (o *observer) run(max int) error {
	for tick := range o.sim.passes(max) {
		o.Ticks = tick - o.start
		o.see(tick)
		if err := refusedApply(o.sim.report(), o.key); err != nil && o.Ticks == 1 {
			return err
		}
	}
	o.close()
	return nil
}

// refusedApply returns why the DaemonSet or Deployment was not taken; nil if it was.
func refusedApply(events []Event, key string) error {
	for i := range events {
		if e := &events[i]; e.Kind == EventInputRefused && e.Key == key && strings.HasPrefix(e.Detail, "apply ") {
			return errors.New(e.Detail)
		}
	}
	return nil
}
