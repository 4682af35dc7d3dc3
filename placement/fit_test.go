package placement_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// Mutants seen: pods that have ended counted; pods on their way out not counted;
// own pods found by name though their uid is another; a request of nothing
// refused where too much has been given away; a plain init container's ports
// counted; an address that conflicts only with itself; an account kept although
// the nodes' allocatable amounts changed.
func TestFitAgreesWithTheNaiveReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		ds, pod := gen.DaemonSet(t), gen.Pod(t)
		gen.Containers(t, &ds.Spec.Template.Spec)
		gen.Containers(t, &pod.Spec)
		agreeOn(t, c, ds, pod)
	})
}

// Mutants seen: spread that counts pods on their way out, or of other
// namespaces, or with a selector that is empty; nodes without another
// constraint's label counted; minDomains ignored; a daemon's pod that counts
// beyond its node; the first pod of its kind turned down; a pod near which there
// must be others counted although one term does not mean it; a namespaceSelector
// that finds namespaces nobody made; own pods counted.
func TestRelationsAgreeWithTheNaiveReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		ds, pod := gen.DaemonSet(t), gen.Pod(t)
		ds.Spec.Template.Labels, pod.Labels = gen.PodLabels(t), gen.PodLabels(t)
		gen.Relations(t, &ds.Spec.Template.Spec)
		gen.Relations(t, &pod.Spec)
		agreeOn(t, c, ds, pod)
	})
}

// agreeOn compares verdicts with the naive reference: for a DaemonSet's pods,
// without and with its own, and for an ordinary pod.
func agreeOn(t *rapid.T, c *cluster.Cluster, ds *appsv1.DaemonSet, pod *corev1.Pod) {
	ds.UID = rapid.SampledFrom([]types.UID{"", "1"}).Draw(t, "uid")
	pod.Name = rapid.SampledFrom([]string{"pod", "p0", "p1"}).Draw(t, "name")
	w := daemon(t, ds)
	agree(t, c, w, naivePodToPlace{w.Pod(), true}, ownOfDaemonSet(ds))
	agreeIn(t, surgingWorld(c, ds, w), c, room.WithSurge(w), naivePodToPlace{w.Pod(), true})
	agree(t, c, ordinary(t, pod), naivePodToPlace{pod, false}, ownOfPod(pod))
}

// surgingWorld returns all pods, and one more pod of the DaemonSet on every
// node that wants one and has none.
func surgingWorld(c *cluster.Cluster, ds *appsv1.DaemonSet, w *placement.Workload) world {
	world := newWorld(c, func(*corev1.Pod) bool { return false })
	for _, n := range world.nodes {
		there := world.there[n.Name]
		if naiveDaemon(ds, n) == placement.Eligible && !slices.ContainsFunc(there, ownOfDaemonSet(ds)) {
			world.there[n.Name] = append(there, w.Pod())
		}
	}
	return world
}

func agree(t *rapid.T, c *cluster.Cluster, w *placement.Workload, pod naivePodToPlace, own func(*corev1.Pod) bool) {
	agreeIn(t, newWorld(c, own), c, w, pod)
}

func agreeIn(t *rapid.T, world world, c *cluster.Cluster, w *placement.Workload, pod naivePodToPlace) {
	p := w.Predict(c)
	for _, n := range world.nodes {
		v, _ := p.Verdict(n.Name)
		got, want := fitMessages(v), naiveWhy(pod.Pod, n, world.there[n.Name])
		if naiveFault(pod.Pod) {
			if len(got) != len(want)+1 || p.Placed().Len() != 0 {
				t.Fatalf("%s: want a fault after %v; placed %v\n%v", n.Name, want, p.Placed(), v)
			}
			continue
		}
		want = append(append(want, world.spread(pod, n)...), world.relations(pod, n)...)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s (-reference +verdict): %s\n%v", n.Name, diff, v)
		}
	}
}

// fitMessages returns the messages of the filters that look at the pods on the
// nodes.
func fitMessages(v placement.Verdict) []string {
	var all []string
	for _, r := range v.Reasons {
		if !slices.Contains([]string{"NodeName", "NodeUnschedulable", "TaintToleration", "NodeAffinity"}, r.Plugin) {
			all = append(all, r.Plugin+": "+r.Message)
		}
	}
	return all
}
