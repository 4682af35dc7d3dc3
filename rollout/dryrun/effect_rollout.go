package dryrun

import (
	"maps"
	"slices"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

// course is what happens after the edits, until everything is at rest again.
type course struct {
	sim       *rollout.Sim // at the end
	start     int          // the tick before the first
	trace     rollout.Trace
	courses   map[string]rollout.Summary
	rolled    map[string]map[string]bool // by DaemonSet, the nodes that a rolling update took its turn on
	before    map[string][]rollout.Pod
	waited    map[string]map[string]rollout.Blocker // by DaemonSet and node, what it waited for already
	after     map[string][]rollout.Pod
	waiting   map[string][]rollout.Wait
	current   map[string]int64 // by DaemonSet: its revision at the end
	deployed  []DeploymentEffect
	refused   []string
	unsettled bool
}

// simulate runs the plan's edits. What is malformed was refused before.
func (p *Plan) simulate() *course {
	sim, err := p.Sim()
	if err != nil {
		sim, _ = p.base.forked(p.base.cluster)
		return &course{sim: sim, refused: []string{err.Error()}}
	}
	c := &course{sim: sim, start: sim.Now(), courses: map[string]rollout.Summary{}, rolled: map[string]map[string]bool{}, before: map[string][]rollout.Pod{}, waited: map[string]map[string]rollout.Blocker{}}
	for _, key := range sim.Keys() {
		c.before[key], c.waited[key] = sim.Pods(key), map[string]rollout.Blocker{}
		for _, w := range sim.Waiting(key) {
			c.waited[key][w.Node] = w.Blocker
		}
	}
	courses, trace := sim.Measure(p.base.ticks())
	for _, x := range courses {
		c.courses[x.DaemonSet] = x
	}
	c.trace, c.unsettled = trace, !sim.Settled()
	for _, e := range trace {
		c.note(e)
	}
	c.close()
	return c
}

// close reads what is asked of the end: a Sim must not be asked by several at a time.
func (c *course) close() {
	c.after, c.waiting, c.current = map[string][]rollout.Pod{}, map[string][]rollout.Wait{}, map[string]int64{}
	for _, key := range c.sim.Keys() {
		c.after[key], c.waiting[key], c.current[key] = c.sim.Pods(key), c.sim.Waiting(key), c.revision(key)
	}
	c.deployed = c.deployments()
}

// course is that of the plan; of the zero Effect nothing happens.
func (e Effect) course() *course {
	if e.plan == nil {
		return &course{}
	}
	return e.plan.course()
}

func (c *course) note(e rollout.Event) {
	switch {
	case e.Kind == rollout.EventInputRefused:
		c.refused = append(c.refused, e.Why.Detail)
	case (e.Kind == rollout.EventDeleted || e.Kind == rollout.EventCreated) && rolling(e.Why.Reason):
		if c.rolled[e.Key] == nil {
			c.rolled[e.Key] = map[string]bool{}
		}
		c.rolled[e.Key][e.Node] = true
	}
}

// rolling says whether the rule is one of the rolling update
// (pkg/controller/daemon/update.go: rollingUpdate) and not of manage.
func rolling(r rollout.Reason) bool {
	switch r {
	case rollout.ReasonMaxUnavailable, rollout.ReasonOldUnavailable, rollout.ReasonOldNotReady, rollout.ReasonNewAvailable, rollout.OldUnwanted,
		rollout.ReasonSurplusAvailable, rollout.ReasonMaxSurge, rollout.ReasonOldUnavailableSurge:
		return true
	}
	return false
}

// PodChanges is what a plan does to a DaemonSet's pods, as the nodes on which it does.
// The sets are disjoint.
type PodChanges struct {
	Created   cluster.NodeSet `json:"created"`   // there was none
	Updated   cluster.NodeSet `json:"updated"`   // another takes its place when its turn comes in the rolling update
	Recreated cluster.NodeSet `json:"recreated"` // it is deleted, regardless of maxUnavailable, and another comes
	Deleted   cluster.NodeSet `json:"deleted"`   // at once, whatever maxUnavailable says, or turned out by a taint: it is wanted no more
	Dropped   cluster.NodeSet `json:"dropped"`   // by the rolling update, and none comes in its place: the node only kept it
	Outdated  cluster.NodeSet `json:"outdated"`  // it stays though the template is another: OnDelete, or the rollout does not get that far
}

// Empty says whether no pod changes.
func (p PodChanges) Empty() bool {
	return p.Created.Len()+p.Updated.Len()+p.Recreated.Len()+p.Deleted.Len()+p.Dropped.Len()+p.Outdated.Len() == 0
}

// Pods gives what becomes of the DaemonSet's pods. It runs the simulation.
func (e Effect) Pods() PodChanges {
	c := e.course()
	before, after := podsByNode(c.before[e.Key]), podsByNode(c.after[e.Key])
	names := map[*cluster.NodeSet][]string{}
	current := c.current[e.Key]
	var p PodChanges
	for _, node := range nodesOf(before, after) {
		if set := p.where(e, before[node], after[node], c.rolled[e.Key][node], current); set != nil {
			names[set] = append(names[set], node)
		}
	}
	for _, set := range []*cluster.NodeSet{&p.Created, &p.Updated, &p.Recreated, &p.Deleted, &p.Dropped, &p.Outdated} {
		if len(names[set]) > 0 {
			*set = e.plan.named(names[set]...)
		}
	}
	return p
}

// where is the set of a node by the pods that it had and has; nil if they are the same.
func (p *PodChanges) where(e Effect, had, has []rollout.Pod, rolled bool, current int64) *cluster.NodeSet {
	switch {
	case len(had) == 0:
		return &p.Created
	case len(has) == 0 && rolled:
		return &p.Dropped
	case len(has) == 0:
		return &p.Deleted
	case !shared(had, has) && rolled:
		return &p.Updated
	case !shared(had, has):
		return &p.Recreated
	case e.Action == ActionChanged && outdated(had, has, current):
		return &p.Outdated
	}
	return nil
}

// shared says whether one of the pods is still there.
func shared(had, has []rollout.Pod) bool {
	return slices.ContainsFunc(had, func(p rollout.Pod) bool {
		return slices.ContainsFunc(has, func(q rollout.Pod) bool { return p.Name == q.Name })
	})
}

// outdated says whether a pod of an earlier revision has stayed.
func outdated(had, has []rollout.Pod, current int64) bool {
	return slices.ContainsFunc(has, func(q rollout.Pod) bool {
		return q.Revision != current && slices.ContainsFunc(had, func(p rollout.Pod) bool { return p.Name == q.Name })
	})
}

// revision is the DaemonSet's current one at the end; 0 if there is none.
func (c *course) revision(key string) int64 {
	history := c.sim.History(key)
	if len(history) == 0 {
		return 0
	}
	return history[len(history)-1].Revision
}

func podsByNode(pods []rollout.Pod) map[string][]rollout.Pod {
	by := map[string][]rollout.Pod{}
	for _, p := range pods {
		by[p.Node] = append(by[p.Node], p)
	}
	return by
}

func nodesOf(before, after map[string][]rollout.Pod) []string {
	all := map[string]bool{}
	for _, by := range []map[string][]rollout.Pod{before, after} {
		for _, node := range slices.Sorted(maps.Keys(by)) {
			all[node] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Summary gives the DaemonSet's way through the plan's simulation: waves, ticks, how
// many pods were available at worst, and whether it gets to its end. Ticks are of
// Config.Rollout.Tick. It runs the simulation.
func (e Effect) Summary() rollout.Summary { return e.course().courses[e.Key] }

// Waiting lists the nodes that keep the DaemonSet's rollout from being done when
// nothing happens any more, or at the horizon, and did not before the plan for the
// same cause. It runs the simulation.
func (e Effect) Waiting() []rollout.Wait {
	c := e.course()
	return slices.DeleteFunc(slices.Clone(c.waiting[e.Key]), func(w rollout.Wait) bool {
		before, did := c.waited[e.Key][w.Node]
		return did && before == w.Blocker
	})
}

// Completes says whether what the plan sets off comes to an end: every wanted pod is
// updated and available, but for nodes that waited for the same before. It runs the
// simulation.
func (e Effect) Completes() bool {
	state := e.Summary().State
	return state == rollout.StateDone || state == rollout.StateStuck && len(e.Waiting()) == 0
}

// Trace gives everything that happens after the edits. It runs the simulation.
func (p *Plan) Trace() rollout.Trace { return slices.Clone(p.orNothing().course().trace) }

// MinAvailable says on how many nodes a pod was available when there were fewest, of
// those nodes that had one before the plan and go on wanting one; a pod on its way
// out does not count. It runs the simulation.
func (e Effect) MinAvailable() (available, of int) {
	c := e.course()
	of = len(c.lasting(e))
	return of - c.courses[e.Key].Down, of
}

// lasting gives the nodes that had an available pod and go on wanting one.
func (c *course) lasting(e Effect) []string {
	wanted := e.Wanted()
	var nodes []string
	by := podsByNode(c.before[e.Key])
	for _, node := range slices.Sorted(maps.Keys(by)) {
		available := func(p rollout.Pod) bool { return p.Available && !p.Terminating }
		if wanted.Has(node) && slices.ContainsFunc(by[node], available) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}
