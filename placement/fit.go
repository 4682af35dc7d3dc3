package placement

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The scheduler's plugins that look at the pods on the nodes, and their words
// (pkg/scheduler/framework/plugins: nodeports, noderesources, podtopologyspread,
// interpodaffinity), in the order of the default profile.
const (
	pluginPorts     = "NodePorts"
	pluginResources = "NodeResourcesFit"
	pluginSpread    = "PodTopologySpread"
	pluginRelations = "InterPodAffinity"

	portsTaken    = "node(s) didn't have free ports for the requested pod ports"
	tooManyPods   = "Too many pods"
	outOfBalance  = "node(s) didn't match pod topology spread constraints"
	noDomain      = "node(s) didn't match pod topology spread constraints (missing required label)"
	notNear       = "node(s) didn't match pod affinity rules"
	notApart      = "node(s) didn't match pod anti-affinity rules"
	notApartThere = "node(s) didn't satisfy existing pods anti-affinity rules"
)

// Why gives everything that Fits finds against a node; nothing if it fits. Of
// PodTopologySpread and of InterPodAffinity the scheduler says only the first.
func (r *Room) Why(w *Workload, position int) []Reason {
	r, w = r.orNothing(), w.orNothing()
	return r.why(nil, w, r.question(w), position)
}

// why adds what Why says.
func (r *Room) why(rs []Reason, w *Workload, q *question, position int) []Reason {
	if !r.isNode(position) {
		return append(rs, Reason{Plugin: pluginNodeName, Message: noNode})
	}
	if r.fits(w, q, position) {
		return rs
	}
	if taken := r.blocks[position>>6].clashes(w.ports, position&63); len(taken) > 0 {
		rs = append(rs, Reason{Plugin: pluginPorts, Message: portsTaken, Ports: taken})
	}
	rs = r.shortfalls(rs, w, position)
	if w.fault != nil {
		return append(rs, Reason{Plugin: w.fault.plugin, Message: w.fault.message, Unresolvable: true})
	}
	if q != nil {
		rs = append(rs, q.uneven(position)...)
		rs = append(rs, r.ill(q, position)...)
	}
	return rs
}

// uneven gives what PodTopologySpread says, in the order in which it would: it
// has one message for a label that is missing and one for a broken constraint.
func (q *question) uneven(position int) []Reason {
	all := q.imbalances(position)
	if len(all) == 0 {
		return nil
	}
	var rs []Reason
	for _, missing := range []bool{all[0].Missing, !all[0].Missing} {
		of := slices.DeleteFunc(slices.Clone(all), func(i Imbalance) bool { return i.Missing != missing })
		switch {
		case len(of) == 0:
		case missing:
			rs = append(rs, Reason{Plugin: pluginSpread, Message: noDomain, Unresolvable: true, Spread: of})
		default:
			rs = append(rs, Reason{Plugin: pluginSpread, Message: outOfBalance, Spread: of})
		}
	}
	return rs
}

// ill gives what InterPodAffinity says, in the order in which it would.
func (r *Room) ill(q *question, position int) []Reason {
	var rs []Reason
	if !q.isNear(position) {
		rs = append(rs, Reason{Plugin: pluginRelations, Message: notNear, Unresolvable: true, Conflicts: q.unmet(position)})
	}
	first := len(q.spreads) + len(q.with)
	if there := r.present(q, q.apart(), first, antiAffinityPath, position); len(there) > 0 {
		rs = append(rs, Reason{Plugin: pluginRelations, Message: notApart, Conflicts: there})
	}
	first += len(q.without)
	if there := r.present(q, q.keptAway(), first, "", position); len(there) > 0 {
		slices.SortFunc(there, func(a, b Conflict) int { return strings.Compare(a.TopologyKey, b.TopologyKey) })
		rs = append(rs, Reason{Plugin: pluginRelations, Message: notApartThere, Conflicts: there})
	}
	return rs
}

// shortfalls adds what plugins/noderesources, fitsRequest, says. Scalar resources, which
// come in no order there, are ascending by name here.
func (r *Room) shortfalls(rs []Reason, w *Workload, position int) []Reason {
	b, i, has := r.blocks[position>>6], position&63, r.has[position]
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

// Shortfall is a resource of which a node has too little left for a pod.
type Shortfall struct {
	Resource  corev1.ResourceName `json:"resource"`
	Requested resource.Quantity   `json:"requested"` // by the pod
	Free      resource.Quantity   `json:"free"`      // of what the node can allocate; below zero where more than that has been given away
	Capacity  resource.Quantity   `json:"capacity"`  // what the node can allocate in all
}

func shortfall(name corev1.ResourceName, asked, left, has int64) Reason {
	s := &Shortfall{name, quantity(name, asked), quantity(name, left), quantity(name, has)}
	if name == corev1.ResourcePods {
		return Reason{Plugin: pluginResources, Message: tooManyPods, Shortfall: s}
	}
	return Reason{Plugin: pluginResources, Message: "Insufficient " + string(name), Shortfall: s, Unresolvable: asked > has}
}

// quantity is an amount in the notation that manifests use for the resource.
func quantity(name corev1.ResourceName, amount int64) resource.Quantity {
	switch name {
	case corev1.ResourceCPU:
		return *resource.NewMilliQuantity(amount, resource.DecimalSI)
	case corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return *resource.NewQuantity(amount, resource.BinarySI)
	}
	return *resource.NewQuantity(amount, resource.DecimalSI)
}

// Missing is by how much the node falls short.
func (s Shortfall) Missing() resource.Quantity {
	missing := s.Requested.DeepCopy()
	missing.Sub(s.Free)
	return missing
}

// String is by how much: "30m cpu short: requests 100m, 70m of 2 free".
func (s Shortfall) String() string {
	if s.Resource == corev1.ResourcePods {
		taken := s.Capacity.DeepCopy()
		taken.Sub(s.Free)
		return fmt.Sprintf("%s of %s places for pods are taken", taken.String(), s.Capacity.String())
	}
	missing := s.Missing()
	return fmt.Sprintf("%s %s short: requests %s, %s of %s free",
		missing.String(), s.Resource, s.Requested.String(), s.Free.String(), s.Capacity.String())
}
