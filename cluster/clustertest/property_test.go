package clustertest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/placement"
)

// anySpec draws everything that the package draws.
func anySpec(t *rapid.T) clustertest.Spec {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return clustertest.Pools().Draw(t, "pool")
	case 1:
		d := clustertest.DaemonSets().Draw(t, "daemonset")
		return clustertest.Updates(d).Draw(t, "update")
	case 2:
		return clustertest.Pods().Draw(t, "pod")
	}
	c := clustertest.Clusters().Draw(t, "cluster").Cluster(t)
	return clustertest.DaemonSets(clustertest.WithLabelsOf(c)).Draw(t, "daemonset for a cluster")
}

// Mutants: a max-surge that leaves maxUnavailable 1, extended resources without limits.
func TestGeneratedObjectsAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects, err := anySpec(t).Objects()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if errs := cluster.Validate(o); len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
		}
	})
}

// Mutants: assemble without the cut to most; pools of the same name.
func TestClustersAreOfTheSizeAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.IntRange(1, 20).Draw(t, "least")
		most := rapid.IntRange(least, 25).Draw(t, "most")
		c := clustertest.Clusters(clustertest.WithNodes(least, most), clustertest.WithPods()).Draw(t, "cluster").Cluster(t)
		if n := c.Nodes().Len(); n < least || n > most {
			t.Fatalf("%d nodes", n)
		}
		for _, pod := range c.Manifest().Pods {
			if !c.Nodes().Has(pod.Spec.NodeName) {
				t.Fatalf("%s is on %s", pod.Name, pod.Spec.NodeName)
			}
		}
	})
}

func TestOptionsNarrowWhatIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := clustertest.Clusters(clustertest.WithPlatforms("GKE", "EKS"), clustertest.WithPools("Windows", "Spot"),
			clustertest.WithHealthyNodes(), clustertest.WithWords("team=blue")).Draw(t, "cluster")
		for n := range w.Cluster(t).Nodes().All() {
			_, gke := n.Labels["cloud.google.com/gke-nodepool"]
			if region := n.Labels[corev1.LabelTopologyRegion]; gke != (region == "europe-west1") || n.Labels["team"] == "" || n.Spec.Unschedulable {
				t.Fatalf("%v", n.Labels)
			}
			if n.Labels[corev1.LabelOSStable] != "windows" && n.Labels["karpenter.sh/capacity-type"] != "spot" && n.Labels["cloud.google.com/gke-spot"] != "true" {
				t.Fatalf("%v", n.Labels)
			}
		}
	})
}

// Mutant: GoString of a pool that leaves out the number.
func TestGoStringRebuildsWhatItPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := append(clustertest.Clusters(clustertest.WithPods()).Draw(t, "cluster"), anySpec(t))
		if diff := cmp.Diff(objectsOf(t, w), objectsOf(t, rebuild(t, w.GoString()))); diff != "" {
			t.Fatalf("%#v\n%s", w, diff)
		}
	})
}

// Mutant: a node named pool without the kind before it.
func TestStringParsesToWhatItPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := append(clustertest.Clusters(clustertest.WithPods()).Draw(t, "cluster"), anySpec(t), clustertest.Node("pool", "a=b"))
		again, err := clustertest.ParseWorld(w.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(objectsOf(t, w), objectsOf(t, again)); diff != "" {
			t.Fatalf("%s\n%s", w, diff)
		}
	})
}

func objectsOf(t *rapid.T, w clustertest.World) (all []any) {
	for _, spec := range w {
		objects, err := spec.Objects()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			all = append(all, o)
		}
	}
	return all
}

// Every edit and fault can be made; two of them in a row too.
func TestEditsAndFaultsApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := clustertest.Clusters().Draw(t, "cluster").Cluster(t)
		edits := append(
			rapid.SliceOfN(clustertest.NodeChanges(c), 1, 3).Draw(t, "edits"),
			rapid.SliceOfN(clustertest.NodeFaults(c), 1, 3).Draw(t, "faults")...)
		for _, e := range edits {
			next, err := e.Apply(c)
			if err != nil {
				t.Fatalf("%v: %v", e, err)
			}
			c = next
		}
		for n := range c.Nodes().All() {
			if errs := cluster.Validate(n); len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
		}
	})
}

// A failing property shrinks to the smallest case that shows it: one node, and no
// unnecessary word.
func TestFailuresShrinkToTheSmallestTellingCase(t *testing.T) {
	for _, tt := range []struct {
		claim string
		runs  clustertest.Spec
		want  string
	}{
		{"an agent runs on every node", clustertest.DaemonSet("agent"),
			`clustertest.Pool("control-plane", 1, "kubernetes.io/os=linux", "kubernetes.io/arch=amd64", "hostname", "node-role.kubernetes.io/control-plane=", "node.kubernetes.io/exclude-from-external-load-balancers=", "taint:node-role.kubernetes.io/control-plane:NoSchedule"),`},
		{"an agent that tolerates NoSchedule runs on every node", clustertest.DaemonSet("agent", "tolerate:*:NoSchedule"),
			`clustertest.Pool("worker", 1, "kubernetes.io/os=linux", "kubernetes.io/arch=amd64", "hostname", "cpu:8", "memory:16Gi", "dedicated=ingress", "taint:dedicated=ingress:NoExecute"),`},
		{"an agent for Linux that tolerates everything runs on every node", clustertest.DaemonSet("agent", "tolerate:*", "on:kubernetes.io/os=linux"),
			`clustertest.Pool("windows", 1, "kubernetes.io/os=windows", "kubernetes.io/arch=amd64", "hostname", "node.kubernetes.io/windows-build=10.0.20348", "taint:os=windows:NoSchedule", "cpu:8", "memory:32Gi"),`},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			w, err := placement.ForDaemonSet(clustertest.Object[*appsv1.DaemonSet](t, tt.runs))
			if err != nil {
				t.Fatal(err)
			}
			var last clustertest.World
			shrunk.Failure(t, func(t *rapid.T) {
				last = clustertest.Clusters().Draw(t, "cluster")
				if p := w.Predict(last.Cluster(t)); p.Excluded().Len()+p.Kept().Len() > 0 {
					t.Fatal(p)
				}
			})
			if got, want := last.GoString(), fmt.Sprintf("clustertest.World{\n\t%s\n}", tt.want); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// A DaemonSet shrinks word by word.
func TestDaemonSetsShrinkToTheTellingWord(t *testing.T) {
	windows := clustertest.Object[*corev1.Node](t, clustertest.Node("win", "kubernetes.io/os=windows"))
	var last clustertest.Spec
	shrunk.Failure(t, func(t *rapid.T) {
		last = clustertest.DaemonSets().Draw(t, "daemonset")
		w, err := placement.ForDaemonSet(clustertest.Object[*appsv1.DaemonSet](t, last))
		if err != nil {
			t.Fatal(err)
		}
		if v := w.Check(windows); v.Decision < placement.Pending {
			t.Fatal(v)
		}
	})
	if got, want := last.GoString(), `clustertest.DaemonSet("default/agent", "on:kubernetes.io/os=linux")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
