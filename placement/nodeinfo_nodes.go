package placement

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/snapshot"
)

// nodeTable is the nodes of a room: the nodes of a snapshot, or after setNode
// its own.
type nodeTable struct {
	cluster *cluster.Cluster
	nodes   *cow[[]*corev1.Node] // by position, nil if there is none; a nil cow means the nodes of the snapshot
	columns map[string]snapshot.Column
}

func (r *nodeTable) node(position int) *corev1.Node {
	if r.nodes == nil {
		return borrow.From(r.cluster).At(position)
	}
	return r.nodes.value[position]
}

// own makes the list of nodes safe for its owner to change.
func (r *nodeTable) own(me *owner, n int) {
	if r.nodes != nil {
		r.nodes = r.nodes.by(me, cloneSlice)
		return
	}
	nodes := make([]*corev1.Node, n, n+1)
	for i := range nodes {
		nodes[i] = r.node(i)
	}
	r.nodes = &cow[[]*corev1.Node]{me, nodes}
}

// alike reports whether no selector and no topology distinguishes the nodes.
func alike(a, b *corev1.Node) bool {
	return a != nil && b != nil && a.Name == b.Name && maps.Equal(a.Labels, b.Labels) && equality.Semantic.DeepEqual(a.Spec.Taints, b.Spec.Taints)
}

// column returns the nodes' values for a topology key.
func (r *nodeTable) column(key string) snapshot.Column {
	if r.nodes == nil {
		return borrow.From(r.cluster).Column(key)
	}
	if c, ok := r.columns[key]; ok {
		return c
	}
	if r.columns == nil {
		r.columns = map[string]snapshot.Column{}
	}
	r.columns[key] = columnOf(r.nodes.value, key)
	return r.columns[key]
}

func columnOf(nodes []*corev1.Node, key string) snapshot.Column {
	c, ids := snapshot.Column{IDs: make([]int32, len(nodes))}, map[string]int32{}
	for i, n := range nodes {
		c.IDs[i] = -1
		if n == nil {
			continue
		}
		value, ok := n.Labels[key]
		if !ok {
			continue
		}
		id, known := ids[value]
		if !known {
			id = int32(len(c.Values))
			ids[value], c.Values = id, append(c.Values, value)
		}
		c.IDs[i] = id
	}
	return c
}
