package dryrun

import (
	"fmt"
	"strings"
)

// fewEvictions is up to how many pods with the same reason and outcome have a line each.
const fewEvictions = 3

// evictionLines returns a line for each pod, or for many with the same owner, reason and
// outcome together.
func evictionLines(evictions []Eviction) []string {
	groups := map[string][]Eviction{}
	for _, e := range evictions {
		groups[e.group()] = append(groups[e.group()], e)
	}
	var lines []string
	for _, e := range evictions {
		switch group := groups[e.group()]; {
		case len(group) <= fewEvictions:
			lines = append(lines, e.sign()+" "+e.line())
		case group[0] == e:
			lines = append(lines, e.sign()+" "+e.groupLine(group))
		}
	}
	return lines
}

// group returns what pods that share a line have in common.
func (e Eviction) group() string {
	namespace, _ := split(e.Pod)
	return strings.Join([]string{e.sign(), namespace, e.Owner, e.fate()}, "\n")
}

// fate returns what happens to the pod and what replaces it, without names of pods and
// nodes.
func (e Eviction) fate() string {
	s := e.Disposition.text()
	if e.After > 0 {
		s += fmt.Sprintf(" after %v", e.After)
	}
	s += ": " + e.Cause
	switch {
	case e.Successor != "" && e.NewNode == "":
		return s + "; successors take their places, on no node: " + e.Unschedulable
	case e.Successor != "" && e.Missing == nil:
		return s + "; successors take their places, and are not available"
	case e.Successor != "" && e.returns():
		return s + fmt.Sprintf("; successors take their places on the same nodes again, available %v later", *e.Missing)
	case e.Successor != "":
		return s + fmt.Sprintf("; successors take their places, available %v later", *e.Missing)
	case e.Unschedulable == "" && e.NewNode != "":
		return s + "; would fit on other nodes"
	}
	return s + e.next()
}

func (e Eviction) groupLine(group []Eviction) string {
	names := make([]string, len(group))
	for i, x := range group {
		names[i] = x.Pod + " on " + x.Node
	}
	return fmt.Sprintf("%d pods: %s: %s", len(group), strings.Join(capped(names, fewEvictions, "%d more"), ", "), e.fate())
}
