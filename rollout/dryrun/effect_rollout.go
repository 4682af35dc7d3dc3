package dryrun

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// course is one finished simulation: of the cluster with the edits, or of the baseline
// without them. Workloads have keys with their kind.
type course struct {
	sim       *rollout.Sim // at the end; guarded by lock
	lock      sync.Mutex
	end       *cluster.Cluster // at the end, computed on first use; guarded by lock
	start     int              // the tick before the first of the trace
	trace     rollout.Trace
	rolled    map[string]map[string]bool // by DaemonSet, the nodes where a rolling update replaced the pod
	before    map[string][]rollout.Pod
	after     map[string][]rollout.Pod
	ends      map[string]ending                 // of each DaemonSet and Deployment, by its key with the kind
	current   map[string]int64                  // by DaemonSet: its revision at the end
	deployed  map[string]map[podChange][]string // by Deployment: its pods by what happens to them
	refused   []string
	unsettled bool
}

// ending is the result for a DaemonSet or Deployment.
type ending struct {
	state   rollout.State
	waiting []diagnosis.Wait
	last    int    // the ticks until its last event; 0 if it has none
	waves   int    // the ticks in which its rolling update deleted old pods or created new ones beside them
	wave    int    // the last of these ticks
	print   uint64 // of its events, without the names of pods: equal if the same happened
}

// simulate runs the plan's edits. Malformed edits were refused before.
func (p *Plan) simulate() *course {
	sim, err := p.Sim()
	if err != nil {
		sim, _ = p.base.forked(p.base.cluster)
		return &course{sim: sim, refused: []string{err.Error()}}
	}
	return p.base.run(sim)
}

// run runs a simulation until it settles or reaches the horizon.
func (b *Baseline) run(sim *rollout.Sim) *course {
	c := &course{sim: sim, start: sim.Now(), rolled: map[string]map[string]bool{},
		before: map[string][]rollout.Pod{}, after: map[string][]rollout.Pod{}, ends: map[string]ending{}, current: map[string]int64{}}
	c.before = c.pods()
	turns := map[string]int{}
	for events := range sim.Run(b.ticks()) {
		c.trace = append(c.trace, events...)
		if loops(events, turns) {
			break
		}
	}
	c.unsettled = !sim.Settled()
	for i := range c.trace {
		c.note(&c.trace[i])
	}
	c.close()
	return c
}

// loops reports whether pods were evicted from a node for the third time, and would be
// evicted in a loop. It counts in turns.
func loops(events []rollout.Event, turns map[string]int) bool {
	endless := false
	for _, e := range events {
		if e.Kind == rollout.EventEvicted && e.Reason == rollout.ReasonEvictionLoop {
			id := e.Key + " " + e.Node
			turns[id]++
			endless = endless || turns[id] > 2
		}
	}
	return endless
}

// pods returns the present pods of every DaemonSet and Deployment. A DaemonSet's pods
// are also listed under its key without the kind.
func (c *course) pods() map[string][]rollout.Pod {
	all := map[string][]rollout.Pod{}
	for _, key := range c.sim.Keys() {
		all[key], _ = c.sim.Pods(key)
		if plain, ok := strings.CutPrefix(key, kube.DaemonSetKind); ok {
			all[plain] = all[key]
		}
	}
	return all
}

// close reads what callers ask about the end, because a Sim is not safe for concurrent
// use.
func (c *course) close() {
	c.after = c.pods()
	for _, key := range c.sim.Keys() {
		if plain, ok := strings.CutPrefix(key, kube.DaemonSetKind); ok {
			c.current[plain] = c.revision(key)
		}
		c.conclude(key)
	}
	c.deployed = c.deployments()
}

func (c *course) conclude(key string) {
	e := c.ends[key]
	e.state = c.sim.State(key)
	e.waiting, _ = diagnosis.Waiting(c.sim, key)
	c.ends[key] = e
}

