package rollout

import (
	"cmp"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/placement"
)

// decided is what one sync decides, in the order of the controller's calls, and
// the status that it stores.
type decided struct {
	created []string // nodes
	deleted []string // pods
	status  appsv1.DaemonSetStatus
}

// naive is one sync, recomputed from scratch: every node and every pod, as
// the controller does it, in the same order. It knows nothing of marks.
type naive struct {
	s    *Sim
	d    *daemonSet
	pods map[string][]int32 // by node name, in the controller's order; those it overlooks left out
	out  decided
}

func syncNaive(s *Sim, d *daemonSet) decided {
	n := &naive{s: s, d: d, pods: map[string][]int32{}}
	var all []int32
	for id := range s.pods {
		if p := &s.pods[id]; p.phase != vacant && p.owner == d.slot && !p.gone() {
			all = append(all, int32(id))
		}
	}
	slices.SortFunc(all, func(a, b int32) int {
		p, q := &s.pods[a], &s.pods[b]
		return cmp.Or(-cmp.Compare(p.flags&bound, q.flags&bound), cmp.Compare(p.created, q.created), cmp.Compare(s.podName(a), s.podName(b)))
	})
	for _, id := range all {
		node := s.nodeNames[s.pods[id].node].name
		n.pods[node] = append(n.pods[node], id)
	}
	n.status()
	n.manage()
	if len(n.out.created)+len(n.out.deleted) == 0 && d.object.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		n.rollingUpdate()
	}
	n.out.created = n.out.created[:min(250, len(n.out.created))]
	n.out.deleted = n.out.deleted[:min(250, len(n.out.deleted))]
	return n.out
}

func (n *naive) decision(node string) placement.Decision {
	object, ok := n.s.cluster.Node(node)
	if !ok {
		return placement.Excluded
	}
	return n.d.workload.Check(object).Decision
}

func (n *naive) nodes() []string { return n.s.cluster.Nodes().Names() }

func (n *naive) is(id int32, f podFlags) bool { return n.s.pods[id].flags&f != 0 }

func (n *naive) isNew(id int32) bool {
	c := n.s.classes[n.s.pods[id].class]
	g := n.d.object.Annotations[appsv1.DeprecatedTemplateGeneration]
	return c.hash == n.d.hash || g != "" && c.generation == g
}

func (n *naive) available(id int32) bool {
	p, min := &n.s.pods[id], int64(n.d.object.Spec.MinReadySeconds)
	return p.is(isReady) && (min == 0 || p.readied != never && int64(p.readied)+min <= int64(n.s.now)*int64(n.s.step))
}

func (n *naive) create(node string) { n.out.created = append(n.out.created, node) }
func (n *naive) delete(ids ...int32) {
	for _, id := range ids {
		n.out.deleted = append(n.out.deleted, n.s.podName(id))
	}
}

func (n *naive) status() {
	st := &n.out.status
	for _, node := range n.nodes() {
		pods := n.pods[node]
		if n.decision(node) != placement.Eligible {
			if len(pods) > 0 {
				st.NumberMisscheduled++
			}
			continue
		}
		st.DesiredNumberScheduled++
		if len(pods) == 0 {
			continue
		}
		st.CurrentNumberScheduled++
		if n.is(pods[0], isReady) {
			st.NumberReady++
		}
		if n.available(pods[0]) {
			st.NumberAvailable++
		}
		if n.isNew(pods[0]) {
			st.UpdatedNumberScheduled++
		}
	}
	st.NumberUnavailable = st.DesiredNumberScheduled - st.NumberAvailable
}

func (n *naive) manage() {
	for _, node := range n.nodes() {
		pods, decision := n.pods[node], n.decision(node)
		switch {
		case decision == placement.Eligible && len(pods) == 0:
			n.create(node)
		case decision >= placement.Kept:
			n.continueRunning(node, pods, decision == placement.Eligible)
		default:
			for _, id := range pods {
				if !n.is(id, terminating) {
					n.delete(id)
				}
			}
		}
	}
	for _, name := range n.s.nodeNames {
		if _, there := n.s.cluster.Node(name.name); !there {
			for _, id := range n.pods[name.name] {
				if !n.is(id, bound) {
					n.delete(id)
				}
			}
		}
	}
}

