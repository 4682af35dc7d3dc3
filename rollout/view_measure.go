package rollout

import (
	"maps"
	"slices"
)

// Course is what a stretch of time brings a DaemonSet. Ticks and gaps count from
// the first tick of the stretch, which is number 1.
type Course struct {
	DaemonSet string // namespace/name
	Estimate
	Served int      // nodes on which a pod was available before
	Down   int      // of these, how many wanted one and were without it when it was worst; pods on their way out not counted
	DownAt int      // in this tick of the simulation, for the first time
	DownOn []string // these nodes, ascending by name
}

// Measure passes at most max ticks, as Run does, and gives the course of every
// DaemonSet that there is before, meanwhile or after, ascending by key, with all
// events. It ends early when pods are turned out of a node for the third time and
// would be without end (OutAgain). Beside what happens it costs a look at every
// node for each DaemonSet.
func (s *Sim) Measure(max int) ([]Course, Trace) {
	m := measure{sim: s, start: s.Now(), gauges: map[string]*meter{}, turns: map[string]int{}}
	m.begin()
	var trace Trace
	for tick := range s.passes(max) {
		m.see(tick, s.untold())
		events := s.report()
		if trace = append(trace, events...); m.turning(events) {
			break
		}
	}
	return m.courses(), trace
}

// turning says whether a node's pods have been turned out often enough to know that
// this goes on for ever.
func (m *measure) turning(events []Event) bool {
	endless := false
	for _, e := range events {
		if e.Kind == Evicted && e.Why.Rule == OutAgain {
			id := e.DaemonSet + " " + e.Node
			m.turns[id]++
			endless = endless || m.turns[id] > 2
		}
	}
	return endless
}

// measure follows all DaemonSets of a simulation.
type measure struct {
	sim    *Sim
	start  int
	gauges map[string]*meter
	turns  map[string]int // by DaemonSet and node: how often its pods were turned out
}

// meter is a gauge that knows which nodes were served before.
type meter struct {
	*gauge
	before map[string]bool
	Course
	last int
	list []int // scratch
}

// begin looks at the DaemonSets before anything happens.
func (m *measure) begin() {
	m.find()
	for _, g := range m.all() {
		g.see(m.start)
		for n, up := range g.up {
			if up {
				g.before[g.sim.roster[n].name] = true
			}
		}
		g.Served = len(g.before)
	}
}

// find makes meters for DaemonSets that have come.
func (m *measure) find() {
	for _, key := range m.sim.Keys() {
		if m.gauges[key] == nil {
			g := newGauge(m.sim, key)
			g.start = m.start
			m.gauges[key] = &meter{gauge: g, before: map[string]bool{}, last: m.start}
		}
	}
}

func (m *measure) all() []*meter {
	var all []*meter
	for _, key := range slices.Sorted(maps.Keys(m.gauges)) {
		all = append(all, m.gauges[key])
	}
	return all
}

func (m *measure) see(tick int, events []Event) {
	m.find()
	for _, g := range m.all() {
		if !slices.ContainsFunc(events, func(e Event) bool { return e.DaemonSet == g.key || e.DaemonSet == "" }) {
			continue
		}
		g.see(tick)
		if slices.ContainsFunc(events, func(e Event) bool { return e.DaemonSet == g.key }) {
			g.last = tick
		}
		if down := g.down(); len(down) > g.Down {
			g.Down, g.DownAt, g.DownOn = len(down), tick, g.names(down)
		}
	}
}

// down gives the nodes that were served, want a pod, and are not served now.
func (g *meter) down() []int {
	g.list = g.list[:0]
	for slot := range g.up {
		if g.wants[slot] && !g.up[slot] && g.before[g.sim.roster[slot].name] {
			g.list = append(g.list, slot)
		}
	}
	return g.list
}

func (g *meter) names(slots []int) []string {
	names := make([]string, len(slots))
	for i, slot := range slots {
		names[i] = g.sim.roster[slot].name
	}
	slices.Sort(names)
	return names
}

func (m *measure) courses() []Course {
	var all []Course
	for _, g := range m.all() {
		g.close(m.sim.Now())
		g.gauge.State, g.gauge.Ticks = m.sim.State(g.key), g.last-m.start
		g.Course.DaemonSet, g.Course.Estimate = g.key, g.gauge.Estimate
		all = append(all, g.Course)
	}
	return all
}
