package rollout

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/placement"
)

func reasons(all []placement.Reason) string {
	var words []string
	for _, r := range all {
		words = append(words, r.String())
	}
	return strings.Join(words, "; ")
}

// Why is the reason of an event: a rule, what the rule counted, and details that
// have no form. It is plain, comparable data.
type Why struct {
	Rule   Rule   `json:"rule,omitempty"`
	Used   int    `json:"used,omitempty"` // units of the budget in use, this event's own included
	Of     int    `json:"of,omitempty"`   // the budget
	Detail string `json:"detail,omitempty"`
}

// Rule is a rule of the controller, or a collector's.
type Rule uint8

const (
	NoPod           Rule = iota + 1 // the node wants a pod and has none
	NoLivePod                       // with surge: it has only pods that failed or are on their way out
	NodeExcludes                    // the node matches no more, or has a NoExecute taint
	FailedPod                       // it failed, and the node is not in backoff
	SucceededPod                    // a daemon's pod must not end
	TooMany                         // the node has older pods
	NodeGone                        // there is no such node
	OwnerGone                       // the DaemonSet was deleted
	WithinBudget                    // Used of Of maxUnavailable
	OldUnavailable                  // the old pod is not available: replaced whatever the budget, of which it uses one
	OldNotReady                     // with surge: the old pod of two is not ready
	NewAvailable                    // with surge: the new pod of two is available
	OldUnwanted                     // with surge: the old pod is not available and the node matches no more
	EnoughElsewhere                 // with surge: the node matches no more, and Used pods are available, more than the Of that are wanted

	NotTolerated // it does not tolerate a NoExecute taint
	OutOfTime    // it has tolerated a NoExecute taint for as long as it does
	OutAgain     // likewise, and so will the pod that takes its place: an endless loop

	Rejected      // the kubelet does not let it in
	LowerPriority // its node has no room for a more important pod
	NodeDrained   // somebody drains its node
	Eviction      // somebody evicts it

	WithinSurge         // Used of Of maxSurge
	OldUnavailableSurge // the old pod is not available: a new one comes whatever the surge

	TooFewReplicas  // of a ReplicaSet
	TooManyReplicas // Used pods for Of replicas of a ReplicaSet
	SetGone         // its ReplicaSet was deleted
)

var rules = [...]struct{ name, words string }{
	NoPod:               {"NoPod", "no pod there"},
	NoLivePod:           {"NoLivePod", "no live pod there"},
	NodeExcludes:        {"NodeExcludes", "the node excludes it"},
	FailedPod:           {"FailedPod", "it failed"},
	SucceededPod:        {"SucceededPod", "it succeeded"},
	TooMany:             {"TooMany", "one too many there"},
	NodeGone:            {"NodeGone", "the node is gone"},
	OwnerGone:           {"OwnerGone", "its DaemonSet was deleted"},
	WithinBudget:        {"WithinBudget", "budget %d of %d used"},
	OldUnavailable:      {"OldUnavailable", "old pod unavailable: replaced whatever the budget, of which it uses one (%d of %d used)"},
	OldNotReady:         {"OldNotReady", "old pod not ready beside a new one"},
	NewAvailable:        {"NewAvailable", "new pod available"},
	OldUnwanted:         {"OldUnwanted", "old pod unavailable where none is wanted"},
	EnoughElsewhere:     {"EnoughElsewhere", "none wanted there, and %d are available for %d wanted"},
	NotTolerated:        {"NotTolerated", "it does not tolerate a NoExecute taint"},
	OutOfTime:           {"OutOfTime", "it tolerated a NoExecute taint only for a time"},
	OutAgain:            {"OutAgain", "it tolerated a NoExecute taint only for a time, as the pod will that takes its place"},
	Rejected:            {"Rejected", "the kubelet rejects it"},
	LowerPriority:       {"LowerPriority", "it makes room"},
	NodeDrained:         {"NodeDrained", "its node is drained"},
	Eviction:            {"Eviction", "somebody evicts it"},
	WithinSurge:         {"WithinSurge", "surge %d of %d used"},
	OldUnavailableSurge: {"OldUnavailableSurge", "old pod unavailable: a new one comes whatever the surge (%d of %d used)"},
	TooFewReplicas:      {"TooFewReplicas", "too few replicas"},
	TooManyReplicas:     {"TooManyReplicas", "%d pods for %d replicas"},
	SetGone:             {"SetGone", "its ReplicaSet was deleted"},
}

var ruleNames = enum.In[Rule](rules[:], func(row struct{ name, words string }) string { return row.name })

// unwanted says whether the rule is about a node that wants no pod.
func (r Rule) unwanted() bool { return r == NodeExcludes || r == OldUnwanted || r == EnoughElsewhere }

// String is the name of the rule.
func (r Rule) String() string { return ruleNames.String(r) }

// MarshalText makes a rule its name in JSON.
func (r Rule) MarshalText() ([]byte, error) { return ruleNames.MarshalText(r) }

// UnmarshalText reads the name of a rule.
func (r *Rule) UnmarshalText(text []byte) error { return ruleNames.UnmarshalText(r, text) }

// String is the reason in words; empty for the zero Why.
func (w Why) String() string {
	words := ""
	if w.Rule > 0 && int(w.Rule) < len(rules) {
		words = rules[w.Rule].words
		if w.Of != 0 || w.Used != 0 {
			words = fmt.Sprintf(words, w.Used, w.Of)
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
