package snapshot

import (
	"iter"
	"math/bits"
)

// words is a set of node positions: bit i%64 of word i/64 is position i. Sets over
// the same node names have the same length, and no bit beyond the last node is ever
// set.
type words []uint64

func newWords(n int) words { return make(words, (n+63)/64) }

// allWords has every position below n.
func allWords(n int) words {
	w := newWords(n)
	for i := range w {
		w[i] = ^uint64(0)
	}
	if rest := n % 64; rest != 0 {
		w[len(w)-1] = 1<<rest - 1
	}
	return w
}

func (w words) add(i int)      { w[i>>6] |= 1 << (i & 63) }
func (w words) remove(i int)   { w[i>>6] &^= 1 << (i & 63) }
func (w words) has(i int) bool { return w[i>>6]&(1<<(i&63)) != 0 }

func (w words) count() int {
	n := 0
	for _, x := range w {
		n += bits.OnesCount64(x)
	}
	return n
}

func (w words) clone() words { return append(words(nil), w...) }

// positions yields the members in ascending order.
func (w words) positions() iter.Seq[int] {
	return func(yield func(int) bool) {
		for k, x := range w {
			for ; x != 0; x &= x - 1 {
				if !yield(k<<6 | bits.TrailingZeros64(x)) {
					return
				}
			}
		}
	}
}

func (w words) and(v words) words {
	r := make(words, len(w))
	for i := range r {
		r[i] = w[i] & v[i]
	}
	return r
}

func (w words) or(v words) words {
	r := make(words, len(w))
	for i := range r {
		r[i] = w[i] | v[i]
	}
	return r
}

func (w words) minus(v words) words {
	r := make(words, len(w))
	for i := range r {
		r[i] = w[i] &^ v[i]
	}
	return r
}

// within reports whether every member of w is in v.
func (w words) within(v words) bool {
	for i := range w {
		if w[i]&^v[i] != 0 {
			return false
		}
	}
	return true
}