func (n *naive) surges() bool {
	r := n.d.object.Spec.UpdateStrategy.RollingUpdate
	if n.d.object.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType || r == nil || r.MaxSurge == nil {
		return false
	}
	one, _ := intstr.GetScaledValueFromIntOrPercent(r.MaxSurge, 1, true)
	return one > 0
}

func (n *naive) continueRunning(node string, pods []int32, shouldRun bool) {
	s := n.s
	slot := s.slotOf(node)
	backoff := false
	if b := n.d.backoffs; b != nil && b[slot].delay > 0 {
		age := s.now*s.step - b[slot].last
		backoff = age <= 1800 && age < b[slot].delay
	}
	var running []int32
	for _, id := range pods {
		p := &s.pods[id]
		switch {
		case p.is(terminating) || p.phase == failed && backoff:
		case p.phase == failed:
			backoff = true
			n.delete(id)
		case p.phase == succeeded:
			n.delete(id)
		default:
			running = append(running, id)
		}
	}
	switch {
	case !n.surges() && len(running) > 1:
		n.delete(running[1:]...)
	case n.surges() && len(running) == 0 && shouldRun:
		n.create(node)
	case n.surges() && len(running) > 1:
		n.surgePods(running)
	}
}

func (n *naive) surgePods(running []int32) {
	var fresh, old []int32
	for _, id := range running {
		list := &old
		if n.s.classes[n.s.pods[id].class].hash == n.d.hash {
			list = &fresh
		}
		if *list = append(*list, id); len(*list) > 1 {
			n.delete(id)
		}
	}
	if len(fresh) > 0 && len(old) > 0 && (!n.is(old[0], isReady) || n.available(fresh[0])) {
		n.delete(old[0])
	}
}

func (n *naive) rollingUpdate() {
	desired := int(n.out.status.DesiredNumberScheduled)
	r := n.d.object.Spec.UpdateStrategy.RollingUpdate
	unavailable, _ := intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, desired, true)
	surge := 0
	if r.MaxSurge != nil {
		surge, _ = intstr.GetScaledValueFromIntOrPercent(r.MaxSurge, desired, true)
	}
	if desired > 0 && unavailable == 0 && surge == 0 {
		unavailable = 1
	}
	if surge == 0 {
		n.replace(unavailable)
	} else {
		n.surge(surge, desired)
	}
}

// both returns the one new and the one old pod of a node, or none where there is
// none, and false if there are more.
func (n *naive) both(pods []int32) (fresh, old int32, ok bool) {
	fresh, old = none, none
	for _, id := range pods {
		which := &old
		if n.isNew(id) {
			which = &fresh
		}
		if n.is(id, terminating) {
			continue
		}
		if *which != none {
			return none, none, false
		}
		*which = id
	}
	return fresh, old, true
}

func (n *naive) replace(budget int) {
	used := 0
	var must, may []int32
	for _, name := range n.s.nodeNames {
		pods := n.pods[name.name]
		if len(pods) == 0 && n.decision(name.name) != placement.Eligible {
			continue
		}
		fresh, old, ok := n.both(pods)
		switch {
		case !ok || (fresh == none) == (old == none):
			used++
		case fresh != none:
			if !n.available(fresh) {
				used++
			}
		case !n.available(old):
			must = append(must, old)
			used++
		default:
			may = append(may, old)
		}
	}
	n.delete(must...)
	n.delete(may[:min(len(may), max(0, budget-used))]...)
}

