package rollout

import (
	"iter"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// end is where time ends: 34 years after tick 0, or after a billion ticks.
const end stamp = math.MaxInt32 / 2

// Sim is one simulation. It adopts the DaemonSets, revisions and pods of the
// cluster: on a settled dump the first tick changes nothing. Not safe for
// concurrent use; forks are independent of one another. The zero Sim is empty and
// without time: it takes no inputs, and no tick passes.
type Sim struct {
	config Config
	start  int64 // Unix time of tick 0
	step   stamp // seconds per tick
	last   int32 // the last tick before the end of time
	gc     stamp
	grace  stamp
	paces  []pace
	spread times

	now     int32
	clock   stamp // of now
	round   int32
	busy    bool             // something changed in this round
	cluster *cluster.Cluster // its nodes are those of now, it has no pods, and all else is as it was at the start

	roster  []name
	nodes   []nodeState
	daemons []*daemon // by slot; nil is free
	order   []int32   // slots ascending by key
	serials map[string]int32

	sets        registry[*replicaSet]
	deployments registry[*deployment]
	arena       arena // where their pods are scheduled

	pods    []pod
	free    int32   // the first free place
	loose   []int32 // by node: pods that no DaemonSet owns
	unbound []int32 // pods for the scheduler
	classes []*class
	live    []int32       // by class: pods that a DaemonSet owns
	numbers []int64       // by class: number of their revision
	fresh   []bool        // by class: of the current revision
	named   []*corev1.Pod // adopted pods, as they were
	loads   []*placement.Load

	restarted map[int32]pastRestarts // pods that were in a crash loop

	room       *placement.Room // nil: all nodes are open
	position   []int32         // by slot: the node's in the room, or none; shared between forks and replaced when it changes
	unsurveyed bool            // both are of an earlier time
	freed      bool            // unbound pods may fit now

	orphans []revision // of no controller, ascending by name
	foreign []revision // of others

	agenda   agenda
	alarms   []alarm
	inputs   []scheduled
	troubles []trouble
	reasons  []string // of pods, by number
	choices  []Choice // of a scripted order

	drains   []drain // in progress
	epoch    uint64  // counts events: where it is the same, nothing has changed
	notes    []note  // of this tick, until it is reported
	events   []Event // of earlier ticks and of this one
	told     int     // how many of them are of earlier ones
	expected int     // how many there were in the last tick with any
	quiet    bool    // nobody reads events: but for Refused ones there are only notes
	names    *speller

	// Scratch, empty between ticks.
	due       []int32
	scratch   scratch
	retainted []int32 // nodes
	walked    []int32 // nodes
	together  []int32 // by node, zero: how many pods a scale-down finds there
	doomed    []deletion
	creations []creation
	deletions []deletion
}

// Now is the last tick; -1 before the first.
func (s *Sim) Now() int { return int(s.now) }

// Time is the virtual time of a tick.
func (s *Sim) Time(tick int) time.Time {
	return time.Unix(s.start+int64(tick)*int64(s.step), 0).UTC()
}

func (s *Sim) timestamp(at stamp) metav1.Time {
	return metav1.Unix(s.start+int64(at), 0)
}

// Tick advances time by one tick and gives what happened in it, nil if nothing
// did. It cannot fail. It costs what happens, however many nodes there are.
func (s *Sim) Tick() []Event {
	if s.now >= s.last {
		return nil
	}
	if s.idle() {
		s.skip(s.now + 1)
		return nil
	}
	s.pass()
	return s.report()
}

// idle says whether nothing at all is due in the next tick.
func (s *Sim) idle() bool { return s.nextDue() > s.now+1 }

// pass lets a tick happen in which something is due.
func (s *Sim) pass() {
	s.dawn()
	s.control()
	s.endDrains()
}

// dawn is what comes before the controllers in a tick.
func (s *Sim) dawn() {
	s.skip(s.now + 1)
	s.takeInputs()
	s.ring(unreachable)
	s.ring(collection)
	s.expel()
	s.movePods()
	s.retryDrains()
	s.ringChecks()
}

// nextDue is the next tick, not past, in which something is due; after the last if none is.
func (s *Sim) nextDue() int32 {
	next := s.nextChange()
	for _, slot := range s.deployments.order {
		if check := s.deployments.at[slot].check; check != none {
			next = min(next, max(check, s.now))
		}
	}
	return next
}

// nextChange is nextDue but for deadlines, which change no more than a condition.
func (s *Sim) nextChange() int32 {
	next := s.last + 1
	if t := s.nextMoves(); t != none {
		next = t
	}
	if len(s.alarms) > 0 {
		next = min(next, s.alarms[0].tick)
	}
	if len(s.inputs) > 0 {
		next = min(next, s.inputs[0].tick)
	}
	for i := range s.drains {
		next = min(next, s.nextTry(&s.drains[i]))
	}
	if s.wanting() {
		next = s.now
	}
	return max(next, s.now)
}

func (s *Sim) wanting() bool {
	for _, slot := range s.order {
		if s.daemons[slot].wants() {
			return true
		}
	}
	for _, slot := range s.deployments.order {
		if s.deployments.at[slot].queued.has(stateChanged) {
			return true
		}
	}
	for _, slot := range s.sets.order {
		if s.sets.at[slot].queued.has(stateChanged) {
			return true
		}
	}
	return false
}

// control runs the controllers and the scheduler, in rounds until nothing
// changes: each DaemonSet, then each Deployment, then each ReplicaSet syncs once,
// ascending by key. One for which nothing has changed since its last sync is
// passed over: the sync would find what that one found.
func (s *Sim) control() { s.rounds(s.roundLimit()) }

// rounds runs at most so many.
func (s *Sim) rounds(limit int32) {
	for s.round = 1; s.round <= limit; s.round++ {
		s.busy = false
		s.syncAll()
		s.syncReplicas()
		s.schedule()
		if !s.busy && !s.wanting() {
			break
		}
	}
	s.round = 0
}

func (s *Sim) syncAll() {
	for i := 0; i < len(s.order); {
		d := s.daemons[s.order[i]]
		if d.wants() {
			s.sync(d)
		}
		if i < len(s.order) && s.order[i] == d.slot { // not gone meanwhile
			i++
		}
	}
}

// syncReplicas syncs the Deployments, and then the ReplicaSets.
func (s *Sim) syncReplicas() {
	for _, slot := range slices.Clone(s.deployments.order) {
		if d := s.deployments.at[slot]; d.queued.has(stateChanged) {
			s.syncDeployment(d)
		}
	}
	for _, slot := range slices.Clone(s.sets.order) {
		if rs := s.sets.at[slot]; rs != nil && rs.queued.has(stateChanged) {
			s.syncSet(rs)
		}
	}
}

// roundLimit ends a tick in which controllers never come to rest: a DaemonSet
// whose selector does not match its own template, which only an unvalidated one
// can be, makes pods for ever. Others need as many rounds as bursts.
func (s *Sim) roundLimit() int32 {
	pods := len(s.nodes) + len(s.pods)
	for _, slot := range s.deployments.order {
		pods += 2 * int(min(s.deployments.at[slot].replicas(), 1_000_000))
	}
	return int32(50 + 4*min(pods, 100_000_000)/burst)
}

// Run passes at most max ticks, until the simulation is settled, and yields
// those that have events. Ticks in which nothing is due are skipped at no cost.
func (s *Sim) Run(max int) iter.Seq[[]Event] {
	return func(yield func([]Event) bool) {
		for range s.passes(max) {
			if !yield(s.report()) {
				return
			}
		}
	}
}

// Advance is Run for those who ask afterwards how things are: without events it
// takes a fraction of the time. Only the Refused ones it gives: an input that came
// to nothing leaves no other trace.
func (s *Sim) Advance(max int) (refused []Event) {
	was := s.quiet
	s.quiet = true
	defer func() { s.quiet = was }()
	for range s.passes(max) {
		refused = append(refused, s.report()...)
	}
	return refused
}

// passes is Run with the ticks themselves: what happened is to be reported.
func (s *Sim) passes(max int) iter.Seq[int] {
	return func(yield func(int) bool) {
		end := s.now + int32(min(int64(max), int64(s.last-s.now)))
		for s.now < end {
			next := s.nextDue()
			if next > s.last {
				return // settled
			}
			s.skip(min(next-1, end))
			if s.now == end {
				return
			}
			if s.pass(); len(s.notes) > 0 && !yield(int(s.now)) {
				return
			}
		}
	}
}

// skip passes ticks in which nothing is due, up to one.
func (s *Sim) skip(to int32) {
	if to > s.now {
		s.now, s.clock = to, to*s.step
	}
}
