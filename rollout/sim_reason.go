package rollout

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/placement"
)

func reasons(all []placement.FilterReason) string {
	var words []string
	for _, r := range all {
		words = append(words, r.String())
	}
	return strings.Join(words, "; ")
}

// cause is the reason of an event, what the rule counted, and details as free text.
type cause struct {
	Reason      Reason
	Used, Limit int
	Detail      string
}

// Reason is why a controller or collector acted.
type Reason string

const (
	ReasonMissing          Reason = "Missing"          // the node wants a pod and has none
	ReasonNoLivePod        Reason = "NoLivePod"        // with surge: all its pods are failed or terminating
	ReasonNotEligible      Reason = "NotEligible"      // the node no longer matches, or has a NoExecute taint
	ReasonPodFailed        Reason = "PodFailed"        // it failed, and the node is not in backoff
	ReasonPodSucceeded     Reason = "PodSucceeded"     // a pod of a DaemonSet must not end
	ReasonDuplicate        Reason = "Duplicate"        // the node has older pods
	ReasonNodeDeleted      Reason = "NodeDeleted"      // there is no such node
	ReasonOwnerDeleted     Reason = "OwnerDeleted"     // the DaemonSet was deleted
	ReasonMaxUnavailable   Reason = "MaxUnavailable"   // Used of Limit maxUnavailable
	ReasonOldUnavailable   Reason = "OldUnavailable"   // the old pod is not available: replaced regardless of maxUnavailable, and counted against it
	ReasonOldNotReady      Reason = "OldNotReady"      // with surge: the old pod of two is not ready
	ReasonNewAvailable     Reason = "NewAvailable"     // with surge: the new pod of two is available
	ReasonOldUnwanted      Reason = "OldUnwanted"      // with surge: the old pod is not available and the node no longer matches
	ReasonSurplusAvailable Reason = "SurplusAvailable" // with surge: the node no longer matches, and more pods are available (Used) than desired (Limit)

	ReasonTaintNotTolerated Reason = "TaintNotTolerated" // it does not tolerate a NoExecute taint
	ReasonTolerationExpired Reason = "TolerationExpired" // the time for which it tolerates a NoExecute taint is over
	ReasonEvictionLoop      Reason = "EvictionLoop"      // the same, and its successor will be evicted too: an endless loop

	ReasonRejected      Reason = "Rejected"      // the kubelet rejects it
	ReasonLowerPriority Reason = "LowerPriority" // its node has no room for a pod of higher priority
	ReasonDrain         Reason = "Drain"         // its node is being drained
	ReasonEviction      Reason = "Eviction"      // it was evicted through the eviction API

	ReasonMaxSurge            Reason = "MaxSurge"            // Used of Limit maxSurge
	ReasonOldUnavailableSurge Reason = "OldUnavailableSurge" // the old pod is not available: a new one is created regardless of maxSurge

	ReasonScaleUp           Reason = "ScaleUp"           // of a ReplicaSet
	ReasonScaleDown         Reason = "ScaleDown"         // Used pods for Limit replicas of a ReplicaSet
	ReasonReplicaSetDeleted Reason = "ReplicaSetDeleted" // its ReplicaSet was deleted
)

var reasonWords = map[Reason]string{
	ReasonMissing:             "no pod there",
	ReasonNoLivePod:           "no live pod there",
	ReasonNotEligible:         "the node excludes it",
	ReasonPodFailed:           "it failed",
	ReasonPodSucceeded:        "it succeeded",
	ReasonDuplicate:           "one too many there",
	ReasonNodeDeleted:         "the node is gone",
	ReasonOwnerDeleted:        "its DaemonSet was deleted",
	ReasonMaxUnavailable:      "maxUnavailable %d of %d in use",
	ReasonOldUnavailable:      "old pod was already unavailable: replaced regardless of maxUnavailable (%d of %d in use)",
	ReasonOldNotReady:         "old pod not ready beside a new one",
	ReasonNewAvailable:        "new pod available",
	ReasonOldUnwanted:         "old pod unavailable where none is wanted",
	ReasonSurplusAvailable:    "none wanted there, and %d are available for %d wanted",
	ReasonTaintNotTolerated:   "it does not tolerate a NoExecute taint",
	ReasonTolerationExpired:   "it tolerated a NoExecute taint only for a time",
	ReasonEvictionLoop:        "it tolerated a NoExecute taint only for a time, as the pod will that takes its place",
	ReasonRejected:            "the kubelet rejects it",
	ReasonLowerPriority:       "it makes room",
	ReasonDrain:               "its node is drained",
	ReasonEviction:            "somebody evicts it",
	ReasonMaxSurge:            "maxSurge %d of %d in use",
	ReasonOldUnavailableSurge: "old pod was already unavailable: a new one is created regardless of maxSurge (%d of %d in use)",
	ReasonScaleUp:             "too few replicas",
	ReasonScaleDown:           "%d pods for %d replicas",
	ReasonReplicaSetDeleted:   "its ReplicaSet was deleted",
}

// unwanted reports whether the rule is about a node that wants no pod.
func (r Reason) unwanted() bool {
	return r == ReasonNotEligible || r == ReasonOldUnwanted || r == ReasonSurplusAvailable
}

// rolls reports whether the rule is one by which rollingUpdate begins with a node,
// or by which a ReplicaSet shrinks.
func (r Reason) rolls() bool {
	switch r {
	case ReasonMaxUnavailable, ReasonOldUnavailable, ReasonMaxSurge, ReasonOldUnavailableSurge, ReasonScaleDown:
		return true
	}
	return false
}

// Why returns the reason and the detail in words. It is empty if there is neither.
func (e Event) Why() string {
	words := reasonWords[e.Reason]
	if words != "" && (e.Limit != 0 || e.Used != 0) {
		words = fmt.Sprintf(words, e.Used, e.Limit)
	}
	switch {
	case words == "":
		return e.Detail
	case e.Detail == "":
		return words
	}
	return words + ": " + e.Detail
}
