package clustertest

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// Pools draws pools like real ones, the plainest first: one Linux node made by
// kubeadm.
func Pools(opts ...Option) *rapid.Generator[Spec] {
	o := collect(opts)
	return rapid.Custom(func(t *rapid.T) Spec { return drawPool(t, o, drawPlatform(t, o)) })
}

func drawPlatform(t *rapid.T, o options) platform {
	o.check(t)
	var platforms []platform
	for _, m := range o.models() {
		platforms = append(platforms, m.platform)
	}
	return rapid.SampledFrom(slices.Compact(platforms)).Draw(t, "platform")
}

func drawPool(t *rapid.T, o options, on platform) Spec {
	m := drawModel(t, o, on)
	n := rapid.IntRange(o.least, max(o.most, o.least+1)).Draw(t, "nodes") // never without a choice: rapid wants one
	purpose := strings.Fields(rapid.SampledFrom(purposes).Draw(t, "purpose"))
	return m.spec(min(n, o.most)).With(purpose...).With(o.words...)
}

// drawModel draws from the pool kinds of all platforms, so that a kind stays when
// the platform shrinks to a plainer one. If the platform lacks the kind, the result
// is the platform's plainest model.
func drawModel(t *rapid.T, o options, on platform) model {
	var shapes []poolKind
	for _, m := range o.models() {
		shapes = append(shapes, m.shape)
	}
	slices.Sort(shapes)
	shape := rapid.SampledFrom(slices.Compact(shapes)).Draw(t, "shape")
	own := slices.DeleteFunc(o.models(), func(m model) bool { return m.platform != on })
	return own[max(0, slices.IndexFunc(own, func(m model) bool { return m.shape == shape }))]
}

// purposes are values by which teams dedicate pools.
var purposes = []string{
	"", "team=payments", "disktype=ssd", "workload=batch taint:dedicated=batch:NoSchedule", "dedicated=ingress taint:dedicated=ingress:NoExecute",
	"size=9", "taint:experimental=true:PreferNoSchedule", "node.example.com/logging=external",
}

// conditions are the states that a single node may be in. Most nodes have none.
var conditions = []string{
	"", "", "", "", "", "", "cordoned", "not-ready", "taint:node.kubernetes.io/disk-pressure:NoSchedule",
	"taint:node.kubernetes.io/unreachable:NoSchedule taint:node.kubernetes.io/unreachable:NoExecute",
	"taint:node.kubernetes.io/network-unavailable:NoSchedule", "cordoned not-ready",
}

// Clusters draws clusters, each of one platform. They shrink to one plain node.
func Clusters(opts ...Option) *rapid.Generator[World] {
	o := collect(opts)
	return rapid.Custom(func(t *rapid.T) World {
		w := drawNodes(t, o)
		if o.pods {
			w = append(w, drawPods(t, w.nodes())...)
		}
		return w
	})
}

// drawNodes draws one to four pools. If they have too few nodes, the first pool is
// enlarged. The last node of each pool may have a condition.
func drawNodes(t *rapid.T, o options) World {
	on := drawPlatform(t, o)
	each := o
	each.least, each.most = 1, max(1, min(o.most, (o.most+1)/2))
	pools := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) drawnPool {
		p := drawnPool{Spec: drawPool(t, each, on)}
		if !o.healthy {
			p.condition = rapid.SampledFrom(conditions).Draw(t, "trouble")
		}
		return p
	}), 1, 4).Draw(t, "pools")
	return assemble(pools, o.least, o.most)
}

type drawnPool struct {
	Spec
	condition string
}

// assemble adjusts the pools to the number of nodes that the cluster may have, makes
// the names of pools of one model distinct, and splits nodes with a condition from
// their pool.
func assemble(pools []drawnPool, least, most int) (w World) {
	total := 0
	for i := range pools {
		pools[i].nodes = min(pools[i].nodes, most-total)
		total += pools[i].nodes
	}
	pools[0].nodes += max(0, least-total)
	used := map[string]int{}
	for _, p := range pools {
		if used[p.name]++; used[p.name] > 1 {
			p.name = fmt.Sprintf("%s-%c", p.name, 'a'+used[p.name]-1)
		}
		w = append(w, p.specs()...)
	}
	return w
}

func (p drawnPool) specs() (w World) {
	if p.nodes == 0 {
		return nil
	}
	healthy, last := p.Spec, p.Names()[p.nodes-1]
	if p.condition != "" {
		healthy.nodes--
	}
	if healthy.nodes > 0 {
		w = append(w, healthy)
	}
	if p.condition == "" {
		return w
	}
	single := Node(last)
	for _, text := range append(slices.Clone(p.words), strings.Fields(p.condition)...) {
		single.words = append(single.words, cut(text).dealt(p.nodes-1).String())
	}
	return append(w, single)
}

func (w word) String() string {
	if w.sep == 0 {
		return w.key
	}
	return w.key + string(w.sep) + w.value
}
