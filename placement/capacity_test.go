package placement_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	resourcehelper "k8s.io/component-helpers/resource"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// The usage of every node is the sum over the pods that the reference wants
// there and over all other pods. Mutants seen: own running pods counted beside
// the one of the template; pods on nodes that are only kept left out; pods that
// will be deleted counted; pods of a DaemonSet that is being deleted taken for
// others'; a node overloaded by a resource that no DaemonSet requests.
func TestCapacityAgreesWithTheNaiveReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := withDaemonSets(t, draw(t))
		ledger := placement.NewCapacityReport(c)
		overloaded := ledger.Overloaded()
		for _, n := range c.Manifest().Nodes {
			e, ok := ledger.Node(n.Name)
			if !ok || e.Node != n.Name {
				t.Fatalf("%s: %v %v", n.Name, e, ok)
			}
			daemons, others := naiveDemand(c, n)
			over := false
			for _, name := range append([]corev1.ResourceName{corev1.ResourcePods}, naiveResources...) {
				free := naiveAmount(name, n.Status.Allocatable)
				free.Sub(free, amountOf(daemons, name)).Sub(free, amountOf(others, name))
				over = over || free.Sign() < 0 && amountOf(daemons, name).Sign() > 0
				for _, x := range []struct {
					what string
					got  resource.Quantity
					want *big.Int
				}{{"DaemonSets", e.DaemonSetRequests[name], amountOf(daemons, name)}, {"others", e.OtherRequests[name], amountOf(others, name)}, {"free", e.Free[name], free}} {
					if got := naiveAmount(name, corev1.ResourceList{name: x.got}); got.Cmp(x.want) != 0 {
						t.Fatalf("%s: %s of %s: %v, want %v\n%v", n.Name, x.what, name, got, x.want, e)
					}
				}
			}
			if over != overloaded.Has(n.Name) {
				t.Fatalf("%s: overloaded %v, want %v\n%v", n.Name, overloaded, over, e)
			}
		}
	})
}

var naiveResources = []corev1.ResourceName{"cpu", "memory", "ephemeral-storage", "attachable-volumes-x", "example.com/gpu", "hugepages-2Mi"}

