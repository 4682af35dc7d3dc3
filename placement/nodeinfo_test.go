package placement_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// Rooms are cloned, changed and asked in any order. In the end each answers
// like a new room with the nodes and pods that it should have.
//
// Mutants seen: a clone that shares a block with its parent after both changed
// it; Remove that leaves the ports; a block copied but not put in its place; a
// question that misses a change, or reads one twice; SetNode that keeps the
// questions; a capacity changed in both rooms.
func TestRoomsAreIndependentAndForgetNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		w := askers(t)
		start := history{room: room.New(c), namespaces: c.Manifest().Namespaces}
		for n := range c.Nodes().All() {
			start.nodes = append(start.nodes, n)
		}
		for i := range start.nodes {
			for _, pod := range naiveThere(c.Manifest().Pods, start.nodes[i].Name, func(*corev1.Pod) bool { return false }) {
				start.pods = append(start.pods, stay{pod, room.LoadOfPod(pod), i})
			}
		}
		var later []stay
		for i := range 4 {
			pod := gen.Running(t, fmt.Sprintf("later%d", i))
			later = append(later, stay{pod, room.LoadOfPod(pod), 0})
		}
		all := []*history{&start}
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			h := all[rapid.IntRange(0, len(all)-1).Draw(t, "room")]
			if rapid.IntRange(0, 4).Draw(t, "fork") == 0 {
				all = append(all, h.clone())
				continue
			}
			h.step(t, later)
			h.ask(w)
		}
		for k, h := range all {
			h.compare(t, k, w)
		}
	})
}

func askers(t *rapid.T) []*placement.Workload {
	ds, pod := gen.DaemonSet(t), gen.Pod(t)
	for _, spec := range []*corev1.PodSpec{&ds.Spec.Template.Spec, &pod.Spec} {
		gen.Containers(t, spec)
		gen.Relations(t, spec)
	}
	ds.Spec.Template.Labels, pod.Labels = gen.PodLabels(t), gen.PodLabels(t)
	return []*placement.Workload{daemon(t, ds), ordinary(t, pod)}
}

// history is a room and its expected content.
type history struct {
	room       room.Room
	nodes      []*corev1.Node // nil where there is none
	pods       []stay
	namespaces []*corev1.Namespace
}

type stay struct {
	pod  *corev1.Pod
	load room.Load
	node int
}

func (h *history) clone() *history {
	return &history{h.room.Clone(), slices.Clone(h.nodes), slices.Clone(h.pods), h.namespaces}
}

func (h *history) step(t *rapid.T, later []stay) {
	switch do := rapid.IntRange(0, 5).Draw(t, "do"); {
	case do == 0:
		h.setNode(t)
	case do <= 2 && len(h.pods) > 0:
		i := rapid.IntRange(0, len(h.pods)-1).Draw(t, "pod")
		p := h.pods[i]
		h.room.Remove(p.load, p.node)
		h.pods = slices.Delete(h.pods, i, i+1)
		if do == 2 {
			p.load = p.load.Leaving()
			p.pod = p.pod.DeepCopy()
			p.pod.DeletionTimestamp = &metav1.Time{}
			h.room.Add(p.load, p.node)
			h.pods = append(h.pods, p)
		}
	case len(h.nodes) > 0:
		p := rapid.SampledFrom(later).Draw(t, "pod")
		p.node = rapid.IntRange(0, len(h.nodes)-1).Draw(t, "node")
		h.room.Add(p.load, p.node)
		h.pods = append(h.pods, p)
	}
}

func (h *history) setNode(t *rapid.T) {
	i := rapid.IntRange(0, len(h.nodes)).Draw(t, "node")
	var n *corev1.Node
	if rapid.IntRange(0, 3).Draw(t, "there") > 0 {
		n = gen.Node(t, fmt.Sprintf("n%02d", i))
		n.Status.Allocatable = gen.Allocatable(t)
	}
	if i == len(h.nodes) {
		h.nodes = append(h.nodes, nil)
	}
	h.nodes[i] = n
	h.room.SetNode(i, n)
}

// ask makes the room's questions follow the changes.
func (h *history) ask(workloads []*placement.Workload) {
	for _, w := range workloads {
		if h.room.Len() > 0 {
			room.Fits(h.room, w, 0)
		}
	}
}

func (h *history) compare(t *rapid.T, k int, workloads []*placement.Workload) {
	fresh, at := h.rebuilt(t)
	for _, w := range workloads {
		for i, n := range h.nodes {
			if n == nil {
				if room.Fits(h.room, w, i) {
					t.Fatalf("room %d: fits on node %d, which is not there", k, i)
				}
				continue
			}
			diff := cmp.Diff(room.Why(fresh, w, at[i]), room.Why(h.room, w, i), inAnyOrder, cmpopts.IgnoreFields(placement.TopologyConflict{}, "Pod"))
			if diff != "" || room.Fits(h.room, w, i) != (len(room.Why(h.room, w, i)) == 0) {
				t.Fatalf("room %d, node %d (-new +room): %s", k, i, diff)
			}
		}
	}
}

