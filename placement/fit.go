package placement

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// admits reports whether the workload's pod fits on the node (internal/room:
// Fits).
func (r *room) admits(w *Workload, position int) bool {
	r, w = r.orNothing(), w.orNothing()
	return r.isNode(position) && r.fits(w, r.question(w), position)
}

func (r *room) fits(w *Workload, q *question, position int) bool {
	return r.fitting(w, q, position>>6, 1<<(position&63)) != 0
}

// fitting returns the subset of 64 nodes, the k-th, where the workload fits.
func (r *room) fitting(w *Workload, q *question, k int, nodes uint64) uint64 {
	if w.fault != nil || k >= len(r.blocks) {
		return 0
	}
	b := &r.blocks[k].value
	if len(w.ports) > 0 {
		nodes &^= b.ports.taken(w.ports)
	}
	if nodes = b.takes(&w.asks, nodes); q == nil {
		return nodes
	}
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !q.fits(k<<6 | i) {
			nodes &^= 1 << i
		}
	}
	return nodes
}

// The messages of the plugins that look at the pods on the nodes
// (pkg/scheduler/framework/plugins/nodeports/node_ports.go: ErrReason;
// pkg/scheduler/framework/plugins/noderesources/fit.go: fitsRequest;
// pkg/scheduler/framework/plugins/podtopologyspread/plugin.go:
// ErrReasonConstraintsNotMatch;
// pkg/scheduler/framework/plugins/interpodaffinity/filtering.go:
// ErrReasonAffinityRulesNotMatch).
const (
	portsTaken    = "node(s) didn't have free ports for the requested pod ports"
	tooManyPods   = "Too many pods"
	outOfBalance  = "node(s) didn't match pod topology spread constraints"
	noDomain      = "node(s) didn't match pod topology spread constraints (missing required label)"
	notNear       = "node(s) didn't match pod affinity rules"
	notApart      = "node(s) didn't match pod anti-affinity rules"
	notApartThere = "node(s) didn't satisfy existing pods anti-affinity rules"
)

// refusals returns every reason why admits rejects a node (internal/room: Why).
func (r *room) refusals(w *Workload, position int) []FilterReason {
	r, w = r.orNothing(), w.orNothing()
	return r.why(nil, w, r.question(w), position)
}

// why appends the reasons that refusals returns.
func (r *room) why(rs []FilterReason, w *Workload, q *question, position int) []FilterReason {
	if !r.isNode(position) {
		return append(rs, FilterReason{Plugin: pluginNodeName, Message: noNode})
	}
	if r.fits(w, q, position) {
		return rs
	}
	if taken := r.block(position).ports.conflicts(w.ports, position&63); len(taken) > 0 {
		rs = append(rs, FilterReason{Plugin: pluginPorts, Message: portsTaken, Ports: taken})
	}
	rs = r.shortfalls(rs, w, position)
	if w.fault != nil {
		return append(rs, FilterReason{Plugin: w.fault.plugin, Message: w.fault.message, Unresolvable: true})
	}
	if q != nil {
		rs = append(rs, q.uneven(position)...)
		rs = append(rs, r.ill(q, position)...)
	}
	return rs
}

// uneven returns the messages of PodTopologySpread, in the scheduler's order.
// The plugin has one message for a missing label and one for a broken
// constraint.
func (q *question) uneven(position int) []FilterReason {
	all := q.imbalances(position)
	if len(all) == 0 {
		return nil
	}
	var rs []FilterReason
	for _, missing := range []bool{all[0].Missing, !all[0].Missing} {
		of := slices.DeleteFunc(slices.Clone(all), func(i TopologyConflict) bool { return i.Missing != missing })
		switch {
		case len(of) == 0:
		case missing:
			rs = append(rs, FilterReason{Plugin: pluginSpread, Message: noDomain, Unresolvable: true, Conflicts: of})
		default:
			rs = append(rs, FilterReason{Plugin: pluginSpread, Message: outOfBalance, Conflicts: of})
		}
	}
	return rs
}

// ill returns the messages of InterPodAffinity, in the scheduler's order.
func (r *room) ill(q *question, position int) []FilterReason {
	var rs []FilterReason
	if !q.isNear(position) {
		rs = append(rs, FilterReason{Plugin: pluginRelations, Message: notNear, Unresolvable: true, Conflicts: q.unmet(position)})
	}
	first := len(q.spreads) + len(q.with)
	if there := r.present(q, q.apart(), first, antiAffinityPath, position); len(there) > 0 {
		rs = append(rs, FilterReason{Plugin: pluginRelations, Message: notApart, Conflicts: there})
	}
	first += len(q.without)
	if there := r.present(q, q.keptAway(), first, "", position); len(there) > 0 {
		slices.SortFunc(there, func(a, b TopologyConflict) int { return strings.Compare(a.TopologyKey, b.TopologyKey) })
		rs = append(rs, FilterReason{Plugin: pluginRelations, Message: notApartThere, Conflicts: there})
	}
	return rs
}

