package conformance

import (
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// The reported usage of a node equals the scheduler's own NodeInfo, once the controller
// has created every pod that it wants and deleted all others.
func TestLedger(t *testing.T) {
	seen := newCensus("overloaded", "clashing", "wanted", "kept", "scalars")
	check(t, 2000, func(t *rapid.T) {
		world := gen.Worlds().Draw(t, "world")
		upstream.Default(world.Pods...)
		daemonSets := []*appsv1.DaemonSet{daemonSetOf(gen.Incoming().Draw(t, "template")), daemonSetOf(gen.Incoming().Draw(t, "template"))}
		daemonSets[1].Name, daemonSets[1].UID = "second", "second"
		upstream.Default(daemonSets...)
		c, err := worldCluster(t, world).With(objects(daemonSets)...)
		if err != nil {
			t.Fatal(err)
		}
		ledger := placement.NewCapacityReport(c)
		for _, n := range world.Nodes {
			e, _ := ledger.Node(n.Name)
			info := framework.NewNodeInfo(settled(t, world, daemonSets, n)...)
			info.SetNode(n)
			if got, want := freeOf(e), freeBeside(info); !slices.Equal(got, want) {
				t.Fatalf("%s: %v\nwant %v\n%s\n%s", n.Name, got, want, shown(worldOf(world)), shown(daemonSets))
			}
			seen.cases++
			seen.noteIf(ledger.Overloaded().Has(n.Name), "overloaded")
			seen.noteIf(len(e.Conflicts) > 0, "clashing")
			seen.noteIf(len(e.Free) > 4, "scalars")
			kept := func(s placement.DaemonSetUsage) bool { return s.Kept }
			seen.noteIf(slices.ContainsFunc(e.DaemonSets, kept), "kept")
			seen.noteIf(slices.ContainsFunc(e.DaemonSets, func(s placement.DaemonSetUsage) bool { return !s.Kept }), "wanted")
		}
	})
	seen.report(t, "accounts of nodes")
}

// settled returns the pods of a node after the DaemonSet controller has settled.
func settled(t *rapid.T, w gen.World, daemonSets []*appsv1.DaemonSet, n *corev1.Node) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range w.Pods {
		if pod.Spec.NodeName == n.Name && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			pods = append(pods, pod)
		}
	}
	for _, ds := range daemonSets {
		run, stay := upstream.ShouldRun(ds, n)
		if run || !stay {
			pods = slices.DeleteFunc(pods, func(pod *corev1.Pod) bool { return ownedBy(ds, pod) })
		}
		if run {
			pods = append(pods, daemonPodOn(t, ds, n.Name))
		}
	}
	return pods
}

// freeBeside returns the free amount of each resource that the node has or a pod requests.
func freeBeside(info *framework.NodeInfo) []string {
	free := map[string]int64{
		"cpu": info.Allocatable.MilliCPU - info.Requested.MilliCPU, "memory": info.Allocatable.Memory - info.Requested.Memory,
		"ephemeral-storage": info.Allocatable.EphemeralStorage - info.Requested.EphemeralStorage,
		"pods":              int64(info.Allocatable.AllowedPodNumber - len(info.Pods)),
	}
	for name, amount := range info.Allocatable.ScalarResources { // any order: a sum
		free[string(name)] += amount
	}
	for name, amount := range info.Requested.ScalarResources { // any order: a sum
		free[string(name)] -= amount
	}
	var all []string
	for name, amount := range free { // any order: sorted below
		if amount != 0 {
			all = append(all, fmt.Sprint(name, " ", amount))
		}
	}
	slices.Sort(all)
	return all
}

func freeOf(e placement.NodeUsage) []string {
	var all []string
	for name, free := range e.Free { // any order: sorted below
		amount := free.Value()
		if name == corev1.ResourceCPU {
			amount = free.MilliValue()
		}
		if amount != 0 {
			all = append(all, fmt.Sprint(name, " ", amount))
		}
	}
	slices.Sort(all)
	return all
}
