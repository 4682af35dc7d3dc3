package rollout

import (
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/berthsim/berth/internal/kube"
)

// pace is a Timing in whole seconds, its nodes ascending.
type pace struct {
	nodes []string
	image string
	times
}

// times is how long a pod takes.
type times struct{ start, ready, stop stamp }

func (t Timing) pace() pace {
	nodes := slices.Clone(t.Nodes)
	slices.Sort(nodes)
	return pace{nodes, t.Image, times{seconds(t.Start), seconds(t.Ready), seconds(t.Stop)}}
}

// paces are the exceptions and, last, the rule.
func (k Kubelet) paces() []pace {
	var all []pace
	for _, t := range k.Timings {
		all = append(all, t.pace())
	}
	return append(all, Timing{Start: k.Start, Ready: k.Ready, Stop: k.Stop}.pace())
}

// pace is how long the pod takes.
func (k *kubelets) pace(p *pod) times {
	last := len(k.paces) - 1
	i := 0
	for i < last && !k.matches(p, k.paces[i].nodes, k.paces[i].image) {
		i++
	}
	t := k.paces[i].times
	if k.spread != (times{}) {
		k.slow(p, &t)
	}
	return t
}

// slow adds what is drawn for the pod.
func (k *kubelets) slow(p *pod, t *times) {
	var g rand.PCG
	g.Seed(k.config.Seed, k.luckOf(p))
	draw := func(most stamp) stamp {
		share := g.Uint64() >> 32
		if k.config.Kubelet.Spread.Tailed { // the product of three
			share = (share * (g.Uint64() >> 32) >> 32) * (g.Uint64() >> 32) >> 32
		}
		return stamp(share * uint64(most+1) >> 32)
	}
	t.start += draw(k.spread.start)
	t.ready += draw(k.spread.ready)
	t.stop += draw(k.spread.stop)
}

// luckOf is the pod's part in a draw. Its name is not: the numbers in names
// depend on how many pods there were before.
func (k *kubelets) luckOf(p *pod) uint64 {
	node := uint64(0)
	if p.node != none {
		node = k.nodeNames[p.node].luck
	}
	switch {
	case k.config.Kubelet.Spread.PerNode:
		return node
	case p.owner != none:
		return node ^ bits.RotateLeft64(k.daemonSets.at[p.owner].luck, 21) + uint64(uint32(p.created))
	case p.name < 0:
		return node ^ kube.HashName(keyOf(k.named[^p.name]))
	}
	return node ^ kube.HashName(k.namespace(p)+"/"+k.classes[p.class].prefix) + uint64(uint32(p.created))
}

// matches says whether the pod has the image and is on one of the nodes, ascending.
func (k *kubelets) matches(p *pod, nodes []string, image string) bool {
	if image != "" && !k.classes[p.class].runs(image) {
		return false
	}
	if len(nodes) == 0 {
		return true
	}
	if p.node == none {
		return false
	}
	_, ok := slices.BinarySearch(nodes, k.nodeNames[p.node].name)
	return ok
}