// cluster returns the cluster at the end.
func (c *course) cluster() *cluster.Cluster {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.end == nil {
		c.end = c.sim.Cluster()
	}
	return c.end
}

// fork returns a copy of the simulation at the end.
func (c *course) fork() *rollout.Sim {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.sim.Fork()
}

// baseline returns the simulation without the edits. For the zero Effect it is empty.
func (e effect) baseline() *course {
	if e.plan == nil {
		return &course{}
	}
	return e.plan.base.baseline()
}

// course returns the simulation of the plan. For the zero Effect it is empty.
func (e effect) course() *course {
	if e.plan == nil {
		return &course{}
	}
	return e.plan.course()
}

// ofDaemonSet reports whether the event is about a DaemonSet or its pod.
func ofDaemonSet(e *rollout.Event) bool { return strings.HasPrefix(e.Key, kube.DaemonSetKind) }

func (c *course) note(e *rollout.Event) {
	if key := e.Key; key != "" && e.Kind != rollout.EventInputUnchanged {
		end := c.ends[key]
		end.last = e.Tick - c.start
		if beginsWave(e.Reason) && end.wave != end.last {
			end.waves, end.wave = end.waves+1, end.last
		}
		h := fnv.New64a()
		fmt.Fprint(h, end.print, end.last, e.Kind, e.Node, e.Reason)
		end.print = h.Sum64()
		c.ends[key] = end
	}
	switch {
	case e.Kind == rollout.EventInputRefused:
		c.refused = append(c.refused, e.Detail)
	case (e.Kind == rollout.EventDeleted || e.Kind == rollout.EventCreated) && rolling(e.Reason):
		key := strings.TrimPrefix(e.Key, kube.DaemonSetKind)
		if c.rolled[key] == nil {
			c.rolled[key] = map[string]bool{}
		}
		c.rolled[key][e.Node] = true
	}
}

// rolling reports whether the reason is one of the rolling update
// (pkg/controller/daemon/update.go: rollingUpdate) and not of manage.
func rolling(r rollout.Reason) bool {
	switch r {
	case rollout.ReasonMaxUnavailable, rollout.ReasonOldUnavailable, rollout.ReasonOldNotReady, rollout.ReasonNewAvailable, rollout.ReasonOldUnwanted,
		rollout.ReasonSurplusAvailable, rollout.ReasonMaxSurge, rollout.ReasonOldUnavailableSurge:
		return true
	}
	return false
}

// beginsWave reports whether the reason is that an update may go on to another node.
func beginsWave(r rollout.Reason) bool {
	switch r {
	case rollout.ReasonMaxUnavailable, rollout.ReasonOldUnavailable, rollout.ReasonMaxSurge, rollout.ReasonOldUnavailableSurge:
		return true
	}
	return false
}

// pods returns the changes to the DaemonSet's pods that would not happen without the
// edits, by node. It runs the simulation.
func (e effect) pods() PodChanges {
	c := e.course()
	base := e.baseline()
	before, after := podsByNode(c.before[e.key]), podsByNode(c.after[e.key])
	wasBefore, wasAfter := podsByNode(base.before[e.key]), podsByNode(base.after[e.key])
	names := map[podChange][]string{}
	for _, node := range nodesOf(before, after) {
		is := e.podChange(before[node], after[node], c.rolled[e.key][node], c.current[e.key])
		was := e.podChange(wasBefore[node], wasAfter[node], base.rolled[e.key][node], base.current[e.key])
		if is != unchanged && (is != was || hashOf(after[node]) != hashOf(wasAfter[node])) {
			names[is] = append(names[is], node)
		}
	}
	return podChanges(names)
}

// podChange is the change to the pods on a node: one of the lists of PodChanges.
type podChange uint8

const (
	unchanged podChange = iota
	created
	updated
	recreated
	deleted
	dropped
	outdated
	evicted
	preempted
)

