package rollout

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// healthTable is what the node lifecycle controller and the garbage collector know of
// nodes beyond nodeState, and when they act next.
type healthTable struct {
	monitorFlags
	zones     []zone  // in the order in which they appeared
	nextPass  int32   // the tick of the monitor's next pass that may change something, or none
	probed    simTime // the monitor has seen signs of all nodes at this time
	nextGC    int32   // the tick of the garbage collector's next pass that may collect something, or none
	collected int32   // the tick in which it last had its turn
}

// monitorFlags is the flags of the controllers in seconds.
type monitorFlags struct {
	period, grace, startup simTime
	rate, secondaryRate    float32
	unhealthy              float32
	large                  int
	gcPeriod, quarantine   simTime
}

// longAgo is before all other times.
const longAgo simTime = math.MinInt32 / 2

// newHealthTable applies the defaults of the flags.
func newHealthTable(c *Config) healthTable {
	m := &c.ControllerManager
	h := healthTable{nextPass: none, nextGC: none, collected: none - 1, probed: longAgo}
	if c.Instant {
		h.grace, h.quarantine, h.gcPeriod = seconds(c.NodeGrace), seconds(c.PodGC), 1
		return h
	}
	or := func(d, standard time.Duration) simTime {
		if d == 0 {
			d = standard
		}
		return seconds(d)
	}
	h.monitorFlags = monitorFlags{
		period:  or(m.NodeMonitorPeriod, 5*time.Second),
		grace:   or(c.NodeGrace, 50*time.Second),
		startup: or(m.NodeStartupGracePeriod, 60*time.Second),
		rate:    orDefault(m.NodeEvictionRate, 0.1), secondaryRate: orDefault(m.SecondaryNodeEvictionRate, 0.01),
		unhealthy: orDefault(m.UnhealthyZoneThreshold, 0.55),
		large:     m.LargeClusterSizeThreshold,
		gcPeriod:  20, quarantine: or(c.PodGC, 40*time.Second),
	}
	if h.large == 0 {
		h.large = 50
	}
	return h
}

func orDefault(x, standard float64) float32 {
	if x == 0 {
		x = standard
	}
	return float32(x)
}

func (h *healthTable) fork() healthTable {
	f := *h
	f.zones = slices.Clone(h.zones)
	for i := range f.zones {
		z := &f.zones[i]
		z.queued, z.known = z.queued.clone(), z.known.clone()
	}
	return f
}

// The NoExecute taints of nodes that are not ready.
var (
	notReadyTaint    = corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute}
	unreachableTaint = corev1.Taint{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoExecute}
)

// nodeHealth is what a pass of the monitor looks at in a node.
type nodeHealth struct {
	ready                 corev1.ConditionStatus
	notReady, unreachable bool // it has the NoExecute taint
	excluded              bool // it does not count for its zone
	region, zone          string
}

func healthOf(object *corev1.Node) nodeHealth {
	h := nodeHealth{ready: kube.NodeReady(object), notReady: kube.HasTaint(object, &notReadyTaint), unreachable: kube.HasTaint(object, &unreachableTaint)}
	_, h.excluded = object.Labels[excludeDisruption]
	h.region, h.zone = kube.ZoneOf(object)
	return h
}

// needsPass reports whether a pass may have to act on the node itself.
func (h *nodeHealth) needsPass() bool {
	return h.ready != "" && (h.ready != corev1.ConditionTrue || h.notReady || h.unreachable)
}

// upTo rounds a moment up to a multiple of the period: passes are at those.
func upTo(moment, period simTime) simTime {
	n := moment / period
	if moment%period > 0 {
		n++
	}
	return n * period
}

// requestPass has the monitor pass over the nodes at or after a moment.
func (s *store) requestPass(from simTime) {
	if s.config.Instant {
		return
	}
	tick := s.tickOf(int64(upTo(max(from, s.clock), s.health.period)))
	if tick != none && (s.health.nextPass == none || tick < s.health.nextPass) {
		s.health.nextPass = tick
	}
}

// waitsForGrace reports whether the node's kubelet is down and the node is not Unknown
// yet.
func (s *store) waitsForGrace(node int32) bool {
	if !s.nodes[node].is(isDown) || !s.nodes[node].there() {
		return false
	}
	object, _ := borrow.From(s.cluster).Node(s.nodeNames[node].name)
	return kube.NodeReady(object) != corev1.ConditionUnknown
}

