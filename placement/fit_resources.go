package placement

import (
	"fmt"
	"math/bits"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// takes returns the subset of nodes that have enough left for a pod's requests.
func (b *block) takes(asks *amounts, nodes uint64) uint64 {
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !b.left[i].takes(asks) {
			nodes &^= 1 << i
		}
	}
	for _, s := range asks.scalars {
		nodes = b.enough(s, nodes)
	}
	return nodes
}

func (b *block) enough(asked scalar, nodes uint64) uint64 {
	column := b.scalar(asked.name)
	for rest := nodes; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); asked.amount > 0 && asked.amount > column[i] {
			nodes &^= 1 << i
		}
	}
	return nodes
}

// takes follows the scheduler
// (pkg/scheduler/framework/plugins/noderesources/fit.go: fitsRequest).
// Resources that are not requested do not matter, even if they are
// overcommitted.
func (l *left) takes(a *amounts) bool {
	return l.pods >= 1 &&
		(a.cpu <= l.cpu || a.cpu <= 0) &&
		(a.memory <= l.memory || a.memory <= 0) &&
		(a.ephemeral <= l.ephemeral || a.ephemeral <= 0)
}

// Shortfall is a resource that a node has too little of for a pod.
type Shortfall struct {
	Resource  corev1.ResourceName `json:"resource"`
	Requested resource.Quantity   `json:"requested"` // by the pod
	Free      resource.Quantity   `json:"free"`      // of what the node can allocate; negative if the node is overcommitted
	Capacity  resource.Quantity   `json:"capacity"`  // total amount that the node can allocate
}

// missing returns the amount that the node lacks.
func (s Shortfall) missing() resource.Quantity {
	missing := s.Requested.DeepCopy()
	missing.Sub(s.Free)
	return missing
}

// text returns the shortfall as "30m cpu short: requests 100m, 70m of 2
// free".
func (s Shortfall) text() string {
	if s.Resource == corev1.ResourcePods {
		taken := s.Capacity.DeepCopy()
		taken.Sub(s.Free)
		return fmt.Sprintf("%s of %s places for pods are taken", taken.String(), s.Capacity.String())
	}
	missing := s.missing()
	return fmt.Sprintf("%s %s short: requests %s, %s of %s free",
		missing.String(), s.Resource, s.Requested.String(), s.Free.String(), s.Capacity.String())
}
