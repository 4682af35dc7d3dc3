package placement

import (
	"math"
	"math/bits"

	corev1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// scoredAmounts holds a pod's requests as the scores of resources count them
// (pkg/scheduler/framework/plugins/noderesources/resource_allocation.go:
// calculatePodResourceRequest).
type scoredAmounts struct {
	// LeastAllocated assumes a default for a container without a request and
	// ignores requests for the pod as a whole: NewFit leaves the feature gates
	// of the scorer that it embeds all off.
	cpu, memory int64
	// BalancedAllocation takes requests as they are.
	plainCPU, plainMemory int64
}

func scoredRequests(pod *corev1.Pod) scoredAmounts {
	plain := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{
		UseStatusResources: true,
		InPlacePodLevelResourcesVerticalScalingEnabled: true,
	})
	filled := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{
		SkipPodLevelResources:       true,
		NonMissingContainerRequests: assumed(nil, false),
	})
	return scoredAmounts{
		cpu: filled.Cpu().MilliValue(), memory: filled.Memory().Value(),
		plainCPU: plain.Cpu().MilliValue(), plainMemory: plain.Memory().Value(),
	}
}

// bestEffort reports whether BalancedAllocation skips the pod. A pod without
// requests would look perfectly balanced anywhere.
func (a *scoredAmounts) bestEffort() bool { return a.plainCPU == 0 && a.plainMemory == 0 }

// allocations returns the scores of NodeResourcesFit and
// NodeResourcesBalancedAllocation, both of cpu and memory. balance is nil for a
// pod that NodeResourcesBalancedAllocation does not score.
func (r *room) allocations(asks scoredAmounts, nodes *feasibleNodes) (least, balance []int64) {
	least = make([]int64, nodes.n)
	improvement := borrow.From(r.cluster).Release().Has(kube.BalanceImprovement)
	if !asks.bestEffort() {
		balance = make([]int64, nodes.n)
	}
	place := 0
	for k, rest := range nodes.words {
		b := &r.blocks[k].value
		for ; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(rest)
			has, left, scored := r.has.value[k<<6|i], &b.left[i], &b.scored[i]
			least[place] = leastAllocated(has, scored.cpu+asks.cpu, scored.memory+asks.memory)
			if balance != nil {
				balance[place] = balanced(has, left, &asks, improvement)
			}
			place++
		}
	}
	return least, balance
}

// leastAllocated follows the scheduler
// (pkg/scheduler/framework/plugins/noderesources/least_allocated.go:
// leastResourceScorer). It returns the percentage that would be left, averaged
// over the resources that the node has.
func leastAllocated(has *capacity, cpu, memory int64) int64 {
	switch {
	case has.cpu != 0 && has.memory != 0:
		return (unused(cpu, has.cpu) + unused(memory, has.memory)) / 2
	case has.cpu != 0:
		return unused(cpu, has.cpu)
	case has.memory != 0:
		return unused(memory, has.memory)
	}
	return 0
}

func unused(requested, capacity int64) int64 {
	if requested > capacity {
		return 0
	}
	return (capacity - requested) * maxScore / capacity
}

// balanced follows the scheduler
// (pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go:
// balancedResourceScorer). It returns how close the used shares of cpu and memory
// are with the pod. If improvement is true, it returns how much closer the pod
// brings them: more than 75 if it does.
func balanced(has *capacity, left *left, asks *scoredAmounts, improvement bool) int64 {
	cpu, memory := has.cpu-left.cpu, has.memory-left.memory
	with := balance(has, cpu+asks.plainCPU, memory+asks.plainMemory)
	if !improvement {
		return with
	}
	return maxScore/2 + (maxScore/2+with-balance(has, cpu, memory))/2
}

// balance follows balancedResourceScore. It returns 100 if the same share of
// both is used.
func balance(has *capacity, cpu, memory int64) int64 {
	if has.cpu == 0 || has.memory == 0 {
		return maxScore // a single resource does not deviate
	}
	deviation := math.Abs((fraction(cpu, has.cpu) - fraction(memory, has.memory)) / 2)
	return int64((1 - deviation) * maxScore)
}

func fraction(used, capacity int64) float64 {
	return min(float64(used)/float64(capacity), 1)
}
