package rollout

import (
	"math"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// zone is the nodes of one region and zone, as their labels say; nodes without both
// labels are a zone too. NoExecute taints are given one by one in each
// (pkg/controller/nodelifecycle/node_lifecycle_controller.go: doNoExecuteTaintingPass).
type zone struct {
	region, name string
	state        zoneState
	queued       bitset // nodes that wait for a NoExecute taint
	known        bitset // nodes that wait or have waited since they were last reachable: they are not queued again
	limit        limiter
}

// String returns the zone for a Choice.
func (z *zone) String() string { return "zone/" + z.region + "/" + z.name }

// enqueue has a node wait for a taint, unless it has waited already
// (pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go: UniqueQueue.Add). An
// empty queue takes no token, so the first node takes one now at the earliest.
func (z *zone) enqueue(node int32, now simTime) {
	if z.known.has(node) {
		return
	}
	if z.queued.next(0) == none {
		z.limit.idle(now)
	}
	z.known.add(node)
	z.queued.add(node)
}

// forget lets the node wait again (UniqueQueue.Remove).
func (z *zone) forget(node int32) {
	z.known.remove(node)
	z.queued.remove(node)
}

func (z *zone) moveSlots(moved []int32, size int) {
	for _, b := range []*bitset{&z.queued, &z.known} {
		next := newBitset(size)
		for n := b.next(0); n != none; n = b.next(n + 1) {
			next.add(moved[n])
		}
		*b = next
	}
}

// limiter is a token bucket that holds one token
// (k8s.io/client-go/util/flowcontrol/throttle.go: NewTokenBucketRateLimiter). The
// controller asks it every 100 ms.
type limiter struct {
	rate float32 // tokens a second; 0 or less: none
	next int64   // when there is a token, in tenths of a second since tick 0
}

func (l *limiter) interval() int64 { return int64(math.Ceil(10 / float64(l.rate))) }

// idle notes that nobody took a token before now.
func (l *limiter) idle(now simTime) { l.next = max(l.next, int64(now)*10) }

// accept takes the next token if there is one by now.
func (l *limiter) accept(now simTime) bool {
	if l.rate <= 0 || l.next > int64(now)*10 {
		return false
	}
	l.next += l.interval()
	return true
}

// swap changes the rate. The new limiter has a token if the old one has
// (pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go: SwapLimiter).
func (l *limiter) swap(rate float32, now simTime) {
	if rate == l.rate {
		return
	}
	had := l.accept(now)
	*l = limiter{rate: rate, next: int64(now) * 10}
	if !had && rate > 0 {
		l.next += l.interval()
	}
}

// zoneState is how many of a zone's nodes are ready.
type zoneState uint8

const (
	zoneInitial zoneState = iota // not counted yet
	zoneNormal
	zonePartial // at least three nodes, and a large share, are not ready
	zoneFull    // none is ready
)

// zoneCount counts the nodes of a zone by readiness.
type zoneCount struct{ ready, notReady int }

func (c *zoneCount) add(ready bool) {
	if ready {
		c.ready++
	} else {
		c.notReady++
	}
}

// state is ComputeZoneState.
func (c zoneCount) state(unhealthy float32) zoneState {
	switch {
	case c.ready == 0 && c.notReady > 0:
		return zoneFull
	case c.notReady > 2 && float32(c.notReady)/float32(c.notReady+c.ready) >= unhealthy:
		return zonePartial
	}
	return zoneNormal
}

// excludeDisruption is the label of nodes that do not count for their zone
// (isNodeExcludedFromDisruptionChecks).
const excludeDisruption = "node.kubernetes.io/exclude-disruption"

// zoneOf returns the index of a node's zone, or -1.
func (h *healthTable) zoneOf(object *corev1.Node) int {
	region, name := kube.ZoneOf(object)
	for i := range h.zones {
		if h.zones[i].region == region && h.zones[i].name == name {
			return i
		}
	}
	return -1
}

func (s *store) addZone(object *corev1.Node) int {
	region, name := kube.ZoneOf(object)
	s.health.zones = append(s.health.zones, zone{
		region: region, name: name, queued: newBitset(len(s.nodes)), known: newBitset(len(s.nodes)),
		limit: limiter{rate: s.health.rate, next: int64(s.clock) * 10},
	})
	return len(s.health.zones) - 1
}

// dropZones forgets the zones without nodes.
func (h *healthTable) dropZones(used []bool) {
	kept := h.zones[:0]
	for i := range h.zones {
		if used[i] {
			kept = append(kept, h.zones[i])
		}
	}
	clear(h.zones[len(kept):])
	h.zones = kept
}

// calm forgets all zones if every node is ready and every limiter has its token: the
// next pass would find the same zones.
func (h *healthTable) calm(now simTime) {
	for i := range h.zones {
		z := &h.zones[i]
		if z.state != zoneNormal || z.known.next(0) != none || z.limit.next > int64(now)*10 {
			return
		}
	}
	h.zones = nil
}

// rateOf returns the rate of a zone in a state (setLimiterInZone, ReducedQPSFunc).
func (h *healthTable) rateOf(state zoneState, nodes int) float32 {
	switch {
	case state != zonePartial:
		return h.rate
	case nodes > h.large:
		return h.secondaryRate
	}
	return 0
}
