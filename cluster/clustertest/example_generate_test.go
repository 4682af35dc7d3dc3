package clustertest_test

import (
	"fmt"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
)

// In a test: clustertest.Clusters().Draw(t, "cluster"). Example(n) shows what is drawn.
func ExampleClusters() {
	w := clustertest.Clusters(clustertest.On(clustertest.GKE), clustertest.Between(3, 6), clustertest.Healthy()).Example(1)
	c := w.Cluster(t)
	fmt.Println(c.Nodes().Len() >= 3, c.Nodes().Len() <= 6, c.HasLabel("cloud.google.com/gke-nodepool").Len() == c.Nodes().Len())
	// Output: true true true
}

func ExamplePools() {
	pool := clustertest.Pools(clustertest.On(clustertest.EKS), clustertest.Of(clustertest.GPU), clustertest.Between(2, 2)).Example(1)
	n := pool.Object(t)
	fmt.Println(pool.Names(), n.Labels["node.kubernetes.io/instance-type"], n.Spec.Taints[0].ToString())
	// Output: [gpu-1 gpu-2] p4d.24xlarge nvidia.com/gpu=present:NoSchedule
}

func ExampleDaemonSets() {
	fmt.Println(clustertest.DaemonSets(clustertest.Key("monitoring/exporter")).Example(1).Key())
	// Output: monitoring/exporter
}

func ExamplePods() {
	fmt.Println(clustertest.Pods(clustertest.Key("shop/cart"), clustertest.Words("team=shop")).Example(1).Object(t).Labels)
	// Output: map[app:cart team:shop]
}

func ExampleUpdates() {
	v1 := clustertest.DaemonSet("agent", "tolerate:*")
	v2 := clustertest.Updates(v1).Example(3)
	fmt.Println(v2.Key(), v2.String() != v1.String())
	// Output: default/agent true
}

func ExampleEdits() {
	c := clustertest.World{clustertest.Pool("web", 2, "zone=a|b")}.Cluster(t)
	changed, err := clustertest.Edits(c).Example(1).Apply(c)
	fmt.Println(changed.Nodes(), err)
	// Output: {web-1 web-2} <nil>
}

func ExampleFaults() {
	c := clustertest.World{clustertest.Pool("web", 2)}.Cluster(t)
	changed, err := clustertest.Faults(c).Example(1).Apply(c)
	fmt.Println(changed.Nodes(), err)
	// Output: {web-1 web-2} <nil>
}

func ExampleEdit() {
	e := clustertest.Edit{Node: "web-1", Edits: []cluster.NodeEdit{cluster.Cordon(), cluster.Label("zone", "b")}}
	fmt.Printf("%v\n%#v\n", e, e)
	// Output:
	// web-1: cordon label zone=b
	// clustertest.Edit{Node:"web-1", Edits:[]cluster.NodeEdit{cluster.Cordon(), cluster.Label("zone", "b")}}
}

func ExampleEdit_Apply() {
	c := clustertest.World{clustertest.Pool("web", 2)}.Cluster(t)
	c, err := clustertest.Edit{Node: "web-2", Edits: []cluster.NodeEdit{cluster.Cordon()}}.Apply(c)
	fmt.Println(c.Unschedulable(), err)
	// Output: {web-2} <nil>
}

func ExampleOption() {
	small := []clustertest.Option{clustertest.Between(1, 2), clustertest.Healthy()}
	fmt.Println(clustertest.Clusters(small...).Example(1).Cluster(t).Nodes().Len() <= 2)
	// Output: true
}

func ExampleOn() {
	w := clustertest.Clusters(clustertest.On(clustertest.AKS)).Example(1)
	fmt.Println(w.Cluster(t).LabelValues("topology.kubernetes.io/region"))
	// Output: [westeurope]
}

func ExampleOf() {
	w := clustertest.Clusters(clustertest.Of(clustertest.Windows)).Example(1)
	fmt.Println(w.Cluster(t).LabelValues("kubernetes.io/os"))
	// Output: [windows]
}

func ExampleBetween() {
	fmt.Println(clustertest.Clusters(clustertest.Between(5, 5)).Example(1).Cluster(t).Nodes().Len())
	// Output: 5
}

func ExampleHealthy() {
	fmt.Println(clustertest.Clusters(clustertest.Healthy()).Example(1).Cluster(t).Unschedulable().Len())
	// Output: 0
}

func ExampleWithPods() {
	pods := clustertest.Clusters(clustertest.WithPods()).Example(0).Cluster(t).Manifest().Pods
	fmt.Println(pods[0].Name, pods[0].Status.Phase)
	// Output: pod-1 Running
}

func ExampleWords() {
	w := clustertest.Clusters(clustertest.Words("team=blue")).Example(1)
	fmt.Println(w.Cluster(t).LabelValues("team"))
	// Output: [blue]
}

func ExampleKey() {
	fmt.Println(clustertest.DaemonSets(clustertest.Key("monitoring/exporter")).Example(1).Object(t).Namespace)
	// Output: monitoring
}

// DaemonSets for the nodes of a dump speak of the labels that these have.
func ExampleFor() {
	c := clustertest.World{clustertest.Pool("web", 2, "rack=7")}.Cluster(t)
	ds := clustertest.DaemonSets(clustertest.For(c)).Example(1)
	fmt.Println(len(ds.Object(t).Spec.Template.Spec.NodeSelector) <= 2)
	// Output: true
}

func ExamplePlatform() {
	fmt.Printf("%v %#v\n", clustertest.EKS, clustertest.OnPremises)
	// Output: EKS clustertest.OnPremises
}

func ExampleShape() {
	fmt.Printf("%v %#v\n", clustertest.ControlPlane, clustertest.Virtual)
	// Output: ControlPlane clustertest.Virtual
}
