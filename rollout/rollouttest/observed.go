package rollouttest

import (
	"errors"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Observed is a simulation after a tick with an event, as an invariant sees it. Results
// are cached within the tick.
type Observed struct {
	sim       *rollout.Sim
	events    []rollout.Event
	setting   *cluster.Cluster                 // of a tick since which no node or spec has changed
	predicted map[string]*placement.Prediction // by DaemonSet, for setting
}

// next advances to another tick.
func (m *Observed) next(events []rollout.Event) {
	m.events = events
	for _, e := range events {
		switch e.Kind {
		case rollout.EventInputApplied, rollout.EventNodeTainted, rollout.EventObjectDeleted:
			m.setting, m.predicted = nil, nil
		}
	}
}

// Sim returns the simulation. Fork it before changing it. For the zero Observed it
// returns the zero Sim.
func (m *Observed) Sim() *rollout.Sim {
	if m.sim == nil {
		m.sim = &rollout.Sim{}
	}
	return m.sim
}

// MarshalJSON returns an error: an observed simulation has no JSON form.
func (m *Observed) MarshalJSON() ([]byte, error) {
	return nil, errors.New("rollouttest.Observed has no JSON form: marshal what its methods return")
}

// time returns the virtual time of the tick.
func (m *Observed) time() time.Time { return m.Sim().Time(m.Sim().Now()) }

// Events returns what happened in the tick.
func (m *Observed) Events() []rollout.Event { return slices.Clone(m.events) }

// nodes returns a cluster with the present nodes and specs.
func (m *Observed) nodes() *cluster.Cluster {
	if m.setting == nil {
		m.setting = m.Sim().Cluster()
	}
	return m.setting
}

// daemonSet returns the DaemonSet with its present spec, or nil if there is none.
func (m *Observed) daemonSet(key string) *appsv1.DaemonSet {
	namespace, name, _ := strings.Cut(key, "/")
	ds, _ := borrow.From(m.nodes()).DaemonSet(namespace, name)
	return ds
}

// prediction returns where the DaemonSet may run now, or nil if there is none.
func (m *Observed) prediction(key string) *placement.Prediction {
	if p, ok := m.predicted[key]; ok {
		return p
	}
	var p *placement.Prediction
	if ds := m.daemonSet(key); ds != nil {
		if w, err := placement.ForDaemonSet(ds, placement.Unvalidated()); err == nil {
			p = w.Predict(m.nodes())
		}
	}
	if m.predicted == nil {
		m.predicted = map[string]*placement.Prediction{}
	}
	m.predicted[key] = p
	return p
}

// Wanted returns the nodes that want a pod of the DaemonSet now. It returns the empty
// set if there is no such DaemonSet.
func (m *Observed) Wanted(key string) cluster.NodeSet {
	if p := m.prediction(key); p != nil {
		return p.Eligible()
	}
	return cluster.NodeSet{}
}

// Available returns the nodes that want a pod of the DaemonSet and have one that is
// available and not terminating. (The DaemonSet's status counts terminating pods too.)
func (m *Observed) Available(key string) cluster.NodeSet {
	return m.with(key, func(p rollout.Pod) bool { return p.Available && !p.Terminating }).And(m.Wanted(key))
}

// Running returns the nodes that have a live pod of the DaemonSet, wanted or not: a pod
// that has neither ended nor is terminating.
func (m *Observed) Running(key string) cluster.NodeSet { return m.with(key, live) }

func live(p rollout.Pod) bool { return !p.Terminating && !ended(p) }

func ended(p rollout.Pod) bool {
	return kube.IsTerminal(p.Phase)
}

// with returns the nodes that have a pod for which kind returns true.
func (m *Observed) with(key string, kind func(rollout.Pod) bool) cluster.NodeSet {
	var names []string
	pods, _ := m.sim.Pods(kube.DaemonSetKey(key)) // a deleted DaemonSet has none
	for _, p := range pods {
		if kind(p) {
			names = append(names, p.Node)
		}
	}
	return m.nodes().Named(names...)
}
