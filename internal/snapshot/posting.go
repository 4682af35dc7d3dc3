package snapshot

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// posting is the set of nodes with one value: words, or a list for a rare value.
type posting struct {
	dense words
	list  []int32
}

func (p posting) addTo(w words) {
	for i, x := range p.dense {
		w[i] |= x
	}
	for _, i := range p.list {
		w.add(int(i))
	}
}

// changed returns the posting with some nodes changed; holds reports whether a node
// belongs to it now.
func (p posting) changed(nodes []patched, holds func(*corev1.Node) bool) posting {
	p.dense = p.dense.clone()
	p.list = slices.DeleteFunc(slices.Clone(p.list), func(i int32) bool {
		return slices.ContainsFunc(nodes, func(c patched) bool { return c.position == int(i) })
	})
	for _, c := range nodes {
		switch has := holds(c.node); {
		case p.dense == nil && has:
			p.list = append(p.list, int32(c.position))
		case p.dense == nil:
		case has:
			p.dense.add(c.position)
		default:
			p.dense.remove(c.position)
		}
	}
	slices.Sort(p.list)
	return p
}

func (p posting) count() int { return p.dense.count() + len(p.list) }

// rare reports whether a list of count positions is smaller than words for n nodes.
func rare(count, n int) bool { return count*32 < n }

func newPosting(list []int32, n int) posting {
	if rare(len(list), n) {
		return posting{list: list}
	}
	w := newWords(n)
	posting{list: list}.addTo(w)
	return posting{dense: w}
}
