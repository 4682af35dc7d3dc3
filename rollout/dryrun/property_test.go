package dryrun_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// scene is a drawn cluster with two DaemonSets, and an edit.
type scene struct {
	c    *cluster.Cluster
	edit []dryrun.Edit
}

func drawScene(t *rapid.T) scene {
	w := clustertest.Clusters(clustertest.WithNodes(1, 6), clustertest.WithPods()).Draw(t, "cluster")
	a := clustertest.DaemonSets().Draw(t, "a").Named("ops/a")
	b := clustertest.DaemonSets().Draw(t, "b").Named("ops/b")
	c := append(slices.Clone(w), a, b).Cluster(t)
	s := scene{c: c}
	for range rapid.IntRange(1, 2).Draw(t, "edits") {
		s.edit = append(s.edit, drawEdit(t, c, a))
	}
	return s
}

func drawEdit(t *rapid.T, c *cluster.Cluster, a clustertest.Spec) dryrun.Edit {
	names := c.Nodes().Names()
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.Updates(a).Draw(t, "update")))
	case 1:
		return dryrun.Apply(clustertest.Object[*corev1.Node](t, clustertest.Node("new-1", "kubernetes.io/os=linux", "cpu:2", "memory:4Gi", "pods:9")))
	case 2:
		taint := rapid.SampledFrom([]string{"gone=soon:NoExecute", "gone=soon:NoSchedule"}).Draw(t, "taint")
		return dryrun.EditNodes(c.Named(rapid.SampledFrom(names).Draw(t, "node")), cluster.Taint(taint))
	}
	edit := clustertest.NodeChanges(c).Draw(t, "edit")
	return dryrun.EditNodes(c.Named(edit.Node), edit.Edits...)
}

func planOf(t *rapid.T, s scene) *dryrun.Plan {
	// The node lifecycle controller would remove taints that no condition of the node explains.
	p, err := dryrun.NewBaseline(s.c, dryrun.Config{Limit: time.Hour, Rollout: rollout.Config{Instant: true}})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Plan(s.edit...)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// The two halves of a plan, the sets of package placement and the simulation, agree.
// Pods are created only where they are wanted. They stay where they are wanted or kept,
// unless a taint that they tolerate only temporarily evicts them. The controller's
// desired number is the number of nodes that want a pod. Mutants seen: an Apply that
// does not reach the simulation; only the first of a node's edits; Created and Deleted
// exchanged.
func TestPlanAgreesWithTheSimulation(t *testing.T) {
	created, deleted, updated := 0, 0, 0
	agree := func(t *rapid.T) {
		p := planOf(t, drawScene(t))
		sim, err := p.Sim()
		if err != nil {
			t.Fatal(err)
		}
		for range sim.Run(3600) {
		}
		for _, e := range p.Effects() {
			key, ok := strings.CutPrefix(e.Key, "daemonset/")
			if !ok {
				continue
			}
			pods := e.Pods
			created, deleted, updated = created+len(pods.Created), deleted+len(pods.Deleted), updated+len(pods.Updated)
			_, after := e.Prediction()
			if extra := p.After().Named(append(pods.Created, pods.Updated...)...).Minus(after.Eligible()); extra.Len() > 0 {
				t.Fatalf("%s: pods come where none are wanted: %v\n%v", e.Key, extra, p)
			}
			if extra := p.After().Named(pods.Deleted...).And(after.Kept()).Minus(evicted(p, key)); extra.Len() > 0 {
				t.Fatalf("%s: pods go at once where they are kept: %v\n%v", e.Key, extra, p)
			}
			wanted := 0
			if object, err := sim.Object(e.Key); err == nil {
				wanted = int(object.(*appsv1.DaemonSet).Status.DesiredNumberScheduled)
			}
			if wanted != e.Wanted.After {
				t.Fatalf("%s: the controller wants %d, the plan %v\n%v", e.Key, wanted, e.Wanted, p)
			}
		}
	}
	shrunk.Checks(t, 500) // a pod that is deleted at once is rare
	rapid.Check(t, agree)
	if created == 0 || deleted == 0 || updated == 0 {
		t.Errorf("seen %d created, %d deleted, %d updated", created, deleted, updated)
	}
}

// evicted returns the nodes where a taint evicts the DaemonSet's pods.
func evicted(p *dryrun.Plan, key string) cluster.NodeSet {
	var nodes []string
	for _, e := range p.Trace() {
		if e.Kind == rollout.EventEvicted && e.Key == "daemonset/"+key {
			nodes = append(nodes, e.Node)
		}
	}
	return p.After().Named(nodes...)
}

// Neither a plan nor its fingerprint depends on the order of objects. A plan is not
// stale for the cluster that it was made from, in whatever order that was read. Mutants
// seen: prints not sorted; fields compared in the order of a map.
func TestJSONDoesNotDependOnTheOrderOfObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		objects := s.c.Manifest().Objects()
		reordered, err := cluster.New(rapid.Permutation(objects).Draw(t, "order")...)
		if err != nil {
			t.Fatal(err)
		}
		a, b := planOf(t, s), planOf(t, scene{reordered, s.edit})
		first, err1 := json.Marshal(a)
		second, err2 := json.Marshal(b)
		if err1 != nil || err2 != nil || string(first) != string(second) || a.String() != b.String() {
			t.Fatalf("%v %v\n%s\n%s", err1, err2, first, second)
		}
		if err := a.Stale(reordered); err != nil {
			t.Fatal(err)
		}
	})
}

