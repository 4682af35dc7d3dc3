package dryrun

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/internal/enum"
)

// Finding is something about a DaemonSet on a cluster that is going to surprise
// somebody: told before it happens.
type Finding struct {
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`
	Object   string   `json:"object"`          // "DaemonSet kube-system/agent"
	Path     string   `json:"path,omitempty"`  // of the field in the object
	Nodes    []string `json:"nodes,omitempty"` // that it is about, ascending
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy"`
}

// Rule is what a finding is found by. Its text stays the same: tools may name it.
type Rule string

const (
	RuleLosesPods         Rule = "LosesPods"         // a rollout deletes pods on tainted nodes, and none come back
	RuleSurgeCannotWork   Rule = "SurgeCannotWork"   // the new pod does not fit beside the old one
	RuleUpdateLimitUsedUp Rule = "UpdateLimitUsedUp" // nodes that are not ready use all of maxUnavailable
	RuleTakesTooLong      Rule = "TakesTooLong"      // minReadySeconds and maxUnavailable make it longer than InspectConfig.Within
	RuleRoundsUpToAll     Rule = "RoundsUpToAll"     // a percentage lets all pods go at once
	RuleIgnoredSeconds    Rule = "IgnoredSeconds"    // tolerationSeconds that the controller overwrites
	RuleEvictionLoop      Rule = "EvictionLoop"      // tolerationSeconds for a taint that a node has: turned out and made again for ever
	RulePreferenceIgnored Rule = "PreferenceIgnored" // preferred node affinity does not move a DaemonSet
	RuleOnVirtualNodes    Rule = "OnVirtualNodes"    // it tolerates everything, and so comes to nodes that are no machines
	RuleNoRequests        Rule = "NoRequests"        // the scheduler counts nothing, and the kubelet evicts it first
	RuleSelectsNothing    Rule = "SelectsNothing"    // no pod is ever made: a requirement that no node meets, or taints
	RulePDBCannotProtect  Rule = "PDBCannotProtect"  // a PodDisruptionBudget in a form that fails for DaemonSets
	RulePDBDoesNotProtect Rule = "PDBDoesNotProtect" // a PodDisruptionBudget that rollouts and drains do not ask
)

// Severity is how bad a finding is.
type Severity uint8

const (
	SeverityNote    Severity = iota + 1 // good to know
	SeverityWarning                     // likely not what was meant
	SeverityProblem                     // will fail
)

var severityNames = enum.Of[Severity]("", "Note", "Warning", "Problem")

// String is the severity's word.
func (s Severity) String() string { return severityNames.String(s) }

// MarshalText makes a severity its word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return severityNames.MarshalText(s) }

// UnmarshalText reads a severity's word.
func (s *Severity) UnmarshalText(text []byte) error { return severityNames.UnmarshalText(s, text) }

// String is the finding in one line.
func (f Finding) String() string {
	s := fmt.Sprintf("%v %s %s", f.Severity, f.Rule, f.Object)
	if f.Path != "" {
		s += " " + f.Path
	}
	return s + ": " + f.Message + "; " + f.Remedy
}

// FindingsVersion is the form of the JSON of Findings.
const FindingsVersion = "berth.findings/v1"

// Findings are sorted by object, then the worst first, then by rule and path.
type Findings []Finding

// String has a line for each.
func (fs Findings) String() string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// MarshalJSON is {"version":"berth.findings/v1","findings":[...]}.
func (fs Findings) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version  string    `json:"version"`
		Findings []Finding `json:"findings"`
	}{FindingsVersion, append([]Finding{}, fs...)})
}

// Worst is the highest severity; 0 if there is nothing.
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
