package clustertest

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
)

// nodes returns the nodes that the world describes. It ignores specs with words that
// cannot be parsed.
func (w World) nodes() []*corev1.Node {
	var nodes []*corev1.Node
	for _, spec := range w {
		objects, _ := spec.Objects()
		for _, o := range objects {
			if n, ok := o.(*corev1.Node); ok {
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// drawPods draws running pods: at most six, at most one per node, each requesting no
// more than its node has.
func drawPods(t *rapid.T, nodes []*corev1.Node) World {
	if len(nodes) == 0 {
		return nil
	}
	on := rapid.SliceOfNDistinct(rapid.IntRange(0, len(nodes)-1), 0, min(6, len(nodes)), rapid.ID[int]).Draw(t, "pods on")
	var pods World
	for i, position := range on {
		words := []string{"node:" + nodes[position].Name, "running"}
		words = append(words, drawShare(t, nodes[position].Status.Allocatable)...)
		words = append(words, strings.Fields(rapid.SampledFrom(ports).Draw(t, "port"))...)
		pods = append(pods, Pod(fmt.Sprintf("shop/pod-%d", i+1), words...))
	}
	return pods
}

var ports = []string{"", "port:9100", "port:8080", "port:8125/udp"}

// drawShare draws requests for a share of a node's capacity: nothing, a tenth, half,
// or all of it.
func drawShare(t *rapid.T, has corev1.ResourceList) []string {
	percent := rapid.SampledFrom([]int64{0, 10, 50, 100}).Draw(t, "percent")
	if percent == 0 {
		return nil
	}
	cpu := resource.NewMilliQuantity(has.Cpu().MilliValue()*percent/100, resource.DecimalSI)
	const mi = 1 << 20
	memory := resource.NewQuantity(has.Memory().Value()/100*percent/mi*mi, resource.BinarySI)
	return []string{"cpu:" + cpu.String(), "memory:" + memory.String()}
}

// DaemonSets draws DaemonSets like real ones: selectors, affinity, tolerations,
// requests, host ports, update strategy. They shrink to one without words, which
// runs on every node that it can.
func DaemonSets(opts ...Option) *rapid.Generator[Spec] {
	o := collect(opts)
	s := o.knows()
	return rapid.Custom(func(t *rapid.T) Spec {
		o.check(t)
		d := DaemonSet(o.key, drawPlace(t, s)...).With(drawNeeds(t)...)
		how := rapid.SampledFrom(strategies).Draw(t, "strategy") + " " + rapid.SampledFrom(paces).Draw(t, "pace")
		return d.With(strings.Fields(how)...).With(o.words...)
	})
}

// Pods draws ordinary pods without a node.
func Pods(opts ...Option) *rapid.Generator[Spec] {
	o := collect(opts)
	s := o.knows()
	return rapid.Custom(func(t *rapid.T) Spec {
		o.check(t)
		return Pod(o.key, drawPlace(t, s)...).With(drawNeeds(t)...).With(o.words...)
	})
}

// Updates draws changed versions of a DaemonSet, most often with another image. The
// result is the given one with more words.
func Updates(d Spec) *rapid.Generator[Spec] {
	_, name := d.key()
	changes := []string{
		"image:registry.example.com/" + name + ":2", "image:registry.example.com/" + name + ":3",
		"max-unavailable:2", "min-ready:10s", "cpu:200m", "tolerate:*", "on:kubernetes.io/os=linux", "max-surge:1", "on-delete", "release=next",
	}
	return rapid.Map(rapid.SampledFrom(changes), func(word string) Spec { return d.With(word) })
}

var (
	strategies = []string{"", "max-unavailable:2", "max-unavailable:10%", "max-surge:1", "on-delete", "max-unavailable:100%", "max-surge:25%"}
	paces      = []string{"", "min-ready:10s", "grace:60s", "min-ready:30s grace:5s", "history:1"}
	needs      = []string{"", "cpu:100m memory:128Mi", "port:9100", "host-network port:9100", "cpu:1", "class:system-node-critical", "memory:4Gi", "port:8125/udp port:8126", "nvidia.com/gpu:1"}
)

// drawNeeds draws the resources and ports that a pod needs.
func drawNeeds(t *rapid.T) []string {
	return strings.Fields(rapid.SampledFrom(needs).Draw(t, "needs"))
}

// drawPlace draws words that restrict the nodes.
func drawPlace(t *rapid.T, s *vocabulary) []string {
	return slices.Concat(
		rapid.SliceOfN(rapid.Map(rapid.SampledFrom(s.labels), label.on), 0, 2).Draw(t, "selector"),
		rapid.SliceOfN(term("affinity:", s), 0, 2).Draw(t, "affinity"),
		rapid.SliceOfN(toleration(s), 0, 3).Draw(t, "tolerations"),
		rapid.SliceOfN(term("prefer:10:", s), 0, 1).Draw(t, "preferred"),
	)
}

func term(start string, s *vocabulary) *rapid.Generator[string] {
	one := rapid.Custom(func(t *rapid.T) string {
		l, other := rapid.SampledFrom(s.labels).Draw(t, "label"), rapid.SampledFrom(s.labels).Draw(t, "other")
		return l.requirement(rapid.IntRange(0, 5).Draw(t, "form"), other.value)
	})
	return rapid.Map(rapid.SliceOfN(one, 1, 2), func(all []string) string { return start + strings.Join(all, ",") })
}

func toleration(s *vocabulary) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		taint := rapid.SampledFrom(s.taints).Draw(t, "taint")
		return "tolerate:" + tolerating(taint, rapid.IntRange(0, 6).Draw(t, "form"))
	})
}