// Any change to what is covered is detected; a heartbeat is not. Mutant seen:
// conditions covered as they are.
func TestStale(t *testing.T) {
	c, m := twelve(t)
	p, err := dryrun.New(c, edits(c, m)["new image"]...)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Record()
	same := func(o runtime.Object) *cluster.Cluster {
		next, err := c.With(o)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	node, _ := c.Node("worker-amd-1")
	node.ResourceVersion = "77"
	node.Status.Conditions[0].LastHeartbeatTime.Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := errors.Join(p.Stale(same(node)), r.Stale(same(node))); err != nil {
		t.Error("a heartbeat makes it stale:", err)
	}
	for what, change := range map[string]func(*corev1.Node){
		"a label":   func(n *corev1.Node) { n.Labels["a"] = "b" },
		"a taint":   func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "a"}) },
		"an amount": func(n *corev1.Node) { delete(n.Status.Allocatable, "cpu") },
		"readiness": func(n *corev1.Node) { n.Status.Conditions[0].Status = "False" },
	} {
		node, _ := c.Node("worker-amd-1")
		change(node)
		if err := p.Stale(same(node)); !errors.Is(err, dryrun.ErrStale) || err.Error() != dryrun.ErrStale.Error()+": changed: Node worker-amd-1" {
			t.Errorf("%s: %v", what, err)
		}
		if err := r.Stale(same(node)); !errors.Is(err, dryrun.ErrStale) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := r.Stale(c, edits(c, m)["new image"]...); err != nil {
		t.Error(err)
	}
	if err := r.Stale(c, edits(c, m)["one more toleration"]...); !errors.Is(err, dryrun.ErrStale) {
		t.Error("other edits:", err)
	}
}

// Evicted pods fit where the plan says so, all of them together. Mutants seen: the pods
// that were placed not counted; the pods of DaemonSets that come not counted.
func TestEvictedPodsFitTogether(t *testing.T) {
	found := map[dryrun.Disposition]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := clustertest.World{clustertest.Pool("n", rapid.IntRange(2, 4).Draw(t, "nodes"), "cpu:2", "memory:4Gi", "pods:5")}
		for i := range rapid.IntRange(1, 6).Draw(t, "pods") {
			cpu := rapid.IntRange(3, 15).Draw(t, "cpu")
			w = append(w, clustertest.Pod(fmt.Sprint("shop/web-", i), "node:n-1", "running", fmt.Sprintf("cpu:%d00m", cpu)))
		}
		s := scene{c: owned(t, w.Cluster(t))}
		agent := clustertest.DaemonSet("ops/agent", fmt.Sprintf("cpu:%d00m", rapid.IntRange(3, 15).Draw(t, "agent")), "class:system-node-critical")
		s.edit = []dryrun.Edit{dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent))}
		if rapid.Bool().Draw(t, "a node goes") {
			s.edit = append(s.edit, dryrun.RemoveNodes(s.c.Named("n-1")))
		}
		p := planOf(t, s)
		sim, err := p.Sim()
		if err != nil {
			t.Fatal(err)
		}
		sim.Advance(10_000)
		c := sim.Cluster()
		for _, e := range p.Evictions() {
			if e.NewNode == "" {
				continue
			}
			found[e.Disposition]++
			pod := podOf(t, s.c, e.Pod)
			pod.Spec.NodeName = ""
			w, err := placement.ForPod(pod, placement.Unvalidated())
			if err != nil {
				t.Fatal(err)
			}
			if !w.Predict(c).Placed().Has(e.NewNode) {
				t.Fatalf("%v does not fit there\n%v", e, p)
			}
			pod.Spec.NodeName = e.NewNode
			if c, err = c.With(pod); err != nil {
				t.Fatal(err)
			}
		}
	})
	if found[dryrun.DispositionRemoved] == 0 || found[dryrun.DispositionPreempted] == 0 { // some ten of each on average
		t.Errorf("of those that found a place: %v", found)
	}
}

