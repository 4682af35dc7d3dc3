package main

import (
	"strings"

	"github.com/berthsim/berth/internal/page"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
)

// mostCourses is how many rollouts a page shows: each costs a simulation.
const mostCourses = 20

// page returns the page of a plan.
func (r report) page(ticks int) (*page.Page, error) {
	edits := make([]string, len(r.operations))
	for i, o := range r.operations {
		edits[i] = o.Edit
	}
	p := &page.Page{Title: "Plan: " + strings.Join(edits, "; "), Text: r.table()}
	for _, c := range r.claims() {
		p.Checks = append(p.Checks, page.Check{Fails: c.fails(), Name: c.name, Text: c.message()})
	}
	for _, e := range r.made.Effects() {
		p.Nodes = append(p.Nodes, changedNodes(e)...)
		if e.Rollout == nil || len(p.Rollouts) == mostCourses {
			continue
		}
		sim, err := r.made.Sim()
		if err != nil {
			return nil, err
		}
		course, err := page.Watch(sim, e.Key, ticks)
		if err != nil {
			return nil, err
		}
		p.Rollouts = append(p.Rollouts, course)
	}
	for _, e := range r.made.Evictions() {
		p.Nodes = append(p.Nodes, page.Node{Node: e.Node, Workload: "pod/" + e.Pod, Was: "running", Now: string(e.Disposition), Why: e.Cause})
	}
	p.Diagnoses = r.diagnoses()
	return p, nil
}

// diagnoses returns those of all operations, each once.
func (r report) diagnoses() []*diagnosis.Diagnosis {
	var all []*diagnosis.Diagnosis
	seen := map[string]bool{}
	for _, o := range r.operations {
		for _, x := range o.Diagnoses {
			if !seen[x.Key] {
				all = append(all, x)
			}
			seen[x.Key] = true
		}
	}
	return all
}

func changedNodes(e dryrun.Effect) []page.Node {
	var all []page.Node
	for _, c := range e.Changes {
		n := page.Node{Node: c.Node, Workload: e.Key, Was: c.Was.String(), Now: c.Now.String()}
		for _, v := range []*placement.Verdict{c.After, c.Before} {
			if n.Why == "" && v != nil {
				n.Why = because(*v)
			}
		}
		all = append(all, n)
	}
	return all
}

// because returns the reasons of a verdict without what is the node's own.
func because(v placement.Verdict) string {
	var reasons []string
	for _, r := range v.Reasons {
		reasons = append(reasons, r.String())
	}
	return strings.Join(reasons, "; ")
}

// page returns the page of some rollouts.
func (r courses) page() *page.Page {
	p := &page.Page{Title: "Rollout"}
	for _, one := range r.Rollouts {
		p.Title += " " + one.Workload
		l, word := judged(one.Estimate.State != rollout.StateDone)
		text := strings.TrimSpace(word) + " " + one.Estimate.String()
		for _, e := range one.Compared {
			text += "\n" + e.String()
		}
		p.Checks = append(p.Checks, page.Check{Fails: l == levelError, Name: one.Workload, Text: one.Workload + ": " + text})
		p.Rollouts = append(p.Rollouts, one.course)
		if one.Diagnosis != nil {
			p.Diagnoses = append(p.Diagnoses, one.Diagnosis)
		}
	}
	return p
}

// page returns the page of a script that was played. The simulation is as it was before.
func (r course) page(before *rollout.Sim, ticks int) (*page.Page, error) {
	p := &page.Page{Title: "What happens", Text: r.answer().text}
	for _, e := range r.Ends {
		p.Checks = append(p.Checks, page.Check{Fails: e.State != rollout.StateDone, Name: e.Workload, Text: e.Workload + ": " + e.State.String() + ": " + e.Status})
		if e.Diagnosis != nil {
			p.Diagnoses = append(p.Diagnoses, e.Diagnosis)
		}
		if len(p.Rollouts) == mostCourses {
			continue
		}
		course, err := page.Watch(before.Fork(), e.Workload, ticks)
		if err != nil {
			return nil, err
		}
		p.Rollouts = append(p.Rollouts, course)
	}
	for _, d := range r.Drains {
		text := rollout.FormatInput(d.Drain) + " waits\n"
		for _, pod := range d.Pods {
			text += pod.Pod + ": " + pod.Refused + "\n"
		}
		p.Checks = append(p.Checks, page.Check{Fails: true, Name: "drain " + d.Drain.Node, Text: text})
	}
	return p, nil
}
