package dryrun

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

// course is one simulation: of the cluster with the edits, or of the baseline without
// them. Workloads are named by keys with their kind.
type course struct {
	sim       *rollout.Sim // at the end; guarded by lock
	lock      sync.Mutex
	end       *cluster.Cluster // at the end, once somebody has asked; guarded by lock
	start     int              // the tick before the first
	trace     rollout.Trace
	courses   map[string]rollout.Summary
	rolled    map[string]map[string]bool // by DaemonSet, the nodes that a rolling update took its turn on
	before    map[string][]rollout.Pod
	after     map[string][]rollout.Pod
	ends      map[string]ending // of each DaemonSet and Deployment, by its key with the kind
	current   map[string]int64  // by DaemonSet: its revision at the end
	deployed  []DeploymentEffect
	refused   []string
	unsettled bool
}

// ending is how a DaemonSet or Deployment has come out.
type ending struct {
	state   rollout.State
	waiting []rollout.Wait
	last    int    // the ticks until its last event; 0 if it has none
	print   uint64 // of its events, without the names of pods: equal where the same happened
}

// simulate runs the plan's edits. What is malformed was refused before.
func (p *Plan) simulate() *course {
	sim, err := p.Sim()
	if err != nil {
		sim, _ = p.base.forked(p.base.cluster)
		return &course{sim: sim, refused: []string{err.Error()}}
	}
	return p.base.run(sim)
}

// run lets a simulation settle, or run until the horizon.
func (b *Baseline) run(sim *rollout.Sim) *course {
	c := &course{sim: sim, start: sim.Now(), courses: map[string]rollout.Summary{}, rolled: map[string]map[string]bool{},
		before: map[string][]rollout.Pod{}, after: map[string][]rollout.Pod{}, ends: map[string]ending{}, current: map[string]int64{}}
	c.before = c.pods()
	courses, trace := sim.Measure(b.ticks())
	for _, x := range courses {
		c.courses[x.DaemonSet] = x
	}
	c.trace, c.unsettled = trace, !sim.Settled()
	for i := range trace {
		c.note(&trace[i])
	}
	c.close()
	return c
}

// pods lists the pods of every DaemonSet and Deployment as they are now, those of
// DaemonSets by their key without the kind too.
func (c *course) pods() map[string][]rollout.Pod {
	all := map[string][]rollout.Pod{}
	for _, key := range c.sim.Keys() {
		all[key] = c.sim.Pods(daemonKey(key))
		all[daemonKey(key)] = all[key]
	}
	for _, key := range c.sim.Deployments() {
		all[deploymentKey(key)] = c.sim.Pods(deploymentKey(key))
	}
	return all
}

// close reads what is asked of the end: a Sim must not be asked by several at a time.
func (c *course) close() {
	c.after = c.pods()
	for _, key := range c.sim.Keys() {
		c.current[key] = c.revision(key)
		c.conclude(daemonKey(key))
	}
	for _, key := range c.sim.Deployments() {
		c.conclude(deploymentKey(key))
	}
	c.deployed = c.deployments()
}

func (c *course) conclude(key string) {
	e := c.ends[key]
	e.state, e.waiting = c.sim.State(key), c.sim.Waiting(key)
	c.ends[key] = e
}

// cluster is the cluster at the end.
func (c *course) cluster() *cluster.Cluster {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.end == nil {
		c.end = c.sim.Cluster()
	}
	return c.end
}

// fork returns the simulation as it is at the end.
func (c *course) fork() *rollout.Sim {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.sim.Fork()
}

// baseline is what happens without the edits; of the zero Effect nothing does.
func (e Effect) baseline() *course {
	if e.plan == nil {
		return &course{}
	}
	return e.plan.base.baseline()
}

// course is that of the plan; of the zero Effect nothing happens.
func (e Effect) course() *course {
	if e.plan == nil {
		return &course{}
	}
	return e.plan.course()
}

// keyOfEvent returns the key, with its kind, of the workload that an event is about;
// empty if it is about none.
func keyOfEvent(e *rollout.Event) string {
	switch {
	case e.Key != "":
		return daemonKey(e.Key)
	case e.Deployment != "":
		return deploymentKey(e.Deployment)
	}
	return ""
}

