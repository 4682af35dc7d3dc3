package controllers

import (
	"fmt"
	"sort"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Start is the time of tick 0 when a Config names none.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Scenario is a world and what happens in it.
type Scenario struct {
	Name   string // the claim
	Config Config
	Nodes  []*corev1.Node
	At     map[int][]Input // by tick, in the order given
	Ticks  int
	Dump   int // the last tick before another program takes over, if one does
}

// Config is the configuration of time and kubelets.
type Config struct {
	Tick      time.Duration // whole seconds; default 1s
	Start     time.Time     // of tick 0
	Kubelet   Kubelet
	PodGC     time.Duration // from a node's removal to the collection of its pods
	NodeGrace time.Duration // from a node's going down to its taints
}

// Kubelet is how long pods take.
type Kubelet struct {
	Start, Ready, Stop time.Duration
	Timings            []Timing // the first that matches wins
}

// Timing is an exception for some nodes, or one image, or both.
type Timing struct {
	Nodes              []string // nil: all
	Image              string   // empty: any
	Start, Ready, Stop time.Duration
}

// Input is something that happens to the world from outside. Nodes go by name,
// DaemonSets by "namespace/name".
type Input interface{ input() }

type (
	// Apply is kubectl apply of one of the two: create or update. Unvalidated, what
	// no API server lets in today: the object is to have its defaults.
	Apply struct {
		DaemonSet   *appsv1.DaemonSet
		Deployment  *appsv1.Deployment
		Unvalidated bool
	}
	// Undo is kubectl rollout undo; revision 0 is the previous one.
	Undo struct {
		Key      string
		Revision int64
	}
	// Scale is kubectl scale deployment.
	Scale struct {
		Key      string
		Replicas int32
	}
	// Pause is kubectl rollout pause deployment.
	Pause struct{ Key string }
	// Resume is kubectl rollout resume deployment.
	Resume struct{ Key string }
	// Delete is kubectl delete daemonset or deployment; an empty Propagation is background.
	Delete struct {
		Key         string
		Propagation metav1.DeletionPropagation
	}
	// ApplyNode adds or replaces a node.
	ApplyNode struct{ Node *corev1.Node }
	// RemoveNode deletes the node object; its kubelet is gone with it.
	RemoveNode struct{ Node string }
	// EditNode applies edits in the notation of kubectl: "label k=v", "label k-",
	// "taint k=v:Effect", "taint k:Effect-", "cordon", "uncordon".
	EditNode struct {
		Node  string
		Edits []string
	}
	// PodsNotReady takes the readiness of the pods on the node, until PodsReady.
	PodsNotReady struct{ Node string }
	// PodsReady ends PodsNotReady.
	PodsReady struct{ Node string }
	// NodeNotReady: condition False and the two not-ready taints. The kubelet works.
	NodeNotReady struct{ Node string }
	// NodeReady ends NodeNotReady.
	NodeReady struct{ Node string }
	// NodeDown: condition Unknown, pods not ready, kubelet gone; after NodeGrace
	// the two unreachable taints.
	NodeDown struct{ Node string }
	// NodeUp ends NodeDown.
	NodeUp struct{ Node string }
	// FailPods turns the live pods on the node Failed.
	FailPods struct{ Node string }
	// DeletePods is a user deleting the pods on the node.
	DeletePods struct{ Node string }
	// StuckTerminating keeps terminating pods on the node from going away.
	StuckTerminating struct{ Node string }
)

func (Apply) input()            {}
func (Undo) input()             {}
func (Delete) input()           {}
func (Scale) input()            {}
func (Pause) input()            {}
func (Resume) input()           {}
func (ApplyNode) input()        {}
func (RemoveNode) input()       {}
func (EditNode) input()         {}
func (PodsNotReady) input()     {}
func (PodsReady) input()        {}
func (NodeNotReady) input()     {}
func (NodeReady) input()        {}
func (NodeDown) input()         {}
func (NodeUp) input()           {}
func (FailPods) input()         {}
func (DeletePods) input()       {}
func (StuckTerminating) input() {}

// String names the object and what of it a rollout depends on.
func (a Apply) String() string {
	if a.Deployment != nil {
		return deploymentString(a.Deployment)
	}
	spec := a.DaemonSet.Spec
	var b strings.Builder
	fmt.Fprintf(&b, "Apply{%s %s", key(a.DaemonSet), spec.Template.Spec.Containers[0].Image)
	b.WriteString(strategy(spec.UpdateStrategy))
	if spec.MinReadySeconds != 0 {
		fmt.Fprintf(&b, " minReady=%ds", spec.MinReadySeconds)
	}
	if spec.RevisionHistoryLimit != nil {
		fmt.Fprintf(&b, " history=%d", *spec.RevisionHistoryLimit)
	}
	if s := spec.Template.Spec.NodeSelector; len(s) > 0 {
		fmt.Fprintf(&b, " on=%v", s)
	}
	if t := spec.Template.Spec.Tolerations; len(t) > 0 {
		fmt.Fprintf(&b, " tolerations=%d", len(t))
	}
	if g := spec.Template.Spec.TerminationGracePeriodSeconds; g != nil {
		fmt.Fprintf(&b, " grace=%ds", *g)
	}
	b.WriteString("}")
	return b.String()
}

func strategy(s appsv1.DaemonSetUpdateStrategy) string {
	if s.Type == appsv1.OnDeleteDaemonSetStrategyType {
		return " OnDelete"
	}
	if s.RollingUpdate == nil {
		return ""
	}
	out := ""
	if u := s.RollingUpdate.MaxUnavailable; u != nil {
		out += " unavailable=" + u.String()
	}
	if u := s.RollingUpdate.MaxSurge; u != nil {
		out += " surge=" + u.String()
	}
	return out
}

func deploymentString(d *appsv1.Deployment) string {
	spec := d.Spec
	var b strings.Builder
	fmt.Fprintf(&b, "Apply{Deployment %s %s", key(d), spec.Template.Spec.Containers[0].Image)
	if spec.Replicas != nil {
		fmt.Fprintf(&b, " replicas=%d", *spec.Replicas)
	}
	b.WriteString(" " + string(spec.Strategy.Type))
	if r := spec.Strategy.RollingUpdate; r != nil {
		fmt.Fprintf(&b, " surge=%s unavailable=%s", r.MaxSurge, r.MaxUnavailable)
	}
	fmt.Fprintf(&b, " minReady=%ds", spec.MinReadySeconds)
	if spec.ProgressDeadlineSeconds != nil {
		fmt.Fprintf(&b, " deadline=%ds", *spec.ProgressDeadlineSeconds)
	}
	if spec.RevisionHistoryLimit != nil {
		fmt.Fprintf(&b, " history=%d", *spec.RevisionHistoryLimit)
	}
	if s := spec.Template.Spec.NodeSelector; len(s) > 0 {
		fmt.Fprintf(&b, " on=%v", s)
	}
	if g := spec.Template.Spec.TerminationGracePeriodSeconds; g != nil {
		fmt.Fprintf(&b, " grace=%ds", *g)
	}
	if cpu := spec.Template.Spec.Containers[0].Resources.Requests.Cpu(); !cpu.IsZero() {
		fmt.Fprintf(&b, " cpu=%s", cpu)
	}
	if spec.Paused {
		b.WriteString(" paused")
	}
	if len(d.Annotations) > 0 {
		fmt.Fprintf(&b, " annotations=%v", d.Annotations)
	}
	b.WriteString("}")
	return b.String()
}

// deploys reports whether there is a Deployment in the scenario.
func (s Scenario) deploys() bool {
	for _, inputs := range s.At {
		for _, in := range inputs {
			if a, ok := in.(Apply); ok && a.Deployment != nil {
				return true
			}
		}
	}
	return false
}

// String names the node, with its labels and taints.
func (a ApplyNode) String() string { return "ApplyNode{" + nodeString(a.Node) + "}" }

func nodeString(n *corev1.Node) string {
	s := n.Name
	for _, k := range sortedKeys(n.Labels) {
		if k != corev1.LabelHostname {
			s += " " + k + "=" + n.Labels[k]
		}
	}
	for _, t := range n.Spec.Taints {
		s += " " + t.ToString()
	}
	return s
}

// String is one line for each node and each tick in which something happens.
func (s Scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nconfig %+v\n", s.Name, s.Config)
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "node %s\n", nodeString(n))
	}
	for _, tick := range sortedKeys(s.At) {
		for _, in := range s.At[tick] {
			fmt.Fprintf(&b, "at %d %s\n", tick, inputString(in))
		}
	}
	if s.Dump > 0 {
		fmt.Fprintf(&b, "dump %d\n", s.Dump)
	}
	fmt.Fprintf(&b, "ticks %d\n", s.Ticks)
	return b.String()
}

// GoString lets rapid print a scenario as it is read.
func (s Scenario) GoString() string { return s.String() }

func inputString(in Input) string {
	if s, ok := in.(fmt.Stringer); ok {
		return s.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T%+v", in, in), "controllers.")
}

func key(o metav1.Object) string { return o.GetNamespace() + "/" + o.GetName() }

func sortedKeys[K int | string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}
