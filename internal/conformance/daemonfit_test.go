package conformance

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// For every node of a world on which a DaemonSet wants a pod, Placed and Pending,
// and every reason, are what the scheduler makes of the very pod that the
// controller would create for that node, beside all pods but the DaemonSet's own.
func TestDaemonSetFit(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("placed", "pending", "own pods", "NodePorts", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity")
	check(t, 4000, func(t *rapid.T) {
		world, ds := gen.Worlds().Draw(t, "world"), daemonSetOf(gen.Incoming().Draw(t, "template"))
		upstream.Default(world.Pods...)
		upstream.Default(ds)
		workload, err := placement.ForDaemonSet(ds, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		p := workload.Predict(worldCluster(t, world))
		others := upstream.World(world)
		others.Pods = slices.DeleteFunc(slices.Clone(world.Pods), func(pod *corev1.Pod) bool { return ownedBy(ds, pod) })
		if err := scheduler.Show(others); err != nil {
			t.Fatal(err)
		}
		compareDaemonPods(t, scheduler, seen, p, ds, world)
		seen.noteIf(len(others.Pods) < len(world.Pods), "own pods")
	})
	seen.report(t, "nodes that a DaemonSet wants")
}

// In the middle of a surge the scheduler finds the old pod on every node that wants
// one: Placed is where it would bind the new one beside it, and every reason is
// there where it would not.
func TestSurgeFit(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("placed", "pending", "fits without the old pod", "own pods", "pods to come", "NodePorts", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity")
	check(t, 2000, func(t *rapid.T) {
		world, ds := gen.Worlds().Draw(t, "world"), daemonSetOf(gen.Incoming().Draw(t, "template"))
		upstream.Default(world.Pods...)
		upstream.Default(ds)
		workload, err := placement.ForDaemonSet(ds, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		c := worldCluster(t, world)
		seen.noteIf(slices.ContainsFunc(world.Pods, func(pod *corev1.Pod) bool { return ownedBy(ds, pod) }), "own pods")
		alone, surging := workload.Predict(c), room.WithSurge(workload).Predict(c)
		for _, n := range world.Nodes {
			if run, _ := upstream.ShouldRun(ds, n); run && !slices.ContainsFunc(world.Pods, func(pod *corev1.Pod) bool { return runsFor(ds, pod, n.Name) }) {
				world.Pods = append(world.Pods, daemonPodOn(t, ds, n.Name))
				seen.note("pods to come")
			}
		}
		if err := scheduler.Show(upstream.World(world)); err != nil {
			t.Fatal(err)
		}
		compareDaemonPods(t, scheduler, seen, surging, ds, world)
		seen.noteIf(surging.Pending().And(alone.Placed()).Len() > 0, "fits without the old pod")
	})
	seen.report(t, "nodes that a DaemonSet wants, in the middle of a surge")
}

// compareDaemonPods compares the verdict of each node that wants the DaemonSet's
// pod with what the scheduler, as it was shown the world, makes of that pod.
func compareDaemonPods(t *rapid.T, scheduler *upstream.Scheduler, seen *census, p *placement.Prediction, ds *appsv1.DaemonSet, world gen.World) {
	for _, n := range world.Nodes {
		if run, _ := upstream.ShouldRun(ds, n); !run {
			continue
		}
		pod, err := upstream.DaemonPod(ds, n.Name)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := p.Verdict(n.Name)
		want := against(t, scheduler, pod, n.Name)
		if got := lines(v); !slices.Equal(got, want) || (v.Decision == placement.Placed) != (len(want) == 0) {
			t.Fatalf("%s: %v %q\nwant %q\n%s\n%s", n.Name, v.Decision, got, want, shown(worldOf(world)), shown(ds))
		}
		seen.cases++
		seen.noteIf(v.Decision == placement.Placed, "placed")
		seen.noteIf(v.Decision == placement.Pending, "pending")
		for plugin := range plugins(v) {
			seen.note(plugin)
		}
	}
}

func runsFor(ds *appsv1.DaemonSet, pod *corev1.Pod, node string) bool {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return ownedBy(ds, pod) && pod.Spec.NodeName == node && !ended
}

// daemonPodOn returns the pod that the controller would create for a node, bound there.
func daemonPodOn(t *rapid.T, ds *appsv1.DaemonSet, node string) *corev1.Pod {
	pod, err := upstream.DaemonPod(ds, node)
	if err != nil {
		t.Fatal(err)
	}
	pod.Name, pod.UID, pod.Spec.NodeName = ds.Name+"-on-"+node, types.UID(node), node
	return pod
}

// daemonSetOf makes a DaemonSet of a pod, with the name and UID to which some pods of a world belong.
func daemonSetOf(pod *corev1.Pod) *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{}
	ds.Namespace, ds.Name, ds.UID = pod.Namespace, "web", "DaemonSet"
	ds.Spec.Template.Labels, ds.Spec.Template.Spec = pod.Labels, pod.Spec
	ds.Spec.Template.Spec.NodeName = ""
	return ds
}

func ownedBy(ds *appsv1.DaemonSet, pod *corev1.Pod) bool {
	return pod.Namespace == ds.Namespace && slices.ContainsFunc(pod.OwnerReferences, func(ref metav1.OwnerReference) bool { return ref.UID == ds.UID })
}

// against returns the reasons of all filters that reject the pod on a node, ascending.
func against(t *rapid.T, scheduler *upstream.Scheduler, pod *corev1.Pod, node string) []string {
	want := slices.Clone(scheduler.EveryReason(t.Context(), pod)[node])
	for plugin, said := range scheduler.Filters(t.Context(), pod).Nodes[node] { // any order: sorted below
		if plugin == "PodTopologySpread" || plugin == "InterPodAffinity" {
			continue // more than the first reason is above
		}
		for _, reason := range said.Reasons {
			want = append(want, plugin+": "+reason)
		}
	}
	slices.Sort(want)
	return want
}

func lines(v placement.Verdict) []string {
	var all []string
	for _, r := range v.Reasons {
		all = append(all, r.Plugin+": "+r.Message)
	}
	slices.Sort(all)
	return all
}

func plugins(v placement.Verdict) map[string]bool {
	set := map[string]bool{}
	for _, r := range v.Reasons {
		set[r.Plugin] = true
	}
	return set
}
