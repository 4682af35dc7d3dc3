package placement_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

// Every pod goes to one of the best nodes of a snapshot that has the pods
// bound before it, with the same ties. No pod stays pending while there is
// such a node. Mutants seen: a pod that the next one does not see; the best of
// the first board; a node that is the only one scored; pods without owner,
// which are then not spread; the controller's running pods left in; counts of soft
// spread constraints that do not follow the room.
func TestReplicasGoWhereASnapshotSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := deployment(t)
		c := withOldPods(t, hosts(t), d)
		out, err := placement.Replicas(c, d, 1, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		rs := replicaSet(t, c, d, out)
		c = withoutPodsOf(t, c, rs)
		count := int(*d.Spec.Replicas)
		for i := range count {
			pod := podOf(rs, fmt.Sprint(rs.Name, "-", i))
			p := ordinary(t, pod).Predict(c)
			if i == len(out.Bound) {
				if p.Placed().Len() > 0 && p.ScoreError() == nil || p.Placed().Len() == 1 {
					t.Fatalf("%s could go to %v, but %v", pod.Name, p.Placed(), out.Pending)
				}
				if w := out.Pending[0]; w.First != pod.Name || w.Count != count-i || p.ScoreError() == nil && w.Message != p.String() {
					t.Fatalf("%v: want %d waiting: %v", w, count-i, p)
				}
				return
			}
			r := out.Bound[i]
			if best := bestOf(p); p.Placed().Len() > 1 && (!slices.Contains(best, r.Node) || len(best) != r.TiedNodes || p.Ranking()[0].Total != r.Total) {
				t.Fatalf("%v, but the best are %v of %v", r, best, p.Ranking())
			}
			if r.Pod != pod.Name || !p.Placed().Has(r.Node) {
				t.Fatalf("%v, want %s on one of %v", r, pod.Name, p.Placed())
			}
			pod.Spec.NodeName = r.Node
			if c, err = c.With(pod); err != nil {
				t.Fatal(err)
			}
		}
		if len(out.Bound) != count || len(out.Pending) != 0 {
			t.Fatalf("%v, want %d bound", out, count)
		}
	})
}

func deployment(t *rapid.T) *appsv1.Deployment {
	pod := gen.Guest(t, "web")
	replicas := int32(rapid.IntRange(0, 8).Draw(t, "replicas"))
	labels := map[string]string{"app": "web"}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
	d.Spec.Replicas, d.Spec.Selector = &replicas, &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod.Spec}
	return d
}

// replicaSet returns the ReplicaSet that the pods' names imply, and adds it to
// the snapshot.
func replicaSet(t *rapid.T, c *cluster.Cluster, d *appsv1.Deployment, out placement.ReplicaPlacement) *appsv1.ReplicaSet {
	name := "web-0"
	if len(out.Bound) > 0 {
		name = out.Bound[0].Pod
	} else if len(out.Pending) > 0 {
		name = out.Pending[0].First
	}
	name = name[:strings.LastIndexByte(name, '-')]
	hash := strings.TrimPrefix(name, "web-")
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: name}}
	rs.Spec.Template = *d.Spec.Template.DeepCopy()
	rs.Spec.Template.Labels["pod-template-hash"] = hash
	rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: rs.Spec.Template.Labels}
	return rs
}

