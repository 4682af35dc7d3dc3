package rollout

import (
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/placement"
)

// The taint eviction controller deletes pods that do not tolerate the NoExecute
// taints of their node: at once, or when the time is over that their tolerations
// grant. Here it leaves to the DaemonSet controller the pods that this deletes,
// at the same moment, because the node excludes them.

// patience is for how many seconds a pod with the tolerations stays on a node
// with the taints; math.MaxInt64 if for ever. Of each taint the first toleration
// counts that fits it, of all taints the shortest; what is not above 0 is 0
// (pkg/apis/core/v1/helper: GetMatchingTolerations; pkg/controller/tainteviction:
// getMinTolerationTime).
func patience(tolerations []corev1.Toleration, taints []corev1.Taint) (seconds int64, tolerated bool) {
	seconds = math.MaxInt64
	for i := range taints {
		if taints[i].Effect != corev1.TaintEffectNoExecute {
			continue
		}
		t := tolerationOf(tolerations, &taints[i])
		if t == nil {
			return 0, false
		}
		if t.TolerationSeconds != nil {
			seconds = min(seconds, max(0, *t.TolerationSeconds))
		}
	}
	return seconds, true
}

func tolerationOf(tolerations []corev1.Toleration, taint *corev1.Taint) *corev1.Toleration {
	for i := range tolerations {
		if t := (placement.Toleration{Toleration: tolerations[i]}); t.Tolerates(taint) {
			return &tolerations[i]
		}
	}
	return nil
}

func (s *Sim) tolerations(p *pod) []corev1.Toleration {
	if p.name >= 0 {
		return s.classes[p.class].tolerates
	}
	return withPatience(s.named[^p.name].Spec.Tolerations)
}

// withPatience adds what an API server does: a pod tolerates for five minutes
// that its node is not ready or unreachable, unless it says otherwise, as those
// of DaemonSets do (plugin/pkg/admission/defaulttolerationseconds).
func withPatience(list []corev1.Toleration) []corev1.Toleration {
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		taint := corev1.Taint{Key: key, Effect: corev1.TaintEffectNoExecute}
		if tolerationOf(list, &taint) == nil {
			seconds := int64(300)
			list = append(list[:len(list):len(list)], corev1.Toleration{
				Key: key, Operator: corev1.TolerationOpExists, Effect: taint.Effect, TolerationSeconds: &seconds,
			})
		}
	}
	return list
}

// retaint notes a node's NoExecute taints after it has changed.
func (s *Sim) retaint(node int32, object *corev1.Node) {
	was := s.nodes[node].is(expels)
	s.nodes[node].flags &^= expels
	for i := range object.Spec.Taints {
		if object.Spec.Taints[i].Effect == corev1.TaintEffectNoExecute {
			s.nodes[node].flags |= expels
		}
	}
	if was || s.nodes[node].is(expels) {
		s.retainted = append(s.retainted, node)
	}
}

// expel has the pods on nodes whose NoExecute taints may have changed in this tick
// be turned out, or not any more: by what the taints are now, and not by what they
// were in between (pkg/controller/tainteviction: handleNodeUpdate).
func (s *Sim) expel() {
	for _, node := range s.retainted {
		for id := range s.podsOn(node) {
			s.expelPod(id)
			s.arm(id)
		}
	}
	s.retainted = s.retainted[:0]
}

// expelAll is expel for the DaemonSet's pods, after it may want other nodes.
func (s *Sim) expelAll(d *daemon) {
	for n := range d.head {
		for id := d.head[n]; id != none && s.nodes[n].is(expels); id = s.pods[id].next {
			s.expelPod(id)
			s.arm(id)
		}
	}
}

// expelPod sets when the pod is turned out. A time that is set stays while taints
// change but there are any that end the pod's patience, even if it is shorter then
// (pkg/controller/tainteviction: processPodOnNode).
func (s *Sim) expelPod(id int32) {
	p := &s.pods[id]
	if !p.is(bound) || p.node == none || !s.nodes[p.node].there() {
		return
	}
	seconds, tolerated := int64(math.MaxInt64), true
	if s.nodes[p.node].is(expels) && !s.excluded(p) {
		seconds, tolerated = patience(s.tolerations(p), s.taintsOf(p.node))
	}
	switch {
	case seconds == math.MaxInt64:
		p.evict = never
	case !tolerated:
		p.evict = s.clock
	case p.evict == never:
		p.evict = stamp(min(int64(s.clock)+seconds, int64(end)))
	}
}

// excluded says whether the pod is its DaemonSet's to delete.
func (s *Sim) excluded(p *pod) bool {
	return p.owner != none && s.daemons[p.owner].decision[p.node] == placement.Excluded
}

func (s *Sim) taintsOf(node int32) []corev1.Taint {
	object, ok := s.cluster.Borrow().Node(s.roster[node].name)
	if !ok {
		return nil
	}
	return object.Spec.Taints
}

// evictTick is when the pod is turned out, or none.
func (s *Sim) evictTick(p *pod) int32 {
	if p.evict == never || p.is(terminating) || p.phase == vacant {
		return none
	}
	return s.tickOf(int64(p.evict))
}

// turnOut deletes the pod.
func (s *Sim) turnOut(id int32) {
	p := &s.pods[id]
	s.emitPod(Evicted, id, s.whyOut(p))
	p.evict = never
	s.deletePod(id)
}

// whyOut says which taints turn the pod out, and whether that comes again.
func (s *Sim) whyOut(p *pod) Why {
	w := Why{Rule: OutOfTime}
	if p.owner != none && s.turnsOutAgain(s.daemons[p.owner], p.node) {
		w.Rule = OutAgain
	}
	var words []string
	tolerations := s.tolerations(p)
	for _, taint := range s.taintsOf(p.node) {
		if taint.Effect != corev1.TaintEffectNoExecute {
			continue
		}
		switch t := tolerationOf(tolerations, &taint); {
		case t == nil:
			return Why{Rule: NotTolerated, Detail: taint.ToString()}
		case t.TolerationSeconds != nil:
			words = append(words, taint.ToString()+" for "+strconv.FormatInt(*t.TolerationSeconds, 10)+" s")
		}
	}
	w.Detail = strings.Join(words, ", ")
	return w
}

// turnsOutAgain says whether a pod that the DaemonSet makes for the node now will
// not stay there: it tolerates a NoExecute taint, but only for a time.
func (s *Sim) turnsOutAgain(d *daemon, node int32) bool {
	if d.decision[node] != placement.Eligible {
		return false
	}
	seconds, _ := patience(d.workload.Pod().Spec.Tolerations, s.taintsOf(node))
	return seconds < math.MaxInt64
}