// withDaemonSets adds up to four DaemonSets. One has pods in the snapshot and
// may be terminating.
func withDaemonSets(t *rapid.T, c *cluster.Cluster) *cluster.Cluster {
	var all []runtime.Object
	for i := range rapid.IntRange(0, 4).Draw(t, "DaemonSets") {
		ds := gen.DaemonSet(t)
		ds.Name = []string{"ds", "a", "b", "z"}[i]
		gen.Containers(t, &ds.Spec.Template.Spec)
		if rapid.Bool().Draw(t, "relations") {
			ds.Spec.Template.Labels = gen.PodLabels(t)
			gen.Relations(t, &ds.Spec.Template.Spec)
		}
		if i == 0 && rapid.IntRange(0, 9).Draw(t, "deleted") == 9 {
			ds.DeletionTimestamp = &metav1.Time{}
		}
		all = append(all, ds)
	}
	c, err := c.With(all...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// naiveDemand returns what DaemonSets and other pods request of a node.
func naiveDemand(c *cluster.Cluster, n *corev1.Node) (daemons, others map[corev1.ResourceName]*big.Int) {
	daemons, others = map[corev1.ResourceName]*big.Int{}, map[corev1.ResourceName]*big.Int{}
	replaced := map[string]bool{}
	m := c.Manifest()
	for _, ds := range m.DaemonSets {
		if ds.DeletionTimestamp != nil {
			continue
		}
		decision := naiveDaemon(ds, n)
		for _, p := range m.Pods {
			if ownOfDaemonSet(ds)(p) && decision != placement.Kept {
				replaced[p.Namespace+"/"+p.Name] = true
			}
		}
		if decision == placement.Eligible {
			pod := cluster.Default(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default"}, Spec: ds.Spec.Template.Spec})
			demand(daemons, pod)
		}
	}
	for _, p := range naiveThere(m.Pods, n.Name, func(p *corev1.Pod) bool { return replaced[p.Namespace+"/"+p.Name] }) {
		if ref := metav1.GetControllerOf(p); ref != nil && ref.Kind == "DaemonSet" {
			demand(daemons, p)
		} else {
			demand(others, p)
		}
	}
	return daemons, others
}

func demand(sum map[corev1.ResourceName]*big.Int, pod *corev1.Pod) {
	requests := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true})
	for _, name := range naiveResources {
		sum[name] = big.NewInt(0).Add(amountOf(sum, name), naiveAmount(name, requests))
	}
	sum["pods"] = big.NewInt(0).Add(amountOf(sum, "pods"), big.NewInt(1))
}

func amountOf(sum map[corev1.ResourceName]*big.Int, name corev1.ResourceName) *big.Int {
	if sum[name] == nil {
		return big.NewInt(0)
	}
	return sum[name]
}

// A node of the size in MinimumNodes takes all pods of the set one after the
// other, except for its conflicts. A smaller node does not. Mutants seen:
// places for pods left out; the set of another node; conflicts of the pod with
// itself.
func TestMinimumNodesAreTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := withDaemonSets(t, draw(t))
		m := c.Manifest()
		c, err := cluster.New(slices.Concat(objectsOf(m.Nodes), objectsOf(m.DaemonSets), objectsOf(m.Namespaces))...)
		if err != nil {
			t.Fatal(err)
		}
		wanted := 0
		for _, s := range placement.NewCapacityReport(c).MinimumNodes() {
			wanted += s.Nodes.Len()
			name := s.Nodes.Names()[0]
			exact := sized(t, c, name, s.Allocatable)
			if got := placement.NewCapacityReport(exact); got.Overloaded().Has(name) {
				e, _ := got.Node(name)
				t.Fatalf("%v\n%v", s, e)
			}
			if why := crowded(t, exact, s, name); why != "" {
				t.Fatalf("%v\n%s", s, why)
			}
			for resource, amount := range s.Allocatable { // any order: each by itself
				less := s.Allocatable.DeepCopy()
				amount.Sub(step(resource))
				less[resource] = amount
				if !placement.NewCapacityReport(sized(t, c, name, less)).Overloaded().Has(name) {
					t.Fatalf("%v\nis enough with %v", s, less)
				}
			}
		}
		for _, n := range m.Nodes {
			if slices.ContainsFunc(m.DaemonSets, func(ds *appsv1.DaemonSet) bool {
				return ds.DeletionTimestamp == nil && naiveDaemon(ds, n) == placement.Eligible
			}) {
				wanted--
			}
		}
		if wanted != 0 {
			t.Fatalf("%d nodes too many have a shape", wanted)
		}
	})
}

func objectsOf[T runtime.Object](from []T) (to []runtime.Object) {
	for _, o := range from {
		to = append(to, o)
	}
	return to
}

func step(name corev1.ResourceName) resource.Quantity {
	if name == corev1.ResourceCPU {
		return resource.MustParse("1m")
	}
	return resource.MustParse("1")
}

func sized(t *rapid.T, c *cluster.Cluster, name string, allocatable corev1.ResourceList) *cluster.Cluster {
	n, _ := c.Node(name)
	n.Status.Allocatable = allocatable
	c, err := c.With(n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// crowded puts every pod on every node that wants it. It returns "" if the filters
// agree with the MinimumNode on such a node, and the difference otherwise.
func crowded(t *rapid.T, c *cluster.Cluster, s placement.MinimumNode, node string) string {
	var pods []runtime.Object
	m := c.Manifest()
	for _, ds := range m.DaemonSets {
		for _, n := range m.Nodes {
			if ds.DeletionTimestamp != nil || naiveDaemon(ds, n) != placement.Eligible {
				continue
			}
			pod := daemon(t, ds).Pod()
			pod.Name, pod.Spec.NodeName = ds.Name+"-on-"+n.Name, n.Name
			pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(ds, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))}
			pods = append(pods, pod)
		}
	}
	full, err := c.With(pods...)
	if err != nil {
		t.Fatal(err)
	}
	position, _ := borrow.From(full).Position(node)
	for _, key := range s.DaemonSets {
		mine, _ := borrow.From(full).Pod("default", key[len("default/"):]+"-on-"+node)
		beside, err := full.Without(mine)
		if err != nil {
			t.Fatal(err)
		}
		why := room.Why(room.New(beside), workloadOf(t, c, key), position)
		conflict := slices.ContainsFunc(s.Conflicts, func(c placement.Conflict) bool { return c.DaemonSet == key })
		if conflict != (len(why) > 0) || slices.ContainsFunc(why, func(r placement.FilterReason) bool { return r.Plugin == "NodeResourcesFit" }) {
			return fmt.Sprint(key, ": ", why)
		}
	}
	return ""
}

