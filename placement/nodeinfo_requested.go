package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// block tracks 64 nodes. Host ports and scalar resources, which only some pods
// request, are stored by port and by resource. A question about 64 nodes then
// costs little more than one about a single node.
type block struct {
	left    [64]left
	scored  [64]scored
	pods    [64][]podClassCount
	scalars []scalarColumn
	ports   portUses
}

// left is what a node has left of what every pod needs, in half a cache line.
type left struct {
	cpu, memory, ephemeral int64
	pods                   int32
}

// scored is what is requested on a node, as scores count it.
type scored struct{ cpu, memory int64 }

// scalarColumn is what 64 nodes have left of a scalar resource. It is also 0
// where the node has none.
type scalarColumn struct {
	name corev1.ResourceName
	left *[64]int64
}

// clone copies the lists of all nodes into one.
func (b *block) clone(copied *block) {
	*copied = *b
	pods := 0
	for i := range b.pods {
		pods += len(b.pods[i])
	}
	cohorts := make([]podClassCount, 0, pods)
	for i, on := range b.pods {
		from := len(cohorts)
		cohorts = append(cohorts, on...)
		copied.pods[i] = cohorts[from:len(cohorts):len(cohorts)]
	}
	copied.scalars = slices.Clone(b.scalars)
	for i, s := range b.scalars {
		left := *s.left
		copied.scalars[i].left = &left
	}
	copied.ports = slices.Clone(b.ports)
	for i := range copied.ports {
		copied.ports[i].holders = slices.Clone(copied.ports[i].holders)
	}
}

var noScalar [64]int64

// scalar returns what the nodes have left of a scalar resource.
func (b *block) scalar(name corev1.ResourceName) *[64]int64 {
	for i := range b.scalars {
		if b.scalars[i].name == name {
			return b.scalars[i].left
		}
	}
	return &noScalar
}

// release adds to what a node has left of a scalar resource.
func (b *block) release(name corev1.ResourceName, node int, amount int64) {
	column := b.scalar(name)
	if column == &noScalar {
		column = new([64]int64)
		b.scalars = append(b.scalars, scalarColumn{name, column})
	}
	column[node] += amount
}
