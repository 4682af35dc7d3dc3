package placement_test

import (
	"math"
	"math/big"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// The naive reference for scores: node by node and pod by pod, from the objects.

// naiveScores returns the scores of the pod's feasible nodes by node and
// plugin. Plugins that skip the pod are absent.
func naiveScores(pod *corev1.Pod, feasible []*corev1.Node, w world, c *cluster.Cluster) map[string]map[string]placement.PluginScore {
	scores := map[string]map[string]placement.PluginScore{}
	for _, n := range feasible {
		scores[n.Name] = map[string]placement.PluginScore{}
	}
	enter := func(plugin string, weight int64, raw func(*corev1.Node) int64, normalize func(raw, least, most int64) int64) {
		least, most := int64(math.MaxInt64), int64(math.MinInt64)
		for _, n := range feasible {
			least, most = min(least, raw(n)), max(most, raw(n))
		}
		for _, n := range feasible {
			s := placement.PluginScore{Plugin: plugin, Weight: weight, Raw: raw(n)}
			if normalize != nil {
				s.Normalized = normalize(raw(n), least, most)
			}
			scores[n.Name][plugin] = s
		}
	}
	asItIs := func(raw, _, _ int64) int64 { return raw }
	enter("TaintToleration", 3, func(n *corev1.Node) int64 { return naiveRepelled(pod, n) }, func(raw, _, most int64) int64 {
		if most == 0 {
			return 100
		}
		return 100 - 100*raw/most
	})
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution != nil {
		terms, _ := nodeaffinity.NewPreferredSchedulingTerms(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		enter("NodeAffinity", 2, terms.Score, func(raw, _, most int64) int64 { return 100 * raw / max(most, 1) })
	}
	enter("NodeResourcesFit", 1, func(n *corev1.Node) int64 { return naiveLeast(pod, n, w.there[n.Name]) }, asItIs)
	if naiveAmount("cpu", naiveRequests(pod)).Sign() != 0 || naiveAmount("memory", naiveRequests(pod)).Sign() != 0 {
		enter("NodeResourcesBalancedAllocation", 1, func(n *corev1.Node) int64 { return naiveBalanced(pod, n, w.there[n.Name]) }, asItIs)
	}
	if s := w.spreading(pod, feasible, c); s != nil {
		enter("PodTopologySpread", 2, func(n *corev1.Node) int64 { raw, _ := s.raw(n); return raw }, nil)
		s.normalize(feasible, scores)
	}
	if w.attracts(pod) {
		enter("InterPodAffinity", 2, func(n *corev1.Node) int64 { return w.attraction(pod, n) }, func(raw, least, most int64) int64 {
			return int64(100 * (float64(raw-least) / float64(max(most-least, 1))))
		})
	}
	enter("ImageLocality", 1, func(n *corev1.Node) int64 { return naiveImages(pod, n, w.nodes) }, asItIs)
	return scores
}

func naiveRepelled(pod *corev1.Pod, n *corev1.Node) int64 {
	var count int64
	for _, taint := range n.Spec.Taints {
		tolerated := taint.Effect != corev1.TaintEffectPreferNoSchedule
		for _, t := range pod.Spec.Tolerations {
			tolerated = tolerated || t.ToleratesTaint(klog.Background(), &taint, false)
		}
		if !tolerated {
			count++
		}
	}
	return count
}

func naiveRequests(pods ...*corev1.Pod) corev1.ResourceList {
	cpu, memory := resource.Quantity{}, resource.Quantity{}
	for _, pod := range pods {
		list := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{
			UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true})
		cpu.Add(*resource.NewMilliQuantity(list.Cpu().MilliValue(), resource.DecimalSI))
		memory.Add(*resource.NewQuantity(list.Memory().Value(), resource.BinarySI))
	}
	return corev1.ResourceList{"cpu": cpu, "memory": memory}
}

// naiveFilled writes the amounts that scores assume into the containers. An
// existing pod with requests as a whole gets only amounts of resources that
// none of its requests mention. A new pod's requests as a whole are ignored.
func naiveFilled(pod *corev1.Pod, there bool) *corev1.Pod {
	filled := pod.DeepCopy()
	if !there {
		filled.Spec.Resources = nil
	}
	assumed := corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("209715200")}
	if there && resourcehelper.IsPodLevelRequestsSet(pod) {
		for name := range resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{}) {
			delete(assumed, name)
		}
	}
	fill := func(containers []corev1.Container) {
		for i := range containers {
			requests := assumed.DeepCopy()
			for name, quantity := range containers[i].Resources.Requests {
				requests[name] = quantity
			}
			containers[i].Resources.Requests = requests
		}
	}
	fill(filled.Spec.InitContainers)
	fill(filled.Spec.Containers)
	return filled
}