// podChange returns the change on a node from the pods before and after.
func (e effect) podChange(had, has []rollout.Pod, rolled bool, current int64) podChange {
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
	case e.action == ActionChanged && stale(had, has, current):
		return outdated
	}
	return unchanged
}

// hashOf returns the template hash of the first of a node's pods that is not terminating.
func hashOf(pods []rollout.Pod) string {
	for _, p := range pods {
		if !p.Terminating {
			return p.Hash
		}
	}
	return ""
}

// shared reports whether one of the pods still exists.
func shared(had, has []rollout.Pod) bool {
	return slices.ContainsFunc(had, func(p rollout.Pod) bool {
		return slices.ContainsFunc(has, func(q rollout.Pod) bool { return p.Name == q.Name })
	})
}

// stale reports whether a pod of an earlier revision is left from before.
func stale(had, has []rollout.Pod, current int64) bool {
	return slices.ContainsFunc(has, func(q rollout.Pod) bool {
		return q.Revision != current && slices.ContainsFunc(had, func(p rollout.Pod) bool { return p.Name == q.Name })
	})
}

// revision returns the DaemonSet's current revision at the end, or 0 if there is none.
func (c *course) revision(key string) int64 {
	history, _ := c.sim.History(key)
	if len(history) == 0 {
		return 0
	}
	return history[len(history)-1].Number
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

// ending returns the end of the DaemonSet in the plan's simulation, which it runs.
func (e effect) ending() ending { return e.course().ends[kube.DaemonSetKey(e.key)] }

// waits returns the nodes that keep the DaemonSet's rollout from completing once
// nothing happens any more, or at the horizon. It leaves out nodes that would do so
// without the edits too. It runs the simulation.
func (e effect) waits() []diagnosis.Wait {
	return newWaits(e.ending().waiting, e.baseline().ends[kube.DaemonSetKey(e.key)].waiting)
}

// newWaits returns the waits that the baseline does not have: on another node, or with
// another cause, unless both are for an existing pod that is not available.
func newWaits(is, was []diagnosis.Wait) []diagnosis.Wait {
	known := map[string]diagnosis.Blocker{}
	for _, w := range was {
		known[w.Node] = w.Blocker
	}
	return slices.DeleteFunc(slices.Clone(is), func(w diagnosis.Wait) bool {
		before, did := known[w.Node]
		return did && (before == w.Blocker || ofPod(before) && ofPod(w.Blocker))
	})
}

// ofPod reports whether a wait is for the pod itself and not for its turn in the
// update.
func ofPod(c diagnosis.Blocker) bool {
	switch c {
	case diagnosis.BlockerUnschedulable, diagnosis.BlockerNotStarted, diagnosis.BlockerNotReady, diagnosis.BlockerMinReadySeconds, diagnosis.BlockerTerminating, diagnosis.BlockerFailedPodBackoff:
		return true
	}
	return false
}

// completes reports whether the changes that the plan causes complete: every wanted pod
// is updated and available, except on nodes where none would be without the edits. It
// runs the simulation.
func (e effect) completes() bool {
	state := e.ending().state
	return state == rollout.StateDone || state == rollout.StateStuck && len(e.waits()) == 0
}

// lasting returns the nodes whose availability matters: they had a pod before, still
// want one, and had it available or would have without the edits. Terminating pods do
// not count.
func (c *course) lasting(e effect) map[string]bool {
	wanted := e.wanted()
	would := map[string]bool{}
	for _, pods := range [][]rollout.Pod{c.before[e.key], e.baseline().after[e.key]} {
		for _, p := range pods {
			if p.Available && !p.Terminating {
				would[p.Node] = true
			}
		}
	}
	nodes := map[string]bool{}
	for _, p := range c.before[e.key] {
		if !p.Terminating && would[p.Node] && wanted.Has(p.Node) {
			nodes[p.Node] = true
		}
	}
	return nodes
}
