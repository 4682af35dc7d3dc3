package placement

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// Conflict is a required term of pod affinity or anti-affinity that is in the
// way of a pod on a node.
type Conflict struct {
	Path        string `json:"path,omitempty"` // of the term in the pod's spec; empty if it is another pod's term
	TopologyKey string `json:"topologyKey"`
	Missing     bool   `json:"missing,omitempty"` // the node has no such label
	Value       string `json:"value,omitempty"`   // the node's
	Pods        int64  `json:"pods"`              // in the node's domain: that the pod must be with, or keeps away from, or that keep it away
	Pod         string `json:"pod,omitempty"`     // one of them, where it is known, as namespace/name
}

// String names the term, the node's domain and who is there.
func (c Conflict) String() string {
	term := c.Path
	if term == "" {
		term = "terms of other pods"
	}
	if c.Missing {
		return term + ": the node has no label " + c.TopologyKey
	}
	who := fmt.Sprintf("%d such pods", c.Pods)
	switch {
	case c.Pods == 0:
		who = "no such pod"
	case c.Pod != "" && c.Pods == 1:
		who = c.Pod
	case c.Pod != "":
		who = fmt.Sprintf("%s and %d more", c.Pod, c.Pods-1)
	}
	return fmt.Sprintf("%s: in %s=%s there is %s", term, c.TopologyKey, c.Value, who)
}

const (
	affinityPath     = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]"
	antiAffinityPath = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]"
)

// imbalances gives the constraints that a pod on the node would break.
func (q *question) imbalances(position int) []Imbalance {
	var all []Imbalance
	for i := range q.spreads {
		b := &q.spreads[i]
		missing, pods, least := q.spread(i, position)
		switch {
		case missing:
			all = append(all, Imbalance{Path: b.path, TopologyKey: b.key, Missing: true})
		case pods-least > b.maxSkew:
			all = append(all, Imbalance{b.path, b.key, false, b.label.Values[b.label.IDs[position]], pods, least, b.maxSkew})
		}
	}
	return all
}

// unmet gives the terms of with of which the node's domain has no pod.
func (q *question) unmet(position int) []Conflict {
	var all []Conflict
	for i := range q.nearby() {
		c := &q.nearby()[i]
		if pods, ok := c.in(position); !ok {
			all = append(all, Conflict{Path: fmt.Sprintf(affinityPath, i), TopologyKey: c.key, Missing: true})
		} else if pods <= 0 {
			all = append(all, Conflict{Path: fmt.Sprintf(affinityPath, i), TopologyKey: c.key, Value: c.value(position)})
		}
	}
	return all
}

// present gives those of some counters, from the first on, that have pods in the
// node's domain; path is where in the pod's spec their terms are, if they are there.
func (r *Room) present(q *question, of []counter, first int, path string, position int) []Conflict {
	var all []Conflict
	for i := range of {
		c := &of[i]
		pods, _ := c.in(position)
		if pods <= 0 {
			continue
		}
		conflict := Conflict{TopologyKey: c.key, Value: c.value(position), Pods: pods, Pod: r.example(q, int32(first+i), position)}
		if path != "" {
			conflict.Path = fmt.Sprintf(path, i)
		}
		all = append(all, conflict)
	}
	return all
}

func (c *counter) value(position int) string { return c.column.Values[c.column.IDs[position]] }

// example gives a pod that a counter counts in the node's domain: one on the
// node itself if there is one, else on the first node that has one. Pods that
// were added to a room one by one it does not know by name.
func (r *Room) example(q *question, counter int32, position int) string {
	var there []int
	for kind, in := range q.kinds {
		if !slices.Contains(in, counter) {
			continue
		}
		if name := r.podOf(kind, position); name != "" {
			return name
		}
		there = append(there, kind)
	}
	ids := q.counters[counter].column.IDs
	for _, kind := range there {
		for at := range r.whereabouts(kind) {
			if ids[at] == ids[position] {
				if name := r.podOf(kind, at); name != "" {
					return name
				}
			}
		}
	}
	return ""
}

// whereabouts yields nodes on which a pod of a kind is or was.
func (r *Room) whereabouts(number int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if r.base != nil {
			for _, p := range r.base.census().of(number) {
				if !yield(int(p.position)) {
					return
				}
			}
		}
		for _, c := range r.crowds {
			if int(r.kinds.id(c.load)) != number {
				continue
			}
			for position := range members(c.on) {
				if !yield(position) {
					return
				}
			}
		}
	}
}

// podOf gives the first pod of a kind on a node that the room has: one of the
// snapshot, or the DaemonSet of one that is to come.
func (r *Room) podOf(number, position int) string {
	if r.base != nil {
		k := r.kinds.list()[number]
		for _, pod := range r.cluster.Borrow().PodsOn(position) {
			if counts(pod) && k.looksLike(pod) && !r.lacks(pod, position) {
				return kube.Key(pod)
			}
		}
	}
	for _, c := range r.crowds {
		if int(r.kinds.id(c.load)) == number && c.has(position) {
			return c.load.name
		}
	}
	return ""
}

func (k *kind) looksLike(pod *corev1.Pod) bool {
	return pod.Namespace == k.namespace && (pod.DeletionTimestamp != nil) == k.leaving && maps.Equal(pod.Labels, k.labels)
}

// lacks says whether the pod of the snapshot was left out of the room.
func (r *Room) lacks(pod *corev1.Pod, position int) bool {
	i, _ := slices.BinarySearchFunc(r.absent, position, func(p resident, position int) int { return p.position - position })
	for ; i < len(r.absent) && r.absent[i].position == position; i++ {
		if r.absent[i].pod == pod {
			return true
		}
	}
	return false
}
