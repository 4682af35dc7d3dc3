package placement

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/berthsim/berth/internal/kube"
)

// amounts is quantities of resources as the scheduler counts them
// (pkg/scheduler/framework/types.go: Resource): cpu in thousandths, the others
// in whole units, each rounded up.
type amounts struct {
	cpu, memory, ephemeral int64
	scalars                scalars
}

// scalar is an amount of an extended resource, of huge pages or of another
// resource that the scheduler only counts.
type scalar struct {
	name   corev1.ResourceName
	amount int64
}

// scalars is ascending by name. A missing resource is 0.
type scalars []scalar

func (s scalars) index(name corev1.ResourceName) (int, bool) {
	return slices.BinarySearchFunc(s, name, func(x scalar, name corev1.ResourceName) int {
		return strings.Compare(string(x.name), string(name))
	})
}

func (s scalars) amount(name corev1.ResourceName) int64 {
	if i, ok := s.index(name); ok {
		return s[i].amount
	}
	return 0
}

// add returns the scalars with an amount added.
func (s scalars) add(name corev1.ResourceName, amount int64) scalars {
	i, ok := s.index(name)
	if ok {
		s[i].amount += amount
		return s
	}
	return slices.Insert(s, i, scalar{name, amount})
}

func toAmounts(list corev1.ResourceList) amounts {
	var a amounts
	for name, quantity := range list { // any order: each amount has its own place
		switch name {
		case corev1.ResourceCPU:
			a.cpu = quantity.MilliValue()
		case corev1.ResourceMemory:
			a.memory = quantity.Value()
		case corev1.ResourceEphemeralStorage:
			a.ephemeral = quantity.Value()
		default:
			if n := quantity.Value(); n != 0 && isScalar(name) {
				a.scalars = a.scalars.add(name, n)
			}
		}
	}
	return a
}

// isScalar follows the scheduler (pkg/scheduler/util/utils.go:
// IsScalarResourceName).
func isScalar(name corev1.ResourceName) bool {
	return kube.IsHugePages(name) || kube.IsExtendedResource(name) ||
		strings.HasPrefix(string(name), corev1.ResourceAttachableVolumesPrefix) ||
		strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// asked returns what the scheduler requires for a pod that has no node yet
// (pkg/scheduler/framework/plugins/noderesources/fit.go:
// computePodResourceRequest).
func asked(pod *corev1.Pod) amounts {
	return toAmounts(resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{}))
}

// The requests that scores assume for a container without requests
// (pkg/scheduler/util/pod_resources.go: DefaultMilliCPURequest,
// DefaultMemoryRequest).
const (
	leastCPU    = 100
	leastMemory = 200 * 1024 * 1024
)

// taken returns what a running pod counts as, and what it counts as in scores,
// where a container without requests counts too. In-place resizes, pod-level
// resources and overhead are included (pkg/scheduler/framework/types.go:
// PodInfo.CalculateResource).
func taken(release kube.Release, pod *corev1.Pod) (requests amounts, scoredCPU, scoredMemory int64) {
	list := requestsDuringResize(release, pod, nil)
	requests = toAmounts(list)
	if missing := assumed(list, resourcehelper.IsPodLevelRequestsSet(pod)); len(missing) > 0 {
		list = requestsDuringResize(release, pod, missing)
	}
	return requests, list.Cpu().MilliValue(), list.Memory().Value()
}

// assumed returns what containers without a request are assumed to request in
// scores. It assumes nothing of a resource that the pod as a whole requests
// (getNonMissingContainerRequests).
func assumed(requests corev1.ResourceList, podLevel bool) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(leastCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(leastMemory, resource.DecimalSI),
	}
	for name := range list { // any order: each is judged by itself
		if _, ok := requests[name]; ok && podLevel {
			delete(list, name)
		}
	}
	return list
}

// capacity is what a node can allocate.
type capacity struct {
	amounts
	pods int32
}

func offered(node *corev1.Node) capacity {
	if node == nil {
		return capacity{}
	}
	list := node.Status.Allocatable
	return capacity{toAmounts(list), int32(min(max(list.Pods().Value(), math.MinInt32), math.MaxInt32))}
}

var nothing capacity

// sizes lists the distinct capacities. A cluster has few: nodes of one size
// share one.
type sizes map[[4]int64][]*capacity

func (s *sizes) shared(c capacity) *capacity {
	if *s == nil {
		*s = sizes{}
	}
	key := [4]int64{c.cpu, c.memory, c.ephemeral, int64(c.pods)}
	for _, known := range (*s)[key] {
		if slices.Equal(known.scalars, c.scalars) {
			return known
		}
	}
	(*s)[key] = append((*s)[key], &c)
	return &c
}

// list returns the amounts that are not zero.
func (a *amounts) list() corev1.ResourceList {
	list := corev1.ResourceList{}
	add := func(name corev1.ResourceName, amount int64) {
		if amount != 0 {
			list[name] = quantity(name, amount)
		}
	}
	add(corev1.ResourceCPU, a.cpu)
	add(corev1.ResourceMemory, a.memory)
	add(corev1.ResourceEphemeralStorage, a.ephemeral)
	for _, s := range a.scalars {
		add(s.name, s.amount)
	}
	return list
}

func (a *amounts) add(b *amounts) {
	a.cpu += b.cpu
	a.memory += b.memory
	a.ephemeral += b.ephemeral
	for _, s := range b.scalars {
		a.scalars = a.scalars.add(s.name, s.amount)
	}
}

// amountsText formats the amounts as "cpu 10, memory 1Gi": the usual resources
// first, then the others by name.
func amountsText(list corev1.ResourceList) string {
	usual := []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourcePods}
	rank := func(name corev1.ResourceName) int {
		if i := slices.Index(usual, name); i >= 0 {
			return i
		}
		return len(usual)
	}
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(list), func(a, b corev1.ResourceName) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	}) {
		amount := list[name]
		parts = append(parts, string(name)+" "+amount.String())
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// quantity returns an amount in the notation that manifests use for the
// resource.
func quantity(name corev1.ResourceName, amount int64) resource.Quantity {
	switch name {
	case corev1.ResourceCPU:
		return *resource.NewMilliQuantity(amount, resource.DecimalSI)
	case corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return *resource.NewQuantity(amount, resource.BinarySI)
	}
	return *resource.NewQuantity(amount, resource.DecimalSI)
}
