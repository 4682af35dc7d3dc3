package spell_test

import (
	"testing"

	"pgregory.net/rapid"

	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/spell"
)

// naive computes the distance by its definition, one last letter at a time.
func naive(a, b []rune) int {
	m, n := len(a), len(b)
	if m == 0 || n == 0 {
		return m + n
	}
	replaced := naive(a[:m-1], b[:n-1])
	if a[m-1] != b[n-1] {
		replaced++
	}
	least := min(naive(a[:m-1], b)+1, naive(a, b[:n-1])+1, replaced)
	if m > 1 && n > 1 && a[m-1] == b[n-2] && a[m-2] == b[n-1] {
		least = min(least, naive(a[:m-2], b[:n-2])+1)
	}
	return least
}

// Seen to fail: no swaps, swaps that cost nothing, lengths counted in bytes, a
// result above most+1.
func TestDistance(t *testing.T) {
	words := rapid.StringOfN(rapid.SampledFrom([]rune("abü")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, most := words.Draw(t, "a"), words.Draw(t, "b"), rapid.IntRange(0, 3).Draw(t, "most")
		if got, want := spell.Distance(a, b, most), min(naive([]rune(a), []rune(b)), most+1); got != want {
			t.Fatalf("%q and %q: %d, want %d", a, b, got, want)
		}
	})
}
