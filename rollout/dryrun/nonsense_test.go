package dryrun_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
)

// No call panics, whatever the objects contain. Seen to fail: a Deployment without a
// selector; a pod that a DaemonSet owns and that is aimed at no node, when the
// DaemonSet is gone.
func TestNonsenseDoesNotPanic(t *testing.T) {
	rounds, simulated := 100, 0
	if testing.Short() {
		rounds = 20
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c, err := cluster.New(nonsense(rand.New(rand.NewPCG(seed, 0)))...)
			if err != nil {
				t.Fatal(err)
			}
			askPlacement(c)
			if askRollout(c) {
				simulated++
			}
			askDryrun(c)
		})
	}
	if simulated < rounds/3 {
		t.Errorf("only %d of %d could be simulated", simulated, rounds)
	}
}

// nonsense returns objects of every kind, with names and owners that refer to each
// other.
func nonsense(r *rand.Rand) []runtime.Object {
	objects := []runtime.Object{
		&corev1.Node{}, &corev1.Node{}, &appsv1.DaemonSet{}, &appsv1.DaemonSet{}, &appsv1.Deployment{}, &appsv1.ReplicaSet{},
		&corev1.Pod{}, &corev1.Pod{}, &corev1.Pod{}, &appsv1.ControllerRevision{}, &appsv1.StatefulSet{},
		&corev1.Namespace{}, &corev1.Service{}, &policyv1.PodDisruptionBudget{}, &schedulingv1.PriorityClass{},
	}
	for i, o := range objects {
		zero.Fill(r, o)
		meta := o.(metav1.Object)
		meta.SetName(fmt.Sprintf("n%d", i))
		meta.SetNamespace("default")
		meta.SetUID(types.UID(meta.GetName()))
		own := func(kind string, owner int) {
			if r.IntN(2) == 0 {
				controller, name := true, fmt.Sprintf("n%d", owner)
				meta.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: &controller}})
			}
		}
		few := int32(r.IntN(4))
		switch o := o.(type) {
		case *corev1.Node, *corev1.Namespace, *schedulingv1.PriorityClass:
			meta.SetNamespace("")
		case *corev1.Pod:
			own([]string{"DaemonSet", "ReplicaSet"}[i%2], []int{2, 5}[i%2])
		case *appsv1.ControllerRevision:
			own("DaemonSet", 2)
		case *appsv1.ReplicaSet:
			own("Deployment", 4)
			o.Spec.Replicas = &few
		case *appsv1.Deployment:
			o.Spec.Replicas = &few
		case *appsv1.StatefulSet:
			o.Spec.Replicas = &few
		}
	}
	return objects
}

func askPlacement(c *cluster.Cluster) {
	m := c.Manifest()
	m.Cluster()
	ask := func(w *placement.Workload, err error) {
		if err != nil {
			return
		}
		p := w.Predict(c)
		_ = fmt.Sprint(p, p.Table(), p.Typos(), p.Costs(), p.NotModelled())
		p.Hints()
		p.FailedScheduling()
		p.FailedScheduling("n0")
		for v := range p.Verdicts() {
			_ = v.String()
		}
		for v := range p.Preemptions() {
			_ = v.String()
		}
		p.Preemption()
		room.WithSurge(w).Predict(c).Placed()
	}
	for _, ds := range m.DaemonSets {
		ask(placement.ForDaemonSet(ds))
		ask(placement.ForDaemonSet(ds, placement.Unvalidated()))
	}
	for _, pod := range m.Pods {
		ask(placement.ForPod(pod))
		ask(placement.ForPod(pod, placement.Unvalidated()))
	}
	placement.Replicas(c, m.Deployments[0], 1, placement.Unvalidated())
	placement.Replicas(c, m.ReplicaSets[0], 1, placement.Unvalidated())
	placement.Replicas(c, m.StatefulSets[0], 1, placement.Unvalidated())
	l := placement.NewCapacityReport(c)
	_ = l.String() + l.Table()
}

// askRollout reports whether a simulation could be made.
func askRollout(c *cluster.Cluster) bool {
	s, err := rollout.New(c, rollout.Config{})
	if err != nil {
		return false
	}
	s.Inject(rollout.NodeDown{Node: "n0"}, rollout.Drain{Node: "n1", Force: true, IgnoreDaemonSets: true}, rollout.EvictPods{Node: "n0"}, rollout.CrashLoop{Image: "a"})
	for _, ds := range c.Manifest().DaemonSets {
		ds.Spec.Template.Labels = map[string]string{"app": "b"}
		s.Inject(rollout.Apply{Object: ds, Unvalidated: true})
	}
	s.Advance(50)
	for _, key := range s.Keys() {
		_ = fmt.Sprint(s.State(key))
		s.History(key)
		s.Pods(key)
		s.Object(key)
		_ = fmt.Sprint(diagnosis.Waiting(s, key))
		_ = fmt.Sprint(diagnosis.Diagnose(s, key))
		s.RolloutStatus(key)
		s.Inject(rollout.Undo{Key: key})
	}
	diagnosis.DiagnoseDrain(s, "n1")
	s.Advance(50)
	s.Cluster()
	return true
}

func askDryrun(c *cluster.Cluster) {
	dryrun.Inspect(c, dryrun.Config{})
	b, err := dryrun.NewBaseline(c, dryrun.Config{Limit: 50 * time.Second})
	if err != nil {
		return
	}
	if p, err := b.Plan(dryrun.EditNodes(c.Nodes(), cluster.Taint("a=b:NoExecute"))); err == nil {
		_ = fmt.Sprint(p, p.Check(dryrun.Covers(c.Nodes()), dryrun.Within(time.Second, "50%"), dryrun.Reschedules(), dryrun.ExactlyOne(c.Nodes())))
		p.MarshalJSON()
	}
}
