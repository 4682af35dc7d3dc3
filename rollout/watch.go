package rollout

import "github.com/berthsim/berth/placement"

// watch follows which nodes a DaemonSet serves, event by event.
type watch struct {
	sim  *Sim
	key  string
	find map[string]int32 // slots by name
}

func newWatch(s *Sim, key string) *watch {
	w := &watch{sim: s, key: key, find: make(map[string]int32, len(s.roster))}
	w.index()
	return w
}

func (w *watch) index() {
	for i, n := range w.sim.roster {
		w.find[n.name] = int32(i)
	}
}

// touched lists the nodes that events were about; true if it may be all of them.
func (w *watch) touched(events []Event) (nodes []int32, all bool) {
	if len(w.find) != len(w.sim.roster) {
		w.index()
		all = true
	}
	for i := range events {
		e := &events[i]
		switch {
		case e.Node == "" && e.DaemonSet == w.key:
			all = true // its spec may have changed, and with it which nodes are wanted
		case e.Node != "":
			nodes = append(nodes, w.find[e.Node])
		}
	}
	return nodes, all
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
