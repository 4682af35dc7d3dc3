package placement_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/berthsim/berth/cluster"
)

// The memory that a snapshot keeps in addition to its Kubernetes objects: the
// snapshot itself, then the index of a DaemonSet's six label keys and of the
// taints, then what is left on the nodes, with one pod on each.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint("nodes=", n), func(b *testing.B) {
			for b.Loop() {
				objects, w := benchHosts(n), benchWorkload(b)
				before := heap()
				c, err := cluster.Adopt(objects...)
				if err != nil {
					b.Fatal(err)
				}
				loaded := heap()
				p := w.Predict(c)
				if got := p.Eligible().Len(); got != n/10*9 {
					b.Fatal(got)
				}
				indexed := heap()
				if got := p.Placed().Len(); got != n/10*9 {
					b.Fatal(got)
				}
				judged := heap()
				b.ReportMetric((loaded-before)/float64(n), "snapshot-B/node")
				b.ReportMetric((indexed-before)/float64(n), "indexed-B/node")
				b.ReportMetric((judged-before)/float64(n), "judged-B/node")
				runtime.KeepAlive(objects)
				runtime.KeepAlive(c)
				runtime.KeepAlive(p)
			}
		})
	}
}

// heap returns the number of bytes in use.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
