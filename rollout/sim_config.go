package rollout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/apiserver/admission"
)

// Config configures time and machines in a simulation. In the zero Config a tick
// is a second and pods take no time: what is due happens in the next tick. Durations
// are rounded up to whole seconds, and what they delay happens in the first tick at
// or after their end.
type Config struct {
	Tick      time.Duration `json:"tick,omitzero"`      // virtual time per tick; a multiple of 1s (API timestamps are whole seconds); default 1s
	Start     time.Time     `json:"start,omitzero"`     // of tick 0; zero: the latest timestamp in the cluster, else 2026-01-01T00:00:00Z
	Seed      uint64        `json:"seed,omitzero"`      // for every choice that Kubernetes leaves to chance; no default is random
	Order     Order         `json:"order,omitzero"`     // which node goes first: OrderByName (default), OrderSeeded or OrderFromScript; Kubernetes takes Go map order
	Choices   []int         `json:"choices,omitzero"`   // for OrderFromScript: the Chosen of each Choice in turn; 0 after the last
	Kubelet   Kubelet       `json:"kubelet,omitzero"`   // how long pods take; zero value: the next tick
	PodGC     time.Duration `json:"podGC,omitzero"`     // how long a node is gone before its pods are collected, in a pass every 20 s; default 40 s
	NodeGrace time.Duration `json:"nodeGrace,omitzero"` // --node-monitor-grace-period: from the last sign of a kubelet to Unknown; default 50 s
	// ControllerManager is the other flags of kube-controller-manager that decide about
	// nodes. The zero value is its defaults.
	ControllerManager ControllerManager `json:"controllerManager,omitzero"`
	// Instant lets conditions, taints, readiness and garbage collection follow a change
	// of a node in the same tick, without passes, zones and rates, for tests that are
	// about something else. Then PodGC is the time from a node's removal to the
	// collection of its pods, NodeGrace the time from NodeDown to the node's taints, and
	// both are 0 by default.
	Instant bool `json:"instant,omitzero"`

	// DisableAdmissionPlugins names admission plugins of the API server that do not run
	// for new pods, for example "PodSecurity" or "ResourceQuota". By default the API
	// server's default plugins run, and plugins for which a namespace has an annotation.
	DisableAdmissionPlugins []string `json:"disableAdmissionPlugins,omitzero"`

	// Admit changes a new pod as the mutating webhooks of the cluster do. The pod does
	// not yet name a node. Admit must make the same change whenever it gets the same
	// pod, and must have no side effects. Nil changes nothing.
	Admit func(pod *corev1.Pod) `json:"admit,omitzero"` // a configuration with it has no JSON form
}

// ControllerManager is flags of kube-controller-manager. A field that is 0 has the
// default (pkg/controller/nodelifecycle/config/v1alpha1/defaults.go:
// RecommendedDefaultNodeLifecycleControllerConfiguration).
type ControllerManager struct {
	NodeMonitorPeriod         time.Duration `json:"nodeMonitorPeriod,omitzero"`         // between two passes over all nodes; 5 s
	NodeStartupGracePeriod    time.Duration `json:"nodeStartupGracePeriod,omitzero"`    // from a node's creation to Unknown if its kubelet never reports; 60 s
	NodeEvictionRate          float64       `json:"nodeEvictionRate,omitzero"`          // nodes a second that get a NoExecute taint in a zone; 0.1, negative: none
	SecondaryNodeEvictionRate float64       `json:"secondaryNodeEvictionRate,omitzero"` // the same in a large zone that is unhealthy; 0.01, negative: none
	UnhealthyZoneThreshold    float64       `json:"unhealthyZoneThreshold,omitzero"`    // share of nodes that are not ready, at least three, from which a zone is unhealthy; 0.55
	LargeClusterSizeThreshold int           `json:"largeClusterSizeThreshold,omitzero"` // the most nodes of an unhealthy zone in which none gets a NoExecute taint; 50
}

// copied returns an equal Config that shares no memory with c.
func (c Config) copied() Config {
	c.Choices, c.Kubelet.Timings = slices.Clone(c.Choices), slices.Clone(c.Kubelet.Timings)
	for i := range c.Kubelet.Timings {
		t := &c.Kubelet.Timings[i]
		t.Nodes = slices.Clone(t.Nodes)
	}
	c.DisableAdmissionPlugins = slices.Clone(c.DisableAdmissionPlugins)
	return c
}

// Kubelet is how long pods take: from being bound to running (one tick at least),
// from running to ready, and from deletion to removal, which
// terminationGracePeriodSeconds limits.
type Kubelet struct {
	Start   time.Duration `json:"start,omitzero"`
	Ready   time.Duration `json:"ready,omitzero"`
	Stop    time.Duration `json:"stop,omitzero"`
	Timings []Timing      `json:"timings,omitzero"` // exceptions: the first that matches wins
	Jitter  Jitter        `json:"jitter,omitzero"`  // how much longer pods take
}

