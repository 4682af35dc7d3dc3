package rollout

import (
	"slices"

	"github.com/berthsim/berth/placement"
)

// observer follows the availability of a DaemonSet or Deployment while time
// passes. It reads notes, so no events are needed. A row is a node of a
// DaemonSet. The pods of a Deployment are only counted: a missing pod may be
// replaced anywhere, so it has no outage of its own.
type observer struct {
	Estimate
	sim    *Sim
	start  int
	seen   bool
	names  []nodeName // the nodes of the rows
	rows   []row      // by slot
	served int
}

// row is one node, as of the last tick that was about it.
type row struct {
	service service
	since   int // the tick since which it is missing
	gap     int // the longest stretch of ticks in which it was missing
}

type service uint8

const (
	absent  service = iota // no pod is wanted
	missing                // one is wanted, and none is available that stays
	served
)

func newObserver(s *Sim, key string) *observer {
	o := &observer{sim: s, start: s.Now()}
	o.Estimate = Estimate{Version: estimateVersion, Key: key, Outages: []Outage{}}
	return o
}

// see reads the notes of the tick. It must be called in the first tick and in each
// tick with notes, before the tick is reported, which drops the notes.
func (o *observer) see(tick int) {
	switch d, deployed := o.sim.resolve(o.Key); {
	case d != nil:
		o.seeNodes(d, tick)
	case deployed != nil:
		o.seePods(deployed)
	default:
		return
	}
	if !o.seen || o.served < o.MinAvailable {
		o.MinAvailable = o.served
	}
	o.seen = true
}

func (o *observer) seeNodes(d *daemonSet, tick int) {
	all, wave := o.moveRows() || !o.seen, false
	for _, n := range o.sim.notes {
		mine := n.owner == d.slot
		wave = wave || mine && n.rolls
		switch {
		case n.node == none:
			all = all || mine // which nodes want a pod may have changed
		case mine || n.owner == none:
			o.look(d, n.node, tick)
		}
	}
	for i := 0; all && i < len(o.rows); i++ {
		o.look(d, int32(i), tick)
	}
	o.Desired = d.number(desired)
	if wave {
		o.Waves++
	}
}

// moveRows adds rows for new nodes, and reports whether there are any.
func (o *observer) moveRows() bool {
	s := o.sim
	if len(o.names) == len(s.nodeNames) {
		return false
	}
	rows := make([]row, len(s.nodeNames))
	for i, n := range o.names {
		rows[s.slotOf(n.name)] = o.rows[i]
	}
	o.names, o.rows = s.nodeNames, rows
	return true
}

func (o *observer) look(d *daemonSet, node int32, tick int) {
	r, now := &o.rows[node], o.sim.serviceOn(d, node)
	if r.service == now {
		return
	}
	switch r.service {
	case served:
		o.served--
	case missing:
		r.gap = max(r.gap, tick-r.since)
	}
	if now == served {
		o.served++
	}
	r.service, r.since = now, tick
}

// serviceOn returns how the DaemonSet serves the node.
func (s *Sim) serviceOn(d *daemonSet, node int32) service {
	if d.decision[node] != placement.Eligible {
		return absent
	}
	for id := d.head[node]; id != none; id = s.pods[id].next {
		if p := &s.pods[id]; !p.is(terminating) && s.available(d, p) {
			return served
		}
	}
	return missing
}

func (o *observer) seePods(d *deployment) {
	o.served, o.Desired = o.sim.serving(d), int(d.replicas())
	if slices.ContainsFunc(o.sim.notes, func(n note) bool { return n.deployment == d.slot && n.rolls }) {
		o.Waves++
	}
}

// serving returns how many pods of the Deployment are available and stay.
func (s *Sim) serving(d *deployment) (n int) {
	for _, slot := range d.mine {
		rs := s.replicaSets.at[slot]
		for _, id := range rs.pods {
			if p := &s.pods[id]; p.live() && s.availableFor(rs.minReady(), p) {
				n++
			}
		}
	}
	return n
}

// close ends the gaps that are still open.
func (o *observer) close() {
	o.State = o.sim.State(o.Key)
	for i := range o.rows {
		r := &o.rows[i]
		if r.service == missing {
			r.gap = max(r.gap, o.sim.Now()+1-r.since)
		}
		if r.gap > 0 {
			o.Outages = append(o.Outages, Outage{o.names[i].name, r.gap})
		}
	}
}
