package rollout

import "math/bits"

// bitset is a set of node slots with a fast search for the next member. A second
// level has a bit for every word that is not empty. So a set of 100,000 nodes
// with a few members at the end is searched in some 25 words.
type bitset struct{ words, top []uint64 }

func newBitset(n int) bitset {
	words := (n + 63) / 64
	return bitset{make([]uint64, words), make([]uint64, (words+63)/64)}
}

func (b *bitset) add(i int32) {
	b.words[i>>6] |= 1 << (i & 63)
	b.top[i>>12] |= 1 << (i >> 6 & 63)
}

func (b *bitset) remove(i int32) {
	if b.words[i>>6] &^= 1 << (i & 63); b.words[i>>6] == 0 {
		b.top[i>>12] &^= 1 << (i >> 6 & 63)
	}
}

func (b *bitset) has(i int32) bool { return b.words[i>>6]>>(i&63)&1 == 1 }

// next returns the first member that is at least i, or none.
func (b *bitset) next(i int32) int32 {
	w := int(i >> 6)
	if w >= len(b.words) {
		return none
	}
	if rest := b.words[w] >> (i & 63); rest != 0 {
		return i + int32(bits.TrailingZeros64(rest))
	}
	w = b.nextWord(w + 1)
	if w < 0 {
		return none
	}
	return int32(w<<6 + bits.TrailingZeros64(b.words[w]))
}

// list appends the first n members. There must be at least n.
func (b *bitset) list(to []int32, n int) []int32 {
	for w := -1; n > 0; {
		w = b.nextWord(w + 1)
		for rest := b.words[w]; rest != 0 && n > 0; rest &= rest - 1 {
			to = append(to, int32(w<<6+bits.TrailingZeros64(rest)))
			n--
		}
	}
	return to
}

// nextWord returns the first nonempty word at or after w, or -1.
func (b *bitset) nextWord(w int) int {
	t := w >> 6
	if t >= len(b.top) {
		return -1
	}
	if rest := b.top[t] >> (w & 63); rest != 0 {
		return w + bits.TrailingZeros64(rest)
	}
	for t++; t < len(b.top); t++ {
		if b.top[t] != 0 {
			return t<<6 + bits.TrailingZeros64(b.top[t])
		}
	}
	return -1
}

func (b *bitset) clone() bitset {
	both := make([]uint64, 0, len(b.words)+len(b.top))
	both = append(append(both, b.words...), b.top...)
	return bitset{both[:len(b.words):len(b.words)], both[len(b.words):]}
}
