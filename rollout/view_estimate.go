package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// UpdateLimit is the maxUnavailable and maxSurge of a DaemonSet or Deployment, each
// "3" or "10%". An empty one is 0. If both are empty, the object's own apply.
type UpdateLimit struct {
	MaxUnavailable string `json:"maxUnavailable,omitempty"`
	MaxSurge       string `json:"maxSurge,omitempty"`
}

// text returns the limit in text.
func (l UpdateLimit) text() string {
	switch {
	case l == UpdateLimit{}:
		return "as it is"
	case l.MaxSurge == "":
		return "maxUnavailable " + l.MaxUnavailable
	case l.MaxUnavailable == "":
		return "maxSurge " + l.MaxSurge
	}
	return "maxUnavailable " + l.MaxUnavailable + " maxSurge " + l.MaxSurge
}

// on returns the DaemonSet or Deployment with the limit.
func (l UpdateLimit) on(obj runtime.Object) runtime.Object {
	if l == (UpdateLimit{}) {
		return obj
	}
	unavailable, surge := new(intstr.Parse(cmp.Or(l.MaxUnavailable, "0"))), new(intstr.Parse(cmp.Or(l.MaxSurge, "0")))
	obj = obj.DeepCopyObject()
	switch o := obj.(type) {
	case *appsv1.DaemonSet:
		o.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
			Type:          appsv1.RollingUpdateDaemonSetStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: unavailable, MaxSurge: surge},
		}
	case *appsv1.Deployment:
		o.Spec.Strategy = appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: unavailable, MaxSurge: surge},
		}
	}
	return obj
}

const estimateVersion = "berth.estimate/v1"

// Estimate is the predicted course of a rollout. The tick in which the object is
// applied counts as 1.
type Estimate struct {
	Version      string      `json:"version"` // "berth.estimate/v1"
	Key          string      `json:"key"`     // with its kind
	Limit        UpdateLimit `json:"limit"`
	State        State       `json:"state"`        // StateDone or StateStuck; another state if max ticks were not enough
	Ticks        int         `json:"ticks"`        // until the last event of the rollout
	Waves        int         `json:"waves"`        // ticks in which the rollout deleted old pods or created new ones beside them; of a Deployment, shrank old ReplicaSets
	Desired      int         `json:"desired"`      // nodes that want a pod, or replicas, at the end
	MinAvailable int         `json:"minAvailable"` // the lowest number of desired nodes with an available pod, not counting terminating pods; of a Deployment, of available pods
	Outages      []Outage    `json:"outages"`      // nodes that were without an available pod, ascending by name; none for a Deployment
}

// Outage is how long a node that wants a pod was without an available one; the
// longest stretch if there were several.
type Outage struct {
	Node  string `json:"node"`
	Ticks int    `json:"ticks"`
}

// String returns the estimate in one line.
func (e Estimate) String() string {
	s := fmt.Sprintf("%s: %v after %d ticks in %d waves, at worst %d of %d available", e.Limit.text(), e.State, e.Ticks, e.Waves, e.MinAvailable, e.Desired)
	longest := 0
	for _, o := range e.Outages {
		longest = max(longest, o.Ticks)
	}
	if longest > 0 {
		s += fmt.Sprintf(", a node without for %d ticks", longest)
	}
	return s
}

// Estimate tries the DaemonSet or Deployment with each limit, or as it is if there
// are no limits. Each is applied on a fork of the simulation and runs until it is
// settled, for at most max ticks; the simulation itself does not change. Each costs
// as much as happens in it. The error names every limit that is malformed or that
// makes the object invalid.
func (s *Sim) Estimate(obj runtime.Object, max int, limits ...UpdateLimit) ([]Estimate, error) {
	if err := (Apply{Object: obj, Unvalidated: true}).check(); err != nil {
		return nil, err
	}
	if len(limits) == 0 {
		limits = []UpdateLimit{{}}
	}
	var estimates []Estimate
	var errs []error
	for _, l := range limits {
		e, err := s.Fork().estimate(Apply{Object: l.on(obj)}, max)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.text(), err))
			continue
		}
		e.Limit = l
		estimates = append(estimates, e)
	}
	return estimates, errors.Join(errs...)
}

// estimate applies the object and passes the time of its rollout. The error is why
// the object was refused.
func (s *Sim) estimate(in Apply, max int) (Estimate, error) {
	in = in.copied().(Apply)
	o := newObserver(s, in.key())
	s.quiet = true
	if err := s.Inject(in); err != nil {
		return Estimate{}, err
	}
	for tick := range s.passes(max) {
		o.Ticks = tick - o.start
		o.see(tick)
		if err := whyRefused(s.report(), in); err != nil && o.Ticks == 1 {
			return Estimate{}, err
		}
	}
	o.close()
	return o.Estimate, nil
}

// whyRefused returns why an input was refused; nil if it was not.
func whyRefused(events []Event, in Input) error {
	for i := range events {
		if e := &events[i]; e.Kind == EventInputRefused && strings.HasPrefix(e.Detail, in.line()+": ") {
			return errors.New(e.Detail)
		}
	}
	return nil
}
