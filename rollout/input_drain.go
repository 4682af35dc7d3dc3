package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// EvictPods calls the eviction API once for every pod on a node, including pods
// of DaemonSets, as a cluster autoscaler may.
type EvictPods struct {
	Node string `json:"node"`
}

func (in Drain) apply(s *Sim) {
	n := s.slotOf(in.Node)
	if n == none || !s.nodes[n].there() {
		s.onNode(in, in.Node)
		return
	}
	pods, warnings, mistakes := s.evictions.podsToEvict(in, n)
	in.noteStart(s, warnings)
	s.nlc.editNode(n, cluster.Cordon())
	if len(mistakes) > 0 {
		s.evictions.undrained(in, mistakes)
		return
	}
	s.evictions.startDrain(in, pods)
}

// noteStart records what kubectl prints first.
func (in Drain) noteStart(s *Sim, warnings string) {
	object, _ := borrow.From(s.cluster).Node(in.Node)
	detail := in.line() + ": node/" + in.Node
	if object.Spec.Unschedulable {
		detail += " already"
	}
	detail += " cordoned"
	if warnings != "" {
		detail += "; Warning: " + warnings
	}
	s.emit(Event{Kind: EventInputApplied, Node: in.Node, Detail: detail})
}

func (in Drain) line() string {
	line := "drain " + word(in.Node)
	flag := func(set bool, name string) {
		if set {
			line += " " + word("--"+name)
		}
	}
	flag(in.IgnoreDaemonSets, "ignore-daemonsets")
	flag(in.DeleteEmptyDirData, "delete-emptydir-data")
	flag(in.Force, "force")
	flag(in.DisableEviction, "disable-eviction")
	if g := in.GracePeriodSeconds; g != nil {
		flag(true, "grace-period="+strconv.FormatInt(*g, 10))
	}
	flag(in.Timeout != 0, "timeout="+in.Timeout.String())
	flag(in.PodSelector != "", "pod-selector="+in.PodSelector)
	return line
}

func (in EvictPods) line() string { return "evict-pods " + word(in.Node) }

func (in Drain) check() error {
	errs := []error{checkNode(in.Node)}
	if g := in.GracePeriodSeconds; g != nil && (*g < 0 || *g > int64(longest/time.Second)) {
		errs = append(errs, fmt.Errorf("gracePeriodSeconds %d: must not be negative, nor longer than ten years", *g))
	}
	if err := checkDuration(in.Timeout); err != nil {
		errs = append(errs, fmt.Errorf("timeout %w", err))
	}
	if _, err := labels.Parse(in.PodSelector); err != nil {
		errs = append(errs, fmt.Errorf("--pod-selector=<pod_selector> must be a valid label selector: %w", err))
	}
	return errors.Join(errs...)
}

func (in Drain) copied() Input {
	if g := in.GracePeriodSeconds; g != nil {
		in.GracePeriodSeconds = new(*g)
	}
	return in
}

func (in EvictPods) check() error { return checkNode(in.Node) }

func (in EvictPods) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	for id := range s.podsOn(n) {
		if r := s.evictions.evictPod(id, ReasonEviction, none); r.message != "" {
			s.emitPod(EventEvictionRefused, id, cause{Detail: r.message})
		}
	}
}
