package rollout

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/placement"
)

func reasons(all []placement.FilterReason) string {
	var words []string
	for _, r := range all {
		words = append(words, r.String())
	}
	return strings.Join(words, "; ")
}

// Why is the reason of an event: a rule, what the rule counted, and details as
// free text. It is plain, comparable data.
type Why struct {
	Reason Reason `json:"reason,omitempty"`
	Used   int    `json:"used,omitempty"`  // units of maxUnavailable or maxSurge in use, this event's own included
	Limit  int    `json:"limit,omitempty"` // maxUnavailable, maxSurge or the replicas
	Detail string `json:"detail,omitempty"`
}

// Reason is a rule of a controller or collector.
type Reason uint8

const (
	ReasonMissing          Reason = iota + 1 // the node wants a pod and has none
	ReasonNoLivePod                          // with surge: all its pods are failed or terminating
	ReasonNotEligible                        // the node no longer matches, or has a NoExecute taint
	ReasonPodFailed                          // it failed, and the node is not in backoff
	ReasonPodSucceeded                       // a pod of a DaemonSet must not end
	ReasonDuplicate                          // the node has older pods
	ReasonNodeDeleted                        // there is no such node
	ReasonOwnerDeleted                       // the DaemonSet was deleted
	ReasonMaxUnavailable                     // Used of Limit maxUnavailable
	ReasonOldUnavailable                     // the old pod is not available: replaced regardless of maxUnavailable, and counted against it
	ReasonOldNotReady                        // with surge: the old pod of two is not ready
	ReasonNewAvailable                       // with surge: the new pod of two is available
	OldUnwanted                              // with surge: the old pod is not available and the node no longer matches
	ReasonSurplusAvailable                   // with surge: the node no longer matches, and more pods are available (Used) than desired (Limit)

	ReasonTaintNotTolerated // it does not tolerate a NoExecute taint
	ReasonTolerationExpired // the time for which it tolerates a NoExecute taint is over
	ReasonEvictionLoop      // the same, and its successor will be evicted too: an endless loop

	ReasonRejected      // the kubelet rejects it
	ReasonLowerPriority // its node has no room for a pod of higher priority
	ReasonDrain         // its node is being drained
	ReasonEviction      // it was evicted through the eviction API

	ReasonMaxSurge            // Used of Limit maxSurge
	ReasonOldUnavailableSurge // the old pod is not available: a new one is created regardless of maxSurge

	ReasonScaleUp   // of a ReplicaSet
	ReasonScaleDown // Used pods for Limit replicas of a ReplicaSet
	SetGone         // its ReplicaSet was deleted
)

var reasonTable = [...]struct{ name, words string }{
	ReasonMissing:             {"Missing", "no pod there"},
	ReasonNoLivePod:           {"NoLivePod", "no live pod there"},
	ReasonNotEligible:         {"NotEligible", "the node excludes it"},
	ReasonPodFailed:           {"PodFailed", "it failed"},
	ReasonPodSucceeded:        {"PodSucceeded", "it succeeded"},
	ReasonDuplicate:           {"Duplicate", "one too many there"},
	ReasonNodeDeleted:         {"NodeDeleted", "the node is gone"},
	ReasonOwnerDeleted:        {"OwnerDeleted", "its DaemonSet was deleted"},
	ReasonMaxUnavailable:      {"MaxUnavailable", "maxUnavailable %d of %d in use"},
	ReasonOldUnavailable:      {"OldUnavailable", "old pod was already unavailable: replaced regardless of maxUnavailable (%d of %d in use)"},
	ReasonOldNotReady:         {"OldNotReady", "old pod not ready beside a new one"},
	ReasonNewAvailable:        {"NewAvailable", "new pod available"},
	OldUnwanted:               {"OldUnwanted", "old pod unavailable where none is wanted"},
	ReasonSurplusAvailable:    {"SurplusAvailable", "none wanted there, and %d are available for %d wanted"},
	ReasonTaintNotTolerated:   {"TaintNotTolerated", "it does not tolerate a NoExecute taint"},
	ReasonTolerationExpired:   {"TolerationExpired", "it tolerated a NoExecute taint only for a time"},
	ReasonEvictionLoop:        {"EvictionLoop", "it tolerated a NoExecute taint only for a time, as the pod will that takes its place"},
	ReasonRejected:            {"Rejected", "the kubelet rejects it"},
	ReasonLowerPriority:       {"LowerPriority", "it makes room"},
	ReasonDrain:               {"Drain", "its node is drained"},
	ReasonEviction:            {"Eviction", "somebody evicts it"},
	ReasonMaxSurge:            {"MaxSurge", "maxSurge %d of %d in use"},
	ReasonOldUnavailableSurge: {"OldUnavailableSurge", "old pod was already unavailable: a new one is created regardless of maxSurge (%d of %d in use)"},
	ReasonScaleUp:             {"ScaleUp", "too few replicas"},
	ReasonScaleDown:           {"ScaleDown", "%d pods for %d replicas"},
	SetGone:                   {"SetGone", "its ReplicaSet was deleted"},
}

var reasonNames = enum.In[Reason](reasonTable[:], func(row struct{ name, words string }) string { return row.name })

// unwanted reports whether the rule is about a node that wants no pod.
func (r Reason) unwanted() bool {
	return r == ReasonNotEligible || r == OldUnwanted || r == ReasonSurplusAvailable
}

// String returns the name of the rule.
func (r Reason) String() string { return reasonNames.String(r) }

// MarshalText returns the name of the rule.
func (r Reason) MarshalText() ([]byte, error) { return reasonNames.MarshalText(r) }

// UnmarshalText reads the name of a rule.
func (r *Reason) UnmarshalText(text []byte) error { return reasonNames.UnmarshalText(r, text) }

// String returns the reason in words, empty for the zero Why.
func (w Why) String() string {
	words := ""
	if w.Reason > 0 && int(w.Reason) < len(reasonTable) {
		words = reasonTable[w.Reason].words
		if w.Limit != 0 || w.Used != 0 {
			words = fmt.Sprintf(words, w.Used, w.Limit)
		}
	}
	switch {
	case words == "":
		return w.Detail
	case w.Detail == "":
		return words
	}
	return words + ": " + w.Detail
}
