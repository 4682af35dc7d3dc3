package placementtest_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/placement/placementtest"
)

// berth is the function under test that is right.
func berth(ds *appsv1.DaemonSet, node *corev1.Node) placement.Decision {
	w, err := placement.ForDaemonSet(ds)
	if err != nil {
		return placement.Excluded
	}
	return w.Check(node).Decision
}

func wants(ds *appsv1.DaemonSet, node *corev1.Node) bool {
	return berth(ds, node) == placement.Eligible
}

func keeps(ds *appsv1.DaemonSet, node *corev1.Node) bool {
	return berth(ds, node) != placement.Excluded
}

func TestRightFunctionsPass(t *testing.T) {
	placementtest.Wants(t, wants)
	placementtest.Keeps(t, keeps)
}

// mutants are mistakes that such functions make, and a claim that names each.
var mutants = []struct {
	name  string
	runs  placementtest.Predicate
	claim string // empty: only the pairs drawn at random find it
}{
	{"cordoned nodes are left out", func(ds *appsv1.DaemonSet, n *corev1.Node) bool { return !n.Spec.Unschedulable && wants(ds, n) }, "cordoned nodes are eligible"},
	{"what is kept is wanted", keeps, "an untolerated NoSchedule taint lets"},
	{"tolerations of the controller are forgotten", func(ds *appsv1.DaemonSet, n *corev1.Node) bool {
		for _, taint := range n.Spec.Taints {
			if taint.Key == corev1.TaintNodeDiskPressure && len(ds.Spec.Template.Spec.Tolerations) == 0 {
				return false
			}
		}
		return wants(ds, n)
	}, "disk pressure is tolerated"},
	{"matchFields are ignored", func(ds *appsv1.DaemonSet, n *corev1.Node) bool {
		ds = ds.DeepCopy()
		if a := ds.Spec.Template.Spec.Affinity; a != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
			terms := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			for i := range terms {
				if len(terms[i].MatchFields) > 0 && len(terms[i].MatchExpressions) == 0 {
					return true
				}
				terms[i].MatchFields = nil
			}
		}
		return wants(ds, n)
	}, "matchFields of another name"},
	{"room decides", func(ds *appsv1.DaemonSet, n *corev1.Node) bool {
		request := ds.Spec.Template.Spec.Containers[0].Resources.Requests.Cpu()
		return request.Cmp(*n.Status.Allocatable.Cpu()) <= 0 && wants(ds, n)
	}, "what a pod asks of the node's room decides nothing"},
	{"a big pool is not looked at to its end", func(ds *appsv1.DaemonSet, n *corev1.Node) bool {
		return !strings.HasSuffix(n.Name, "-4") && wants(ds, n)
	}, ""},
}

func TestMutantsAreFound(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			found := shrunk.Run(func(r *shrunk.Recorder) { placementtest.Wants(r, m.runs) })
			switch log := found.String(); {
			case !found.Failed():
				t.Error("not found")
			case m.claim != "" && !strings.Contains(log, m.claim):
				t.Errorf("no claim says %q:\n%s", m.claim, log)
			case m.claim == "" && !strings.Contains(log, "draw cluster: clustertest.World{"):
				t.Errorf("no cluster is shown:\n%s", log)
			}
		})
	}
}

// Pass t and the function under test. Here a recorder stands for t, and the
// function ignores the toleration that the controller adds for cordoned nodes.
func ExampleWants() {
	t := shrunk.Run(func(t *shrunk.Recorder) {
		placementtest.Wants(t, func(ds *appsv1.DaemonSet, node *corev1.Node) bool {
			return !node.Spec.Unschedulable && wants(ds, node)
		})
	})
	fmt.Println(t)
	// Output:
	// cordoned nodes are eligible: the controller adds a toleration: clustertest.DaemonSet("default/agent"), clustertest.Node("node-1", "cordoned")
	// 	the DaemonSet wants a pod there: got false, want true (Eligible)
	// 1 of 61 claims are wrong
}

func ExampleKeeps() {
	t := shrunk.Run(func(t *shrunk.Recorder) {
		placementtest.Keeps(t, func(ds *appsv1.DaemonSet, node *corev1.Node) bool { return wants(ds, node) })
	})
	fmt.Println(t.Failed())
	// Output: true
}

func ExamplePredicate() {
	var runs placementtest.Predicate = func(ds *appsv1.DaemonSet, node *corev1.Node) bool { return !node.Spec.Unschedulable }
	fmt.Println(runs(&appsv1.DaemonSet{}, &corev1.Node{}))
	// Output: true
}
