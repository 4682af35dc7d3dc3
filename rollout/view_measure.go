package rollout

import (
	"slices"
	"strings"
)

// Measure passes at most max ticks, as Run does. It returns what happened to every
// DaemonSet that exists at any time in them, ascending by key, and all events. Ticks
// and outages count from the first tick of the period, which is number 1. It ends
// early when pods are evicted from a node for the third time and would be evicted in
// a loop (ReasonEvictionLoop). In addition to the cost of Run it looks at every node
// once for each DaemonSet.
func (s *Sim) Measure(max int) ([]Estimate, Trace) {
	m := measure{sim: s, start: s.Now(), turns: map[string]int{}}
	m.find()
	for _, o := range m.observers {
		o.begin()
	}
	var trace Trace
	for tick := range s.passes(max) {
		m.find()
		for _, o := range m.observers {
			o.see(tick)
		}
		events := s.report()
		if trace = append(trace, events...); m.turning(events) {
			break
		}
	}
	return m.estimates(trace), trace
}

// measure observes all DaemonSets of a simulation.
type measure struct {
	sim       *Sim
	start     int
	observers []*observer    // ascending by key
	turns     map[string]int // by DaemonSet and node: how often its pods were evicted
}

// find creates observers for new DaemonSets.
func (m *measure) find() {
	for _, slot := range m.sim.daemonSets.order {
		key := m.sim.daemonSets.at[slot].fullKey
		i, found := slices.BinarySearchFunc(m.observers, key, func(o *observer, key string) int { return strings.Compare(o.Key, key) })
		if !found {
			o := newObserver(m.sim, key)
			o.start = m.start
			m.observers = slices.Insert(m.observers, i, o)
		}
	}
}

// turning reports whether a node's pods have been evicted often enough to know
// that this is a loop.
func (m *measure) turning(events []Event) bool {
	endless := false
	for _, e := range events {
		if e.Kind == EventEvicted && e.Reason == ReasonEvictionLoop {
			id := e.Key + " " + e.Node
			m.turns[id]++
			endless = endless || m.turns[id] > 2
		}
	}
	return endless
}

func (m *measure) estimates(trace Trace) []Estimate {
	last := map[string]int{}
	for _, e := range trace {
		last[e.Key] = e.Tick
	}
	var all []Estimate
	for _, o := range m.observers {
		o.close()
		if tick, any := last[o.Key]; any {
			o.Ticks = tick - m.start
		}
		all = append(all, o.Estimate)
	}
	return all
}
