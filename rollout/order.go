package rollout

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Order is which node goes first where a sync has a choice. Kubernetes ranges
// over a Go map: any order may come, another one in each sync.
type Order uint8

const (
	ByName   Order = iota // ascending by name
	Seeded                // drawn anew in every sync from the seed, the DaemonSet, the sync and the node
	Scripted              // as Config.Script says, choice by choice; Sim.Choices tells what there was to choose
)

// String is "ByName", "Seeded" or "Scripted".
func (o Order) String() string {
	switch o {
	case Seeded:
		return "Seeded"
	case Scripted:
		return "Scripted"
	}
	return "ByName"
}

// GoString is the constant's name.
func (o Order) GoString() string { return "rollout." + o.String() }

// walk lists the first limit nodes with either mark, in order. The list is
// good until the next walk.
func (s *Sim) walk(d *daemon, a, b marks, limit int) []int32 {
	list := s.walked[:0]
	switch s.config.Order {
	case Seeded:
		list = d.merge(list, a, b, math.MaxInt)
		s.shuffle(d, list)
		list = list[:min(limit, len(list))]
	case Scripted:
		list = s.choose(Choice{DaemonSet: d.key}, d.merge(list, a, b, math.MaxInt), limit)
	default:
		list = d.merge(list, a, b, limit)
	}
	s.walked = list
	return list
}

// merge lists the first nodes with either mark, ascending. a and b may be the same.
func (t *tally) merge(list []int32, a, b marks, limit int) []int32 {
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

// shuffle orders nodes by what is drawn for each: a node's draw depends on no
// other node, so that one more node changes nobody else's luck.
func (s *Sim) shuffle(d *daemon, nodes []int32) {
	moment := uint64(uint32(s.now))<<32 | uint64(uint32(s.round))
	draw := func(n int32) uint64 {
		var g rand.PCG
		g.Seed(s.config.Seed^d.luck, moment^s.roster[n].luck)
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
