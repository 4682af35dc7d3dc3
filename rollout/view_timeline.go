package rollout

import (
	"iter"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout/internal/probe"
)

func init() {
	probe.Line = func(input any) string {
		if in, _ := input.(Input); plain(in) != nil {
			return in.line()
		}
		return "nil input"
	}
	probe.Subject = func(sim any, key string) (kind, plain string, err error) { return sim.(*Sim).subject(key) }
	probe.Nodes = func(sim any, key string) iter.Seq[probe.Row] { return sim.(*Sim).nodeRows(key) }
	probe.OneNode = func(sim any, key, node string) probe.Row { return sim.(*Sim).nodeRow(key, node) }
	probe.Pods = func(sim any, key string) iter.Seq[probe.Row] { return sim.(*Sim).podRows(key) }
}

func (s *Sim) subject(key string) (kind, plain string, err error) {
	kind, plain, err = kube.ParseKey(key)
	if err != nil {
		return "", "", s.unresolved(key)
	}
	switch d, deployed := s.resolve(key); {
	case d != nil:
		return "daemonset", plain, nil
	case deployed != nil:
		return "deployment", plain, nil
	}
	for _, k := range []string{kube.DaemonSetKind, kube.DeploymentKind} {
		if (kind == "" || kind == k) && s.willApply(k+plain) {
			return strings.TrimSuffix(k, "/"), plain, nil
		}
	}
	return "", "", s.unresolved(key)
}

// willApply reports whether an input to come applies the object.
func (s *Sim) willApply(key string) bool {
	return slices.ContainsFunc(s.inputs, func(x scheduled) bool {
		in, ok := x.input.(Apply)
		return ok && in.key() == key
	})
}

func (s *Sim) nodeRows(key string) iter.Seq[probe.Row] {
	return func(yield func(probe.Row) bool) {
		d := s.daemonSets.find(key)
		for n := 0; d != nil && n < len(s.nodes); n++ {
			if !yield(s.rowOf(d, int32(n))) {
				return
			}
		}
	}
}

func (s *Sim) nodeRow(key, node string) probe.Row {
	if d, n := s.daemonSets.find(key), s.slotOf(node); d != nil && n != none {
		return s.rowOf(d, n)
	}
	return probe.Row{Name: node}
}

// rowOf shows the new pod if there is one, else the old one, else a terminating
// one.
func (s *Sim) rowOf(d *daemonSet, node int32) probe.Row {
	c := s.dsc.podsOnNode(d, node)
	r := probe.Row{Name: s.nodeNames[node].name, Wanted: d.decision[node] == placement.Eligible, Beside: c.newest != none && c.oldest != none}
	for _, id := range []int32{c.newest, c.oldest, c.first} {
		if id != none {
			r.Pod, r.New = s.stage(id, d.minReady)
			break
		}
	}
	return r
}

func (s *Sim) podRows(key string) iter.Seq[probe.Row] {
	return func(yield func(probe.Row) bool) {
		d := s.deployments.find(key)
		if d == nil {
			return
		}
		for _, slot := range d.mine {
			rs := s.replicaSets.at[slot]
			for _, id := range rs.pods {
				r := probe.Row{Name: s.podName(id)}
				if r.Pod, r.New = s.stage(id, rs.minReady()); !yield(r) {
					return
				}
			}
		}
	}
}

func (s *Sim) stage(id int32, minReady simTime) (stage probe.Stage, isNew bool) {
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
