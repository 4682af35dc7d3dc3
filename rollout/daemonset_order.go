package rollout

import (
	"math"
	"math/rand/v2"
	"slices"
)

// walk lists the first limit nodes with either mark, in order. The list is
// valid until the next walk.
func (dsc *daemonSetController) walk(d *daemonSet, a, b marks, limit int) []int32 {
	list := dsc.walked[:0]
	switch dsc.config.Order {
	case OrderSeeded:
		list = d.merge(list, a, b, math.MaxInt)
		dsc.shuffle(d, list)
		list = list[:min(limit, len(list))]
	case OrderFromScript:
		list = dsc.choose(d.fullKey, d.merge(list, a, b, math.MaxInt), limit)
	default:
		list = d.merge(list, a, b, limit)
	}
	dsc.walked = list
	return list
}

// merge lists the first nodes with either mark, ascending. a and b may be the same.
func (t *nodeCounts) merge(list []int32, a, b marks, limit int) []int32 {
	if t.number(a) == 0 {
		a = b
	}
	if a == b || t.number(b) == 0 {
		return t.set(a).list(list, min(limit, t.number(a)))
	}
	x, y := t.set(a), t.set(b)
	for i, j := x.next(0), y.next(0); len(list) < limit && (i != none || j != none); {
		if j == none || i != none && i < j {
			list = append(list, i)
			i = x.next(i + 1)
		} else {
			list = append(list, j)
			j = y.next(j + 1)
		}
	}
	return list
}

// shuffle orders nodes by a value drawn for each. The value depends on no other
// node, so adding a node does not change the values drawn for other nodes.
func (dsc *daemonSetController) shuffle(d *daemonSet, nodes []int32) {
	moment := uint64(uint32(dsc.now))<<32 | uint64(uint32(dsc.round))
	draw := func(n int32) uint64 {
		var g rand.PCG
		g.Seed(dsc.config.Seed^d.jitter, moment^dsc.nodeNames[n].jitter)
		return g.Uint64()
	}
	slices.SortFunc(nodes, func(a, b int32) int {
		if x, y := draw(a), draw(b); x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return int(a - b)
	})
}
