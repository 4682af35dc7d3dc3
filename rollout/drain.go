package rollout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/berthsim/berth/cluster"
)

// Drain is kubectl drain: the node is cordoned, and the pods that the flags let go
// are evicted, each as soon as its PodDisruptionBudget allows it, which is asked
// again every 5 s. It ends with a Drained event when the last of them is gone, or
// with an Undrained one, the node staying cordoned. It prints as its command line.
type Drain struct {
	Node               string
	IgnoreDaemonSets   bool          // without it, pods of DaemonSets are a mistake; they are never evicted
	DeleteEmptyDirData bool          // without it, pods with an emptyDir are a mistake
	Force              bool          // without it, pods without a controller are a mistake
	DisableEviction    bool          // pods are deleted, whatever budgets say
	GracePeriod        time.Duration // for pods to stop, in whole seconds; 0: each pod's own
	Timeout            time.Duration // 0: none
	PodSelector        string        // labels of the pods that are looked at; empty: all
}

// NoGrace is the GracePeriod of a Drain whose pods have no time to stop.
const NoGrace time.Duration = -1

// EvictPods is somebody who asks the eviction API once for every pod on a node,
// those of DaemonSets too, as a cluster autoscaler may.
type EvictPods struct{ Node string }

// retry is how long kubectl waits after an eviction that was refused
// (k8s.io/kubectl/pkg/cmd/drain: EvictErrorRetryDelay).
const retry stamp = 5

// drain is a Drain in progress.
type drain struct {
	input   Drain
	started stamp
	seen    stamp  // the last tick in which it was looked at
	asked   uint64 // the epoch of the last attempt
	pods    []leaving
	failed  []string
}

// leaving is a pod that a drain wants to go.
type leaving struct {
	id      int32
	name    string // namespace/name: another pod may take its place
	refused string // why the last eviction was; empty: it was granted
}

func (in Drain) apply(s *Sim) {
	n := s.slotOf(in.Node)
	if n == none || !s.nodes[n].there() {
		s.onNode(in, in.Node)
		return
	}
	pods, warnings, mistakes := s.leavers(in, n)
	s.noteDrain(in, n, warnings)
	s.editNode(n, cluster.Cordon())
	if len(mistakes) > 0 {
		s.undrained(in, mistakes)
		return
	}
	d := drain{input: in, started: s.clock, seen: s.clock, pods: pods}
	for i := range d.pods {
		s.evictLeaving(&d, &d.pods[i])
	}
	d.pods = slices.DeleteFunc(d.pods, func(l leaving) bool { return l.id == none })
	d.asked = s.epoch
	s.drains = append(s.drains[:len(s.drains):len(s.drains)], d)
}

// noteDrain tells what kubectl prints first.
func (s *Sim) noteDrain(in Drain, node int32, warnings string) {
	object, _ := s.cluster.Borrow().Node(in.Node)
	detail := in.String() + ": node/" + in.Node
	if object.Spec.Unschedulable {
		detail += " already"
	}
	detail += " cordoned"
	if warnings != "" {
		detail += "; Warning: " + warnings
	}
	s.emit(Event{Kind: Happened, Node: in.Node, Why: Why{Detail: detail}})
}

// evictLeaving evicts a pod of the drain, or deletes it with DisableEviction. An
// eviction that will never be granted ends the pod's part in the drain
// (k8s.io/kubectl/pkg/drain: evictPods).
func (s *Sim) evictLeaving(d *drain, l *leaving) {
	grace := none
	if d.input.GracePeriod != 0 {
		grace = max(0, seconds(d.input.GracePeriod))
	}
	if d.input.DisableEviction {
		s.emitPod(UserDeleted, l.id, Why{Rule: NodeDrained})
		s.deleteWithin(l.id, grace)
		return
	}
	r := s.evictPod(l.id, NodeDrained, grace)
	if r.words != l.refused && r.words != "" {
		s.emitPod(Unevicted, l.id, Why{Detail: r.words})
	}
	if l.refused = r.words; r.words != "" && !r.again {
		d.fail("error when evicting pods/%q -n %q: %s", l, r.words)
	}
}

// fail ends the pod's part in the drain.
func (d *drain) fail(format string, l *leaving, why string) {
	namespace, name, _ := cutKey(l.name)
	d.failed = append(d.failed, fmt.Sprintf(format, name, namespace, why))
	l.id = none
}

