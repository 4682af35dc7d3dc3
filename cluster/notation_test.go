package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

func oneNode(t testing.TB) *cluster.Cluster {
	c, err := cluster.New(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"a": "x"}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An accepted taint is on the node, can be found by its text, and is gone after
// Untaint.
func FuzzTaint(f *testing.F) {
	for _, seed := range []string{"dedicated=gpu:NoSchedule", "a:NoExecute", "a", "a=b", "=:", "a=b:", "example.com/a=:PreferNoSchedule", ":NoSchedule", "a=b:c:NoSchedule", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		c := oneNode(t)
		tainted, err := c.Edit("n", cluster.Taint(spec))
		if err != nil {
			if !strings.Contains(err.Error(), "taint") {
				t.Errorf("%q: %v", spec, err)
			}
			return
		}
		set, err := tainted.Tainted(spec)
		if err != nil || set.Len() != 1 {
			t.Errorf("%q was accepted and is found on %v: %v", spec, set, err)
		}
		clean, err := tainted.Edit("n", cluster.Untaint(spec))
		if n, _ := clean.Node("n"); err != nil || len(n.Spec.Taints) != 0 {
			t.Errorf("%q stays: %v: %v", spec, n.Spec.Taints, err)
		}
	})
}

// No selector panics, and a set and its negation share no node.
func FuzzSelect(f *testing.F) {
	for _, seed := range []string{"a=x", "a in (x,y),!b", "a>1", "", ",", "a notin ()", "((", "a==x", "!a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, selector string) {
		c := oneNode(t)
		set, err := c.Select(selector)
		if err != nil {
			if set.Len() != 0 || !strings.HasPrefix(err.Error(), "label selector") {
				t.Errorf("%q: %v with %v", selector, err, set)
			}
			return
		}
		if set.Minus(c.Nodes()).Len() != 0 {
			t.Errorf("%q: %v", selector, set)
		}
	})
}

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		reason string
		edits  []cluster.NodeEdit
		want   string // taints and labels, or the error
	}{
		{"a label is set", []cluster.NodeEdit{cluster.Label("b", "y")}, "map[a:x b:y] []"},
		{"a label is removed", []cluster.NodeEdit{cluster.Unlabel("a")}, "map[] []"},
		{"the taint of the same key and effect gets the value", []cluster.NodeEdit{cluster.Taint("k=1:NoSchedule"), cluster.Taint("k=2:NoSchedule"), cluster.Taint("k=3:NoExecute")}, "map[a:x] [k=2:NoSchedule k=3:NoExecute]"},
		{"a bare key removes every effect", []cluster.NodeEdit{cluster.Taint("k=1:NoSchedule"), cluster.Taint("k=3:NoExecute"), cluster.Untaint("k")}, "map[a:x] []"},
		{"an effect removes that one", []cluster.NodeEdit{cluster.Taint("k=1:NoSchedule"), cluster.Taint("k=3:NoExecute"), cluster.Untaint("k:NoExecute")}, "map[a:x] [k=1:NoSchedule]"},
		{"cordoning taints", []cluster.NodeEdit{cluster.Cordon()}, "map[a:x] [node.kubernetes.io/unschedulable:NoSchedule]"},
		{"uncordoning undoes it", []cluster.NodeEdit{cluster.Cordon(), cluster.Uncordon()}, "map[a:x] []"},
		{"a node that is not ready has the taint twice", []cluster.NodeEdit{cluster.NotReady()}, "map[a:x] [node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute]"},
		{"ready again", []cluster.NodeEdit{cluster.NotReady(), cluster.Ready()}, "map[a:x] []"},
		{"every mistake at once", []cluster.NodeEdit{cluster.Label("bad key", "bad value!"), cluster.Taint("k"), cluster.Taint("k:Sometimes"), {}},
			"label key \"bad key\"|label bad key: value|no effect|effect \"Sometimes\"|zero NodeEdit"},
	} {
		c, err := oneNode(t).Edit("n", test.edits...)
		if err != nil {
			for _, part := range strings.Split(test.want, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s: %q is not in: %v", test.reason, part, err)
				}
			}
			continue
		}
		n, _ := c.Node("n")
		var taints []string
		for _, taint := range n.Spec.Taints {
			taints = append(taints, taint.ToString())
		}
		if got := strings.TrimSpace(fmt.Sprint(n.Labels, " ", taints)); got != test.want {
			t.Errorf("%s: %s, want %s", test.reason, got, test.want)
		}
	}
}

func TestMistakesInObjects(t *testing.T) {
	unnamed, pod := &corev1.Node{}, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	var nothing *corev1.Pod
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
	_, err := cluster.New(unnamed, pod, nothing, nil, n, n, &corev1.Secret{})
	for _, part := range []string{"object 0: Node: metadata.name", "object 1: Pod p: metadata.namespace", "object 2: is nil", "object 3: is nil", "Node n: is given twice", "object 6: Secret"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
	c := oneNode(t)
	if _, err := c.Without(pod, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "absent"}}); err == nil {
		t.Error("removed what is not there")
	}
	if _, err := c.Edit("absent", cluster.Cordon()); err == nil {
		t.Error("edited what is not there")
	}
	if _, err := c.EditAll(cluster.NodeSet{}, cluster.Cordon()); err != nil {
		t.Errorf("an empty set: %v", err)
	}
}