func workloadOf(t *rapid.T, c *cluster.Cluster, key string) *placement.Workload {
	ds, ok := borrow.From(c).DaemonSet("default", key[len("default/"):])
	if !ok {
		t.Fatalf("no DaemonSet %s", key)
	}
	return daemon(t, ds)
}

func TestCapacityReportInWords(t *testing.T) {
	m := read(t, `
apiVersion: v1
kind: Node
metadata: {name: small, labels: {kubernetes.io/hostname: small}}
status: {allocatable: {cpu: "1", memory: 1Gi, pods: "10"}}
---
apiVersion: v1
kind: Node
metadata: {name: tainted, labels: {kubernetes.io/hostname: tainted}}
spec: {taints: [{key: a, value: b, effect: NoSchedule}]}
status: {allocatable: {cpu: "1", memory: 1Gi, pods: "10"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: traces}
spec:
  selector: {matchLabels: {app: traces}}
  template:
    metadata: {labels: {app: traces}}
    spec: {containers: [{name: c, image: i, ports: [{containerPort: 4317, hostPort: 4317}], resources: {requests: {cpu: 600m}, limits: {example.com/nic: 1}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: metrics}
spec:
  selector: {matchLabels: {app: metrics}}
  template:
    metadata: {labels: {app: metrics}}
    spec:
      containers: [{name: c, image: i, ports: [{containerPort: 4317, hostPort: 4317}], resources: {requests: {cpu: 600m, memory: 100Mi}}}]
      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: traces}}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: metrics-x, labels: {app: metrics}, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: metrics, uid: "1", controller: true}]}
spec: {nodeName: tainted, containers: [{name: c, image: i, resources: {requests: {cpu: 100m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {nodeName: small, containers: [{name: c, image: i, resources: {requests: {memory: 1Gi}}}]}
`)
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	l := placement.NewCapacityReport(c)
	got := fmt.Sprintln(l)
	got += l.Table()
	const want = `2 DaemonSets on 2 nodes: 1 overloaded, 1 conflicting
NODES    COUNT  RESOURCE         ALLOCATABLE  DAEMONSETS  OTHERS  FREE
small    1      cpu              1            1200m       0       -200m   overloaded
                memory           1Gi          100Mi       1Gi     -100Mi  overloaded
                pods             10           2           1       7
                example.com/nic  0            1           0       -1  overloaded
tainted  1      cpu              1            100m        0       900m
                pods             10           1           0       9

smallest node for 2 DaemonSets, wanted together on 1 node: cpu 1200m, memory 100Mi, pods 2, example.com/nic 1
  default/metrics
  default/traces
  on no node: default/metrics: NodePorts: node(s) didn't have free ports for the requested pod ports [port 4317/TCP is taken by default/traces]; InterPodAffinity: node(s) didn't match pod anti-affinity rules [spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]: in kubernetes.io/hostname=small there is default/traces]
  on no node: default/traces: NodePorts: node(s) didn't have free ports for the requested pod ports [port 4317/TCP is taken by default/metrics]; InterPodAffinity: node(s) didn't satisfy existing pods anti-affinity rules [terms of other pods: in kubernetes.io/hostname=small there is default/metrics]
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	data, err := json.Marshal(l)
	var read struct {
		Version      string
		Overloaded   []string
		Nodes        []placement.NodeUsage
		MinimumNodes []struct{ Allocatable corev1.ResourceList }
	}
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	if err != nil || read.Version != "berth.capacity/v1" || len(read.Nodes) != 2 || !slices.Equal(read.Overloaded, []string{"small"}) || read.MinimumNodes[0].Allocatable.Cpu().String() != "1200m" {
		t.Errorf("%v: %s", err, data)
	}
	if e, ok := l.Node("gone"); ok {
		t.Error(e)
	}
}
