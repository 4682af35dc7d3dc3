package placement

import (
	"iter"
	"math/bits"
)

// feasibleNodes is a set of nodes, each with its place among them in ascending
// order of names. Columns of scores are indexed by place and are as long as the
// number of nodes to score.
type feasibleNodes struct {
	words  []uint64 // by position
	before []int32  // by word: how many nodes come before it
	n      int
}

func newFeasibleNodes(words []uint64) feasibleNodes {
	r := feasibleNodes{words: words, before: make([]int32, len(words))}
	for k, w := range words {
		r.before[k] = int32(r.n)
		r.n += bits.OnesCount64(w)
	}
	return r
}

// place returns the index of a node in the set. It returns false if the node is
// not in the set.
func (r *feasibleNodes) place(position int) (int, bool) {
	k, bit := position>>6, uint64(1)<<(position&63)
	return int(r.before[k]) + bits.OnesCount64(r.words[k]&(bit-1)), r.words[k]&bit != 0
}

// positions returns an iterator over the nodes in ascending order of places.
func (r *feasibleNodes) positions() iter.Seq[int] { return members(r.words) }

// add adds an amount at the places of the nodes that are in set. A nil column
// is all 0 and stays nil if there are no such nodes.
func (r *feasibleNodes) add(column []int64, set []uint64, amount int64) []int64 {
	for k, members := range r.words {
		for rest := members & set[k]; rest != 0; rest &= rest - 1 {
			if column == nil {
				column = make([]int64, r.n)
			}
			bit := rest & -rest
			column[int(r.before[k])+bits.OnesCount64(members&(bit-1))] += amount
		}
	}
	return column
}
