package dryrun_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout/dryrun"
)

func plan(t *testing.T, c *cluster.Cluster, edits ...dryrun.Edit) *dryrun.Plan {
	t.Helper()
	p, err := dryrun.New(c, edits...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// with returns a cluster of specs and objects.
func with(t *testing.T, w clustertest.World, objects ...runtime.Object) *cluster.Cluster {
	t.Helper()
	c, err := w.Cluster(t).With(objects...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// replicaPod returns a running pod of a ReplicaSet, which would recreate it.
func replicaPod(t *testing.T, key string, words ...string) *corev1.Pod {
	t.Helper()
	pod := clustertest.Object[*corev1.Pod](t, clustertest.Pod(key, append(words, "running")...))
	controller := true
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "web", Controller: &controller}}
	return pod
}

func webOf(replicas int32, image string) *appsv1.Deployment {
	app := map[string]string{"app": "web"}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: image}}}},
	}}
	return cluster.Default(d)
}

// A node is selected by its labels before or after the edits, and returned in its state
// after them.
func TestSelectSeesBeforeAndAfter(t *testing.T) {
	c := clustertest.World{
		clustertest.Node("both", "pool=a"), clustertest.Node("leaves", "pool=a"), clustertest.Node("comes", "pool=b"),
		clustertest.Node("gone", "pool=a"), clustertest.Node("never", "pool=b"),
	}.Cluster(t)
	p := plan(t, c,
		dryrun.EditNodes(c.Named("leaves"), cluster.Label("pool", "b")),
		dryrun.EditNodes(c.Named("comes"), cluster.Label("pool", "a")),
		dryrun.EditNodes(c.Named("both"), cluster.Label("edited", "yes")),
		dryrun.RemoveNodes(c.Named("gone")))
	for selector, want := range map[string][]string{
		"pool=a": {"both", "comes", "gone", "leaves"}, "pool=b": {"comes", "leaves", "never"}, "pool=c": nil, "edited=yes": {"both"},
		"!edited": {"both", "comes", "gone", "leaves", "never"},
	} {
		got, err := p.Select(selector)
		if err != nil || !slices.Equal(got.Names(), want) {
			t.Errorf("%s: %v, %v, want %v", selector, got, err, want)
		}
	}
	nodes, err := p.Select("pool=a")
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{}
	for n := range nodes.All() {
		labels[n.Name] = n.Labels["pool"] + n.Labels["edited"]
	}
	if want := map[string]string{"both": "ayes", "leaves": "b", "comes": "a", "gone": "a"}; fmt.Sprint(labels) != fmt.Sprint(want) {
		t.Errorf("nodes are as %v, want %v", labels, want)
	}
	if _, err := p.Select("pool in"); err == nil {
		t.Error("a selector that cannot be parsed selects something")
	}
}

// As with kubectl, an object without a namespace is in "default", and an object of a
// cluster-scoped kind has no namespace.
func TestObjectsWithoutANamespace(t *testing.T) {
	name := metav1.ObjectMeta{Name: "x"}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
	pods := corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: selector.MatchLabels}, Spec: pods}
	one := int32(1)
	for _, test := range []struct {
		object    runtime.Object
		namespace string
		stored    func(*cluster.Manifest) metav1.Object
	}{
		{&appsv1.DaemonSet{ObjectMeta: name, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}, "default",
			func(m *cluster.Manifest) metav1.Object { return only(m.DaemonSets) }},
		{&appsv1.Deployment{ObjectMeta: name, Spec: appsv1.DeploymentSpec{Replicas: &one, Selector: selector, Template: template}}, "default",
			func(m *cluster.Manifest) metav1.Object { return only(m.Deployments) }},
		{&corev1.Pod{ObjectMeta: name, Spec: pods}, "default", func(m *cluster.Manifest) metav1.Object { return only(m.Pods) }},
		{&policyv1.PodDisruptionBudget{ObjectMeta: name, Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector}}, "default",
			func(m *cluster.Manifest) metav1.Object { return only(m.PodDisruptionBudgets) }},
		{&corev1.Node{ObjectMeta: name}, "", func(m *cluster.Manifest) metav1.Object { return only(m.Nodes) }},
		{&corev1.Namespace{ObjectMeta: name}, "", func(m *cluster.Manifest) metav1.Object { return only(m.Namespaces) }},
		{&schedulingv1.PriorityClass{ObjectMeta: name, Value: 5}, "", func(m *cluster.Manifest) metav1.Object { return only(m.PriorityClasses) }},
	} {
		empty := clustertest.World{}.Cluster(t)
		p, err := dryrun.New(empty, dryrun.Apply(test.object))
		if err != nil {
			t.Errorf("apply %T: %v", test.object, err)
			continue
		}
		stored := test.stored(p.After().Manifest())
		if stored == nil || stored.GetName() != "x" || stored.GetNamespace() != test.namespace {
			t.Errorf("apply %T: stored as %v, want x in %q", test.object, stored, test.namespace)
			continue
		}
		p, err = dryrun.New(p.After(), dryrun.Delete(test.object))
		if err != nil || test.stored(p.After().Manifest()) != nil {
			t.Errorf("delete %T: %v", test.object, err)
		}
		if test.object.(metav1.Object).GetNamespace() != "" {
			t.Errorf("%T: the argument was changed", test.object)
		}
	}
}