// shortfalls appends the messages of the scheduler
// (pkg/scheduler/framework/plugins/noderesources/fit.go: fitsRequest). Scalar
// resources have no order there; here they are ascending by name.
func (r *room) shortfalls(rs []FilterReason, w *Workload, position int) []FilterReason {
	b, i, has := r.block(position), position&63, r.has.value[position]
	left := &b.left[i]
	short := func(name corev1.ResourceName, asked, left, has int64) {
		if asked > 0 && asked > left {
			rs = append(rs, shortfall(name, asked, left, has))
		}
	}
	short(corev1.ResourcePods, 1, int64(left.pods), int64(has.pods))
	short(corev1.ResourceCPU, w.asks.cpu, left.cpu, has.cpu)
	short(corev1.ResourceMemory, w.asks.memory, left.memory, has.memory)
	short(corev1.ResourceEphemeralStorage, w.asks.ephemeral, left.ephemeral, has.ephemeral)
	for _, s := range w.asks.scalars {
		short(s.name, s.amount, b.scalar(s.name)[i], has.scalars.amount(s.name))
	}
	return rs
}

func shortfall(name corev1.ResourceName, asked, left, has int64) FilterReason {
	s := &Shortfall{name, quantity(name, asked), quantity(name, left), quantity(name, has)}
	if name == corev1.ResourcePods {
		return FilterReason{Plugin: pluginResources, Message: tooManyPods, Shortfall: s}
	}
	return FilterReason{Plugin: pluginResources, Message: "Insufficient " + string(name), Shortfall: s, Unresolvable: asked > has}
}

// imbalances returns the constraints that a pod on the node would break.
func (q *question) imbalances(position int) []TopologyConflict {
	var all []TopologyConflict
	for i := range q.spreads {
		b := &q.spreads[i]
		missing, pods, least := q.spread(i, position)
		switch {
		case missing:
			all = append(all, TopologyConflict{Path: b.path, TopologyKey: b.key, Missing: true, MaxSkew: b.maxSkew})
		case pods-least > b.maxSkew:
			all = append(all, TopologyConflict{Path: b.path, TopologyKey: b.key, Value: b.label.Values[b.label.IDs[position]], Pods: pods, MinPods: least, MaxSkew: b.maxSkew})
		}
	}
	return all
}

// unmet returns the required affinity terms that no pod in the node's domain
// meets.
func (q *question) unmet(position int) []TopologyConflict {
	var all []TopologyConflict
	for i := range q.nearby() {
		c := &q.nearby()[i]
		if pods, ok := c.in(position); !ok {
			all = append(all, TopologyConflict{Path: fmt.Sprintf(affinityPath, i), TopologyKey: c.key, Missing: true})
		} else if pods <= 0 {
			all = append(all, TopologyConflict{Path: fmt.Sprintf(affinityPath, i), TopologyKey: c.key, Value: c.value(position)})
		}
	}
	return all
}

// present returns the conflicts for the counters, from the first on, that have
// pods in the node's domain. path is the path of their terms in the pod's spec,
// if they are there.
func (r *room) present(q *question, of []counter, first int, path string, position int) []TopologyConflict {
	var all []TopologyConflict
	for i := range of {
		c := &of[i]
		pods, _ := c.in(position)
		if pods <= 0 {
			continue
		}
		conflict := TopologyConflict{TopologyKey: c.key, Value: c.value(position), Pods: pods, Pod: r.example(q, int32(first+i), position)}
		if path != "" {
			conflict.Path = fmt.Sprintf(path, i)
		}
		all = append(all, conflict)
	}
	return all
}

func (c *counter) value(position int) string { return c.column.Values[c.column.IDs[position]] }

// example returns a pod that a counter counts in the node's domain: one on the
// node itself if there is one, else one on the first node that has one. It does
// not know the names of pods that were added to a room one by one.
func (r *room) example(q *question, counter int32, position int) string {
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

// whereabouts returns an iterator over nodes where a pod of a kind is or was.
func (r *room) whereabouts(number int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if r.base != nil {
			for _, p := range r.base.podCounts().of(number) {
				if !yield(int(p.position)) {
					return
				}
			}
		}
		for _, c := range r.added {
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

// podOf returns the first pod of a kind on a node of the room: a pod of the
// snapshot, or the DaemonSet of a pod that is to come.
func (r *room) podOf(number, position int) string {
	if r.base != nil {
		k := r.kinds.list()[number]
		for _, pod := range borrow.From(r.cluster).PodsOn(position) {
			if counts(pod) && k.looksLike(pod) && !r.lacks(pod, position) {
				return kube.Key(pod)
			}
		}
	}
	for _, c := range r.added {
		if int(r.kinds.id(c.load)) == number && c.has(position) {
			return c.load.name
		}
	}
	return ""
}
