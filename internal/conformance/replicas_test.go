package conformance

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// Each replica goes to one of the nodes that the scheduler would choose from, with
// the replicas before it where they are, and the first that it has no node for
// waits with its sentence.
func TestReplicas(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := newCensus("several bound", "drawn", "waiting", "only one node")
	check(t, 600, func(t *rapid.T) {
		world, guest := drawn(t)
		upstream.Default(world.Pods...)
		upstream.Default(guest)
		d := deploymentOf(guest, rapid.Int32Range(1, 6).Draw(t, "replicas"))
		out, err := placement.Replicas(snapshot(t, world), d, rapid.Uint64().Draw(t, "seed"), placement.Unvalidated(), placement.WithoutAdmission())
		if err != nil {
			t.Fatal(err)
		}
		seen.cases++
		seen.noteIf(len(out.Bound) > 1, "several bound")
		rs := replicaSetOf(d, out)
		world.ReplicaSets = append(world.ReplicaSets, rs)
		for i, r := range out.Bound {
			pod := replicaOf(rs, i)
			j := judged(t, scheduler, world, pod)
			if why := misplaced(r, j); why != "" || r.Pod != pod.Name {
				t.Fatalf("%v: %s", r, why)
			}
			seen.noteIf(r.TiedNodes > 1, "drawn")
			seen.noteIf(len(j.Feasible) == 1, "only one node")
			pod.Spec.NodeName = r.Node
			world.Pods = append(world.Pods, pod)
		}
		if len(out.Pending) == 0 {
			return
		}
		seen.note("waiting")
		j := judged(t, scheduler, world, replicaOf(rs, len(out.Bound)))
		// What the scheduler says of preemption comes behind the sentence.
		if got := out.Pending[0].Message; got == "" || !strings.HasPrefix(j.Sentence+j.ScoreError, got) {
			t.Fatalf("%s\nwant %s", got, j.Sentence+j.ScoreError)
		}
	})
	seen.report(t, "Deployments in worlds")
}

func judged(t *rapid.T, s *upstream.Scheduler, w gen.World, pod *corev1.Pod) upstream.Judgement {
	if err := s.Show(upstream.World(w)); err != nil {
		t.Fatal(err)
	}
	j, err := s.Judge(t.Context(), pod)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// misplaced returns why the scheduler would not have bound the replica to its node.
func misplaced(r placement.Replica, j upstream.Judgement) string {
	if len(j.Feasible) == 1 && j.Feasible[0] == r.Node {
		return ""
	}
	best, ties := int64(0), 0
	for _, score := range j.Scores { // any order: a maximum
		switch {
		case score.Total > best:
			best, ties = score.Total, 1
		case score.Total == best:
			ties++
		}
	}
	if score, ok := j.Scores[r.Node]; !ok || score.Total != best || r.Total != best || r.TiedNodes != ties {
		return fmt.Sprintf("%d nodes have %d: %v", ties, best, j.Scores)
	}
	return ""
}

func deploymentOf(pod *corev1.Pod, replicas int32) *appsv1.Deployment {
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = pod.Namespace, "new"
	d.Spec.Replicas, d.Spec.Selector = &replicas, &metav1.LabelSelector{MatchLabels: pod.Labels}
	d.Spec.Template.Labels, d.Spec.Template.Spec = pod.Labels, pod.Spec
	return d
}

// replicaSetOf returns the ReplicaSet, with the hash taken from the names of its pods.
func replicaSetOf(d *appsv1.Deployment, out placement.ReplicaPlacement) *appsv1.ReplicaSet {
	first := ""
	if len(out.Bound) > 0 {
		first = out.Bound[0].Pod
	} else {
		first = out.Pending[0].First
	}
	rs := &appsv1.ReplicaSet{}
	rs.Namespace, rs.Name, rs.UID = d.Namespace, strings.TrimSuffix(first, "-0"), "rs"
	rs.Spec.Template = *d.Spec.Template.DeepCopy()
	if rs.Spec.Template.Labels == nil {
		rs.Spec.Template.Labels = map[string]string{}
	}
	rs.Spec.Template.Labels["pod-template-hash"] = strings.TrimPrefix(rs.Name, "new-")
	rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: rs.Spec.Template.Labels}
	return rs
}

func replicaOf(rs *appsv1.ReplicaSet, i int) *corev1.Pod {
	template := rs.Spec.Template.DeepCopy()
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = rs.Namespace, fmt.Sprint(rs.Name, "-", i)
	pod.UID, pod.Labels, pod.Spec = types.UID(pod.Name), template.Labels, template.Spec
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
	return pod
}

// The scheduler stops after as many feasible nodes as Table says.
func TestSampled(t *testing.T) {
	scheduler, err := upstream.NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name, pod.UID = "default", "new", "1"
	w, err := placement.ForPod(pod, placement.Unvalidated())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 99, 100, 101, 124, 125, 199, 250, 264, 300, 625, 1000, 5000, 5625, 6000} {
		nodes := make([]*corev1.Node, n)
		for i := range nodes {
			nodes[i] = &corev1.Node{}
			nodes[i].Name = fmt.Sprintf("node-%04d", i)
		}
		if err := scheduler.Show(upstream.World{Nodes: roomy(nodes)}); err != nil {
			t.Fatal(err)
		}
		want, err := scheduler.Search(t.Context(), pod)
		if err != nil {
			t.Fatal(err)
		}
		c, err := cluster.New(add(nil, nodes)...)
		if err != nil {
			t.Fatal(err)
		}
		note := fmt.Sprintf("The scheduler stops after %d of these %d nodes", want, n)
		if table := w.Predict(c).Table(); strings.Contains(table, note) != (want < n) || strings.Contains(table, "The scheduler stops") != (want < n) {
			t.Errorf("%d nodes: the scheduler is content with %d:\n%s", n, want, table)
		}
	}
}
