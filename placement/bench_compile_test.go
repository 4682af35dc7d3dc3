package placement_test

import (
	"testing"

	"github.com/berthsim/berth/placement"
)

// A DaemonSet is compiled, as written in a manifest and as stored.
func BenchmarkCompile(b *testing.B) {
	for _, stored := range []bool{false, true} {
		name, opts := "manifest", []placement.Option(nil)
		if stored {
			name, opts = "stored", []placement.Option{placement.Unvalidated()}
		}
		b.Run(name, func(b *testing.B) {
			ds := benchDaemonSet()
			b.ReportAllocs()
			for b.Loop() {
				w, err := placement.ForDaemonSet(ds, opts...)
				if err != nil || len(w.Pod().Spec.Tolerations) != 8 {
					b.Fatal(w, err)
				}
			}
		})
	}
}
