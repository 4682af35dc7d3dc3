package placement_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

// Mutants seen: pods that have ended counted; pods on their way out not counted;
// own pods found by name though their uid is another; a request of nothing
// refused where too much has been given away; a plain init container's ports
// counted; an address that clashes only with itself; an account kept although
// the nodes' allocatable amounts changed.
func TestFitAgreesWithTheNaiveReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		pods := c.Borrow().Pods()
		ds, pod := gen.DaemonSet(t), gen.Pod(t)
		gen.Containers(t, &ds.Spec.Template.Spec)
		gen.Containers(t, &pod.Spec)
		ds.UID = rapid.SampledFrom([]types.UID{"", "1"}).Draw(t, "uid")
		pod.Name = rapid.SampledFrom([]string{"pod", "p0", "p1"}).Draw(t, "name")
		made := &corev1.Pod{ObjectMeta: ds.Spec.Template.ObjectMeta, Spec: ds.Spec.Template.Spec}
		made.Namespace = ds.Namespace
		none := func(*corev1.Pod) bool { return false }
		agree(t, c, daemon(t, ds), made, pods, ownOfDaemonSet(ds))
		agree(t, c, daemon(t, ds).Surging(), made, pods, none)
		agree(t, c, ordinary(t, pod), pod, pods, ownOfPod(pod))
	})
}

func agree(t *rapid.T, c *cluster.Cluster, w *placement.Workload, pod *corev1.Pod, pods []*corev1.Pod, own func(*corev1.Pod) bool) {
	for v := range w.Predict(c).Verdicts() {
		n, _ := c.Node(v.Node)
		want := naiveWhy(pod, n, naiveThere(pods, v.Node, own))
		if diff := cmp.Diff(want, fitMessages(v), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s (-reference +verdict): %s\n%v", v.Node, diff, v)
		}
	}
}

// fitMessages gives what the filters say that look at the pods on the nodes.
func fitMessages(v placement.Verdict) []string {
	var all []string
	for _, r := range v.Reasons {
		if !slices.Contains([]string{"NodeName", "NodeUnschedulable", "TaintToleration", "NodeAffinity"}, r.Plugin) {
			all = append(all, r.Plugin+": "+r.Message)
		}
	}
	return all
}

// Mutants seen: a clone that shares a block with its parent after both changed
// it; Remove that leaves the ports; a block copied but not put in its place.
func TestRoomsAreIndependentAndRemoveUndoesAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		n := c.Nodes().Len()
		if n == 0 {
			t.Skip("no nodes")
		}
		w := ordinary(t, withContainers(t, gen.Pod(t)))
		loads := make([]*placement.Load, 4)
		for i := range loads {
			loads[i] = placement.LoadOf(gen.Running(t, string(rune('a'+i))))
		}
		rooms := []*placement.Room{placement.NewRoom(c)}
		logs := [][]move{nil}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			k := rapid.IntRange(0, len(rooms)-1).Draw(t, "room")
			if rapid.IntRange(0, 3).Draw(t, "fork") == 0 {
				rooms, logs = append(rooms, rooms[k].Clone()), append(logs, slices.Clone(logs[k]))
				continue
			}
			m := move{loads[rapid.IntRange(0, 3).Draw(t, "load")], rapid.IntRange(0, n-1).Draw(t, "node")}
			if i := slices.Index(logs[k], m); i >= 0 && rapid.Bool().Draw(t, "remove") {
				rooms[k].Remove(m.load, m.node)
				logs[k] = slices.Delete(logs[k], i, i+1)
			} else {
				rooms[k].Add(m.load, m.node)
				logs[k] = append(logs[k], m)
			}
		}
		for k, room := range rooms {
			fresh := placement.NewRoom(c)
			for _, m := range logs[k] {
				fresh.Add(m.load, m.node)
			}
			for i := range n {
				if diff := cmp.Diff(fresh.Why(w, i), room.Why(w, i), inAnyOrder); diff != "" || room.Fits(w, i) != (len(room.Why(w, i)) == 0) {
					t.Fatalf("room %d, node %d (-fresh +room): %s", k, i, diff)
				}
			}
		}
	})
}

type move struct {
	load *placement.Load
	node int
}

var inAnyOrder = cmpopts.SortSlices(func(a, b placement.PortClash) bool { return a.String() < b.String() })

func withContainers(t *rapid.T, pod *corev1.Pod) *corev1.Pod {
	gen.Containers(t, &pod.Spec)
	return pod
}
