package placementtest

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// Predicate answers a question about a DaemonSet, with the API server's
// defaults, and a node.
type Predicate func(ds *appsv1.DaemonSet, node *corev1.Node) bool

// Wants checks a function that reports whether the controller wants a pod of
// the DaemonSet on the node, and creates one if there is none (shouldRun). It
// reports every claim of the package that the function gets wrong as a failure of t.
// If there is none, it reports the smallest wrong pair of a DaemonSet and a
// node drawn at random.
func Wants(t rapid.TB, f Predicate) {
	t.Helper()
	check(t, question{"wants a pod there", eligible}, f)
}

// Keeps checks a function that reports whether the controller lets a running
// pod of the DaemonSet stay on the node (shouldContinueRunning), as Wants does.
func Keeps(t rapid.TB, f Predicate) {
	t.Helper()
	check(t, question{"keeps a pod there", kept}, f)
}

// question is a question about a decision. The answer is yes from that decision
// on.
type question struct {
	asks string
	yes  placement.Decision
}

func check(t rapid.TB, q question, f Predicate) {
	t.Helper()
	if f == nil {
		t.Fatalf("there is no function")
	}
	wrong := q.wrong(f)
	for _, c := range wrong {
		t.Errorf("%v\n\tthe DaemonSet %s: got %v, want %v (%v)", c, q.asks, c.want < q.yes, c.want >= q.yes, c.want)
	}
	if len(wrong) > 0 {
		t.Errorf("%d of %d claims are wrong", len(wrong), len(claims))
		return
	}
	yes, no := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn := q.checkDrawn(t, f)
		yes, no = yes+drawn.Eligible().Len(), no+drawn.Excluded().Len()+drawn.Kept().Len()
	})
	t.Logf("%d claims hold, and of the nodes drawn at random %d that are eligible and %d that are not", len(claims), yes, no)
}

func (q question) wrong(f Predicate) []testCase {
	var wrong []testCase
	for _, c := range testCases() {
		ds, err := c.daemonSet.Objects()
		node, err2 := c.node.Objects()
		if err != nil || err2 != nil || f(cluster.Default(ds[0].(*appsv1.DaemonSet)), node[0].(*corev1.Node)) != (c.want >= q.yes) {
			wrong = append(wrong, c)
		}
	}
	return wrong
}

func (q question) checkDrawn(t *rapid.T, f Predicate) *placement.Prediction {
	c := clustertest.Clusters().Draw(t, "cluster").Cluster(t)
	ds := cluster.Default(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSets(clustertest.WithLabelsOf(c)).Draw(t, "daemonset")))
	w, err := placement.ForDaemonSet(ds)
	if err != nil {
		t.Fatal(err)
	}
	for node := range c.Nodes().All() {
		v := w.Check(node)
		if got, want := f(ds.DeepCopy(), node), v.Decision >= q.yes; got != want {
			t.Fatalf("the DaemonSet %s: got %v, want %v\n%v", q.asks, got, want, v)
		}
	}
	return w.Predict(c)
}
