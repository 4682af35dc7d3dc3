package dryrun

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
)

// within is the requirement of Within.
type within struct {
	d     time.Duration
	share amount
	key   string // of the label for Per; empty: all nodes are one domain
}

// within checks the course of the DaemonSet against Within.
func (e effect) within(w within) evaluation {
	end := e.ending()
	switch {
	case e.after == nil:
		return evaluation{message: "the DaemonSet is deleted"}
	case e.wanted().Len() == 0 && !e.servedBefore():
		return evaluation{empty: "no node wants a pod, before or after"}
	case e.wanted().Len() == 0:
		return e.deserted()
	case !e.touched():
		return evaluation{}
	}
	var broken []string
	var offenders []Violation
	say := func(message string, nodes []Violation) {
		broken, offenders = append(broken, message), append(offenders, nodes...)
	}
	if !e.completes() {
		say(fmt.Sprintf("the rollout does not complete (%v)", end.state), e.waiting())
	} else if took := e.plan.duration(end.last); took > w.d {
		say(fmt.Sprintf("it takes %v", took), e.late(w.d))
	}
	for _, low := range e.worstPer(w.key) {
		if need := w.share.of(low.of); low.available < need {
			say(low.domain+fmt.Sprintf("at worst %d of %d pods are available on nodes that still want one, %d are required", low.available, low.of, need),
				e.offend(e.plan.named(low.down...), fmt.Sprintf("without an available pod %v after the edits", low.after)))
		}
	}
	return evaluation{message: strings.Join(broken, "; "), offenders: offenders}
}

// servedBefore reports whether a node that wanted a pod before the edits had an
// available one.
func (e effect) servedBefore() bool {
	return slices.ContainsFunc(e.course().before[e.key], func(p rollout.Pod) bool {
		return p.Available && !p.Terminating && e.before != nil && e.before.Eligible().Has(p.Node)
	})
}

// deserted is the evaluation for a DaemonSet that had pods and that no node wants any
// more.
func (e effect) deserted() evaluation {
	r := evaluation{message: "no node wants a pod any more"}
	if e.before != nil {
		r.offenders = e.offend(e.before.Eligible(), "its pod is deleted and not replaced")
	}
	return r
}

func (p *Plan) duration(ticks int) time.Duration { return time.Duration(ticks) * p.tick() }

// touched reports whether the edits affect the DaemonSet.
func (e effect) touched() bool {
	key := kube.DaemonSetKey(e.key)
	return e.course().ends[key].print != e.baseline().ends[key].print
}

func (e effect) waiting() []Violation {
	var all []Violation
	for _, w := range e.waits() {
		all = append(all, e.violation(w.Node, strings.TrimPrefix(w.String(), w.Node+": ")))
	}
	return all
}

// late returns the nodes where something still happens after the time is over.
func (e effect) late(d time.Duration) []Violation {
	c, key := e.course(), kube.DaemonSetKey(e.key)
	var names []string
	for _, event := range c.trace {
		if event.Key == key && e.plan.duration(event.Tick-c.start) > d {
			names = append(names, event.Node)
		}
	}
	return e.offend(e.plan.named(names...), fmt.Sprintf("not updated after %v", d))
}

func (e effect) offend(nodes cluster.NodeSet, why string) []Violation {
	var all []Violation
	for _, name := range nodes.Names() {
		all = append(all, e.violation(name, why))
	}
	return all
}
