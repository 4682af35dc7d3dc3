package rollout

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// rollingUpdate deletes old pods, or creates new ones beside them, within the
// budget of this sync (pkg/controller/daemon: rollingUpdate).
func (s *Sim) rollingUpdate(d *daemon) error {
	surge, unavailable, err := d.budget()
	switch {
	case err != nil:
		return fmt.Errorf("couldn't get unavailable numbers: %w", err)
	case surge == 0:
		s.replace(d, unavailable)
		return nil
	case d.number(lost) > 0:
		return s.lostError(d)
	}
	s.surge(d, surge)
	return nil
}

// budget is what maxSurge and maxUnavailable come to for the nodes desired at
// this sync (pkg/controller/daemon: updatedDesiredNodeCounts). Percentages
// round up; two zeros count as one unavailable.
func (d *daemon) budget() (surge, unavailable int, err error) {
	wanted := d.number(desired)
	if last := &d.scaled; last.known && last.of == wanted {
		return last.surge, last.unavailable, nil
	}
	if unavailable, err = d.maxUnavailable(wanted); err != nil {
		return 0, 0, fmt.Errorf("invalid value for MaxUnavailable: %w", err)
	}
	if surge, err = d.maxSurge(wanted); err != nil {
		return 0, 0, fmt.Errorf("invalid value for MaxSurge: %w", err)
	}
	if wanted > 0 && unavailable == 0 && surge == 0 {
		unavailable = 1
	}
	surge, unavailable = min(surge, math.MaxInt32), min(unavailable, math.MaxInt32)
	d.scaled = scaled{true, wanted, surge, unavailable}
	return surge, unavailable, nil
}

// scaled is a budget that was worked out: the number of nodes seldom changes.
type scaled struct {
	known                  bool
	of, surge, unavailable int
}

// maxSurge follows pkg/controller/daemon/util: SurgeCount.
func (d *daemon) maxSurge(of int) (int, error) {
	if r := d.object.Spec.UpdateStrategy.RollingUpdate; d.rolling && r != nil && r.MaxSurge != nil {
		return intstr.GetScaledValueFromIntOrPercent(r.MaxSurge, of, true)
	}
	return 0, nil
}

// maxUnavailable follows pkg/controller/daemon/util: UnavailableCount.
func (d *daemon) maxUnavailable(of int) (int, error) {
	if r := d.object.Spec.UpdateStrategy.RollingUpdate; d.rolling && r != nil {
		return intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, of, true)
	}
	return 0, nil
}

// replace is the update without surge: every unavailable old pod goes,
// whatever the budget, and available ones as far as the budget goes. A new pod
// that is not available, an unavailable old one, a node without a live pod and
// one with too many use a unit each.
func (s *Sim) replace(d *daemon, maxUnavailable int) {
	unavailable := d.number(out)
	s.replaceOld(d, oldDown, oldDownOut, math.MaxInt, ground{OldUnavailable, int32(unavailable), int32(maxUnavailable)})
	free := max(0, maxUnavailable-unavailable)
	from := len(s.deletions)
	s.replaceOld(d, oldUp, oldUpOut, free, ground{rule: WithinBudget, of: int32(maxUnavailable)})
	for i := range s.deletions[from:] {
		s.deletions[from+i].used = int32(unavailable + i + 1)
	}
	s.deletions = s.deletions[:min(burst, len(s.deletions))]
}

func (s *Sim) replaceOld(d *daemon, a, b marks, limit int, why ground) {
	if limit == 0 || d.number(a)+d.number(b) == 0 {
		return
	}
	for _, n := range s.walk(d, a, b, min(limit, burst)) {
		s.deletions = append(s.deletions, deletion{s.oldPod(d, n), why})
	}
}

// oldPod is the one old pod of a node that is not on its way out; mostly it is
// the only pod there.
func (s *Sim) oldPod(d *daemon, node int32) int32 {
	if head := d.head[node]; s.pods[head].next == none {
		return head
	}
	return s.count(d, node).oldest
}

// surge is the update with surge: a new pod comes beside every unavailable old
// one, and beside available ones as far as maxSurge goes; the old one goes when
// the new one is available. On nodes where no pod is wanted any more, an
// unavailable old pod goes at once, an available one only when more are
// available than wanted.
func (s *Sim) surge(d *daemon, maxSurge int) {
	for _, n := range s.walk(d, superseded, oldDownOut, burst) {
		rule := NewAvailable
		if d.set(oldDownOut).has(n) {
			rule = OldUnwanted
		}
		s.deletions = append(s.deletions, deletion{s.oldPod(d, n), ground{rule: rule}})
	}
	up, wanted := d.number(serving), d.number(desired)
	s.replaceOld(d, oldUpOut, oldUpOut, max(0, up-wanted), ground{EnoughElsewhere, int32(up), int32(wanted)})
	s.deletions = s.deletions[:min(burst, len(s.deletions))]

	used := d.number(surging)
	for _, n := range s.walk(d, oldDown, oldDown, burst) {
		s.creations = append(s.creations, creation{n, ground{OldUnavailableSurge, int32(used), int32(maxSurge)}})
	}
	for i, n := range s.walk(d, oldUp, oldUp, min(burst, max(0, maxSurge-used))) {
		s.creations = append(s.creations, creation{n, ground{WithinSurge, int32(used + i + 1), int32(maxSurge)}})
	}
	s.creations = s.creations[:min(burst, len(s.creations))]
}

// lostError names the first node that is not there but has an old pod: the
// controller asks for the node and gives up the whole update.
func (s *Sim) lostError(d *daemon) error {
	for n := range s.nodes {
		if d.marks[n]&lost != 0 {
			name := s.roster[n].name
			return fmt.Errorf("couldn't get node for nodeName %q: node %q not found", name, name)
		}
	}
	return nil
}