// nextTry returns the next tick in which the drain asks again for an eviction that
// may be granted now, or gives up; a tick after the last if there is none.
func (s *Sim) nextTry(d *drain) int32 {
	moment := int64(math.MaxInt64)
	for i := range d.pods {
		refused := d.pods[i].refused != ""
		if refused && d.asked != s.epoch {
			moment = min(moment, int64(d.seen-(d.seen-d.started)%retry+retry))
		}
		if d.input.Timeout > 0 {
			moment = min(moment, d.gaveUp(refused))
		}
	}
	if t := int32(none); moment != math.MaxInt64 {
		if t = s.tickOf(moment); t != none {
			return t
		}
	}
	return s.last + 1
}

// gaveUp is when the drain ends for want of time: a pod that was refused is looked
// at again only when it is asked for.
func (d *drain) gaveUp(refused bool) int64 {
	after := int64(seconds(d.input.Timeout))
	if refused {
		after = (after + int64(retry) - 1) / int64(retry) * int64(retry)
	}
	return int64(d.started) + after
}

// retryDrains asks again for what was refused, every 5 s, unless nothing has
// happened since.
func (s *Sim) retryDrains() {
	for i := range s.drains {
		d := &s.drains[i]
		since := s.clock - d.started
		due := since > 0 && since/retry > (since-s.step)/retry && d.asked != s.epoch
		d.seen = s.clock
		for j := range d.pods {
			switch l := &d.pods[j]; {
			case !s.stillThere(l):
			case d.input.Timeout > 0 && int64(s.clock) >= d.gaveUp(l.refused != ""):
				d.giveUp(l)
			case l.refused != "" && due:
				s.evictLeaving(d, l)
			}
		}
		d.pods = slices.DeleteFunc(d.pods, func(l leaving) bool { return l.id == none })
		if due {
			d.asked = s.epoch
		}
	}
}

// giveUp follows evictPods and waitForDelete.
func (d *drain) giveUp(l *leaving) {
	switch {
	case l.refused != "":
		d.fail("error when evicting pods/%q -n %q: global timeout reached: %s", l, d.input.Timeout.String())
	case d.input.DisableEviction:
		d.failed, l.id = []string{"context deadline exceeded"}, none
	default:
		d.fail("error when waiting for pod %q in namespace %q to terminate: %s", l, "context deadline exceeded")
	}
}

func (s *Sim) stillThere(l *leaving) bool {
	return l.id != none && s.pods[l.id].phase != vacant && s.fullName(l.id) == l.name
}

func (s *Sim) fullName(id int32) string { return s.namespace(&s.pods[id]) + "/" + s.podName(id) }

// endDrains ends those whose pods are all gone.
func (s *Sim) endDrains() {
	if len(s.drains) == 0 {
		return
	}
	rest := s.drains[:0:0]
	for _, d := range s.drains {
		d.pods = slices.DeleteFunc(d.pods, func(l leaving) bool { return !s.stillThere(&l) })
		switch {
		case len(d.pods) > 0:
			rest = append(rest, d)
		case len(d.failed) > 0:
			s.undrained(d.input, d.failed)
		default:
			s.emit(Event{Kind: Drained, Node: d.input.Node, Why: Why{Detail: "node/" + d.input.Node + " drained"}})
		}
	}
	s.drains = rest
}

// undrained tells what kubectl prints last.
func (s *Sim) undrained(in Drain, failed []string) {
	var errs []error
	for _, f := range failed {
		errs = append(errs, errors.New(f))
	}
	s.emit(Event{Kind: Undrained, Node: in.Node, Why: Why{
		Detail: fmt.Sprintf("error: unable to drain node %q due to error: %s, continuing command...", in.Node, utilerrors.NewAggregate(errs)),
	}})
}

// Draining is a drain in progress: plain data.
type Draining struct {
	Drain Drain
	Since int // the tick in which it began
	Pods  []Leaving
}

// Leaving is a pod that a drain waits for.
type Leaving struct {
	Pod     string // namespace/name
	Refused string // why the last eviction was refused; empty: it is on its way out
}

// Draining lists the drains in progress, in the order in which they began. One
// whose pods are all refused, in a simulation that is settled, waits without end.
func (s *Sim) Draining() []Draining {
	var all []Draining
	for _, d := range s.drains {
		x := Draining{Drain: d.input, Since: int(d.started / s.step)}
		for _, l := range d.pods {
			x.Pods = append(x.Pods, Leaving{l.name, l.refused})
		}
		all = append(all, x)
	}
	return all
}