// withOldPods adds pods of another ReplicaSet of the Deployment, including a
// terminating one, and a pod whose ReplicaSet is not known.
func withOldPods(t *rapid.T, c *cluster.Cluster, d *appsv1.Deployment) *cluster.Cluster {
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-old"}}
	rs.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	objects := []runtime.Object{rs}
	for i := range rapid.IntRange(0, 4).Draw(t, "old pods") {
		pod := gen.Guest(t, fmt.Sprint("old-", i))
		pod.Namespace, pod.Labels = "default", map[string]string{"app": "web"}
		owner := *rs
		if i == 3 {
			owner.Name, pod.Labels["pod-template-hash"] = "web-lost", "lost"
		}
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(&owner, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
		pod.Spec.NodeName = rapid.SampledFrom(c.Nodes().Names()).Draw(t, "on")
		objects = append(objects, pod)
	}
	c, err := c.With(objects...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func withoutPodsOf(t *rapid.T, c *cluster.Cluster, rs *appsv1.ReplicaSet) *cluster.Cluster {
	var old []runtime.Object
	for _, pod := range borrow.From(c).Pods() {
		if owner := metav1.GetControllerOf(pod); owner != nil && owner.Kind == "ReplicaSet" && (owner.Name == "web-old" || owner.Name == "web-lost") && pod.Namespace == "default" {
			old = append(old, pod)
		}
	}
	c, err := c.Without(old...)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.With(rs); err != nil {
		t.Fatal(err)
	}
	return c
}

func podOf(rs *appsv1.ReplicaSet, name string) *corev1.Pod {
	template := rs.Spec.Template.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: rs.Namespace, Name: name, Labels: template.Labels}, Spec: template.Spec}
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
	return pod
}

// Mutants seen: the draw keyed by the node's position; a draw without the seed.
func TestDrawsDependOnSeedPodAndNodeAlone(t *testing.T) {
	nodes := ""
	for i := range 8 {
		nodes += node(fmt.Sprint("n", i), "4", "8Gi", "")
	}
	spec := "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n"
	on := func(nodes string, seed uint64) string {
		t.Helper()
		m := read(t, nodes+spec)
		c, err := m.Cluster()
		if err != nil {
			t.Fatal(err)
		}
		out, err := placement.Replicas(c, m.Deployments[0], seed)
		if err != nil {
			t.Fatal(err)
		}
		return out.Bound[0].Node
	}
	seen := map[string]bool{}
	for seed := range uint64(40) {
		chosen := on(nodes, seed)
		seen[chosen] = true
		with := on(node("a-new-one", "4", "8Gi", "")+nodes, seed)
		if with != chosen && with != "a-new-one" {
			t.Errorf("seed %d: %s, but with one node more %s", seed, chosen, with)
		}
	}
	if len(seen) < 5 {
		t.Errorf("40 seeds chose only among %v", seen)
	}
}

func TestReplicasOfEveryController(t *testing.T) {
	const world = `
apiVersion: v1
kind: Node
metadata: {name: a, labels: {kubernetes.io/hostname: a}}
status: {allocatable: {cpu: "1", memory: 8Gi, pods: "110"}}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {kubernetes.io/hostname: b}}
status: {allocatable: {cpu: "2", memory: 8Gi, pods: "110"}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-77, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: "1", controller: true}]}
spec:
  selector: {matchLabels: {app: web, pod-template-hash: "77"}}
  template:
    metadata: {labels: {app: web, pod-template-hash: "77"}}
    spec: {containers: [{name: c, image: "i:1", resources: {requests: {cpu: 600m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-77-x, labels: {app: web, pod-template-hash: "77"}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-77, uid: "2", controller: true}]}
spec: {nodeName: b, containers: [{name: c, image: "i:1", resources: {requests: {cpu: 600m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-66-x, labels: {app: web, pod-template-hash: "66"}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-66, uid: "3", controller: true}]}
spec: {nodeName: a, containers: [{name: c, image: "i:0", resources: {requests: {cpu: 600m}}}]}
`
	m := read(t, world)
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	// On b: 300 for taints, 83 for what is left, 67 for balance, and 200 for spread
	// at first. Then b has one pod of the ReplicaSet, which is log(4)+2 = 3 against 2
	// on a, that is 66 against 100: 300+68+60+200 on a.
	five := int32(5)
	spec := m.ReplicaSets[0].Spec
	plain := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	template := *spec.Template.DeepCopy()
	delete(template.Labels, "pod-template-hash")
	meta := metav1.ObjectMeta{Namespace: "default", Name: "web"}
	const full = "0/2 nodes are available: 2 Insufficient cpu."
	for _, test := range []struct {
		name string
		run  func() (placement.ReplicaPlacement, error)
		want string
	}{
		{"a Deployment has its ReplicaSet, and its pods of the same and of other templates are left out", func() (placement.ReplicaPlacement, error) {
			return placement.Replicas(c, &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: &five, Selector: plain, Template: template}}, 1)
		}, "web-77-0: b (650)\nweb-77-1: a (628)\nweb-77-2: b (the only one)\nweb-77-3: b (the only one)\nweb-77-4 is pending: " + full + "\n"},
		{"a ReplicaSet leaves out its own alone", func() (placement.ReplicaPlacement, error) {
			return placement.Replicas(c, &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-77"}, Spec: appsv1.ReplicaSetSpec{Replicas: &five, Selector: spec.Selector, Template: spec.Template}}, 1)
		}, "web-77-0: b (the only one)\nweb-77-1: b (the only one)\nweb-77-2: b (the only one)\nweb-77-3 and 1 more are pending: " + full + "\n"},
		{"a StatefulSet creates one after the other", func() (placement.ReplicaPlacement, error) {
			return placement.Replicas(c, &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &five, Selector: plain, Template: template}}, 1)
		}, "web-0: b (the only one)\nweb-1: b (the only one)\nweb-2 is pending: " + full + "\nweb-3 and 1 more are pending: not created before web-2 is ready\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := test.run()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReplicasAtTheEdges(t *testing.T) {
	const spec = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Node
metadata: {name: a}
status: {allocatable: {cpu: "1", memory: 1Gi, pods: "3"}}
`
	replicas := func(n int32) func(*appsv1.Deployment) { return func(d *appsv1.Deployment) { d.Spec.Replicas = &n } }
	for _, test := range []struct {
		reason string
		change func(*appsv1.Deployment)
		empty  bool // no nodes
		opts   []placement.Option
		want   string // of the outcome or of the error; the hash left out
	}{
		{reason: "none are asked for", change: replicas(0), want: ""},
		{reason: "one is the default", change: func(*appsv1.Deployment) {}, want: "web-HASH-0: a (the only one)\n"},
		{reason: "without nodes all wait", change: replicas(2), empty: true, want: "web-HASH-0 and 1 more are pending: no nodes available to schedule pods\n"},
		{reason: "without nodes none wait if none are asked for", change: replicas(0), empty: true, want: ""},
		{reason: "more than berth accepts", change: replicas(200_001), want: "Deployment default/web: replicas 200001: berth accepts at most 200000"},
		{reason: "no more than there is room for is tried", change: replicas(200_000),
			want: "web-HASH-0: a (the only one)\nweb-HASH-1: a (the only one)\nweb-HASH-2: a (the only one)\n" +
				"web-HASH-3 and 199996 more are pending: 0/1 nodes are available: 1 Too many pods.\n"},
		{reason: "a negative number is a mistake", change: replicas(-1), want: "Deployment default/web: spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
		{reason: "a negative number that is stored is none", change: replicas(-1), opts: []placement.Option{placement.Unvalidated()}, want: ""},
		{reason: "a paused Deployment makes no pods", change: func(d *appsv1.Deployment) { replicas(2)(d); d.Spec.Paused = true },
			want: "web-HASH-0 and 1 more are pending: the Deployment is paused: no ReplicaSet is made for its template\n"},
		{reason: "a selector that does not select the template's pods", change: func(d *appsv1.Deployment) { d.Spec.Selector.MatchLabels["app"] = "api" },
			want: `Deployment default/web: spec.template.metadata.labels: Invalid value: {"app":"web"}: ` + "`selector` does not match template `labels`"},
		{reason: "a selector that does not parse", change: func(d *appsv1.Deployment) {
			d.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Is"}}
		}, want: `Deployment default/web: spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator` +
			"\n" + `Deployment default/web: spec.selector: Invalid value: {"matchLabels":{"app":"web"},"matchExpressions":[{"key":"app","operator":"Is"}]}: invalid label selector`},
		{reason: "no selector, as stored", change: func(d *appsv1.Deployment) { d.Spec.Selector = nil }, opts: []placement.Option{placement.Unvalidated()},
			want: "web-HASH-0: a (the only one)\n"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			m := read(t, spec)
			if test.empty {
				m.Nodes = nil
			}
			d := m.Deployments[0]
			m.Deployments = nil
			test.change(d)
			c, err := m.Cluster()
			if err != nil {
				t.Fatal(err)
			}
			out, err := placement.Replicas(c, d, 1, test.opts...)
			got := regexp.MustCompile(`web-[0-9a-f]+-`).ReplaceAllString(out.String(), "web-HASH-")
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The volume claims of a StatefulSet's pods are not modelled, and NotModelled
// lists them.
func TestReplicasSayWhatIsNotModelled(t *testing.T) {
	m := read(t, node("a", "4", "8Gi", "")+`
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: config, configMap: {name: db}}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
`)
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	out, err := placement.Replicas(c, m.StatefulSets[0], 1)
	const want = "db-0: a (the only one)\nnot modelled: spec.volumes[1].persistentVolumeClaim: " +
		"where the volume can be attached (VolumeBinding, VolumeZone, NodeVolumeLimits, VolumeRestrictions)\n"
	if err != nil || out.String() != want {
		t.Errorf("%v %v", out, err)
	}
}

// A paused Deployment whose ReplicaSet exists continues with it. Of two
// ReplicaSets for one template it uses the oldest.
func TestReplicasGoToTheOldestReplicaSet(t *testing.T) {
	const set = `
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-%s, creationTimestamp: %q, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: "1", controller: true}]}
spec:
  selector: {matchLabels: {app: web, pod-template-hash: %[1]q}}
  template:
    metadata: {labels: {app: web, pod-template-hash: %[1]q}}
    spec: {containers: [{name: c, image: i}]}
`
	m := read(t, node("a", "4", "8Gi", "")+fmt.Sprintf(set, "aa", "2026-01-02T00:00:00Z")+fmt.Sprintf(set, "bb", "2026-01-01T00:00:00Z"))
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"app": "web"}
	out, err := placement.Replicas(c, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{
		Paused: true, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
	}}, 1)
	if err != nil || out.String() != "web-bb-0: a (the only one)\n" {
		t.Errorf("%v %v", out, err)
	}
}

func read(t *testing.T, text string) *cluster.Manifest {
	t.Helper()
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// bestOf returns the nodes of the first rank.
func bestOf(p *placement.Prediction) []string {
	var best []string
	for _, r := range p.Ranking() {
		if r.Rank == 1 {
			best = append(best, r.Node)
		}
	}
	return best
}
