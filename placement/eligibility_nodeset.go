package placement

import (
	"iter"
	"math/bits"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/snapshot"
)

// nodeBits is a set of nodes under construction. It is narrowed in place, so a
// selector costs one set however many requirements it has.
type nodeBits struct {
	nodes *snapshot.Snapshot
	words []uint64 // nil: none
}

func newNodeBits(nodes *snapshot.Snapshot, s snapshot.Set) nodeBits {
	return nodeBits{nodes, slices.Clone(nodes.Words(s))}
}

func (m nodeBits) clone() nodeBits {
	m.words = slices.Clone(m.words)
	return m
}

// set converts the bits to a set. The bits must not be used afterwards.
func (m nodeBits) set() snapshot.Set {
	if m.words == nil {
		return snapshot.Set{}
	}
	return m.nodes.Set(m.words)
}

// put adds a node or removes it.
func (m *nodeBits) put(position int, in bool) {
	switch bit := uint64(1) << (position & 63); {
	case in && m.words == nil:
		m.words = make([]uint64, (m.nodes.Len()+63)/64)
		fallthrough
	case in:
		m.words[position>>6] |= bit
	case m.words != nil:
		m.words[position>>6] &^= bit
	}
}

func (m nodeBits) add(other nodeBits) {
	for i, w := range other.words {
		m.words[i] |= w
	}
}

func (m nodeBits) keep(s snapshot.Set) {
	set := m.nodes.Words(s)
	if m.isAll(set) {
		return
	}
	for i := range m.words {
		m.words[i] &= set[i]
	}
}

func (m nodeBits) drop(s snapshot.Set) {
	set := m.nodes.Words(s)
	if m.isNone(set) {
		return
	}
	for i := range m.words {
		m.words[i] &^= set[i]
	}
}

// isAll and isNone detect the two sets whose members need not be looked at.
func (m nodeBits) isAll(set []uint64) bool  { return same(set, m.nodes.Words(m.nodes.Nodes())) }
func (m nodeBits) isNone(set []uint64) bool { return same(set, m.nodes.Words(snapshot.Set{})) }

func same(a, b []uint64) bool { return len(a) == 0 || &a[0] == &b[0] }

// meet narrows to the nodes that meet all requirements.
func (m nodeBits) meet(rs []requirement) {
	for i := range rs {
		m.narrow(&rs[i])
	}
}

// narrow does for sets what requirement.matches does for one node.
func (m nodeBits) narrow(r *requirement) {
	if r.isField {
		m.narrowField(r)
		return
	}
	switch r.Operator {
	case corev1.NodeSelectorOpIn:
		m.keep(m.nodes.Labeled(r.Key, r.Values...))
	case corev1.NodeSelectorOpNotIn:
		m.drop(m.nodes.Labeled(r.Key, r.Values...))
	case corev1.NodeSelectorOpExists:
		m.keep(m.nodes.HasLabel(r.Key))
	case corev1.NodeSelectorOpDoesNotExist:
		m.drop(m.nodes.HasLabel(r.Key))
	default:
		values := slices.DeleteFunc(m.nodes.LabelValues(r.Key), func(value string) bool { return !r.compares(value) })
		m.keep(m.nodes.Labeled(r.Key, values...))
	}
}

// narrowField narrows by a field. Fields other than the name are empty on every
// node.
func (m nodeBits) narrowField(r *requirement) {
	var equal snapshot.Set
	switch {
	case r.Key == "metadata.name":
		equal = m.nodes.Named(r.Values[0])
	case r.Values[0] == "":
		equal = m.nodes.Nodes()
	}
	if r.Operator == corev1.NodeSelectorOpIn {
		m.keep(equal)
	} else {
		m.drop(equal)
	}
}

// members returns an iterator over the positions in words, ascending.
func members(words []uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for k, word := range words {
			for ; word != 0; word &= word - 1 {
				if !yield(k<<6 | bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
