package rollout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

// Drain is kubectl drain. The node is cordoned, and the pods that the flags allow
// are evicted, each as soon as its PodDisruptionBudget allows it. Refused
// evictions are retried every 5 s. It ends with a Drained event when the last pod
// is gone, or with an EventDrainFailed event; then the node stays cordoned. It
// prints as its command line.
type Drain struct {
	Node               string        `json:"node"`
	IgnoreDaemonSets   bool          `json:"ignoreDaemonSets,omitzero"`   // if false, pods of DaemonSets are an error; they are never evicted
	DeleteEmptyDirData bool          `json:"deleteEmptyDirData,omitzero"` // if false, pods with an emptyDir are an error
	Force              bool          `json:"force,omitzero"`              // if false, pods without a controller are an error
	DisableEviction    bool          `json:"disableEviction,omitzero"`    // pods are deleted regardless of budgets
	GracePeriodSeconds *int64        `json:"gracePeriodSeconds,omitzero"` // for pods to stop; nil is each pod's own
	Timeout            time.Duration `json:"timeout,omitzero"`            // 0 is no timeout
	PodSelector        string        `json:"podSelector,omitzero"`        // label selector of the pods to drain; empty selects all
}

// retry is how long kubectl waits after a refused eviction
// (k8s.io/kubectl/pkg/cmd/drain/drain.go: NewDrainCmdOptions).
const retry simTime = 5

// drain is a Drain in progress.
type drain struct {
	input   Drain
	started simTime
	seen    simTime // the last tick in which the drain was processed
	asked   uint64  // the epoch of the last attempt
	pods    []leaving
	failed  []string
}

// leaving is a pod that a drain evicts.
type leaving struct {
	id      int32
	name    string // namespace/name: another pod may take its place
	refused string // why the last eviction was; empty: it was granted
}

// startDrain starts a drain by evicting its pods.
func (e *evictions) startDrain(in Drain, pods []leaving) {
	d := drain{input: in, started: e.clock, seen: e.clock, pods: pods}
	for i := range d.pods {
		e.evictLeaving(&d, &d.pods[i])
	}
	d.pods = slices.DeleteFunc(d.pods, func(l leaving) bool { return l.id == none })
	d.asked = e.epoch
	e.drains = append(e.drains, d)
}

// evictLeaving evicts a pod of the drain, or deletes it with DisableEviction. If
// an eviction will never be granted, the drain gives up the pod
// (k8s.io/kubectl/pkg/drain/drain.go: evictPods).
func (e *evictions) evictLeaving(d *drain, l *leaving) {
	grace := none
	if g := d.input.GracePeriodSeconds; g != nil {
		grace = simTime(*g)
	}
	if d.input.DisableEviction {
		e.emitPod(EventDeletedByUser, l.id, cause{Reason: ReasonDrain})
		e.kubelets.deleteWithin(l.id, grace)
		return
	}
	r := e.evictPod(l.id, ReasonDrain, grace)
	if r.message != l.refused && r.message != "" {
		e.emitPod(EventEvictionRefused, l.id, cause{Detail: r.message})
	}
	if l.refused = r.message; r.message != "" && !r.again {
		d.fail("error when evicting pods/%q -n %q: %s", l, r.message)
	}
}

// fail gives up the pod, with an error for the drain.
func (d *drain) fail(format string, l *leaving, why string) {
	namespace, name, _ := cutKey(l.name)
	d.failed = append(d.failed, fmt.Sprintf(format, name, namespace, why))
	l.id = none
}

// nextTry returns the next tick in which the drain retries an eviction that may
// be granted now, or gives up. It returns a tick after the last if there is none.
func (e *evictions) nextTry(d *drain) int32 {
	moment := int64(math.MaxInt64)
	for i := range d.pods {
		refused := d.pods[i].refused != ""
		if refused && d.asked != e.epoch {
			moment = min(moment, int64(d.seen-(d.seen-d.started)%retry+retry))
		}
		if d.input.Timeout > 0 {
			moment = min(moment, d.gaveUp(refused))
		}
	}
	if t := int32(none); moment != math.MaxInt64 {
		if t = e.tickOf(moment); t != none {
			return t
		}
	}
	return e.last + 1
}

// gaveUp returns when the drain times out. For a refused pod the timeout is
// checked only at the next try.
func (d *drain) gaveUp(refused bool) int64 {
	after := int64(seconds(d.input.Timeout))
	if refused {
		after = (after + int64(retry) - 1) / int64(retry) * int64(retry)
	}
	return int64(d.started) + after
}

// retryDrains retries refused evictions every 5 s, unless nothing has happened
// since.
func (e *evictions) retryDrains() {
	for i := range e.drains {
		d := &e.drains[i]
		since := e.clock - d.started
		due := since > 0 && since/retry > (since-e.step)/retry && d.asked != e.epoch
		d.seen = e.clock
		for j := range d.pods {
			switch l := &d.pods[j]; {
			case !e.stillThere(l):
			case d.input.Timeout > 0 && int64(e.clock) >= d.gaveUp(l.refused != ""):
				d.giveUp(l)
			case l.refused != "" && due:
				e.evictLeaving(d, l)
			}
		}
		d.pods = slices.DeleteFunc(d.pods, func(l leaving) bool { return l.id == none })
		if due {
			d.asked = e.epoch
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

func (e *evictions) stillThere(l *leaving) bool {
	return l.id != none && e.pods[l.id].phase != vacant && e.fullName(l.id) == l.name
}

// endDrains ends the drains without remaining pods.
func (e *evictions) endDrains() {
	if len(e.drains) == 0 {
		return
	}
	rest := e.drains[:0:0]
	for _, d := range e.drains {
		d.pods = slices.DeleteFunc(d.pods, func(l leaving) bool { return !e.stillThere(&l) })
		switch {
		case len(d.pods) > 0:
			rest = append(rest, d)
		case len(d.failed) > 0:
			e.undrained(d.input, d.failed)
		default:
			e.emit(Event{Kind: EventDrained, Node: d.input.Node, Detail: "node/" + d.input.Node + " drained"})
		}
	}
	e.drains = rest
}

// undrained records what kubectl prints last.
func (e *evictions) undrained(in Drain, failed []string) {
	var errs []error
	for _, f := range failed {
		errs = append(errs, errors.New(f))
	}
	e.emit(Event{Kind: EventDrainFailed, Node: in.Node, Detail: fmt.Sprintf(
		"error: unable to drain node %q due to error: %s, continuing command...", in.Node, utilerrors.NewAggregate(errs))})
}
