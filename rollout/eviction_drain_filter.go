package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// podsToEvict returns the pods on the node to evict, by name, with kubectl's
// warnings and errors (k8s.io/kubectl/pkg/drain/drain.go: filterPods). Messages
// of one kind are joined; kubectl prints the kinds in any order.
func (e *evictions) podsToEvict(in Drain, node int32) (pods []leaving, warnings string, mistakes []string) {
	selector, err := labels.Parse(in.PodSelector)
	if err != nil {
		return nil, "", []string{err.Error()} // Inject has refused it
	}
	var all []leaving
	for id := range e.podsOn(node) {
		if selector.Matches(labels.Set(e.classes[e.pods[id].class].labels)) {
			all = append(all, leaving{id: id, name: e.fullName(id)})
		}
	}
	slices.SortFunc(all, func(a, b leaving) int { return strings.Compare(a.name, b.name) })
	var warned, wrong remarks
	for _, l := range all {
		v := e.filterPod(in, l.id)
		if v.goes {
			pods = append(pods, l)
		}
		if v.wrong {
			wrong.add(v.message, l.name)
		} else if v.message != "" {
			warned.add(v.message, l.name)
		}
	}
	for _, line := range wrong.lines() {
		mistakes = append(mistakes, "cannot delete "+line)
	}
	return pods, strings.Join(warned.lines(), "; "), mistakes
}

// remarks are messages about pods, each with its pods.
type remarks []remark

type remark struct {
	message string
	pods    []string
}

func (r *remarks) add(words, pod string) {
	i := slices.IndexFunc(*r, func(x remark) bool { return x.message == words })
	if i < 0 {
		i = len(*r)
		*r = append(*r, remark{message: words})
	}
	(*r)[i].pods = append((*r)[i].pods, pod)
}

func (r remarks) lines() []string {
	slices.SortFunc(r, func(a, b remark) int { return cmp.Compare(a.message, b.message) })
	var lines []string
	for _, x := range r {
		lines = append(lines, x.message+": "+strings.Join(x.pods, ", "))
	}
	return lines
}

// filterResult is kubectl's decision whether to evict a pod.
type filterResult struct {
	goes, wrong bool
	message     string
}

// filterPod follows kubectl (k8s.io/kubectl/pkg/drain/filters.go: makeFilters). Of
// a pod that goes, the words of the last filter are the ones that stay.
func (e *evictions) filterPod(in Drain, id int32) filterResult {
	p := &e.pods[id]
	owner := e.controllerOf(p)
	if owner != nil && owner.Kind == "DaemonSet" && !p.terminal() {
		switch found := e.daemonSets.find(e.namespace(p)+"/"+owner.Name) != nil; {
		case !found && !in.Force:
			return filterResult{wrong: true, message: fmt.Sprintf("daemonsets.apps %q not found", owner.Name)}
		case found && !in.IgnoreDaemonSets:
			return filterResult{wrong: true, message: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"}
		case found:
			return filterResult{message: "ignoring DaemonSet-managed Pods"}
		}
	}
	switch {
	case e.isMirror(p):
		return filterResult{}
	case p.terminal():
		return filterResult{goes: true}
	case e.keepsData(p) && !in.DeleteEmptyDirData:
		return filterResult{wrong: true, message: "Pods with local storage (use --delete-emptydir-data to override)"}
	case owner != nil:
		return filterResult{goes: true}
	case !in.Force:
		return filterResult{wrong: true, message: "Pods that declare no controller (use --force to override)"}
	}
	return filterResult{goes: true, message: "deleting Pods that declare no controller"}
}
