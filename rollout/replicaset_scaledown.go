package rollout

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/kube"
)

// podsToDelete returns the active pods of the ReplicaSet that a scale-down
// deletes first (pkg/controller/replicaset/replica_set.go: getPodsToDelete). It
// reorders its argument. Among pods that no rule tells apart Kubernetes takes
// whichever its cache lists first. Here they are ordered by name, or according to
// Config.Order.
func (rsc *replicaSetController) podsToDelete(rs *replicaSet, active []int32, n int) []int32 {
	if n >= len(active) {
		return active
	}
	r := rsc.newRanking(rs)
	defer r.forget()
	slices.SortStableFunc(active, func(a, b int32) int {
		if c := r.compare(a, b); c != 0 {
			return c
		}
		return r.tie(a, b)
	})
	if rsc.config.Order == OrderFromScript {
		rsc.chooseDeletions(rs, active, n, r)
	}
	return active[:n]
}

// chooseDeletions lets the script choose among the pods that no rule tells from
// the last of n.
func (rsc *replicaSetController) chooseDeletions(rs *replicaSet, active []int32, n int, r *deletionRanking) {
	from, to := n-1, n
	for from > 0 && r.compare(active[from-1], active[n-1]) == 0 {
		from--
	}
	for to < len(active) && r.compare(active[n-1], active[to]) == 0 {
		to++
	}
	equals := slices.Clone(active[from:to])
	copy(active[from:n], rsc.choose(rsc.fullKeyOfSet(rs), equals, n-from))
}

// deletionRanking is the order in which a scale-down deletes pods
// (pkg/controller/controller_utils.go: ActivePodsWithRanks.Less).
type deletionRanking struct {
	rsc     *replicaSetController
	related []int32 // the active pods of all ReplicaSets of the Deployment
}

// newRanking counts the pods of each node, over all ReplicaSets of the same
// Deployment. Pods of a ReplicaSet without a Deployment are not counted.
func (rsc *replicaSetController) newRanking(rs *replicaSet) *deletionRanking {
	r := &deletionRanking{rsc: rsc}
	if rs.deployment == none {
		return r
	}
	if len(rsc.together) < len(rsc.nodes) {
		rsc.together = make([]int32, len(rsc.nodes))
	}
	for _, slot := range rsc.deployments.at[rs.deployment].mine {
		for _, id := range rsc.replicaSets.at[slot].pods {
			if p := &rsc.pods[id]; p.live() && p.is(bound) {
				r.related = append(r.related, id)
				rsc.together[p.node]++
			}
		}
	}
	return r
}

// forget resets the counts to zero for the next ranking.
func (r *deletionRanking) forget() {
	for _, id := range r.related {
		r.rsc.together[r.rsc.pods[id].node] = 0
	}
}

// company returns how many pods are on the same node as a bound pod.
func (r *deletionRanking) company(p *pod) int32 {
	if !p.is(bound) || int(p.node) >= len(r.rsc.together) {
		return 0
	}
	return r.rsc.together[p.node]
}

// compare orders two pods by which is deleted first. It returns 0 if no rule
// tells them apart.
func (r *deletionRanking) compare(a, b int32) int {
	p, q := &r.rsc.pods[a], &r.rsc.pods[b]
	c, d := r.rsc.classes[p.class], r.rsc.classes[q.class]
	switch {
	case p.is(bound) != q.is(bound):
		return before(!p.is(bound))
	case p.phase != q.phase:
		return before(p.phase == pending)
	case p.is(isReady) != q.is(isReady):
		return before(!p.is(isReady))
	case c.cost != d.cost:
		return before(c.cost < d.cost)
	case r.company(p) != r.company(q):
		return before(r.company(p) > r.company(q))
	case p.is(isReady) && p.readied != q.readied:
		return r.younger(a, b, p.readied, q.readied)
	}
	if x, y := r.rsc.kubelets.restartsOf(a), r.rsc.kubelets.restartsOf(b); x != y {
		return before(x.containers > y.containers || x.containers == y.containers && x.sidecars > y.sidecars)
	}
	if p.created != q.created {
		return r.younger(a, b, p.created, q.created)
	}
	return 0
}

// younger compares times, the more coarsely the older they are: if both ages are
// in the same power of two of nanoseconds, the UID decides
// (pkg/controller/controller_utils.go: logarithmicRankDiff).
func (r *deletionRanking) younger(a, b int32, x, y simTime) int {
	const unset = math.MinInt32 / 2
	if x == never || y == never || x <= unset || y <= unset {
		return before(x == never || x <= unset)
	}
	if m, n := r.magnitude(x), r.magnitude(y); m != n {
		return before(m < n)
	}
	return strings.Compare(string(r.rsc.uidOf(a)), string(r.rsc.uidOf(b)))
}

func (r *deletionRanking) magnitude(at simTime) int {
	if age := float64(r.rsc.clock-at) * 1e9; age > 0 {
		return int(math.Log2(age))
	}
	return -1
}

// tie orders pods that no rule tells apart.
func (r *deletionRanking) tie(a, b int32) int {
	if r.rsc.config.Order != OrderSeeded {
		return r.rsc.compareNames(a, b)
	}
	draw := func(id int32) uint64 {
		var g rand.PCG
		g.Seed(r.rsc.config.Seed^kube.HashName(r.rsc.podName(id)), uint64(uint32(r.rsc.now))<<32|uint64(uint32(r.rsc.round)))
		return g.Uint64()
	}
	return before(draw(a) < draw(b))
}
