package rollout

import (
	"slices"

	"github.com/berthsim/berth/placement"
)

// watch follows which nodes a DaemonSet serves, tick by tick.
type watch struct {
	sim   *Sim
	key   string
	nodes int     // how many slots there were
	list  []int32 // scratch
}

func newWatch(s *Sim, key string) *watch { return &watch{sim: s, key: key, nodes: len(s.roster)} }

// touched lists the nodes that this tick was about; true if it may be all of them.
func (w *watch) touched() (nodes []int32, all bool) {
	d := w.sim.find(w.key)
	all = d == nil || w.nodes != len(w.sim.roster)
	w.nodes, w.list = len(w.sim.roster), w.list[:0]
	for _, n := range w.sim.notes {
		switch {
		case n.node != none:
			w.list = append(w.list, n.node)
		case d != nil && n.owner == d.slot:
			all = true // its spec may have changed, and with it which nodes are wanted
		}
	}
	return w.list, all
}

// rolled says whether the rollout has begun with a node in this tick.
func (w *watch) rolled(d *daemon) bool {
	return slices.ContainsFunc(w.sim.notes, func(n note) bool { return n.owner == d.slot && n.rule.rolls() })
}

// wanted says whether the DaemonSet wants a pod on the node.
func (w *watch) wanted(d *daemon, node int32) bool { return d.decision[node] == placement.Eligible }

// served says whether an available pod is on the node that is not on its way out.
func (w *watch) served(d *daemon, node int32) bool {
	s := w.sim
	for id := d.head[node]; id != none; id = s.pods[id].next {
		if p := &s.pods[id]; !p.is(terminating) && s.available(d, p) {
			return true
		}
	}
	return false
}
