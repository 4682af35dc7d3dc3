package rollouttest

import (
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Observed is a simulation after a tick in which something happened: what an
// invariant looks at. What is asked twice is computed once.
type Observed struct {
	sim       *rollout.Sim
	events    []rollout.Event
	snapshot  *cluster.Cluster                 // of this tick; nil until it is asked for
	setting   *cluster.Cluster                 // of a tick since which neither nodes nor specs have changed
	predicted map[string]*placement.Prediction // by DaemonSet, in the setting
}

// next moves on to another tick.
func (m *Observed) next(events []rollout.Event) {
	m.events, m.snapshot = events, nil
	for _, e := range events {
		switch e.Kind {
		case rollout.EventInputApplied, rollout.EventNodeTainted, rollout.EventObjectDeleted:
			m.setting, m.predicted = nil, nil
		}
	}
}

// Sim is the simulation. Who wants to try something in it forks it. That of the zero
// Observed is the zero Sim.
func (m *Observed) Sim() *rollout.Sim {
	if m.sim == nil {
		m.sim = &rollout.Sim{}
	}
	return m.sim
}

// Tick is the tick that has just passed.
func (m *Observed) Tick() int { return m.Sim().Now() }

// Time is its virtual time.
func (m *Observed) Time() time.Time { return m.Sim().Time(m.Sim().Now()) }

// Events are what happened in it.
func (m *Observed) Events() []rollout.Event { return slices.Clone(m.events) }

// Cluster is the cluster now. It costs as much as there are objects, once a tick.
func (m *Observed) Cluster() *cluster.Cluster {
	if m.snapshot == nil {
		m.snapshot = m.Sim().Cluster()
	}
	return m.snapshot
}

// nodes is a cluster with the nodes and the specs of now.
func (m *Observed) nodes() *cluster.Cluster {
	if m.setting == nil {
		m.setting = m.Cluster()
	}
	return m.setting
}

// daemonSet is the DaemonSet with the spec of now; nil if there is none.
func (m *Observed) daemonSet(key string) *appsv1.DaemonSet {
	namespace, name, _ := strings.Cut(key, "/")
	ds, _ := m.nodes().Borrow().DaemonSet(namespace, name)
	return ds
}

// prediction is where the DaemonSet may run now; nil if there is none.
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

// Wanted are the nodes that want a pod of the DaemonSet now; none if there is no
// such DaemonSet.
func (m *Observed) Wanted(key string) cluster.NodeSet {
	if p := m.prediction(key); p != nil {
		return p.Eligible()
	}
	return cluster.NodeSet{}
}

// Available are the nodes that want a pod of the DaemonSet and have one that is
// available and not on its way out. (The DaemonSet's status counts those too.)
func (m *Observed) Available(key string) cluster.NodeSet {
	return m.with(key, func(p rollout.Pod) bool { return p.Available && !p.Terminating }).And(m.Wanted(key))
}

// Running are the nodes that have a live pod of the DaemonSet, wanted or not:
// one that has not ended and is not on its way out.
func (m *Observed) Running(key string) cluster.NodeSet { return m.with(key, live) }

func live(p rollout.Pod) bool { return !p.Terminating && !ended(p) }

func ended(p rollout.Pod) bool {
	return kube.IsTerminal(p.Phase)
}

// with are the nodes that have a pod of that kind.
func (m *Observed) with(key string, kind func(rollout.Pod) bool) cluster.NodeSet {
	var names []string
	for _, p := range m.sim.Pods(key) {
		if kind(p) {
			names = append(names, p.Node)
		}
	}
	return m.nodes().Named(names...)
}
