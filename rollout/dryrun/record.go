package dryrun

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// recordVersion changes when the JSON form changes in a way that breaks readers.
const recordVersion = "berth.plan/v1"

// Record is a plan as plain data. Plan.MarshalJSON writes it, and another program reads
// it to show the plan or to refuse a stale one. It depends only on the cluster, the
// edits and the Config, not on the order in which objects were read. Durations are in
// nanoseconds, as time.Duration is written. Lists are never nil.
type Record struct {
	Version          string      `json:"version"`     // "berth.plan/v1"
	Kubernetes       string      `json:"kubernetes"`  // the version whose rules apply: "1.37"
	Fingerprint      string      `json:"fingerprint"` // of the given cluster
	EditsFingerprint string      `json:"editsFingerprint"`
	Operations       []Operation `json:"operations"` // each edit with its result
	Nodes            Count       `json:"nodes"`
	Effects          []Effect    `json:"effects"`   // on the affected DaemonSets and Deployments, ascending by key
	Untouched        []string    `json:"untouched"` // keys of the other DaemonSets and Deployments, ascending
	// Availability has the affected DaemonSets and Deployments, first all nodes together
	// and then by zone (the node label topology.kubernetes.io/zone), if there are several.
	Availability []Availability `json:"availability"`
	Budgets      []BudgetCourse `json:"budgets"` // of all PodDisruptionBudgets
	Evictions    []Eviction     `json:"evictions"`
	Findings     []Finding      `json:"findings"` // new findings
	Notes        []string       `json:"notes"`
}

// Count is a number before and after the plan.
type Count struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// Record returns the plan as plain data. It runs the simulation and takes two
// fingerprints.
func (p *Plan) Record() Record {
	p = p.orNothing()
	r := Record{
		Version: recordVersion, Kubernetes: "1.37", Fingerprint: p.base.print(), EditsFingerprint: fingerprintOfEdits(p),
		Nodes:      Count{p.Before().Nodes().Len(), p.After().Nodes().Len()},
		Operations: append([]Operation{}, p.Operations()...), Effects: append([]Effect{}, p.Effects()...), Untouched: p.untouched(),
		Availability: append(append([]Availability{}, p.Availability("")...), p.zones()...), Budgets: append([]BudgetCourse{}, deepCopy(p.budgets())...),
		Evictions: append([]Eviction{}, p.Evictions()...), Findings: append([]Finding{}, p.newFindings()...), Notes: append([]string{}, p.notes()...),
	}
	return r
}

// MarshalJSON writes the plan's Record.
func (p *Plan) MarshalJSON() ([]byte, error) { return json.Marshal(p.Record()) }

// untouched returns the keys of the DaemonSets and Deployments that the edits do not
// affect.
func (p *Plan) untouched() []string {
	affected := map[string]bool{}
	for _, e := range p.effects() {
		affected[e.Key] = true
	}
	all := []string{}
	for _, e := range p.whole() {
		if key := kube.DaemonSetKey(e.key); !affected[key] {
			all = append(all, key)
		}
	}
	deployments := map[string]bool{}
	for _, c := range []*cluster.Cluster{p.Before(), p.After()} {
		for _, d := range borrow.From(c).Deployments() {
			if key := kube.DeploymentKey(kube.Key(d)); !affected[key] {
				deployments[key] = true
			}
		}
	}
	return append(all, slices.Sorted(maps.Keys(deployments))...)
}

// Stale returns nil if the recorded plan still applies: it was made from this cluster
// and, if any are given, from these edits. Otherwise errors.Is finds ErrStale in the
// error. Edits are compared by their text and by their effect on the cluster. It costs
// a fingerprint, and with edits a plan.
func (r Record) Stale(c *cluster.Cluster, edits ...Edit) error {
	switch {
	case r.Version != recordVersion:
		return fmt.Errorf("%w: it has version %q, not %q", ErrStale, r.Version, recordVersion)
	case r.Fingerprint != fingerprintOf(c):
		return fmt.Errorf("%w: its fingerprint is %s, not %s", ErrStale, fingerprintOf(c), r.Fingerprint)
	case len(edits) == 0:
		return nil
	}
	p, err := New(c, edits...)
	if err != nil {
		return err
	}
	if fingerprintOfEdits(p) != r.EditsFingerprint {
		return fmt.Errorf("%w: the edits are others", ErrStale)
	}
	return nil
}
