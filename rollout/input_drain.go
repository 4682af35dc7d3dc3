package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

func (in Drain) String() string {
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
	flag(in.GracePeriod != 0, "grace-period="+strconv.FormatInt(max(0, int64(in.GracePeriod/time.Second)), 10))
	flag(in.Timeout != 0, "timeout="+in.Timeout.String())
	flag(in.PodSelector != "", "pod-selector="+in.PodSelector)
	return line
}

func (in EvictPods) String() string { return "evict-pods " + word(in.Node) }

func (in Drain) check() error {
	errs := []error{checkNode(in.Node)}
	if g := in.GracePeriod; g != NoGrace && (g < 0 || g > longest || g%time.Second != 0) {
		errs = append(errs, fmt.Errorf("grace period %v: must be NoGrace or whole seconds, at most ten years", g))
	}
	if in.Timeout < 0 || in.Timeout > longest {
		errs = append(errs, fmt.Errorf("timeout %v: must not be negative, nor longer than ten years", in.Timeout))
	}
	if _, err := labels.Parse(in.PodSelector); err != nil {
		errs = append(errs, fmt.Errorf("--pod-selector=<pod_selector> must be a valid label selector: %w", err))
	}
	return errors.Join(errs...)
}

func (in EvictPods) check() error { return checkNode(in.Node) }

// drain reads the command line of kubectl drain.
func (r *reader) drain() Input {
	in := Drain{Node: r.word()}
	for r.rest(); r.text != ""; r.rest() {
		name, value, _ := strings.Cut(r.word(), "=")
		switch name {
		case "--ignore-daemonsets":
			in.IgnoreDaemonSets = r.truth(name, value)
		case "--delete-emptydir-data":
			in.DeleteEmptyDirData = r.truth(name, value)
		case "--force":
			in.Force = r.truth(name, value)
		case "--disable-eviction":
			in.DisableEviction = r.truth(name, value)
		case "--grace-period":
			in.GracePeriod = r.grace(value)
		case "--timeout":
			in.Timeout = r.duration(name, value)
		case "--pod-selector":
			in.PodSelector = value
		default:
			r.fail("unknown flag: %s", name)
		}
	}
	return in
}

// truth is the value of a flag that may go without.
func (r *reader) truth(flag, value string) bool {
	switch value {
	case "", "true":
		return true
	case "false":
		return false
	}
	r.fail("%s=%s: must be true or false", flag, value)
	return false
}

// grace reads kubectl's grace period, where a negative one is the pod's own.
func (r *reader) grace(value string) time.Duration {
	n, err := strconv.ParseInt(value, 10, 32)
	switch {
	case err != nil:
		r.fail("--grace-period=%s: must be a number of seconds", value)
	case n == 0:
		return NoGrace
	}
	return time.Duration(max(0, n)) * time.Second
}

func (r *reader) duration(flag, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil {
		r.fail("%s=%s: must be a duration", flag, value)
	}
	return d
}

func (in EvictPods) apply(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	for id := range s.podsOn(n) {
		if r := s.evictPod(id, Eviction, none); r.words != "" {
			s.emitPod(Unevicted, id, Why{Detail: r.words})
		}
	}
}
