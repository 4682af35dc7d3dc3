package main

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/rollout/dryrun"
)

// judged returns the level and the first word of a claim.
func judged(fails bool) (level, string) {
	if fails {
		return levelError, "FAIL  "
	}
	return levelOK, "ok    "
}

func (r report) claims() []claim {
	var all []claim
	for _, o := range r.operations {
		l, word := judged(o.Fails() && !r.incomplete)
		all = append(all, claim{rule: "Edit", name: o.Edit, at: r.placeOf(o), text: word + o.String(), level: l, printed: true})
	}
	for _, ds := range r.DaemonSets {
		for _, e := range ds.Expectations {
			l, word := judged(!e.holds())
			at := r.locator.place("daemonset/"+ds.Name, "")
			all = append(all, claim{rule: "Expectation", name: "--expect " + e.Selector, subject: ds.Name, at: at, text: word + e.text(), level: l})
		}
	}
	for _, v := range r.Policies {
		at := r.locator.place(v.Workload, "")
		if at.file == "" {
			at = place{v.File, v.Line}
		}
		l, _ := judged(v.Fails())
		all = append(all, claim{rule: "Policy", name: v.Policy, subject: strings.ReplaceAll(v.Workload, "daemonset/", ""), at: at, text: v.String(), level: l, skipped: v.AllowedEmpty})
	}
	return all
}

// placeOf returns the place of the first workload of an edit, if -f has it.
func (r report) placeOf(o dryrun.Operation) place {
	for _, key := range o.Touched {
		if at := r.locator.place(key, ""); at.file != "" && strings.HasPrefix(o.Edit, "apply ") {
			return at
		}
	}
	return place{}
}

func (e expectation) text() string {
	switch {
	case e.Nodes == 0:
		return fmt.Sprintf("--expect %s: names no node of the cluster\n", e.Selector)
	case e.holds():
		return fmt.Sprintf("--expect %s: all %d nodes\n", e.Selector, e.Nodes)
	}
	s := fmt.Sprintf("--expect %s: %d of %d nodes get no pod\n", e.Selector, len(e.Missing), e.Nodes)
	for _, v := range e.Missing {
		s += "      " + v.String() + "\n"
	}
	return s
}
