package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/kube"
)

// leavers are the pods on the node that are to go, by name, with kubectl's
// warnings and, if there are any, mistakes (k8s.io/kubectl/pkg/drain: filterPods).
// What is of one kind is told together; kubectl tells the kinds in any order.
func (s *Sim) leavers(in Drain, node int32) (pods []leaving, warnings string, mistakes []string) {
	selector, err := labels.Parse(in.PodSelector)
	if err != nil {
		return nil, "", []string{err.Error()} // Inject has refused it
	}
	var all []leaving
	for id := range s.podsOn(node) {
		if selector.Matches(labels.Set(s.classes[s.pods[id].class].labels)) {
			all = append(all, leaving{id: id, name: s.fullName(id)})
		}
	}
	slices.SortFunc(all, func(a, b leaving) int { return strings.Compare(a.name, b.name) })
	var warned, wrong remarks
	for _, l := range all {
		v := s.judge(in, l.id)
		if v.goes {
			pods = append(pods, l)
		}
		if v.wrong {
			wrong.add(v.words, l.name)
		} else if v.words != "" {
			warned.add(v.words, l.name)
		}
	}
	for _, line := range wrong.lines() {
		mistakes = append(mistakes, "cannot delete "+line)
	}
	return pods, strings.Join(warned.lines(), "; "), mistakes
}

// remarks are words about pods, each with the pods that it is about.
type remarks []remark

type remark struct {
	words string
	pods  []string
}

func (r *remarks) add(words, pod string) {
	i := slices.IndexFunc(*r, func(x remark) bool { return x.words == words })
	if i < 0 {
		i = len(*r)
		*r = append(*r, remark{words: words})
	}
	(*r)[i].pods = append((*r)[i].pods, pod)
}

func (r remarks) lines() []string {
	slices.SortFunc(r, func(a, b remark) int { return cmp.Compare(a.words, b.words) })
	var lines []string
	for _, x := range r {
		lines = append(lines, x.words+": "+strings.Join(x.pods, ", "))
	}
	return lines
}

// opinion is what kubectl thinks of evicting a pod.
type opinion struct {
	goes, wrong bool
	words       string
}

// judge follows k8s.io/kubectl/pkg/drain: makeFilters. Of a pod that goes, the
// words of the last filter are the ones that stay.
func (s *Sim) judge(in Drain, id int32) opinion {
	p := &s.pods[id]
	owner := s.controllerOf(p)
	if owner != nil && owner.Kind == "DaemonSet" && !p.terminal() {
		switch found := s.find(s.namespace(p)+"/"+owner.Name) != nil; {
		case !found && !in.Force:
			return opinion{wrong: true, words: fmt.Sprintf("daemonsets.apps %q not found", owner.Name)}
		case found && !in.IgnoreDaemonSets:
			return opinion{wrong: true, words: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"}
		case found:
			return opinion{words: "ignoring DaemonSet-managed Pods"}
		}
	}
	switch {
	case s.mirrors(p):
		return opinion{}
	case p.terminal():
		return opinion{goes: true}
	case s.keepsData(p) && !in.DeleteEmptyDirData:
		return opinion{wrong: true, words: "Pods with local storage (use --delete-emptydir-data to override)"}
	case owner != nil:
		return opinion{goes: true}
	case !in.Force:
		return opinion{wrong: true, words: "Pods that declare no controller (use --force to override)"}
	}
	return opinion{goes: true, words: "deleting Pods that declare no controller"}
}

// mirrors says whether the pod stands for one that the kubelet runs by itself.
func (s *Sim) mirrors(p *pod) bool {
	if p.name >= 0 {
		return false
	}
	return kube.IsMirror(s.named[^p.name])
}

// keepsData says whether the pod has an emptyDir.
func (s *Sim) keepsData(p *pod) bool {
	var volumes []corev1.Volume
	if p.name < 0 {
		volumes = s.named[^p.name].Spec.Volumes
	} else if t := s.classes[p.class].template; t != nil {
		volumes = t.Spec.Volumes
	}
	return slices.ContainsFunc(volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil })
}
