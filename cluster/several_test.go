package cluster_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// numbers are counts that code may treat differently: none, one, two, many.
var numbers = []int{0, 1, 2, 7}

func numbered(prefix string, i int) string { return prefix + strconv.Itoa(i) }

// crowd returns a cluster of n nodes and n pods, pod i on node i.
func crowd(t *testing.T, n int) *cluster.Cluster {
	t.Helper()
	var objects []runtime.Object
	for i := range n {
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: numbered("n", i)}}, boundPod(numbered("p", i), numbered("n", i)))
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func boundPod(name, node string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.PodSpec{NodeName: node}}
}

// podsOnNodes returns "node: pods" for each node.
func podsOnNodes(c *cluster.Cluster) (lines []string) {
	b := borrow.From(c)
	for i := range b.Len() {
		line := b.Name(i) + ":"
		for _, p := range b.PodsOn(i) {
			line += " " + p.Name
		}
		lines = append(lines, line)
	}
	return lines
}

// Changes to other objects do not move pods, however many there are.
func TestPodsStayWhereTheyAre(t *testing.T) {
	for _, n := range numbers {
		c := crowd(t, n)
		var each []string
		for i := range n {
			each = append(each, fmt.Sprintf("n%d: p%d", i, i))
		}
		change := func(what string, want []string, change func() (*cluster.Cluster, error)) {
			t.Helper()
			after, err := change()
			if err != nil {
				t.Errorf("%d pods: %s: %v", n, what, err)
				return
			}
			if got := podsOnNodes(after); !slices.Equal(got, want) {
				t.Errorf("%d pods: %s: %q, want %q", n, what, got, want)
			}
			if got := podsOnNodes(c); !slices.Equal(got, each) {
				t.Errorf("%d pods: %s changed the old snapshot: %q", n, what, got)
			}
		}
		change("edit all", each, func() (*cluster.Cluster, error) { return c.EditAll(c.Nodes(), cluster.Cordon()) })
		change("a namespace comes", each, func() (*cluster.Cluster, error) {
			return c.With(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
		})
		change("a node comes", append([]string{"a:"}, each...), func() (*cluster.Cluster, error) {
			return c.With(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}})
		})
		if n == 0 {
			continue
		}
		first, rest := each[0], each[1:]
		change("edit", each, func() (*cluster.Cluster, error) { return c.Edit("n0", cluster.Label("a", "b")) })
		change("a pod comes", append([]string{first + " z"}, rest...), func() (*cluster.Cluster, error) { return c.With(boundPod("z", "n0")) })
		change("a pod goes", append([]string{"n0:"}, rest...), func() (*cluster.Cluster, error) { return c.Without(boundPod("p0", "")) })
		change("a pod is replaced", each, func() (*cluster.Cluster, error) { return c.With(boundPod("p0", "n0")) })
		change("a node goes", rest, func() (*cluster.Cluster, error) {
			return c.Without(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n0"}})
		})
	}
}

// If a node has several conditions, Ready and NotReady change only the Ready
// condition.
func TestOnlyTheReadyConditionChanges(t *testing.T) {
	const pressure, network = corev1.NodeMemoryPressure, corev1.NodeNetworkUnavailable
	condition := func(typ corev1.NodeConditionType, status corev1.ConditionStatus) corev1.NodeCondition {
		return corev1.NodeCondition{Type: typ, Status: status}
	}
	for name, given := range map[string][]corev1.NodeConditionType{
		"none": nil, "alone": {corev1.NodeReady}, "others": {pressure, network},
		"first": {corev1.NodeReady, pressure, network}, "between": {pressure, corev1.NodeReady, network}, "last": {pressure, network, corev1.NodeReady},
	} {
		for edit, status := range map[cluster.NodeEdit]corev1.ConditionStatus{cluster.Ready(): "True", cluster.NotReady(): "False"} {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
			var want []corev1.NodeCondition
			for _, typ := range given {
				node.Status.Conditions = append(node.Status.Conditions, condition(typ, "Unknown"))
				if typ == corev1.NodeReady {
					want = append(want, condition(typ, status))
				} else {
					want = append(want, condition(typ, "Unknown"))
				}
			}
			if !slices.Contains(given, corev1.NodeReady) {
				want = append(want, condition(corev1.NodeReady, status))
			}
			c, err := cluster.New(node)
			if err != nil {
				t.Fatal(err)
			}
			after, err := c.Edit("n", edit)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := after.Node("n"); !reflect.DeepEqual(got.Status.Conditions, want) {
				t.Errorf("%s, %v: %v, want %v", name, edit, got.Status.Conditions, want)
			}
		}
	}
}

