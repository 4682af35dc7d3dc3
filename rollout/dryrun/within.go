package dryrun

import (
	"fmt"
	"strings"
	"time"

	"github.com/berthsim/berth/cluster"
)

// within checks the course of the DaemonSet against Within.
func (e Effect) within(d time.Duration, share amount) evaluation {
	course := e.Summary()
	switch {
	case e.after == nil:
		return evaluation{message: "the DaemonSet is deleted"}
	case e.Wanted().Len() == 0 && course.Available == 0:
		return evaluation{empty: "no node wants a pod, before or after"}
	case e.Wanted().Len() == 0:
		return e.deserted()
	case !e.touched():
		return evaluation{}
	}
	var broken []string
	var offenders []Violation
	say := func(message string, nodes []Violation) {
		broken, offenders = append(broken, message), append(offenders, nodes...)
	}
	if !e.Completes() {
		say(fmt.Sprintf("the rollout does not end (%v)", course.State), e.waiting())
	} else if took := e.plan.duration(course.Ticks); took > d {
		say(fmt.Sprintf("it takes %v", took), e.late(d))
	}
	if up, of := e.MinAvailable(); up < share.of(of) {
		say(fmt.Sprintf("at worst %d of %d pods are available that stay wanted, %d are promised", up, of, share.of(of)), e.down())
	}
	return evaluation{message: strings.Join(broken, "; "), offenders: offenders}
}

// deserted is the evaluation for a DaemonSet that had pods and that no node wants any
// more.
func (e Effect) deserted() evaluation {
	r := evaluation{message: "no node wants a pod any more"}
	if e.before != nil {
		r.offenders = e.offend(e.before.Eligible(), "its pod goes and none comes")
	}
	return r
}

func (p *Plan) duration(ticks int) time.Duration { return time.Duration(ticks) * p.tick() }

// touched reports whether the edits affect the DaemonSet.
func (e Effect) touched() bool {
	key := daemonKey(e.Key)
	return e.course().ends[key].print != e.baseline().ends[key].print
}

func (e Effect) waiting() []Violation {
	var all []Violation
	for _, w := range e.Waiting() {
		all = append(all, e.Violation(w.Node, strings.TrimPrefix(w.String(), w.Node+": ")))
	}
	return all
}

// late returns the nodes where something still happens after the time is over.
func (e Effect) late(d time.Duration) []Violation {
	c := e.course()
	var names []string
	for _, event := range c.trace {
		if event.Key == daemonKey(e.Key) && e.plan.duration(event.Tick-c.start) > d {
			names = append(names, event.Node)
		}
	}
	return e.offend(e.plan.named(names...), fmt.Sprintf("its turn is not over after %v", d))
}

// down returns the nodes without an available pod at the worst moment.
func (e Effect) down() []Violation {
	w := e.worst()
	return e.offend(e.plan.named(w.down...), fmt.Sprintf("without an available pod %v after the edits", w.after))
}

func (e Effect) offend(nodes cluster.NodeSet, why string) []Violation {
	var all []Violation
	for _, name := range nodes.Names() {
		all = append(all, e.Violation(name, why))
	}
	return all
}
