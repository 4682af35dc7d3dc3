package cluster_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/zero"
)

// everyKind returns two filled objects of every kind that a cluster holds, and a node
// named n.
func everyKind(seed uint64) []runtime.Object {
	r := rand.New(rand.NewPCG(seed, 1))
	var all []runtime.Object
	add := func(namespaced bool, makers ...func() runtime.Object) {
		for _, mk := range makers {
			for _, name := range []string{"n", "o"} {
				o := mk()
				zero.Fill(r, o)
				if revision, ok := o.(*appsv1.ControllerRevision); ok {
					revision.Data.Raw = []byte("{}") // nonsense cannot be written
				}
				meta := o.(metav1.Object)
				meta.SetName(name)
				meta.SetNamespace("")
				if namespaced {
					meta.SetNamespace("default")
				}
				meta.SetLabels(map[string]string{"zone": name, "app": "web"})
				all = append(all, o)
			}
		}
	}
	add(false, func() runtime.Object { return &corev1.Node{} }, func() runtime.Object { return &corev1.Namespace{} }, func() runtime.Object { return &schedulingv1.PriorityClass{} })
	add(true, func() runtime.Object { return &corev1.Pod{} }, func() runtime.Object { return &appsv1.DaemonSet{} }, func() runtime.Object { return &appsv1.ControllerRevision{} },
		func() runtime.Object { return &appsv1.Deployment{} }, func() runtime.Object { return &appsv1.ReplicaSet{} }, func() runtime.Object { return &appsv1.StatefulSet{} },
		func() runtime.Object { return &corev1.Service{} }, func() runtime.Object { return &policyv1.PodDisruptionBudget{} })
	return all
}

// calls are the arguments for each method of Cluster and NodeSet. A method that is
// missing here fails the test.
var calls = map[string][]any{
	"Cluster.CheckSelector": {"zone=n"}, "Cluster.CheckTaint": {"a"}, "Cluster.Edit": {"n", cluster.Label("zone", "x"), cluster.NotReady(), cluster.Cordon()},
	"Cluster.EditAll": {cluster.NodeSet{}, cluster.Cordon()}, "Cluster.LabelValues": {"zone"}, "Cluster.Labeled": {"zone", "n"}, "Cluster.Manifest": {}, "Cluster.MarshalJSON": {},
	"Cluster.Matching": {labels.Everything()}, "Cluster.Named": {"n"}, "Cluster.Node": {"n"}, "Cluster.Nodes": {}, "Cluster.Select": {"zone"}, "Cluster.Tainted": {"a"},
	"Cluster.Version": {}, "Cluster.VersionNote": {}, "Cluster.WithVersion": {cluster.Version("1.35")},
	"Cluster.With": {&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"a": "b"}}}}, "Cluster.Without": {&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "o"}}},
	"NodeSet.All": {}, "NodeSet.And": {cluster.NodeSet{}}, "NodeSet.Equal": {cluster.NodeSet{}}, "NodeSet.Has": {"n"}, "NodeSet.Len": {},
	"NodeSet.MarshalJSON": {}, "NodeSet.Minus": {cluster.NodeSet{}}, "NodeSet.Names": {}, "NodeSet.Or": {cluster.NodeSet{}}, "NodeSet.String": {},
}

// overwriteResults calls every exported method of a value and overwrites the results
// and the arguments. It goes on with the clusters and node sets among the results.
func overwriteResults(t *testing.T, v reflect.Value, depth int) {
	typ := v.Type()
	for i := range typ.NumMethod() {
		name := strings.TrimPrefix(typ.String(), "*")
		name = strings.TrimPrefix(name, "cluster.") + "." + typ.Method(i).Name
		given, ok := calls[name]
		if !ok {
			t.Fatalf("no arguments for %s", name)
		}
		var args []reflect.Value
		for _, a := range given {
			if o, ok := a.(runtime.Object); ok {
				a = o.DeepCopyObject()
			}
			args = append(args, reflect.ValueOf(a))
		}
		results := v.Method(i).Call(args)
		for _, r := range append(results, args...) {
			switch r.Interface().(type) {
			case *cluster.Cluster, cluster.NodeSet:
				if depth < 2 {
					overwriteResults(t, r, depth+1)
				}
			default:
				zero.Overwrite(r.Interface())
			}
		}
	}
}

// Whatever a caller does to arguments and results, the cluster stays as it is.
func TestOverwrittenResultsChangeNothing(t *testing.T) {
	for seed := range uint64(3) {
		objects := everyKind(seed)
		c, err := cluster.New(objects...)
		if err != nil {
			t.Fatal(err)
		}
		added := everyKind(seed + 100)
		edited, err := c.With(added...)
		if err != nil {
			t.Fatal(err)
		}
		if edited, err = edited.Edit("o", cluster.Label("edited", "yes"), cluster.Taint("a=b:NoSchedule")); err != nil {
			t.Fatal(err)
		}
		before, editedBefore := yamlOf(t, c), yamlOf(t, edited)
		zero.Overwrite(&objects)
		zero.Overwrite(&added)
		overwriteResults(t, reflect.ValueOf(c), 0)
		overwriteResults(t, reflect.ValueOf(edited), 0)
		if diff := cmp.Diff(before+editedBefore, yamlOf(t, c)+yamlOf(t, edited)); diff != "" {
			t.Fatalf("seed %d: the cluster changed: %s", seed, diff)
		}
	}
}

// The cluster of a Manifest and the Manifest share nothing.
func TestManifestAndClusterShareNothing(t *testing.T) {
	m, err := cluster.ReadManifest(strings.NewReader(threeNodes + `
---
{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}, spec: {nodeName: a, containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}], tolerations: [{operator: Exists}]}}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	before := yamlOf(t, c)
	zero.Overwrite(m.Objects())
	if diff := cmp.Diff(before, yamlOf(t, c)); diff != "" {
		t.Fatal(diff)
	}
}

func yamlOf(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	var b strings.Builder
	if err := c.Manifest().WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
