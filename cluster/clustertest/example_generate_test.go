package clustertest_test

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
)

// A test uses clustertest.Clusters().Draw(t, "cluster"). Example(n) shows what would
// be drawn.
func ExampleClusters() {
	w := clustertest.Clusters(clustertest.WithPlatforms("GKE"), clustertest.WithNodes(3, 6), clustertest.WithHealthyNodes()).Example(1)
	c := w.Cluster(t)
	fmt.Println(c.Nodes().Len() >= 3, c.Nodes().Len() <= 6, c.Labeled("cloud.google.com/gke-nodepool").Len() == c.Nodes().Len())
	// Output: true true true
}

func ExamplePools() {
	pool := clustertest.Pools(clustertest.WithPlatforms("EKS"), clustertest.WithPools("GPU"), clustertest.WithNodes(2, 2)).Example(1)
	n := clustertest.Object[*corev1.Node](t, pool)
	fmt.Println(pool.Names(), n.Labels["node.kubernetes.io/instance-type"], n.Spec.Taints[0].ToString())
	// Output: [gpu-1 gpu-2] p4d.24xlarge nvidia.com/gpu=present:NoSchedule
}

func ExampleDaemonSets() {
	fmt.Println(clustertest.DaemonSets().Example(1).Named("monitoring/exporter").Names())
	// Output: [monitoring/exporter]
}

func ExamplePods() {
	fmt.Println(clustertest.Object[*corev1.Pod](t, clustertest.Pods(clustertest.WithWords("team=shop")).Example(1).Named("shop/cart")).Labels)
	// Output: map[app:cart team:shop]
}

func ExampleUpdates() {
	v1 := clustertest.DaemonSet("agent", "tolerate:*")
	v2 := clustertest.Updates(v1).Example(3)
	fmt.Println(v2.Names(), v2.String() != v1.String())
	// Output: [default/agent] true
}

func ExampleNodeChanges() {
	c := clustertest.World{clustertest.Pool("web", 2, "zone=a|b")}.Cluster(t)
	changed, err := clustertest.NodeChanges(c).Example(1).Apply(c)
	fmt.Println(changed.Nodes(), err)
	// Output: {web-1 web-2} <nil>
}

func ExampleNodeFaults() {
	c := clustertest.World{clustertest.Pool("web", 2)}.Cluster(t)
	changed, err := clustertest.NodeFaults(c).Example(1).Apply(c)
	fmt.Println(changed.Nodes(), err)
	// Output: {web-1 web-2} <nil>
}

func ExampleNodeChange() {
	e := clustertest.NodeChange{Node: "web-1", Edits: []cluster.NodeEdit{cluster.Cordon(), cluster.Label("zone", "b")}}
	fmt.Printf("%v\n%#v\n", e, e)
	// Output:
	// {web-1 [cordon label zone=b]}
	// clustertest.NodeChange{Node:"web-1", Edits:[]cluster.NodeEdit{cluster.Cordon(), cluster.Label("zone", "b")}}
}

func ExampleNodeChange_Apply() {
	c := clustertest.World{clustertest.Pool("web", 2)}.Cluster(t)
	c, err := clustertest.NodeChange{Node: "web-2", Edits: []cluster.NodeEdit{cluster.Cordon()}}.Apply(c)
	n, _ := c.Node("web-2")
	fmt.Println(n.Spec.Unschedulable, err)
	// Output: true <nil>
}

func ExampleOption() {
	small := []clustertest.Option{clustertest.WithNodes(1, 2), clustertest.WithHealthyNodes()}
	fmt.Println(clustertest.Clusters(small...).Example(1).Cluster(t).Nodes().Len() <= 2)
	// Output: true
}

func ExampleWithPlatforms() {
	w := clustertest.Clusters(clustertest.WithPlatforms("AKS")).Example(1)
	fmt.Println(w.Cluster(t).LabelValues("topology.kubernetes.io/region"))
	// Output: [westeurope]
}

func ExampleWithPools() {
	w := clustertest.Clusters(clustertest.WithPools("Windows")).Example(1)
	fmt.Println(w.Cluster(t).LabelValues("kubernetes.io/os"))
	// Output: [windows]
}

func ExampleWithNodes() {
	fmt.Println(clustertest.Clusters(clustertest.WithNodes(5, 5)).Example(1).Cluster(t).Nodes().Len())
	// Output: 5
}

func ExampleWithHealthyNodes() {
	c := clustertest.Clusters(clustertest.WithHealthyNodes()).Example(1).Cluster(t)
	fmt.Println(c.Tainted("node.kubernetes.io/unschedulable"))
	// Output: {} <nil>
}

func ExampleWithPods() {
	pods := clustertest.Clusters(clustertest.WithPods()).Example(0).Cluster(t).Manifest().Pods
	fmt.Println(pods[0].Name, pods[0].Status.Phase)
	// Output: pod-1 Running
}

func ExampleWithWords() {
	w := clustertest.Clusters(clustertest.WithWords("team=blue")).Example(1)
	fmt.Println(w.Cluster(t).LabelValues("team"))
	// Output: [blue]
}

// DaemonSets drawn for the nodes of a dump refer to the labels of these nodes.
func ExampleWithLabelsOf() {
	c := clustertest.World{clustertest.Pool("web", 2, "rack=7")}.Cluster(t)
	ds := clustertest.DaemonSets(clustertest.WithLabelsOf(c)).Example(1)
	fmt.Println(len(clustertest.Object[*appsv1.DaemonSet](t, ds).Spec.Template.Spec.NodeSelector) <= 2)
	// Output: true
}
