package rollout

import (
	"slices"
	"strings"
)

// Summary is what happened to a DaemonSet in a period. Ticks and outages count
// from the first tick of the period, which is number 1.
type Summary struct {
	DaemonSet string // namespace/name
	Estimate
	Available       int      // nodes on which a pod was available before
	Down            int      // the highest number of these that wanted a pod and had no available one, not counting terminating pods
	UnavailableTick int      // the first tick of the simulation with that number
	Unavailable     []string // these nodes, ascending by name
}

// Measure passes at most max ticks, as Run does. It returns a summary of every
// DaemonSet that exists at any time in them, ascending by key, and all events. It
// ends early when pods are evicted from a node for the third time and would be
// evicted in a loop (ReasonEvictionLoop). In addition to the cost of Run it looks
// at every node once for each DaemonSet.
func (s *Sim) Measure(max int) ([]Summary, Trace) {
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
	return m.courses(trace), trace
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
	for _, key := range m.sim.Keys() {
		i, found := slices.BinarySearchFunc(m.observers, key, func(o *observer, key string) int { return strings.Compare(o.DaemonSet, key) })
		if !found {
			o := newObserver(m.sim, "daemonset", key)
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

func (m *measure) courses(trace Trace) []Summary {
	last := map[string]int{}
	for _, e := range trace {
		last[e.Key] = e.Tick
	}
	var all []Summary
	for _, o := range m.observers {
		o.close()
		if tick, any := last[o.key]; any {
			o.Ticks = tick - m.start
		}
		all = append(all, o.Summary)
	}
	return all
}
