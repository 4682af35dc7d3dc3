package rollout

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNamesAreSpelledAlike asks for names in any order, of several classes in
// turn: what is kept from earlier ones changes none, and a name says its number.
func TestNamesAreSpelledAlike(t *testing.T) {
	prefixes := []string{"agent-", "kube-proxy-", strings.Repeat("long", 14) + "-"}
	rapid.Check(t, func(t *rapid.T) {
		var s nameCache
		near := rapid.Int32Range(0, 100).Draw(t, "from")
		for range 50 {
			class := rapid.IntRange(0, len(prefixes)-1).Draw(t, "class")
			serial := near + rapid.Int32Range(0, 60).Draw(t, "serial")
			if rapid.IntRange(0, 9).Draw(t, "far") == 0 {
				serial = rapid.SampledFrom([]int32{serials - 1, serials, serials + 27, 1<<31 - 1}).Draw(t, "serial")
			}
			got := s.name(int32(class), serial, prefixes[class])
			if want := prefixes[class] + string(appendSerial(nil, serial)); got != want {
				t.Fatalf("%d is %q, not %q", serial, got, want)
			}
			if again, ok := parseSerial(got[len(prefixes[class]):]); ok != (serial < serials) || ok && again != serial {
				t.Fatalf("%q is %d, not %d", got, again, serial)
			}
		}
	})
}
