package placement_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// A question allocates as many objects on many nodes as on few: sets grow by a
// bit per node and nothing else grows. Mutants seen: a list of the rejected
// nodes in Predict; a slice of taints in Check allocated before it is known to
// be needed.
func TestNoAllocationPerNode(t *testing.T) {
	w := compiled(t)
	ask := map[string]func(*testing.T, int) float64{
		"Predict, eligible": func(t *testing.T, n int) float64 {
			c := adopt(t, benchHosts(n))
			return testing.AllocsPerRun(10, func() { expect(t, w.Predict(c).Eligible(), n/10*9) })
		},
		"Predict, placed": func(t *testing.T, n int) float64 {
			c := adopt(t, benchHosts(n))
			return testing.AllocsPerRun(10, func() { expect(t, w.Predict(c).Placed(), n/10*9) })
		},
		"Predict after an edit": func(t *testing.T, n int) float64 {
			c := adopt(t, benchHosts(n))
			c, err := c.Edit("node-0000000", cluster.Label("pool", "pool-1"))
			if err != nil {
				t.Fatal(err)
			}
			return testing.AllocsPerRun(10, func() { expect(t, w.Predict(c).Eligible(), n/10*9+1) })
		},
		"Bind": func(t *testing.T, n int) float64 {
			c, pod := adopt(t, benchHosts(n)), ordinaryPod(t)
			return testing.AllocsPerRun(10, func() {
				if _, ok := room.Bind(pod.Predict(c), "web", 1); !ok {
					t.Fatal("no node is the best")
				}
			})
		},
	}
	for name, allocations := range ask { // in any order: each by itself
		t.Run(name, func(t *testing.T) {
			if few, many := allocations(t, 640), allocations(t, 6_400); many > few {
				t.Errorf("%v allocations for 640 nodes, %v for 6,400", few, many)
			}
		})
	}
	t.Run("Check of a node that is wanted", func(t *testing.T) {
		node := benchNodes(2)[1].(*corev1.Node)
		if n := testing.AllocsPerRun(100, func() {
			if w.Check(node).Decision != placement.Eligible {
				t.Fatal("not eligible")
			}
		}); n > 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func compiled(t *testing.T) *placement.Workload {
	w, err := placement.ForDaemonSet(benchDaemonSet())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ordinaryPod(t *testing.T) *placement.Workload {
	w, err := placement.ForPod(benchPod("new", "250m"))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func adopt(t *testing.T, objects []runtime.Object) *cluster.Cluster {
	c, err := cluster.Adopt(objects...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func expect(t *testing.T, got cluster.NodeSet, want int) {
	if got.Len() != want {
		t.Fatal(fmt.Sprint(got.Len(), " nodes, want ", want))
	}
}