// graceEnds returns when a node whose kubelet is down may become Unknown: in the first
// pass at or after that (tryUpdateNodeHealth). Upstream a pass must come after it, and
// always does, since a pass takes time itself.
func (s *store) graceEnds(node int32) simTime {
	state := &s.nodes[node]
	if state.is(neverReported) {
		object, _ := borrow.From(s.cluster).Node(s.nodeNames[node].name)
		return s.simTimeOf(object.CreationTimestamp) + s.health.startup
	}
	return max(s.probe(node), s.health.probed) + s.health.grace
}

// probe returns when the monitor saw the last sign of a kubelet that is down: the pass
// that saw a lease renewed. A report makes the controller forget the lease, and the
// next pass takes the old lease for a renewed one (tryUpdateNodeHealth).
func (s *store) probe(node int32) simTime {
	state := &s.nodes[node]
	lease := upTo(s.leaseBy(node, state.silent-1), s.health.period)
	if report := upTo(state.posted, s.health.period); report > lease {
		return report + s.health.period
	}
	return lease
}

// renewal is how often a kubelet renews its lease
// (pkg/kubelet/kubelet.go: nodeLeaseRenewIntervalFraction).
const renewal simTime = 10

// leaseBy returns when a node's kubelet last renewed its lease, up to a moment.
func (s *store) leaseBy(node int32, moment simTime) simTime {
	return max(moment-((moment-s.leasePhase(node))%renewal+renewal)%renewal, s.nodes[node].started)
}

// leasePhase returns in which second of ten the node's kubelet renews its lease: a
// choice left to chance.
func (s *store) leasePhase(node int32) simTime {
	if s.config.Order == "" || s.config.Order == OrderByName {
		return 0
	}
	return kube.LeasePhase(s.config.Seed, s.nodeNames[node].name)
}

// pickQueued returns which of the nodes that wait in a zone is tainted first. In the
// controller that is chance: workers queue the nodes side by side in every pass.
func (s *store) pickQueued(z *zone) int32 {
	switch s.config.Order {
	case OrderFromScript:
		var all []int32
		for n := z.queued.next(0); n != none; n = z.queued.next(n + 1) {
			all = append(all, n)
		}
		return s.choose(z.String(), all, 1)[0]
	case OrderSeeded:
		return s.drawQueued(z)
	}
	return z.queued.next(0)
}

// drawQueued draws anew in every pass, and a pass that is left out counts too: each
// queues the nodes that lack their taint again (markNodeForTainting).
func (s *store) drawQueued(z *zone) int32 {
	pass := s.clock - s.clock%s.health.period
	first, least := none, uint64(math.MaxUint64)
	for n := z.queued.next(0); n != none; n = z.queued.next(n + 1) {
		var g rand.PCG
		g.Seed(s.config.Seed, uint64(uint32(pass))<<32^s.nodeNames[n].jitter)
		if x := g.Uint64(); x < least || first == none {
			first, least = n, x
		}
	}
	return first
}

// nextManaged returns the next tick in which the controller or the garbage collector
// may change something, or a tick after the last if there is none.
func (s *store) nextManaged() int32 {
	next := s.last + 1
	see := func(tick int32) {
		if tick != none {
			next = min(next, tick)
		}
	}
	if len(s.alarms) > 0 {
		see(s.alarms[0].tick)
	}
	see(s.health.nextPass)
	see(s.health.nextGC)
	for i := range s.health.zones {
		if z := &s.health.zones[i]; z.limit.rate > 0 && z.queued.next(0) != none {
			see(s.tickOf((z.limit.next + 9) / 10))
		}
	}
	return next
}

// orphan has the garbage collector see that a node with pods is gone.
func (s *store) orphan(node int32) {
	if s.config.Instant {
		s.alarm(collection, node, s.health.quarantine)
		return
	}
	s.wakeCollector()
}

// wakeCollector has the garbage collector look at pods in its next pass.
func (s *store) wakeCollector() {
	from := s.clock
	if s.health.collected == s.now {
		from++
	}
	s.requestCollection(from)
}

// wakeCollectorFor wakes it if pods on the node terminate.
func (s *store) wakeCollectorFor(node int32) {
	for id := range s.podsOn(node) {
		if s.pods[id].is(terminating) {
			s.wakeCollector()
			return
		}
	}
}

func (s *store) requestCollection(from simTime) {
	tick := s.tickOf(int64(upTo(from, s.health.gcPeriod)))
	if tick != none && (s.health.nextGC == none || tick < s.health.nextGC) {
		s.health.nextGC = tick
	}
}
