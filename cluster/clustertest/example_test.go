package clustertest_test

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
)

// t stands for the *testing.T of a test.
var t rapid.TB = fatal{}

type fatal struct{ rapid.TB }

func (fatal) Helper()                           {}
func (fatal) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func ExampleNode() {
	n := clustertest.Object[*corev1.Node](t, clustertest.Node("web-1", "zone=a", "taint:dedicated=gpu:NoSchedule", "cordoned", "cpu:2"))
	fmt.Println(n.Name, n.Labels, n.Spec.Unschedulable, n.Status.Allocatable.Cpu())
	for _, taint := range n.Spec.Taints {
		fmt.Println(taint.ToString())
	}
	// Output:
	// web-1 map[zone:a] true 2
	// dedicated=gpu:NoSchedule
	// node.kubernetes.io/unschedulable:NoSchedule
}

// The nodes take the zones in turn.
func ExamplePool() {
	c := clustertest.World{clustertest.Pool("gpu", 3, "zone=a|b", "example.com/gpu:8")}.Cluster(t)
	for n := range c.Nodes().All() {
		fmt.Println(n.Name, n.Labels["zone"])
	}
	// Output:
	// gpu-1 a
	// gpu-2 b
	// gpu-3 a
}

func ExampleDaemonSet() {
	ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("monitoring/exporter", "on:kubernetes.io/os=linux", "tolerate:*:NoSchedule", "port:9100", "max-unavailable:10%"))
	fmt.Println(ds.Namespace, ds.Name, ds.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable)
	fmt.Println(ds.Spec.Template.Spec.NodeSelector, ds.Spec.Template.Spec.Tolerations[0].Effect, ds.Spec.Template.Spec.Containers[0].Image)
	// Output:
	// monitoring exporter 10%
	// map[kubernetes.io/os:linux] NoSchedule registry.example.com/exporter:1
}

func ExamplePod() {
	pod := clustertest.Object[*corev1.Pod](t, clustertest.Pod("shop/cart", "node:web-1", "running", "cpu:500m"))
	fmt.Println(pod.Namespace, pod.Name, pod.Spec.NodeName, pod.Status.Phase)
	// Output: shop cart web-1 Running
}

// The next version is the same DaemonSet with more words.
func ExampleSpec_With() {
	v1 := clustertest.DaemonSet("agent", "max-unavailable:1")
	v2 := v1.With("image:registry.example.com/agent:2")
	fmt.Printf("%v\n%#v\n", v2, v2)
	// Output:
	// daemonset agent max-unavailable:1 image:registry.example.com/agent:2
	// clustertest.DaemonSet("agent", "max-unavailable:1", "image:registry.example.com/agent:2")
}

// A DaemonSet from a manifest, and its next version.
func ExampleGiven() {
	nodeExporter := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("monitoring/node-exporter"))
	v2 := clustertest.Given(nodeExporter, "image:registry.example.com/exporter:2")
	fmt.Println(clustertest.Object[*appsv1.DaemonSet](t, v2).Spec.Template.Spec.Containers[0].Image)
	fmt.Printf("%#v\n", v2)
	// Output:
	// registry.example.com/exporter:2
	// clustertest.Given(nodeExporter, "image:registry.example.com/exporter:2")
}

func ExampleObject() {
	ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("agent", "on-delete"))
	fmt.Println(ds.Spec.UpdateStrategy.Type)
	clustertest.Object[*corev1.Node](t, clustertest.DaemonSet("agent"))
	// Output:
	// OnDelete
	// daemonset agent: is not a *v1.Node
}

// Without a test, mistakes are returned as an error; with one they fail it.
func ExampleSpec_Objects() {
	_, err := clustertest.DaemonSet("agent", "tolerat:*", "cpu:lots").Objects()
	fmt.Println(err)
	// Output:
	// agent: "tolerat:*": no such word
	// agent: "cpu:lots": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'
}

func ExampleSpec_Names() {
	fmt.Println(clustertest.Pool("web", 10).Names()[8:], clustertest.Node("db").Names(), clustertest.DaemonSet("agent").Names())
	// Output: [web-09 web-10] [db] [default/agent]
}

func ExampleSpec_Named() {
	fmt.Printf("%#v\n", clustertest.Pool("web", 2, "zone=a").Named("web-3"))
	// Output: clustertest.Node("web-3", "zone=a")
}

// Specs of any kind make a world.
func ExampleSpec() {
	for _, s := range []clustertest.Spec{clustertest.Node("a", "zone=a"), clustertest.DaemonSet("agent")} {
		objects, err := s.Objects()
		fmt.Println(s, len(objects), err)
	}
	// Output:
	// a zone=a 1 <nil>
	// daemonset agent 1 <nil>
}

func ExampleWorld() {
	w := clustertest.World{
		clustertest.Pool("web", 2, "zone=a|b"),
		clustertest.Node("gpu-1", "taint:dedicated=gpu:NoSchedule"),
		clustertest.Pod("shop/cart", "node:web-1"),
	}
	fmt.Print(w)
	// Output:
	// pool web 2 zone=a|b
	// gpu-1 taint:dedicated=gpu:NoSchedule
	// pod shop/cart node:web-1
}

func ExampleWorld_Cluster() {
	c := clustertest.World{clustertest.Pool("web", 2, "zone=a|b")}.Cluster(t)
	fmt.Println(c.Labeled("zone", "b"))
	// Output: {web-2}
}

func ExampleParse() {
	c, err := clustertest.Parse(`
		# a small shop
		web-1 zone=a disktype=ssd
		gpu-1 zone=b taint:dedicated=gpu:NoSchedule cordoned
		pool spot 2 zone=a|b spot=true
		daemonset monitoring/exporter tolerate:* cpu:100m
		pod shop/cart node:web-1 running
	`)
	fmt.Println(c.Nodes(), c.Labeled("zone", "b"), err)
	_, err = clustertest.Parse("web-1 zone=a\npool web three\nweb-2 taint:x")
	fmt.Println(err)
	// Output:
	// {gpu-1 spot-1 spot-2 web-1} {gpu-1 spot-2} <nil>
	// line 2: pool web: want the number of nodes: strconv.Atoi: parsing "three": invalid syntax
}

func ExampleParseWorld() {
	w, err := clustertest.ParseWorld("web-1 zone=a\npod shop/cart node:web-1")
	fmt.Printf("%#v %v\n", w, err)
	// Output:
	// clustertest.World{
	// 	clustertest.Node("web-1", "zone=a"),
	// 	clustertest.Pod("shop/cart", "node:web-1"),
	// } <nil>
}
