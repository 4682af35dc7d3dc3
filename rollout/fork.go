package rollout

import (
	"maps"
	"slices"
)

// Fork gives an independent copy: what happens to one does not touch the other.
// It costs a copy of what is known about nodes and pods, some 100 bytes each.
func (s *Sim) Fork() *Sim {
	f := *s
	f.nodes = slices.Clone(s.nodes)
	f.daemons = slices.Clone(s.daemons)
	for i, d := range s.daemons {
		if d != nil {
			f.daemons[i] = d.fork()
		}
	}
	f.order = slices.Clone(s.order)
	f.sets = s.sets.clone((*replicaSet).fork)
	f.deployments = s.deployments.clone((*deployment).fork)
	f.arena = s.arena.fork()
	f.pods = slices.Clone(s.pods)
	f.loose = slices.Clone(s.loose)
	if s.room != nil {
		f.room = s.room.Clone()
	}
	f.unbound = slices.Clone(s.unbound)
	f.classes = slices.Clone(s.classes)
	f.live = slices.Clone(s.live)
	f.restarted = maps.Clone(s.restarted)
	f.numbers = slices.Clone(s.numbers)
	f.fresh = slices.Clone(s.fresh)
	f.orphans = slices.Clone(s.orphans)
	f.agenda = s.agenda.clone()
	f.alarms = slices.Clone(s.alarms)
	f.inputs = slices.Clone(s.inputs)
	f.drains = slices.Clone(s.drains)
	for i := range f.drains {
		f.drains[i].pods, f.drains[i].failed = slices.Clone(s.drains[i].pods), slices.Clone(s.drains[i].failed)
	}
	f.choices = slices.Clone(s.choices)
	f.notes, f.events, f.told, f.expected, f.names = nil, nil, 0, 0, nil
	f.due, f.scratch, f.retainted, f.walked, f.together = nil, scratch{}, nil, nil, nil
	f.doomed, f.creations, f.deletions = nil, nil, nil
	return &f
}

func (d *daemon) fork() *daemon {
	f := *d
	f.revisions = slices.Clone(d.revisions)
	f.classes = slices.Clone(d.classes)
	f.head = slices.Clone(d.head)
	f.decision = slices.Clone(d.decision)
	f.backoffs = slices.Clone(d.backoffs)
	f.tally = d.tally.clone()
	return &f
}
