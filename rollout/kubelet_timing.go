package rollout

import (
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/berthsim/berth/internal/kube"
)

// durations is a Timing in whole seconds, its nodes ascending.
type durations struct {
	nodes []string
	image string
	times
}

// times is how long a pod takes.
type times struct{ start, ready, stop simTime }

func (t Timing) durations() durations {
	nodes := slices.Clone(t.Nodes)
	slices.Sort(nodes)
	return durations{nodes, t.Image, times{seconds(t.Start), seconds(t.Ready), seconds(t.Stop)}}
}

// durations returns the exceptions and, last, the default.
func (k Kubelet) durations() []durations {
	var all []durations
	for _, t := range k.Timings {
		all = append(all, t.durations())
	}
	return append(all, Timing{Start: k.Start, Ready: k.Ready, Stop: k.Stop}.durations())
}

// durations returns how long the pod takes.
func (k *kubelets) durations(p *pod) times {
	last := len(k.podDurations) - 1
	i := 0
	for i < last && !k.matches(p, k.podDurations[i].nodes, k.podDurations[i].image) {
		i++
	}
	t := k.podDurations[i].times
	if k.spread != (times{}) {
		k.slow(p, &t)
	}
	return t
}

// slow adds the jitter drawn for the pod.
func (k *kubelets) slow(p *pod, t *times) {
	var g rand.PCG
	g.Seed(k.config.Seed, k.jitterOf(p))
	draw := func(most simTime) simTime {
		share := g.Uint64() >> 32
		if k.config.Kubelet.Jitter.LongTail { // the product of three
			share = (share * (g.Uint64() >> 32) >> 32) * (g.Uint64() >> 32) >> 32
		}
		return simTime(share * uint64(most+1) >> 32)
	}
	t.start += draw(k.spread.start)
	t.ready += draw(k.spread.ready)
	t.stop += draw(k.spread.stop)
}

// jitterOf returns the pod's contribution to a draw. Its name is not part of
// that: the numbers in names depend on how many pods there were before. Its time of
// creation is, and does not depend on Config.Start: a simulation of a dump draws
// what the simulation that wrote the dump would have drawn.
func (k *kubelets) jitterOf(p *pod) uint64 {
	node, created := uint64(0), uint64(uint32(int64(p.created)+k.start-epoch.Unix()))
	if p.node != none {
		node = k.nodeNames[p.node].jitter
	}
	switch {
	case k.config.Kubelet.Jitter.PerNode:
		return node
	case p.owner != none:
		return node ^ bits.RotateLeft64(k.daemonSets.at[p.owner].jitter, 21) + created
	case p.name < 0 && p.set == none:
		return node ^ kube.HashName(kube.Key(k.named[^p.name]))
	}
	return node ^ kube.HashName(k.namespace(p)+"/"+k.classes[p.class].prefix) + created
}

// matches reports whether the pod has the image and is on one of the nodes,
// ascending.
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
