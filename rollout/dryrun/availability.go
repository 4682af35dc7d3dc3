package dryrun

import (
	"slices"
	"time"

	"github.com/berthsim/berth/rollout"
)

// watch follows which pods of one DaemonSet or Deployment are available, by reading the
// events of a simulation.
type watch struct {
	minReady int // seconds
	pods     map[string]*watched
	up       func(node string, by int) // is told of each pod that becomes available or ceases to be, by 1 or -1
}

type watched struct {
	node      string
	available bool
}

// newWatch begins with the pods before the first tick. Those that are ready become
// available or cease to be where the edits change minReadySeconds.
func newWatch(pods []rollout.Pod, minReady int, available func(rollout.Pod) bool, up func(string, int)) *watch {
	w := &watch{minReady: minReady, pods: map[string]*watched{}, up: up}
	for _, p := range pods {
		x := &watched{node: p.Node}
		w.pods[p.Name] = x
		w.set(x, !p.Terminating && available(p))
	}
	return w
}

func (w *watch) set(p *watched, available bool) {
	if p == nil || p.available == available {
		return
	}
	p.available = available
	w.up(p.node, map[bool]int{true: 1, false: -1}[available])
}

// see takes an event of the workload.
func (w *watch) see(e *rollout.Event) {
	p := w.pods[e.Pod]
	switch e.Kind {
	case rollout.Created, rollout.Adopted:
		if p == nil && e.Pod != "" {
			w.pods[e.Pod] = &watched{node: e.Node}
		}
	case rollout.Bound:
		if p != nil {
			p.node = e.Node
		}
	case rollout.Ready:
		if w.minReady == 0 {
			w.set(p, true)
		}
	case rollout.Available:
		w.set(p, true)
	case rollout.Unready, rollout.Failed, rollout.Deleted, rollout.UserDeleted, rollout.Evicted, rollout.Preempted, rollout.Collected,
		rollout.Stopped, rollout.Orphaned, rollout.Released:
		w.set(p, false)
	}
}

// worst is when fewest nodes of a DaemonSet had an available pod.
type worst struct {
	available, of int
	after         time.Duration // from the edits, the first time
	down          []string      // the nodes without one then, ascending
}

// worst looks at the nodes that AtWorst is about.
func (e Effect) worst() worst {
	c := e.course()
	lasting := c.lasting(e)
	found := worst{of: len(lasting)}
	if len(lasting) == 0 {
		return found
	}
	up, count := map[string]int{}, 0
	w := newWatch(c.before[e.Key], e.minReady(), e.availableFrom(), func(node string, by int) {
		was := up[node] > 0
		if up[node] += by; lasting[node] && was != (up[node] > 0) {
			count += by
		}
	})
	found.available = -1
	look := func(tick int) {
		if found.available >= 0 && count >= found.available {
			return
		}
		found.available, found.after, found.down = count, e.plan.duration(tick-c.start), nil
		for node := range lasting {
			if up[node] <= 0 {
				found.down = append(found.down, node)
			}
		}
	}
	tick, seen := c.start, false
	for i := range c.trace {
		ev := &c.trace[i]
		if ev.Tick != tick && seen {
			look(tick)
		}
		if tick, seen = ev.Tick, true; ev.DaemonSet == e.Key {
			w.see(ev)
		}
	}
	look(max(tick, c.start+1))
	slices.Sort(found.down)
	return found
}

// minReady is the DaemonSet's minReadySeconds after the edits.
func (e Effect) minReady() int {
	switch {
	case e.after != nil:
		return int(e.after.object.Spec.MinReadySeconds)
	case e.before != nil:
		return int(e.before.object.Spec.MinReadySeconds)
	}
	return 0
}

// availableFrom reports whether a pod is available in the first tick with the edits, by
// their minReadySeconds, unless something happens to it there.
func (e Effect) availableFrom() func(rollout.Pod) bool {
	if e.before == nil || e.before.object.Spec.MinReadySeconds == int32(e.minReady()) {
		return func(p rollout.Pod) bool { return p.Available }
	}
	tick, start, need := e.plan.tick(), e.course().start, time.Duration(e.minReady())*time.Second
	return func(p rollout.Pod) bool { return p.Ready && time.Duration(start+1-p.Since)*tick >= need }
}