// only returns the single object of a list, or nil.
func only[T metav1.Object](list []T) metav1.Object {
	if len(list) != 1 {
		return nil
	}
	return list[0]
}

// Evicted pods compete for the room that is left beside the pods of DaemonSets, both
// those that stay on their nodes and those that are created there.
func TestEvictedPodsFitBesideDaemonPods(t *testing.T) {
	world := clustertest.World{
		clustertest.Node("n1", "cpu:4"), clustertest.Node("n2", "cpu:4"), clustertest.DaemonSet("ops/agent", "cpu:1", "tolerate:gone"),
	}
	for _, test := range []struct {
		cpus  []string // of the pods on n1
		edits []dryrun.Edit
		want  string // where each fits, "-" if nowhere
	}{
		{cpus: []string{"3"}, want: "n2"},
		{cpus: []string{"3001m"}, want: "-"}, // the agent's pod on n2 stays
		{cpus: []string{"1", "2"}, want: "n2 n2"},
		{cpus: []string{"2", "1001m"}, want: "n2 -"},
		{cpus: []string{"500m", "500m", "500m", "500m", "500m", "500m"}, want: "n2 n2 n2 n2 n2 n2"},
		{cpus: []string{"1", "1", "1"}, want: "n2 n2 n2"},
		{cpus: []string{"2"}, edits: []dryrun.Edit{dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/more", "cpu:1", "tolerate:gone")))}, want: "n2"},
		{cpus: []string{"2001m"}, edits: []dryrun.Edit{dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/more", "cpu:1", "tolerate:gone")))}, want: "-"},
		{cpus: []string{"3001m"}, edits: []dryrun.Edit{dryrun.Delete(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent")))}, want: "n2"},
	} {
		var pods []runtime.Object
		for i, cpu := range test.cpus {
			pods = append(pods, replicaPod(t, fmt.Sprintf("shop/web-%d", i), "node:n1", "cpu:"+cpu))
		}
		c := with(t, world, pods...)
		p := plan(t, c, append(test.edits, dryrun.EditNodes(c.Named("n1"), cluster.Taint("gone:NoExecute")))...)
		var got []string
		for _, e := range p.Evictions() {
			switch {
			case e.Disposition != dryrun.DispositionEvicted:
				t.Errorf("%v: %v", test.cpus, e)
			case e.Unschedulable != "":
				got = append(got, "-")
			default:
				got = append(got, e.NewNode)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("pods of %v cpus: %v, want %s", test.cpus, got, test.want)
		}
	}
}

// The causes of changes to a Deployment's pods are counted separately: for one, two and
// many pods.
func TestDeploymentEffectsAreCountedByKind(t *testing.T) {
	critical := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "high"}, Value: 1000}
	for _, n := range []int32{1, 2, 6} {
		web := webOf(n, "web:1")
		web.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}
		world := clustertest.World{clustertest.Pool("n", int(n), "cpu:4")}
		c := with(t, world, web, critical)
		agent := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "cpu:2", "class:high"))
		type counts struct{ created, deleted, evicted, preempted int }
		one := func(what string, want counts, state, text string, edits ...dryrun.Edit) {
			t.Helper()
			e, ok := plan(t, c, edits...).Effect("shop/web")
			got := counts{len(e.Pods.Created), len(e.Pods.Deleted), len(e.Pods.Evicted), len(e.Pods.Preempted)}
			if !ok || got != want || e.Rollout.State != state {
				t.Errorf("%d replicas: %s: %+v, want %+v", n, what, e, want)
				return
			}
			if want := "    pods: " + strings.ReplaceAll(text, "N", fmt.Sprint(n)) + "\n"; !strings.HasPrefix(e.String(), "~ Deployment shop/web") || !strings.Contains(e.String(), want) {
				t.Errorf("%d replicas: %s: %q, want %q", n, what, e, want)
			}
		}
		// Each pod makes room for an agent; the one that replaces it stays pending.
		one("preempted", counts{created: int(n), preempted: int(n)}, "Stuck",
			"N created, N preempted; Stuck", dryrun.Apply(agent))
		one("evicted", counts{created: int(n), evicted: int(n)}, "Stuck",
			"N created, N evicted; Stuck", dryrun.EditNodes(c.Nodes(), cluster.Taint("gone:NoExecute")))
		none := webOf(0, "web:1")
		none.Spec.Template = web.Spec.Template
		one("scaled down", counts{deleted: int(n)}, "Done",
			"N deleted; Done", dryrun.Apply(none))
	}
}

// Avoids names each node that gets or keeps a pod, and marks the nodes that already
// did.
func TestAvoidsKnowsWhatWasSoBefore(t *testing.T) {
	c := clustertest.World{
		clustertest.Node("had", "pool=a"), clustertest.Node("new", "pool=b"), clustertest.Node("kept", "pool=a"), clustertest.Node("free", "pool=b"),
		clustertest.DaemonSet("ops/agent", "on:pool=a"),
	}.Cluster(t)
	p := plan(t, c,
		dryrun.EditNodes(c.Named("new"), cluster.Label("pool", "a")),
		dryrun.EditNodes(c.Named("kept"), cluster.Taint("x:NoSchedule")),
		dryrun.Apply(clustertest.Object[*corev1.Node](t, clustertest.Node("added", "pool=a"))))
	for nodes, want := range map[string]map[string]bool{
		"free": {}, "new": {"new": false}, "had": {"had": true}, "added": {"added": false}, "kept": {"kept": true},
		"had new kept free added": {"had": true, "new": false, "kept": true, "added": false},
	} {
		set := p.After().Named(strings.Fields(nodes)...)
		got := map[string]bool{}
		for _, r := range p.Check(dryrun.Avoids(set)).Results {
			for _, o := range r.Violations {
				got[o.Subject] = o.Before
				r.Violations = []dryrun.Violation{o}
				if strings.Contains(r.String(), "(already so before)") != o.Before {
					t.Errorf("%s: %v", nodes, o)
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("avoids %s: %v, want %v", nodes, got, want)
		}
	}
}

// A manifest that states false or 0 sets them, and one that lacks the fields does not:
// nothing was applied before.
func TestApplyTellsStatedZerosFromAbsentFields(t *testing.T) {
	live := webOf(2, "web:1")
	live.UID, live.Spec.MinReadySeconds, live.Spec.Template.Spec.HostPID = "u", 30, true
	c := with(t, clustertest.World{clustertest.Pool("n", 1, "cpu:4")}, live)
	manifest := func(more, spec map[string]any) *unstructured.Unstructured {
		pod := map[string]any{"containers": []any{map[string]any{"name": "main", "image": "web:1"}}}
		maps.Copy(pod, spec)
		fields := map[string]any{
			"selector": map[string]any{"matchLabels": map[string]any{"app": "web"}},
			"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": "web"}}, "spec": pod},
		}
		maps.Copy(fields, more)
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "shop"}, "spec": fields}}
	}
	for _, test := range []struct {
		manifest *unstructured.Unstructured
		seconds  int32
		hostPID  bool
	}{
		{manifest(nil, nil), 30, true},
		{manifest(map[string]any{"minReadySeconds": int64(0)}, nil), 0, true},
		{manifest(nil, map[string]any{"hostPID": false}), 30, false},
	} {
		p := plan(t, c, dryrun.Apply(test.manifest))
		spec := p.After().Manifest().Deployments[0].Spec
		if spec.MinReadySeconds != test.seconds || spec.Template.Spec.HostPID != test.hostPID || *spec.Replicas != 2 {
			t.Errorf("%v: minReadySeconds %d, hostPID %v, %d replicas", test.manifest, spec.MinReadySeconds, spec.Template.Spec.HostPID, *spec.Replicas)
		}
	}
	unknown := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Unknown", "metadata": map[string]any{"name": "x"}}}
	if p, err := dryrun.New(c, dryrun.Apply(unknown)); err == nil {
		t.Errorf("an object of an unknown kind is applied: %v", p)
	}
}