// owned returns the cluster with every pod owned by a ReplicaSet, so that it is
// recreated.
func owned(t *rapid.T, c *cluster.Cluster) *cluster.Cluster {
	controller := true
	for _, pod := range c.Manifest().Pods {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "w", Controller: &controller}}
		next, err := c.With(pod)
		if err != nil {
			t.Fatal(err)
		}
		c = next
	}
	return c
}

func podOf(t *rapid.T, c *cluster.Cluster, key string) *corev1.Pod {
	for _, pod := range c.Manifest().Pods {
		if pod.Namespace+"/"+pod.Name == key {
			return pod
		}
	}
	t.Fatalf("no pod %s", key)
	return nil
}

// A plan of inputs works like any other.
func TestInputs(t *testing.T) {
	c, _ := twelve(t)
	p, err := dryrun.New(c, dryrun.Inputs(rollout.NodeDown{Node: "worker-amd-1"}))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := p.Effect("logging/log-collector")
	if kept := e.Changes; len(kept) != 1 || kept[0].Node != "worker-amd-1" || kept[0].Now != placement.Kept {
		t.Errorf("kept only %v\n%v", kept, p)
	}
	if _, err := dryrun.New(c, dryrun.Inputs(rollout.NodeDown{})); err == nil {
		t.Error("a malformed input is taken")
	}
}

// Calls with invalid arguments return an error or nothing, and never panic.
func TestNonsense(t *testing.T) {
	c, _ := twelve(t)
	for _, edit := range []dryrun.Edit{
		{}, dryrun.Apply(nil), dryrun.Apply((*corev1.Node)(nil)), dryrun.Apply(&corev1.Node{}), dryrun.Delete(nil), dryrun.Delete(&corev1.Node{}),
		dryrun.EditNodes(cluster.NodeSet{}, cluster.Cordon()), dryrun.EditNodes(c.Nodes()), dryrun.EditNodes(c.Nodes(), cluster.NodeEdit{}),
		dryrun.RemoveNodes(cluster.NodeSet{}), dryrun.Inputs(nil), dryrun.Inputs(rollout.NodeDown{}),
	} {
		if p, err := dryrun.New(c, edit); err == nil {
			t.Errorf("%v is taken: %v", edit, p)
		}
	}
	if _, err := dryrun.New(nil); err == nil {
		t.Error("no cluster is taken")
	}
	if _, err := dryrun.NewBaseline(c, dryrun.Config{Limit: -1}); err == nil {
		t.Error("a negative limit is taken")
	}
	p, err := dryrun.New(c)
	if err != nil || !empty(p) {
		t.Errorf("a plan without edits: %v %v", p, err)
	}
	for _, policy := range []dryrun.Policy{
		{}, dryrun.AtLeast("x", "", c.Nodes()), dryrun.AtLeast("101%", "", c.Nodes()), dryrun.Within(0, "1"), dryrun.Within(1, ""),
		dryrun.Covers(c.Nodes()).For("["), dryrun.Covers(c.Nodes()).For("a"), dryrun.Custom("nothing", nil), dryrun.Reschedules("x"),
	} {
		if r := p.Check(policy); r.Err() == nil || r.Results[0].Outcome != dryrun.OutcomeInvalid {
			t.Errorf("%v: %v", policy, r)
		}
	}
	if p.Check().Err() == nil {
		t.Error("no policy at all holds")
	}
	none, _ := p.Effect("no/such")
	for _, e := range []dryrun.Effect{{}, none} {
		before, after := e.Prediction()
		if before != nil || after != nil || e.Rollout != nil || len(e.Pods.Created) > 0 || e.Wanted.After+e.Placed.After > 0 || e.Violation("x", "").Verdict.Node != "x" {
			t.Errorf("of no DaemonSet something is known: %v", e)
		}
	}
}

// Within is violated if no node wants a pod any more, since nothing is available.
func TestWithinIsBrokenWhereNothingIsLeft(t *testing.T) {
	c, _ := twelve(t)
	p, err := dryrun.New(c, dryrun.EditNodes(c.Nodes(), cluster.Taint("maintenance=all:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Check(dryrun.Within(time.Minute, "80%").For("logging/log-collector")); r.Err() == nil ||
		!strings.Contains(r.String(), "no node wants a pod any more") || !strings.Contains(r.String(), "worker-amd-1") {
		t.Error(r)
	}
}
