package rollout

import (
	"iter"

	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout/internal/probe"
)

func init() {
	probe.Subject = func(sim any, key string) (kind, plain string) { return sim.(*Sim).subject(key) }
	probe.Rows = func(sim any, kind, plain string) iter.Seq[probe.Row] {
		s := sim.(*Sim)
		switch d, deployed := s.resolve(kind + "/" + plain); {
		case d != nil:
			return s.nodeRows(d)
		case deployed != nil:
			return s.podRows(deployed)
		}
		return func(func(probe.Row) bool) {}
	}
}

func (s *Sim) subject(key string) (kind, plain string) {
	_, deployed := s.resolve(key)
	switch kind, plain = cutKind(key); {
	case kind != "":
		return kind, plain
	case deployed != nil:
		return "deployment", plain
	}
	return "daemonset", plain
}

func (s *Sim) nodeRows(d *daemon) iter.Seq[probe.Row] {
	return func(yield func(probe.Row) bool) {
		for n := range s.nodes {
			if !yield(s.nodeRow(d, int32(n))) {
				return
			}
		}
	}
}

// nodeRow shows the new pod where there is one, else the old one, else one that is on
// its way out.
func (s *Sim) nodeRow(d *daemon, node int32) probe.Row {
	c := s.count(d, node)
	r := probe.Row{Name: s.roster[node].name, Wanted: d.decision[node] == placement.Eligible, Beside: c.newest != none && c.oldest != none}
	for _, id := range []int32{c.newest, c.oldest, c.first} {
		if id != none {
			r.Pod, r.New = s.stage(id, d.minReady)
			break
		}
	}
	return r
}

func (s *Sim) podRows(d *deployment) iter.Seq[probe.Row] {
	return func(yield func(probe.Row) bool) {
		for _, slot := range d.mine {
			rs := s.sets.at[slot]
			for _, id := range rs.pods {
				r := probe.Row{Name: s.podName(id)}
				if r.Pod, r.New = s.stage(id, rs.minReady()); !yield(r) {
					return
				}
			}
		}
	}
}

func (s *Sim) stage(id int32, minReady stamp) (stage probe.Stage, isNew bool) {
	p := &s.pods[id]
	isNew = s.fresh[p.class]
	switch {
	case p.is(terminating):
		return probe.Terminating, isNew
	case p.phase == failed:
		return probe.Failed, isNew
	case p.phase == pending:
		return probe.Waiting, isNew
	case s.availableFor(minReady, p):
		return probe.Available, isNew
	case p.is(isReady):
		return probe.Ready, isNew
	}
	return probe.Running, isNew
}
