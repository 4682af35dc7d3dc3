package dryrun

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Finding is a likely surprise about an object of a cluster, reported before it
// happens. These are the rules; tools may depend on their names. Inspect finds:
//
//	LosesPods          a rollout deletes pods on tainted nodes, and none come back
//	SurgeCannotWork    the new pod does not fit beside the old one
//	UpdateLimitUsedUp  nodes that are not ready use all of maxUnavailable
//	TakesTooLong       minReadySeconds and maxUnavailable make a rollout longer than Config.Limit
//	RoundsUpToAll      a percentage allows all pods to be replaced at once
//	IgnoredSeconds     the controller overwrites tolerationSeconds
//	EvictionLoop       tolerationSeconds for a taint that a node has: the pod is evicted and recreated in a loop
//	PreferenceIgnored  preferred node affinity does not move a DaemonSet
//	OnVirtualNodes     it tolerates everything, so its pods run on nodes that are no machines
//	OnOtherSystems     nothing keeps its pods off nodes with another operating system
//	NoPriority         it tolerates everything, and other pods may take its room
//	LeavesNoRoom       all DaemonSets of a node request more than the node has
//	UpdatesTooSoon     pods that are ready for less than minReadySeconds are all replaced at once
//	NoRequests         the scheduler counts nothing, and the kubelet evicts it first
//	SelectsNothing     no pod is ever created: a requirement that no node meets, or taints
//	PDBCannotProtect   a PodDisruptionBudget in a form that does not work for DaemonSets
//	PDBDoesNotProtect  a PodDisruptionBudget that rollouts and drains ignore
//
// of a Deployment:
//
//	SpreadCountsTainted  a spread constraint counts domains where no pod can run
//	ReturnsToDrained     it tolerates the cordon of a drained node
//	DeadlineTooShort     no pod can be ready within progressDeadlineSeconds
//
// IgnoresNothing is about an annotation that ignores a rule that does not exist.
//
// Upgrade finds:
//
//	OtherValidation  only one of the releases accepts the object, or for other mistakes
//	OtherDefaults    the API server stores other fields of the object
//	OtherNodes       pods run on other nodes, or are wanted there
//	OtherScores      the scheduler prefers another node for a new pod
//	OtherEvent       the event FailedScheduling has another message
//	OtherRollout     a restart takes another course
//	KubeletSkew      a kubelet is too old or too new for the API server
//	DrainFails       the node cannot be drained to upgrade its kubelet
//	NoRoom           while the node is drained, pods find no other
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Object   string   `json:"object"`         // "DaemonSet kube-system/agent"
	Path     string   `json:"path,omitempty"` // of the field in the object
	Nodes    []string `json:"nodes"`          // that it is about, ascending
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy"`
}

// Severity is how serious a finding is.
type Severity string

const (
	SeverityNote    Severity = "Note"    // good to know
	SeverityWarning Severity = "Warning" // likely not what was meant
	SeverityProblem Severity = "Problem" // will fail
)

// severities lists the severities, ascending.
var severities = []Severity{SeverityNote, SeverityWarning, SeverityProblem}

func (s Severity) rank() int { return slices.Index(severities, s) }

// String returns the finding in one line.
func (f Finding) String() string {
	s := fmt.Sprintf("%v %s %s", f.Severity, f.Rule, f.Object)
	if f.Path != "" {
		s += " " + f.Path
	}
	return s + ": " + f.Message + "; " + f.Remedy
}

// findingsVersion changes when the JSON form changes in a way that breaks readers.
const findingsVersion = "berth.findings/v1"

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

// findingsForm is the JSON form of Findings.
type findingsForm struct {
	Version  string    `json:"version"`
	Findings []Finding `json:"findings"`
}

// MarshalJSON returns {"version":"berth.findings/v1","findings":[...]}.
func (fs Findings) MarshalJSON() ([]byte, error) {
	return json.Marshal(findingsForm{findingsVersion, append([]Finding{}, fs...)})
}

// UnmarshalJSON reads what MarshalJSON returns. Another version is an error.
func (fs *Findings) UnmarshalJSON(text []byte) error {
	var form findingsForm
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	if form.Version != findingsVersion {
		return fmt.Errorf("findings have version %q, not %q", form.Version, findingsVersion)
	}
	*fs = form.Findings
	return nil
}

func (fs Findings) sort() {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(b.Severity.rank(), a.Severity.rank()), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Path, b.Path))
	})
}