// However many nodes of a snapshot were edited, each node is in its last state, and
// queries see it: with one edit, a few, and more than are kept beside the index.
func TestManyEditsAreAllSeen(t *testing.T) {
	const n = 80
	c := crowd(t, n)
	order := []int{40, 3, 79, 0, 41}
	for i := range n {
		order = append(order, (i*37)%n)
	}
	want := map[string]string{}
	for round, i := range order {
		name, value := numbered("n", i), strconv.Itoa(round)
		next, err := c.Edit(name, cluster.Label("round", value))
		if err != nil {
			t.Fatal(err)
		}
		c, want[name] = next, value
		var labeled []string
		for i := range n {
			node, _ := c.Node(numbered("n", i))
			if got := node.Labels["round"]; got != want[node.Name] {
				t.Fatalf("after %d edits %s is of round %q, want %q", round+1, node.Name, got, want[node.Name])
			}
			if node.Labels["round"] != "" {
				labeled = append(labeled, node.Name)
			}
		}
		slices.Sort(labeled)
		if got := c.Labeled("round").Names(); !slices.Equal(got, labeled) {
			t.Fatalf("after %d edits %q have the label, want %q", round+1, got, labeled)
		}
		if got := c.Labeled("round", value).Names(); !slices.Equal(got, []string{name}) {
			t.Fatalf("%q are of round %s, want %s", got, value, name)
		}
	}
}

// Changing the objects of a Manifest, or the objects that a snapshot was built from,
// changes no snapshot: for every kind, with one and two objects.
func TestObjectsOfEveryKindAreCopies(t *testing.T) {
	for _, n := range []int{1, 2} {
		var objects []runtime.Object
		for i := range n {
			meta := metav1.ObjectMeta{Name: numbered("x", i), Namespace: "default"}
			global := metav1.ObjectMeta{Name: numbered("x", i)}
			objects = append(objects,
				&corev1.Node{ObjectMeta: global}, &corev1.Namespace{ObjectMeta: global}, &schedulingv1.PriorityClass{ObjectMeta: global},
				&corev1.Pod{ObjectMeta: meta}, &appsv1.DaemonSet{ObjectMeta: meta}, &appsv1.ControllerRevision{ObjectMeta: meta}, &appsv1.Deployment{ObjectMeta: meta},
				&appsv1.ReplicaSet{ObjectMeta: meta}, &appsv1.StatefulSet{ObjectMeta: meta}, &corev1.Service{ObjectMeta: meta}, &policyv1.PodDisruptionBudget{ObjectMeta: meta})
		}
		c, err := cluster.New(objects...)
		if err != nil {
			t.Fatal(err)
		}
		change := func(objects []runtime.Object) {
			for _, o := range objects {
				o.(metav1.Object).SetLabels(map[string]string{"changed": "yes"})
			}
		}
		change(objects)
		change(c.Manifest().Objects())
		kept := c.Manifest().Objects()
		if len(kept) != len(objects) {
			t.Fatalf("%d objects, want %d", len(kept), len(objects))
		}
		for _, o := range kept {
			if len(o.(metav1.Object).GetLabels()) > 0 {
				t.Errorf("%d of each: %T was changed", n, o)
			}
		}
	}
}
