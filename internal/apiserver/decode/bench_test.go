package decode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/apiserver/decode"
)

// A mistake costs the same, however many there are: the line of each is looked up.
func BenchmarkManyMistakes(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n  labels:\n")
			for i := range n {
				fmt.Fprintf(&text, "    k%d: 1\n", i)
			}
			for b.Loop() {
				all := decode.Read([]byte(text.String())).Mistakes
				if len(all) != n || all[n-1].Line != n+5 {
					b.Fatal(len(all))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/mistake")
		})
	}
}
