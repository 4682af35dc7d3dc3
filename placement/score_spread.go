package placement

import (
	"math"
	"math/bits"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/snapshot"
)

// systemDefaults are the constraints of a pod that has none of its own
// (pkg/scheduler/framework/plugins/podtopologyspread/plugin.go:
// systemDefaultConstraints), without their selector.
var systemDefaults = []spread{
	{key: corev1.LabelHostname, maxSkew: 3, heedsAffinity: true},
	{key: corev1.LabelTopologyZone, maxSkew: 5, heedsAffinity: true},
}

// softSpreads returns the constraints that only affect scores. With the pod's
// own constraints a node takes part only if it has all topology keys (strict).
// With the system's constraints it counts for the keys that it has.
func (w *Workload) softSpreads(b *snapshot.Snapshot) (constraints []spread, strict bool) {
	if len(w.pod.Spec.TopologySpreadConstraints) > 0 {
		return w.scoring.spreads, true
	}
	selector := defaultSelector(w.pod, b)
	if selector.Empty() {
		return nil, false
	}
	constraints = slices.Clone(systemDefaults)
	for i := range constraints {
		constraints[i].selector = selector
	}
	return constraints, false
}

// spreading is the state of PodTopologySpread when it scores
// (pkg/scheduler/framework/plugins/podtopologyspread/scoring.go:
// preScoreState).
type spreading struct {
	scored      feasibleNodes // the nodes that take part
	constraints []softSpread
}

// softSpread is a constraint and the pods that it counts.
type softSpread struct {
	*spread
	column snapshot.Column
	blank  int32   // the domain of nodes without the label: the empty value
	pods   []int64 // by domain; if every node is its own domain, by place among the scored
	weight float64 // smaller with fewer domains
}

// byHost reports whether every node is its own domain, whatever its label is.
func (e *softSpread) byHost() bool { return e.key == corev1.LabelHostname }

func (e *softSpread) domain(position int) int32 {
	if domain := e.column.IDs[position]; domain >= 0 {
		return domain
	}
	return e.blank
}

// unevenness returns the raw scores of PodTopologySpread. It returns false if
// the pod is not to be spread. A live room keeps what it has counted.
func (r *room) unevenness(w *Workload, nodes *feasibleNodes, live bool) ([]int64, bool) {
	var c *spreadCounts
	if live {
		c = r.spreadCounts(w)
	} else {
		c = r.newSpreadCounts(w)
	}
	if len(c.constraints) == 0 {
		return nil, false
	}
	return r.newSpreading(c, nodes).scores(nodes), true
}

// newSpreading follows initPreScoreState.
func (r *room) newSpreading(c *spreadCounts, nodes *feasibleNodes) *spreading {
	s := &spreading{scored: *nodes, constraints: make([]softSpread, len(c.constraints))}
	for i := range c.constraints {
		e := &s.constraints[i]
		e.spread, e.column = &c.constraints[i], r.column(c.constraints[i].key)
		e.blank = int32(len(e.column.Values))
		if i := slices.Index(e.column.Values, ""); i >= 0 {
			e.blank = int32(i)
		}
	}
	if c.strict {
		s.scored = newFeasibleNodes(s.labelled(nodes.words))
	}
	for i := range s.constraints {
		s.constraints[i].open(&s.scored)
		s.constraints[i].tally(&s.scored, c.pods[i], c.among[i])
	}
	return s
}

// labelled returns the nodes that have all topology keys.
func (s *spreading) labelled(nodes []uint64) []uint64 {
	kept := slices.Clone(nodes)
	for i := range s.constraints {
		ids := s.constraints[i].column.IDs
		for k, word := range kept {
			for rest := word; rest != 0; rest &= rest - 1 {
				if ids[k<<6|bits.TrailingZeros64(rest)] < 0 {
					kept[k] &^= rest & -rest
				}
			}
		}
	}
	return kept
}

func (e *softSpread) open(scored *feasibleNodes) {
	domains := scored.n
	if e.byHost() {
		e.pods = make([]int64, scored.n)
	} else {
		e.pods = make([]int64, len(e.column.Values)+1)
		domains = e.domains(scored)
	}
	e.weight = math.Log(float64(domains + 2))
}

// domains returns the number of domains that have a participating node.
func (e *softSpread) domains(scored *feasibleNodes) int {
	n, seen := 0, make([]bool, len(e.pods))
	for position := range scored.positions() {
		if domain := e.domain(position); !seen[domain] {
			seen[domain] = true
			n++
		}
	}
	return n
}

// tally adds up the pods of the nodes by domain (PreScore, and for host names Score).
func (e *softSpread) tally(scored *feasibleNodes, onNode []int64, among []uint64) {
	if e.byHost() {
		place := 0
		for position := range scored.positions() {
			e.pods[place] = onNode[position]
			place++
		}
		return
	}
	for position, pods := range onNode {
		if pods != 0 && among[position>>6]&(1<<(position&63)) != 0 {
			e.pods[e.domain(position)] += pods
		}
	}
}

func (s *spreading) scores(nodes *feasibleNodes) []int64 {
	raw := make([]int64, 0, nodes.n)
	for position := range nodes.positions() {
		if place, ok := s.scored.place(position); ok {
			raw = append(raw, s.score(position, place))
		} else {
			raw = append(raw, ignored)
		}
	}
	return raw
}

// score follows Score and scoreForCount. The conversion keeps a compiler from
// making one instruction of the product and the sum, which would round otherwise.
func (s *spreading) score(position, place int) int64 {
	var score float64
	for i := range s.constraints {
		e := &s.constraints[i]
		domain := e.column.IDs[position]
		if domain < 0 {
			continue
		}
		at := int(domain)
		if e.byHost() {
			at = place
		}
		score += float64(float64(e.pods[at])*e.weight) + float64(e.maxSkew-1)
	}
	return int64(math.Round(score))
}

// defaultSelector returns the selector of the pods among which a pod without
// constraints of its own is spread. It combines the selectors of the Services
// that select the pod and of the ReplicaSet or StatefulSet that controls it
// (pkg/scheduler/framework/plugins/helper/spread.go: DefaultSelector). It is
// empty if there is none. ReplicationControllers are not modelled.
func defaultSelector(pod *corev1.Pod, b *snapshot.Snapshot) labels.Selector {
	merged := labels.Set{}
	for _, s := range b.ServicesIn(pod.Namespace) {
		if s.Spec.Selector != nil && labels.SelectorFromValidatedSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			merged = labels.Merge(merged, s.Spec.Selector)
		}
	}
	selector := merged.AsSelector()
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return selector
	}
	if of := controllerSelector(pod.Namespace, owner, b); of != nil {
		if parsed, err := metav1.LabelSelectorAsSelector(of); err == nil {
			requirements, _ := parsed.Requirements()
			selector = selector.Add(requirements...)
		}
	}
	return selector
}

func controllerSelector(namespace string, owner *metav1.OwnerReference, b *snapshot.Snapshot) *metav1.LabelSelector {
	if owner.APIVersion != "apps/v1" {
		return nil
	}
	switch owner.Kind {
	case "ReplicaSet":
		if rs, ok := b.ReplicaSet(namespace, owner.Name); ok {
			return rs.Spec.Selector
		}
	case "StatefulSet":
		if sts, ok := b.StatefulSet(namespace, owner.Name); ok {
			return sts.Spec.Selector
		}
	}
	return nil
}
