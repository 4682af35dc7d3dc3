package rollout

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
)

// reread returns what is read from the YAML of the cluster.
func reread(t failer, c *cluster.Cluster) *cluster.Cluster {
	t.Helper()
	var text bytes.Buffer
	if err := c.Manifest().WriteYAML(&text); err != nil {
		t.Fatalf("%v", err)
	}
	m, err := cluster.ReadManifest(bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatalf("%.2000v", err)
	}
	again, err := cluster.New(m.Objects()...)
	if err != nil {
		t.Fatalf("%.2000v", err)
	}
	return again
}

// reloaded returns the simulation that goes on from the YAML of another one, with
// its inputs to come.
func reloaded(t failer, s *Sim) *Sim {
	t.Helper()
	cfg := s.Config()
	cfg.Start = s.Time(max(0, s.Now()))
	again, err := New(reread(t, s.Cluster()), cfg)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return again
}

// remembers reports whether the simulation knows something of consequence that no
// object of the API server shows: inputs to come, drains, faults, nodes whose pods
// are held back, backoffs, pods that tolerate a taint for a time, and nodes that are
// about to be tainted or collected.
func remembers(s *Sim) bool {
	if len(s.inputs) > 0 || len(s.evictions.drains) > 0 || len(s.kubelets.faults) > 0 || len(s.health.zones) > 0 || s.nextManaged() <= s.last || len(s.restarted) > 0 {
		return true
	}
	for _, d := range s.daemonSets.order {
		for n := range s.nodes {
			if s.backoffEnds(s.daemonSets.at[d], int32(n)) > s.clock {
				return true
			}
		}
	}
	for n := range s.nodes {
		if s.nodes[n].is(isDown | isUnready | podsUnready | isStuck) {
			return true
		}
	}
	return slices.ContainsFunc(s.pods, func(p pod) bool { return p.phase != vacant && p.evict != never })
}

// outcome returns the YAML of the cluster without the names and UIDs of pods, since
// the number in a name depends on how many pods there were before, without the time
// at which budgets were counted, and without the time at which pods that have
// started were bound: a simulation forgets it, and writes another.
func outcome(t failer, s *Sim) string {
	m := s.Cluster().Manifest()
	for _, n := range m.Nodes {
		for i := range n.Status.Conditions {
			n.Status.Conditions[i].LastHeartbeatTime = metav1.Time{}
		}
	}
	for _, b := range m.PodDisruptionBudgets {
		for i := range b.Status.Conditions {
			b.Status.Conditions[i].LastTransitionTime = metav1.Time{}
		}
	}
	for _, p := range m.Pods {
		for i := range p.Status.Conditions {
			if c := &p.Status.Conditions[i]; c.Type == corev1.PodScheduled && p.Status.Phase != corev1.PodPending {
				c.LastTransitionTime = metav1.Time{}
			}
		}
		if kube.ControllerOf(p, "DaemonSet") != nil || kube.ControllerOf(p, "ReplicaSet") != nil {
			p.Name, p.UID = "", ""
		}
	}
	slices.SortStableFunc(m.Pods, func(a, b *corev1.Pod) int {
		owner := func(p *corev1.Pod) string {
			if ref := metav1.GetControllerOfNoCopy(p); ref != nil {
				return ref.Kind + ref.Name
			}
			return ""
		}
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(owner(a), owner(b)), cmp.Compare(a.Spec.NodeName, b.Spec.NodeName),
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Labels[hashLabel], b.Labels[hashLabel]))
	})
	var text bytes.Buffer
	if err := m.WriteYAML(&text); err != nil {
		t.Fatalf("%v", err)
	}
	return text.String()
}

// drawCut draws a simulation in the middle of what happens, without jitter, whose
// draws depend on the start of time.
func drawCut(t *rapid.T) *Sim {
	y := stories(mixed).Draw(t, "story")
	y.config.Kubelet.Jitter = Jitter{}
	for i := range rapid.IntRange(0, 2).Draw(t, "deployments") {
		d := webDeployment(fmt.Sprintf("web-%d", i), pick(t, "image", "v1", "v2"), rapid.Int32Range(1, 3).Draw(t, "replicas"))
		d.Spec.MinReadySeconds = pick[int32](t, "min ready", 0, 5)
		y.inputs = append(y.inputs, scheduled{rapid.Int32Range(0, 5).Draw(t, "tick"), Apply{Object: d}})
	}
	slices.SortStableFunc(y.inputs, func(a, b scheduled) int { return int(a.tick - b.tick) })
	s := y.sim(t)
	stepped(s, rapid.IntRange(1, y.ticks+5).Draw(t, "cut"))
	return s
}

// A simulation that is written as YAML and read again goes on as if it had not been
// cut, if it knows nothing that is not in the YAML.
func TestACutSimulationGoesOn(t *testing.T) {
	cut, pods := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		uncut := drawCut(t)
		if remembers(uncut) {
			return
		}
		again := reloaded(t, uncut)
		cut++
		pods += len(uncut.Cluster().Manifest().Pods)
		uncut.Advance(300)
		again.Advance(300)
		if diff := gocmp.Diff(outcome(t, uncut), outcome(t, again)); diff != "" {
			t.Fatalf("(-uncut +cut):\n%s", diff)
		}
	})
	t.Logf("%d cut, with %d pods", cut, pods)
}
