package dryrun

import (
	"encoding/json"
	"fmt"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// RecordVersion changes when the JSON form changes in a way that breaks readers.
const RecordVersion = "berth.dryrun/v1"

// Record is a plan as plain data. Plan.MarshalJSON writes it, and another program reads
// it to show the plan or to refuse a stale one. It depends only on the cluster, the
// edits and the Config, not on the order in which objects were read.
type Record struct {
	Version     string             `json:"version"`
	Kubernetes  string             `json:"kubernetes"`  // the version whose rules apply: "1.37"
	Fingerprint Fingerprint        `json:"fingerprint"` // of the given cluster
	EditsPrint  Fingerprint        `json:"editsFingerprint"`
	Edits       []string           `json:"edits"`
	Operations  []Operation        `json:"operations"` // the result of each edit
	Nodes       Count              `json:"nodes"`
	DaemonSets  []DaemonSetRecord  `json:"daemonSets"`  // that are affected, ascending by key
	Untouched   []string           `json:"untouched"`   // the others
	Deployments []DeploymentEffect `json:"deployments"` // with pods that change, ascending by key
	// Availability has all DaemonSets and Deployments that are affected.
	Availability []Availability `json:"availability"`
	Evictions    []Eviction     `json:"evictions"`
	Findings     []Finding      `json:"findings"` // new findings
	Notes        []string       `json:"notes"`
}

// Count is a number before and after the plan.
type Count struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// DaemonSetRecord is an Effect as plain data. Nodes are names, ascending.
type DaemonSetRecord struct {
	DaemonSet string             `json:"daemonSet"`
	Action    Action             `json:"action"`
	Fields    []FieldChange      `json:"fields,omitempty"`
	Wanted    Count              `json:"wanted"`
	Placed    Count              `json:"placed"`
	Kept      Count              `json:"kept"`
	Changes   []placement.Change `json:"changes"`
	Clashes   []Clash            `json:"clashes,omitempty"` // with others that the plan creates or changes
	Pods      PodsRecord         `json:"pods"`
	Rollout   *RolloutRecord     `json:"rollout,omitempty"` // nil if no pod changes
	Admission *AdmissionRecord   `json:"admission,omitempty"`
	Error     string             `json:"error,omitempty"` // why there is no prediction after the plan
}

// PodsRecord is PodChanges as plain data.
type PodsRecord struct {
	Created   []string `json:"created"`
	Updated   []string `json:"updated"`
	Recreated []string `json:"recreated"`
	Deleted   []string `json:"deleted"`
	Dropped   []string `json:"dropped"`
	Outdated  []string `json:"outdated"`
}

// RolloutRecord is the course of the DaemonSet in the simulation.
type RolloutRecord struct {
	Completes    bool     `json:"completes"`    // whether it completes, except on nodes that were stuck before
	State        string   `json:"state"`        // of the DaemonSet at the end: "Done", "Stuck", ...
	Seconds      int64    `json:"seconds"`      // until its last event
	Waves        int      `json:"waves"`        // of the rolling update
	Available    int      `json:"available"`    // nodes that had an available pod and still want one
	MinAvailable int      `json:"minAvailable"` // the lowest number of these nodes with an available pod
	Unavailable  []string `json:"unavailable"`  // the other nodes at that time
	Waiting      []string `json:"waiting"`      // what keeps it from completing, a line for each node
}

// AdmissionRecord is an Admission as plain data.
type AdmissionRecord struct {
	Changes []FieldChange `json:"changes"`
	Refused []string      `json:"refused"`
	Gained  []string      `json:"gained"`
}

// Record returns the plan as plain data. It runs the simulation and takes two
// fingerprints.
func (p *Plan) Record() Record {
	p = p.orNothing()
	r := Record{
		Version: RecordVersion, Kubernetes: "1.37", Fingerprint: p.Fingerprint(), EditsPrint: fingerprintOfEdits(p),
		Nodes: Count{p.Before().Nodes().Len(), p.After().Nodes().Len()},
		Edits: []string{}, Operations: append([]Operation{}, p.Operations()...), DaemonSets: []DaemonSetRecord{}, Untouched: []string{}, Evictions: append([]Eviction{}, p.Evictions()...), Notes: append([]string{}, p.Notes()...),
		Deployments:  append([]DeploymentEffect{}, p.Deployments()...),
		Availability: append([]Availability{}, p.Availability("")...),
		Findings:     append([]Finding{}, p.Findings()...),
	}
	for _, e := range p.edits {
		r.Edits = append(r.Edits, e.text)
	}
	for _, e := range p.whole() {
		if e.Empty() {
			r.Untouched = append(r.Untouched, e.Key)
		} else {
			r.DaemonSets = append(r.DaemonSets, e.record())
		}
	}
	return r
}

// MarshalJSON writes the plan's Record.
func (p *Plan) MarshalJSON() ([]byte, error) { return json.Marshal(p.Record()) }

func (e Effect) record() DaemonSetRecord {
	pods := e.Pods()
	r := DaemonSetRecord{
		DaemonSet: e.Key, Action: e.Action, Fields: e.Fields(), Changes: []placement.Change{}, Clashes: e.Clashes(),
		Wanted: e.count(func(d *daemon) cluster.NodeSet { return d.Eligible() }),
		Placed: e.count((*daemon).placed),
		Kept:   e.count(func(d *daemon) cluster.NodeSet { return d.Kept() }),
		Pods: PodsRecord{
			pods.Created.Names(), pods.Updated.Names(), pods.Recreated.Names(), pods.Deleted.Names(), pods.Dropped.Names(), pods.Outdated.Names(),
		},
	}
	for c := range e.Changes.All() {
		r.Changes = append(r.Changes, c)
	}
	if !pods.Empty() && e.after != nil {
		r.Rollout = e.courseRecord()
	}
	if a, ok := e.Admission(); ok {
		r.Admission = &AdmissionRecord{append([]FieldChange{}, a.Changes...), a.Refused.Names(), a.Gained.Names()}
	}
	if e.wrong != nil {
		r.Error = e.wrong.Error()
	}
	return r
}

func (e Effect) count(of func(*daemon) cluster.NodeSet) (c Count) {
	if e.before != nil {
		c.Before = of(e.before).Len()
	}
	if e.after != nil {
		c.After = of(e.after).Len()
	}
	return c
}

func (e Effect) courseRecord() *RolloutRecord {
	c := e.Summary()
	up, of := e.MinAvailable()
	r := &RolloutRecord{
		Completes: e.Completes(), State: c.State.String(), Seconds: int64(e.plan.duration(c.Ticks).Seconds()), Waves: c.Waves, Available: of, MinAvailable: up,
		Unavailable: append([]string{}, c.Unavailable...), Waiting: []string{},
	}
	if !e.Completes() {
		for _, w := range e.Waiting() {
			r.Waiting = append(r.Waiting, w.String())
		}
	}
	return r
}

// Stale returns nil if the recorded plan still applies: it was made from this cluster
// and, if any are given, from these edits. Otherwise errors.Is finds ErrStale in the
// error. Edits are compared by their text and by their effect on the cluster. It costs
// a fingerprint, and with edits a plan.
func (r Record) Stale(c *cluster.Cluster, edits ...Edit) error {
	switch {
	case r.Version != RecordVersion:
		return fmt.Errorf("%w: it has version %q, not %q", ErrStale, r.Version, RecordVersion)
	case r.Fingerprint != FingerprintOf(c):
		return fmt.Errorf("%w: its fingerprint is %s, not %s", ErrStale, FingerprintOf(c), r.Fingerprint)
	case len(edits) == 0:
		return nil
	}
	p, err := New(c, edits...)
	if err != nil {
		return err
	}
	if fingerprintOfEdits(p) != r.EditsPrint {
		return fmt.Errorf("%w: the edits are others", ErrStale)
	}
	return nil
}