// Jitter is the maximum by which a pod takes longer than its time. The value is
// drawn for each pod from Config.Seed, its controller, its node and its creation
// time, or once for each node. Adding a node does not change the values drawn for
// other nodes.
type Jitter struct {
	Start    time.Duration `json:"start,omitzero"`
	Ready    time.Duration `json:"ready,omitzero"`
	Stop     time.Duration `json:"stop,omitzero"`
	PerNode  bool          `json:"perNode,omitzero"`  // a node is slow for all of its pods, always
	LongTail bool          `json:"longTail,omitzero"` // most take little longer and few take much longer, as with image pulls; if false, evenly
}

// Timing is how long pods with an image take on some nodes.
type Timing struct {
	Nodes []string      `json:"nodes,omitzero"` // empty: all
	Image string        `json:"image,omitzero"` // of any container; empty: all
	Start time.Duration `json:"start,omitzero"`
	Ready time.Duration `json:"ready,omitzero"`
	Stop  time.Duration `json:"stop,omitzero"`
}

// longest is the maximum of every duration, so that times fit into 32 bits.
const longest = 10 * 365 * 24 * time.Hour

// check returns an error that names every mistake.
func (c *Config) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	duration := func(field string, d time.Duration) {
		if err := checkDuration(d); err != nil {
			wrong("Config.%s: %w", field, err)
		}
	}
	if duration("Tick", c.Tick); c.Tick >= time.Millisecond && c.Tick%time.Second != 0 {
		wrong("Config.Tick: %v is not a multiple of 1s", c.Tick)
	}
	if c.Order != "" && c.Order != OrderByName && c.Order != OrderSeeded && c.Order != OrderFromScript {
		wrong("Config.Order: %q is none of ByName, Seeded and FromScript", string(c.Order))
	}
	for i, name := range c.DisableAdmissionPlugins {
		if _, ok := admission.PluginNamed(name); !ok {
			wrong("Config.DisableAdmissionPlugins[%d]: %q is not an admission plugin", i, name)
		}
	}
	for i, took := range c.Choices {
		if took < 0 {
			wrong("Config.Choices[%d]: %d is negative", i, took)
		}
	}
	duration("PodGC", c.PodGC)
	duration("NodeGrace", c.NodeGrace)
	duration("ControllerManager.NodeMonitorPeriod", c.ControllerManager.NodeMonitorPeriod)
	duration("ControllerManager.NodeStartupGracePeriod", c.ControllerManager.NodeStartupGracePeriod)
	if t := c.ControllerManager.UnhealthyZoneThreshold; !(t >= 0 && t <= 1) {
		wrong("Config.ControllerManager.UnhealthyZoneThreshold: %v is not between 0 and 1", t)
	}
	if n := c.ControllerManager.LargeClusterSizeThreshold; n < 0 {
		wrong("Config.ControllerManager.LargeClusterSizeThreshold: %d is negative", n)
	}
	three := func(field string, start, ready, stop time.Duration) {
		duration(field+".Start", start)
		duration(field+".Ready", ready)
		duration(field+".Stop", stop)
	}
	three("Kubelet", c.Kubelet.Start, c.Kubelet.Ready, c.Kubelet.Stop)
	three("Kubelet.Jitter", c.Kubelet.Jitter.Start, c.Kubelet.Jitter.Ready, c.Kubelet.Jitter.Stop)
	for i, t := range c.Kubelet.Timings {
		three(fmt.Sprintf("Kubelet.Timings[%d]", i), t.Start, t.Ready, t.Stop)
		if slices.Contains(t.Nodes, "") {
			wrong("Config.Kubelet.Timings[%d].Nodes: a node has no name", i)
		}
	}
	return errors.Join(errs...)
}

// checkDuration returns what is wrong with a duration. Below a millisecond, a unit
// was forgotten: a number without one counts nanoseconds.
func checkDuration(d time.Duration) error {
	switch {
	case d < 0:
		return fmt.Errorf("%v is negative", d)
	case d > longest:
		return fmt.Errorf("%v is longer than ten years", d)
	case 0 < d && d < time.Microsecond:
		return fmt.Errorf("%v is below 1ms, the unit is missing: did you mean %ds?", d, d)
	case 0 < d && d < time.Millisecond:
		return fmt.Errorf("%v is below 1ms: did you mean %ds?", d, d/time.Microsecond)
	}
	return nil
}

// seconds rounds up: 1.5 s end at the second whole second.
func seconds(d time.Duration) simTime {
	return simTime(min((d+time.Second-1)/time.Second, math.MaxInt32/4))
}