func (n *naive) surge(budget, desired int) {
	var deleted, unwanted []int32
	var must, may []string
	used, up := 0, 0
	for _, name := range n.s.nodeNames {
		fresh, old, ok := n.both(n.pods[name.name])
		if !ok {
			used++
			continue
		}
		if old != none && n.available(old) || old == none && fresh != none && n.available(fresh) {
			up++
		}
		_, there := n.s.cluster.Node(name.name)
		wanted := n.decision(name.name) == placement.Eligible
		switch {
		case old == none:
		case fresh == none && !there:
			n.out.created, n.out.deleted = nil, nil
			return
		case fresh != none && !n.available(fresh):
			used++
		case fresh != none, !n.available(old) && !wanted:
			deleted = append(deleted, old)
		case !n.available(old):
			must = append(must, name.name)
		case !wanted:
			unwanted = append(unwanted, old)
		default:
			may = append(may, name.name)
		}
	}
	n.delete(deleted...)
	n.delete(unwanted[:min(len(unwanted), max(0, up-desired))]...)
	n.out.created = append(must, may[:min(len(may), max(0, budget-used))]...)
}

// checkSync syncs the DaemonSet and compares with the naive sync of the state
// before. A DaemonSet that is skipped must have had nothing to do.
func checkSync(t failer, s *Sim, d *daemonSet) {
	if d.deleting {
		if d.wants() {
			s.dsc.sync(d)
		}
		return
	}
	if d.queued.has(specChanged) {
		if err := s.dsc.constructHistory(d); err != nil {
			s.dsc.syncFailed(d, err) // and nothing else
			return
		}
	}
	if d.queued.has(ownersChanged) {
		s.dsc.claim(d)
	}
	wanted := d.wants()
	want := syncNaive(s, d)
	var got decided
	if wanted {
		before := len(s.untold())
		s.dsc.sync(d)
		for _, c := range s.dsc.creations {
			got.created = append(got.created, s.nodeNames[c.node].name)
		}
		for _, e := range s.untold()[before:] {
			if e.Kind == EventDeleted {
				got.deleted = append(got.deleted, e.Pod)
			}
		}
	}
	if !slices.Equal(want.created, got.created) || !slices.Equal(want.deleted, got.deleted) {
		t.Fatalf("tick %d round %d %s (synced: %v):\nnaive creates %v deletes %v\nsync creates %v deletes %v",
			s.now, s.round, d.key, wanted, want.created, want.deleted, got.created, got.deleted)
	}
	want.status.ObservedGeneration = d.status.ObservedGeneration
	if !equality.Semantic.DeepEqual(want.status, d.status) {
		t.Fatalf("tick %d round %d %s (synced: %v):\nnaive status %+v\nsync status  %+v", s.now, s.round, d.key, wanted, want.status, d.status)
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkedTick is Tick with every sync checked.
func checkedTick(t failer, s *Sim) []Event {
	s.now++
	s.clock = s.now * s.step
	s.takeInputs()
	s.nlc.act()
	s.evictions.processTaints()
	s.movePods()
	s.evictions.retryDrains()
	for s.round = 1; ; s.round++ {
		s.busy = false
		for _, slot := range slices.Clone(s.daemonSets.order) {
			if d := s.daemonSets.at[slot]; d != nil {
				checkSync(t, s, d)
			}
		}
		s.scheduler.schedule()
		if !s.busy && !s.wanting() {
			break
		}
		if s.round > 1000 {
			t.Fatalf("tick %d does not end", s.now)
		}
	}
	s.round = 0
	s.evictions.endDrains()
	return s.report()
}

// The marks, counts and sets that a sync uses equal what a look at every node and
// pod computes. Mutants seen to fail: no touch in unlink; no changed in move;
// decide without touch; oldUpOut counted as out; availableTick without dueNow;
// forgetBackoffs without touch; two failed pods pruned in one sync.
func TestSyncIsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := stories(endlessly).Draw(t, "story")
		s := story.sim(t)
		for range story.ticks {
			checkedTick(t, s)
		}
	})
}
