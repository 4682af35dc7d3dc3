package controllers

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Deployment is one Deployment at the end of a tick.
type Deployment struct {
	Status      appsv1.DeploymentStatus
	Annotations map[string]string
	Paused      bool
	Errors      []string // of syncs, but conflicts; each once, and not if the sync before ended with it
	Refused     []string // inputs, with the reason
}

// ReplicaSet is one ReplicaSet at the end of a tick, with what its controller did in
// the tick. A deleted ReplicaSet has only the latter.
type ReplicaSet struct {
	Owner       string // name of the Deployment that controls it
	Replicas    int32
	MinReady    int32
	Status      appsv1.ReplicaSetStatus
	Annotations map[string]string
	Pods        []Replica // by name
	Created     int       // pods
	Deleted     []string  // pods, by name
	Errors      []string  // of syncs
	ByRestarts  bool      // without restarts it would have deleted others
}

// Replica is one pod of a ReplicaSet.
type Replica struct {
	Name, Node, Phase  string
	Ready, Terminating bool
	Restarts           map[string]int32 // by container, without zeros
}

// String is the numbers, then the conditions.
func (d Deployment) String() string {
	var b strings.Builder
	st := d.Status
	fmt.Fprintf(&b, "have=%d ready=%d updated=%d avail=%d unavail=%d terminating=%s gen=%d rev=%s",
		st.Replicas, st.ReadyReplicas, st.UpdatedReplicas, st.AvailableReplicas, st.UnavailableReplicas,
		number(st.TerminatingReplicas), st.ObservedGeneration, d.Annotations[revisionAnnotation])
	if st.CollisionCount != nil {
		fmt.Fprintf(&b, " collisions=%d", *st.CollisionCount)
	}
	for _, c := range st.Conditions {
		fmt.Fprintf(&b, " %s=%s/%s@%s", c.Type, c.Status, c.Reason, c.LastUpdateTime.UTC().Format("04:05"))
	}
	for _, e := range append(d.Errors, d.Refused...) {
		fmt.Fprintf(&b, " ! %s", e)
	}
	return b.String()
}

const revisionAnnotation = "deployment.kubernetes.io/revision"

func number(n *int32) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

// String is the numbers, then what was done, then the pods.
func (rs ReplicaSet) String() string {
	var b strings.Builder
	st := rs.Status
	fmt.Fprintf(&b, "of %s size=%d have=%d ready=%d avail=%d terminating=%s gen=%d rev=%s", rs.Owner, rs.Replicas, st.Replicas,
		st.ReadyReplicas, st.AvailableReplicas, number(st.TerminatingReplicas), st.ObservedGeneration, rs.Annotations[revisionAnnotation])
	if rs.Created > 0 {
		fmt.Fprintf(&b, " +%d", rs.Created)
	}
	for _, pod := range rs.Deleted {
		b.WriteString(" -" + pod)
	}
	b.WriteString(" |")
	for _, p := range rs.Pods {
		b.WriteString(" " + p.String())
	}
	for _, e := range rs.Errors {
		fmt.Fprintf(&b, " ! %s", e)
	}
	return b.String()
}

// String is like that of a DaemonSet's pod.
func (p Replica) String() string {
	s := p.Name + "@" + p.Node + ":" + Pod{Bound: p.Node != "", Ready: p.Ready, Phase: p.Phase}.letter()
	if p.Terminating {
		s += "†"
	}
	if len(p.Restarts) > 0 {
		s += fmt.Sprint(p.Restarts)
	}
	return s
}

// ticking is a tick in the making.
type ticking struct {
	sets        map[string]*Set
	deployments map[string]*Deployment
	replicaSets map[string]*ReplicaSet
}

func newTicking() *ticking {
	return &ticking{map[string]*Set{}, map[string]*Deployment{}, map[string]*ReplicaSet{}}
}

func (t *ticking) set(key string) *Set               { return entry(t.sets, key) }
func (t *ticking) deployment(key string) *Deployment { return entry(t.deployments, key) }
func (t *ticking) replicaSet(key string) *ReplicaSet { return entry(t.replicaSets, key) }

func entry[T any](m map[string]*T, key string) *T {
	if m[key] == nil {
		m[key] = new(T)
	}
	return m[key]
}

func values[T any](m map[string]*T) map[string]T {
	out := map[string]T{}
	for k, v := range m {
		out[k] = *v
	}
	return out
}

func (t *ticking) end() Tick {
	return Tick{values(t.sets), values(t.deployments), values(t.replicaSets)}
}

func (w *world) describeDeployment(d *appsv1.Deployment, now *Deployment) {
	now.Status, now.Annotations, now.Paused = d.Status, d.Annotations, d.Spec.Paused
}

func (w *world) describeReplicaSet(rs *appsv1.ReplicaSet, now *ReplicaSet) {
	now.Status, now.Annotations, now.Replicas, now.MinReady = rs.Status, rs.Annotations, *rs.Spec.Replicas, rs.Spec.MinReadySeconds
	if owner := metav1.GetControllerOf(rs); owner != nil {
		now.Owner = owner.Name
	}
	for _, p := range w.podsOf(rs) {
		now.Pods = append(now.Pods, replicaOf(p))
	}
	slices.SortFunc(now.Pods, func(a, b Replica) int { return strings.Compare(a.Name, b.Name) })
}

func replicaOf(p *corev1.Pod) Replica {
	return Replica{
		Name: p.Name, Node: p.Spec.NodeName, Phase: string(p.Status.Phase), Ready: ready(p), Terminating: p.DeletionTimestamp != nil,
		Restarts: Restarts(p),
	}
}

// Restarts returns the restart counts of a pod's restarted containers.
func Restarts(p *corev1.Pod) map[string]int32 {
	counts := map[string]int32{}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if c.RestartCount > 0 {
			counts[c.Name] = c.RestartCount
		}
	}
	return counts
}