// naiveLeast: "(cpu((capacity-requested)*MaxNodeScore*cpuWeight/capacity) +
// memory(...))/weightSum"
// (pkg/scheduler/framework/plugins/noderesources/least_allocated.go:
// leastResourceScorer).
func naiveLeast(pod *corev1.Pod, n *corev1.Node, there []*corev1.Pod) int64 {
	filled := []*corev1.Pod{naiveFilled(pod, false)}
	for _, p := range there {
		filled = append(filled, naiveFilled(p, true))
	}
	var sum, weights int64
	for _, name := range []corev1.ResourceName{"cpu", "memory"} {
		capacity, requested := naiveAmount(name, n.Status.Allocatable), naiveAmount(name, naiveRequests(filled...))
		if capacity.Sign() == 0 {
			continue
		}
		weights++
		if requested.Cmp(capacity) <= 0 {
			left := new(big.Int).Sub(capacity, requested)
			sum += left.Mul(left, big.NewInt(100)).Div(left, capacity).Int64()
		}
	}
	return sum / max(weights, 1)
}

// naiveBalanced: "score = (1 - std) * MaxNodeScore, where std is calculated by the
// root square of Σ((fraction(i)-mean)^2)/len(resources)", with the pod compared to
// without (pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go:
// balancedResourceScorer).
func naiveBalanced(pod *corev1.Pod, n *corev1.Node, there []*corev1.Pod) int64 {
	score := func(pods []*corev1.Pod) int64 {
		var fractions []float64
		for _, name := range []corev1.ResourceName{"cpu", "memory"} {
			if capacity := naiveAmount(name, n.Status.Allocatable); capacity.Sign() != 0 {
				fractions = append(fractions, math.Min(1, float64(naiveAmount(name, naiveRequests(pods...)).Int64())/float64(capacity.Int64())))
			}
		}
		if len(fractions) < 2 {
			return 100
		}
		return int64((1 - math.Abs((fractions[0]-fractions[1])/2)) * 100)
	}
	return 50 + (50+score(append([]*corev1.Pod{pod}, there...))-score(there))/2
}

func naiveImages(pod *corev1.Pod, n *corev1.Node, all []*corev1.Node) int64 {
	var names []string
	for _, c := range append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
		names = append(names, c.Image)
	}
	for _, v := range pod.Spec.Volumes {
		names = append(names, v.Image.Reference)
	}
	var sum int64
	for _, name := range names {
		if i := strings.LastIndexByte(name, '/'); !strings.Contains(name[i+1:], ":") {
			name += ":latest"
		}
		if !naiveHas(n, name) {
			continue
		}
		var with, bytes int64
		for _, other := range all {
			if naiveHas(other, name) {
				if with == 0 {
					bytes = naiveSize(other, name)
				}
				with++
			}
		}
		sum += int64(float64(bytes) * (float64(with) / float64(len(all))))
	}
	const mb = 1024 * 1024
	most := 1000 * mb * int64(len(names))
	switch {
	case sum < 23*mb:
		return 0
	case sum > most:
		return 100
	}
	return 100 * (sum - 23*mb) / (most - 23*mb)
}

func naiveHas(n *corev1.Node, image string) bool { return naiveSize(n, image) >= 0 }

func naiveSize(n *corev1.Node, image string) int64 {
	for _, i := range n.Status.Images {
		for _, name := range i.Names {
			if name == image {
				return i.SizeBytes
			}
		}
	}
	return -1
}
