package rollout

import (
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/placement"
)

// processTaints sets or cancels the eviction of pods on nodes whose NoExecute
// taints may have changed in this tick. It uses the taints at the end of the
// inputs, not those in between (pkg/controller/tainteviction/taint_eviction.go:
// handleNodeUpdate).
func (e *evictions) processTaints() {
	for _, node := range e.taintsChanged {
		for id := range e.podsOn(node) {
			e.processPodTaints(id)
			e.kubelets.arm(id)
		}
	}
	e.taintsChanged = e.taintsChanged[:0]
}

// processTaintsOf calls processPodTaints for the DaemonSet's pods, after its
// eligible nodes may have changed.
func (e *evictions) processTaintsOf(d *daemonSet) {
	for n := range d.head {
		for id := d.head[n]; id != none && e.nodes[n].is(hasNoExecute); id = e.pods[id].next {
			e.processPodTaints(id)
			e.kubelets.arm(id)
		}
	}
}

// processPodTaints sets when the pod is evicted. A time that is set stays while
// taints change, as long as any taint limits the time that the pod tolerates,
// even if that is shorter then (pkg/controller/tainteviction/taint_eviction.go:
// processPodOnNode).
func (e *evictions) processPodTaints(id int32) {
	p := &e.pods[id]
	if !p.is(bound) || p.node == none || !e.nodes[p.node].there() {
		return
	}
	seconds, tolerated := int64(math.MaxInt64), true
	if e.nodes[p.node].is(hasNoExecute) && !e.excluded(p) {
		seconds, tolerated = minTolerationTime(e.tolerations(p), e.taintsOf(p.node))
	}
	switch {
	case seconds == math.MaxInt64:
		p.evict = never
	case !tolerated:
		p.evict = e.clock
	case p.evict == never:
		p.evict = simTime(min(int64(e.clock)+seconds, int64(end)))
	}
}

// evictTainted deletes the pod.
func (e *evictions) evictTainted(id int32) {
	p := &e.pods[id]
	e.emitPod(EventEvicted, id, e.whyTainted(p))
	p.evict = never
	e.kubelets.deletePod(id)
}

// whyTainted returns which taints evict the pod, and whether its successor is
// evicted too.
func (e *evictions) whyTainted(p *pod) cause {
	w := cause{Reason: ReasonTolerationExpired}
	if p.owner != none && e.evictsAgain(e.daemonSets.at[p.owner], p.node) {
		w.Reason = ReasonEvictionLoop
	}
	var words []string
	tolerations := e.tolerations(p)
	for _, taint := range e.taintsOf(p.node) {
		if taint.Effect != corev1.TaintEffectNoExecute {
			continue
		}
		switch t := tolerationOf(tolerations, &taint); {
		case t == nil:
			return cause{Reason: ReasonTaintNotTolerated, Detail: taint.ToString()}
		case t.TolerationSeconds != nil:
			words = append(words, taint.ToString()+" for "+strconv.FormatInt(*t.TolerationSeconds, 10)+" s")
		}
	}
	w.Detail = strings.Join(words, ", ")
	return w
}

// evictsAgain reports whether a pod that the DaemonSet creates for the node now
// will be evicted: it tolerates a NoExecute taint, but only for a time.
func (e *evictions) evictsAgain(d *daemonSet, node int32) bool {
	if d.decision[node] != placement.Eligible {
		return false
	}
	seconds, _ := minTolerationTime(d.workload.Pod().Spec.Tolerations, e.taintsOf(node))
	return seconds < math.MaxInt64
}