// rebuilt returns a new room with the nodes and pods that the history has.
func (h *history) rebuilt(t *rapid.T) (fresh room.Room, at map[int]int) {
	var objects []runtime.Object
	for _, n := range h.nodes {
		if n != nil {
			objects = append(objects, n)
		}
	}
	for _, ns := range h.namespaces {
		objects = append(objects, ns)
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	fresh, at = room.New(c), map[int]int{}
	for i, n := range h.nodes {
		if n != nil {
			at[i], _ = borrow.From(c).Position(n.Name)
		}
	}
	for _, p := range h.pods {
		if i, ok := at[p.node]; ok {
			fresh.Add(room.LoadOfPod(p.pod), i)
		}
	}
	return fresh, at
}

var inAnyOrder = cmpopts.SortSlices(func(a, b placement.PortConflict) bool { return fmt.Sprint(a) < fmt.Sprint(b) })

// A room keeps some thousands of changes before its questions read the whole log.
// Mutants seen: changes forgotten before they are read; a question that starts
// again from an empty log without what came before.
func TestQuestionsOutliveTheLog(t *testing.T) {
	c, err := cluster.New(spreadNodes(3)...)
	if err != nil {
		t.Fatal(err)
	}
	pod := spreadPod()
	w, err := placement.ForPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	nodes, load := room.New(c), room.LoadOfPod(pod)
	for i := range 30_000 {
		if i%1_000 == 0 { // asked now and then, as a simulation would
			room.Fits(nodes, w, 0)
		}
		nodes.Add(load, i%3)
		if i%3 != 1 {
			nodes.Remove(load, i%3)
		}
	}
	for i, want := range []bool{true, false, true} {
		if got := room.Fits(nodes, w, i); got != want {
			t.Errorf("node %d: fits %v: %v", i, got, room.Why(nodes, w, i))
		}
	}
}

func spreadNodes(n int) []runtime.Object {
	var nodes []runtime.Object
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		node := &corev1.Node{}
		node.Name, node.Labels, node.Status.Allocatable = name, map[string]string{corev1.LabelHostname: name},
			corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1000000")}
		nodes = append(nodes, node)
	}
	return nodes
}

func spreadPod() *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name, pod.Labels = "default", "web", map[string]string{"app": "web"}
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
	pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: pod.Labels},
	}}
	return pod
}

// Mutants seen: Leaving that is the load itself.
func TestAPodOnItsWayOutTakesRoomButIsNotSpread(t *testing.T) {
	c, err := cluster.New(spreadNodes(2)...)
	if err != nil {
		t.Fatal(err)
	}
	pod := spreadPod()
	w, err := placement.ForPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	nodes, load := room.New(c), room.LoadOfPod(pod)
	nodes.Add(load, 0)
	if room.Fits(nodes, w, 0) || !room.Fits(nodes, w, 1) {
		t.Fatalf("while it runs: %v, %v", room.Why(nodes, w, 0), room.Why(nodes, w, 1))
	}
	nodes.Remove(load, 0)
	nodes.Add(load.Leaving(), 0)
	if !room.Fits(nodes, w, 0) {
		t.Fatalf("while it leaves: %v", room.Why(nodes, w, 0))
	}
	if leaving := load.Leaving(); load.Leaving() != leaving || leaving.Leaving() != leaving {
		t.Error("Leaving is another one each time")
	}
}

// Run with -race: a room is cloned and its clones are changed concurrently;
// afterwards the room still changes independently. Mutants seen: Clone that
// changes the room's owner, that does not share it, or whose mark is not
// atomic.
func TestConcurrentClones(t *testing.T) {
	c, err := cluster.New(spreadNodes(70)...)
	if err != nil {
		t.Fatal(err)
	}
	pod := spreadPod()
	w, err := placement.ForPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	load, gone := room.LoadOfPod(pod), (*corev1.Node)(nil)
	nodes := room.New(c)
	nodes.SetNode(1, gone) // from here on it owns its nodes, their sizes and a block
	nodes.Add(load, 0)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			clone := nodes.Clone()
			mine := 2 + i
			clone.SetNode(mine, gone)
			clone.Add(load, mine+1)
			clone.Remove(load, 0)
			if !room.Fits(clone, w, 0) || room.Fits(clone, w, 1) || room.Fits(clone, w, mine) || room.Fits(clone, w, mine+1) || !room.Fits(clone, w, mine+2) {
				t.Errorf("clone %d: %v", i, room.Why(clone, w, mine+2))
			}
		})
	}
	wg.Wait()
	clone := nodes.Clone()
	nodes.Add(load, 69)
	nodes.SetNode(68, gone)
	if !room.Fits(clone, w, 69) || !room.Fits(clone, w, 68) || room.Fits(nodes, w, 69) || room.Fits(nodes, w, 68) || room.Fits(nodes, w, 0) || !room.Fits(nodes, w, 2) {
		t.Errorf("the room: %v", room.Why(nodes, w, 2))
	}
}
