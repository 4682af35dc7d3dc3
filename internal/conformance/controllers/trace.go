package controllers

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

// Trace is what happened, tick by tick.
type Trace []Tick

// Tick is the end of one tick, by key.
type Tick struct {
	DaemonSets  map[string]Set
	Deployments map[string]Deployment
	ReplicaSets map[string]ReplicaSet
}

// Set is one DaemonSet at the end of a tick, with what its controller did in it.
type Set struct {
	Status    appsv1.DaemonSetStatus
	Created   []Act // by node, in the order of the syncs
	Deleted   []Act
	Revisions []Revision // ascending
	Pods      []Pod      // by node, then age, then name
	Errors    []string   // of syncs, each once
	NewErrors []string   // that the sync before did not end with
	Refused   []string   // inputs, with the reason
	Syncs     int        // that created or deleted something
}

// Act is one call of the controller. Revision is what the pod's ControllerRevision
// is numbered after the sync; 0 if there is none.
type Act struct {
	Node, Hash string
	Revision   int64
}

// Revision is one ControllerRevision.
type Revision struct {
	Number int64
	Hash   string
}

// Pod is one pod of the DaemonSet.
type Pod struct {
	Node, Hash, Phase         string
	Bound, Ready, Terminating bool
}

// String is one line for each tick and DaemonSet, Deployment or ReplicaSet.
func (t Trace) String() string {
	var b strings.Builder
	for i, tick := range t {
		for _, k := range sortedKeys(tick.DaemonSets) {
			fmt.Fprintf(&b, "%3d %s %s\n", i, k, tick.DaemonSets[k])
		}
		for _, k := range sortedKeys(tick.Deployments) {
			fmt.Fprintf(&b, "%3d %s %s\n", i, k, tick.Deployments[k])
		}
		for _, k := range sortedKeys(tick.ReplicaSets) {
			fmt.Fprintf(&b, "%3d   %s %s\n", i, k, tick.ReplicaSets[k])
		}
	}
	return b.String()
}

// String is the numbers, then what was done, then the pods.
func (s Set) String() string {
	var b strings.Builder
	st := s.Status
	fmt.Fprintf(&b, "want=%d have=%d mis=%d ready=%d updated=%d avail=%d unavail=%d gen=%d",
		st.DesiredNumberScheduled, st.CurrentNumberScheduled, st.NumberMisscheduled, st.NumberReady,
		st.UpdatedNumberScheduled, st.NumberAvailable, st.NumberUnavailable, st.ObservedGeneration)
	for _, r := range s.Revisions {
		fmt.Fprintf(&b, " %d:%.4s", r.Number, r.Hash)
	}
	for _, a := range s.Deleted {
		fmt.Fprintf(&b, " -%s:%.4s", a.Node, a.Hash)
	}
	for _, a := range s.Created {
		fmt.Fprintf(&b, " +%s:%.4s", a.Node, a.Hash)
	}
	b.WriteString(" |")
	for _, p := range s.Pods {
		b.WriteString(" " + p.String())
	}
	for _, e := range append(s.Errors, s.Refused...) {
		fmt.Fprintf(&b, " ! %s", e)
	}
	return b.String()
}

// String is the node, the hash and one letter: unbound, waiting, running, ready,
// failed or succeeded; a dagger when terminating.
func (p Pod) String() string {
	s := fmt.Sprintf("%s:%.4s:%s", p.Node, p.Hash, p.letter())
	if p.Terminating {
		s += "†"
	}
	return s
}

func (p Pod) letter() string {
	switch {
	case !p.Bound:
		return "u"
	case p.Ready:
		return "R"
	case p.Phase == "Running":
		return "r"
	default:
		return strings.ToLower(p.Phase[:1])
	}
}