func (c *course) note(e *rollout.Event) {
	if key := keyOfEvent(e); key != "" && e.Kind != rollout.EventInputUnchanged {
		end := c.ends[key]
		end.last = e.Tick - c.start
		h := fnv.New64a()
		fmt.Fprint(h, end.print, end.last, e.Kind, e.Node, e.Why.Reason)
		end.print = h.Sum64()
		c.ends[key] = end
	}
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

// Pods returns what becomes of the DaemonSet's pods and would not without the edits. It
// runs the simulation.
func (e Effect) Pods() PodChanges {
	c := e.course()
	base := e.baseline()
	before, after := podsByNode(c.before[e.Key]), podsByNode(c.after[e.Key])
	wasBefore, wasAfter := podsByNode(base.before[e.Key]), podsByNode(base.after[e.Key])
	names := map[podChange][]string{}
	for _, node := range nodesOf(before, after) {
		is := e.podChange(before[node], after[node], c.rolled[e.Key][node], c.current[e.Key])
		was := e.podChange(wasBefore[node], wasAfter[node], base.rolled[e.Key][node], base.current[e.Key])
		if is != unchanged && (is != was || hashOf(after[node]) != hashOf(wasAfter[node])) {
			names[is] = append(names[is], node)
		}
	}
	set := func(change podChange) cluster.NodeSet {
		if len(names[change]) == 0 {
			return cluster.NodeSet{}
		}
		return e.plan.named(names[change]...)
	}
	return PodChanges{
		Created: set(created), Updated: set(updated), Recreated: set(recreated), Deleted: set(deleted), Dropped: set(dropped), Outdated: set(outdated),
	}
}

// podChange is what becomes of the pods on a node: one of the sets of Pods.
type podChange uint8

const (
	unchanged podChange = iota
	created
	updated
	recreated
	deleted
	dropped
	outdated
)

// podChange tells what became of a node by the pods that it had and has.
func (e Effect) podChange(had, has []rollout.Pod, rolled bool, current int64) podChange {
	switch {
	case len(had)+len(has) == 0:
		return unchanged
	case len(had) == 0:
		return created
	case len(has) == 0 && rolled:
		return dropped
	case len(has) == 0:
		return deleted
	case !shared(had, has) && rolled:
		return updated
	case !shared(had, has):
		return recreated
	case e.Action == ActionChanged && stale(had, has, current):
		return outdated
	}
	return unchanged
}

// hashOf returns the template of the pods on a node by its hash.
func hashOf(pods []rollout.Pod) string {
	for _, p := range pods {
		if !p.Terminating {
			return p.Hash
		}
	}
	return ""
}

// shared says whether one of the pods is still there.
func shared(had, has []rollout.Pod) bool {
	return slices.ContainsFunc(had, func(p rollout.Pod) bool {
		return slices.ContainsFunc(has, func(q rollout.Pod) bool { return p.Name == q.Name })
	})
}

// stale reports whether a pod of an earlier revision has stayed.
func stale(had, has []rollout.Pod, current int64) bool {
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
// nothing happens any more, or at the horizon, and would not without the edits. It runs
// the simulation.
func (e Effect) Waiting() []rollout.Wait {
	key := daemonKey(e.Key)
	return newWaits(e.course().ends[key].waiting, e.baseline().ends[key].waiting)
}

// newWaits returns the waits that the baseline does not have: of another node, or for
// another cause, unless both are about a pod that is there and not available.
func newWaits(is, was []rollout.Wait) []rollout.Wait {
	known := map[string]rollout.Blocker{}
	for _, w := range was {
		known[w.Node] = w.Blocker
	}
	return slices.DeleteFunc(slices.Clone(is), func(w rollout.Wait) bool {
		before, did := known[w.Node]
		return did && (before == w.Blocker || ofPod(before) && ofPod(w.Blocker))
	})
}

// ofPod reports whether a wait is for the pod itself and not for its turn in the update.
func ofPod(c rollout.Blocker) bool {
	switch c {
	case rollout.BlockerUnschedulable, rollout.BlockerNotStarted, rollout.BlockerNotReady, rollout.BlockerMinReadySeconds, rollout.BlockerTerminating, rollout.BlockerFailedPodBackoff:
		return true
	}
	return false
}

// Completes reports whether what the plan sets off comes to an end: every wanted pod is
// updated and available, except on nodes where none would be without the edits. It runs
// the simulation.
func (e Effect) Completes() bool {
	state := e.Summary().State
	return state == rollout.StateDone || state == rollout.StateStuck && len(e.Waiting()) == 0
}

// Trace gives everything that happens after the edits. It runs the simulation.
func (p *Plan) Trace() rollout.Trace { return slices.Clone(p.orNothing().course().trace) }

// MinAvailable returns on how many nodes a pod was available when there were fewest, of the
// nodes that had a pod before, go on wanting one, and had or would have had it available
// without the edits. A pod on its way out does not count. It runs the simulation.
func (e Effect) MinAvailable() (available, of int) {
	w := e.worst()
	return w.available, w.of
}

// lasting returns the nodes that MinAvailable is about.
func (c *course) lasting(e Effect) map[string]bool {
	wanted := e.Wanted()
	would := map[string]bool{}
	for _, pods := range [][]rollout.Pod{c.before[e.Key], e.baseline().after[e.Key]} {
		for _, p := range pods {
			if p.Available && !p.Terminating {
				would[p.Node] = true
			}
		}
	}
	nodes := map[string]bool{}
	for _, p := range c.before[e.Key] {
		if !p.Terminating && would[p.Node] && wanted.Has(p.Node) {
			nodes[p.Node] = true
		}
	}
	return nodes
}
