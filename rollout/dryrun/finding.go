package dryrun

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/enum"
)

// Finding is a likely surprise about a DaemonSet on a cluster, reported before it
// happens.
type Finding struct {
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`
	Object   string   `json:"object"`          // "DaemonSet kube-system/agent"
	Path     string   `json:"path,omitempty"`  // of the field in the object
	Nodes    []string `json:"nodes,omitempty"` // that it is about, ascending
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy"`
}

// Rule is the rule behind a finding. Its text is stable: tools may depend on it.
type Rule string

const (
	RuleLosesPods         Rule = "LosesPods"         // a rollout deletes pods on tainted nodes, and none come back
	RuleSurgeCannotWork   Rule = "SurgeCannotWork"   // the new pod does not fit beside the old one
	RuleUpdateLimitUsedUp Rule = "UpdateLimitUsedUp" // nodes that are not ready use all of maxUnavailable
	RuleTakesTooLong      Rule = "TakesTooLong"      // minReadySeconds and maxUnavailable make it longer than InspectConfig.Within
	RuleRoundsUpToAll     Rule = "RoundsUpToAll"     // a percentage allows all pods to be replaced at once
	RuleIgnoredSeconds    Rule = "IgnoredSeconds"    // tolerationSeconds that the controller overwrites
	RuleEvictionLoop      Rule = "EvictionLoop"      // tolerationSeconds for a taint that a node has: the pod is evicted and recreated in a loop
	RulePreferenceIgnored Rule = "PreferenceIgnored" // preferred node affinity does not move a DaemonSet
	RuleOnVirtualNodes    Rule = "OnVirtualNodes"    // it tolerates everything, so its pods run on nodes that are no machines
	RuleNoRequests        Rule = "NoRequests"        // the scheduler counts nothing, and the kubelet evicts it first
	RuleSelectsNothing    Rule = "SelectsNothing"    // no pod is ever created: a requirement that no node meets, or taints
	RulePDBCannotProtect  Rule = "PDBCannotProtect"  // a PodDisruptionBudget in a form that does not work for DaemonSets
	RulePDBDoesNotProtect Rule = "PDBDoesNotProtect" // a PodDisruptionBudget that rollouts and drains ignore
)

// Severity is how serious a finding is.
type Severity uint8

const (
	SeverityNote    Severity = iota + 1 // good to know
	SeverityWarning                     // likely not what was meant
	SeverityProblem                     // will fail
)

var severityNames = enum.Of[Severity]("", "Note", "Warning", "Problem")

// String returns the severity's word.
func (s Severity) String() string { return severityNames.String(s) }

// MarshalText returns the severity's word.
func (s Severity) MarshalText() ([]byte, error) { return severityNames.MarshalText(s) }

// UnmarshalText parses a severity's word.
func (s *Severity) UnmarshalText(text []byte) error { return severityNames.UnmarshalText(s, text) }

// String returns the finding in one line.
func (f Finding) String() string {
	s := fmt.Sprintf("%v %s %s", f.Severity, f.Rule, f.Object)
	if f.Path != "" {
		s += " " + f.Path
	}
	return s + ": " + f.Message + "; " + f.Remedy
}

// FindingsVersion is the version of the JSON form of Findings.
const FindingsVersion = "berth.findings/v1"

// Findings are sorted by object, then by descending severity, then by rule and path.
type Findings []Finding

// String returns a line for each finding.
func (fs Findings) String() string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// MarshalJSON returns {"version":"berth.findings/v1","findings":[...]}.
func (fs Findings) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version  string    `json:"version"`
		Findings []Finding `json:"findings"`
	}{FindingsVersion, append([]Finding{}, fs...)})
}

// Worst returns the highest severity, or 0 if there are no findings.
func (fs Findings) Worst() Severity {
	worst := Severity(0)
	for _, f := range fs {
		worst = max(worst, f.Severity)
	}
	return worst
}

func (fs Findings) sort() {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Path, b.Path))
	})
}
