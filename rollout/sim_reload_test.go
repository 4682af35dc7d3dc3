package rollout

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

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

// reloaded returns the simulation that goes on from the YAML of another one: its
// first tick is the other's next.
func reloaded(t failer, s *Sim) *Sim {
	t.Helper()
	cfg := s.Config()
	cfg.Start = s.Time(s.Now() + 1)
	again, err := New(reread(t, s.Cluster()), cfg)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return again
}

// outstanding reports whether something is outstanding that no object of the API
// server shows: what unseen reports or forgotten returns.
func outstanding(s *Sim) bool { return unseen(s) || len(forgotten(s)) > 0 }

// unseen reports whether something is outstanding that neither the API server nor a
// controller knows: inputs to come, drains in progress, faults in force, containers
// that their kubelet restarts, and nodes whose health the node lifecycle controller
// still follows, since a kubelet that is silent is not in a dump.
func unseen(s *Sim) bool {
	silent := func(a alarm) bool { return a.kind == unreachable && a.turn == s.nodes[a.node].turn }
	if len(s.inputs) > 0 || len(s.evictions.drains) > 0 || slices.ContainsFunc(s.alarms, silent) {
		return true
	}
	if len(s.health.zones) > 0 || !s.config.Instant && s.nextManaged() <= s.last {
		return true
	}
	for i, f := range s.kubelets.faults {
		ends := func(later fault) bool { return len(later.nodes) == 0 && (later.image == "" || later.image == f.image) }
		if f.kind != health && !slices.ContainsFunc(s.kubelets.faults[i+1:], ends) {
			return true
		}
	}
	for n := range s.nodes {
		if s.nodes[n].is(podsUnready | isStuck) {
			return true
		}
	}
	for id := range s.pods {
		if past := s.restarted[int32(id)]; s.pods[id].phase != vacant && (s.pods[id].is(loops|pulls) || past.once != "" && past.at > s.clock) {
			return true
		}
	}
	return false
}

// forgotten returns what a controller has outstanding that it forgets when it
// restarts: backoffs, timers of nodes that are gone, whose pods are about to be
// collected, and timers of pods that tolerate a taint for a time.
func forgotten(s *Sim) (what []string) {
	for _, slot := range s.daemonSets.order {
		if slices.ContainsFunc(s.daemonSets.at[slot].backoffs, func(b backoff) bool { return b.delay > 0 && !b.expired(s.clock) }) {
			what = append(what, "a backoff")
		}
	}
	if len(s.alarms) > 0 {
		what = append(what, "a node's timer")
	}
	if slices.ContainsFunc(s.pods, func(p pod) bool { return p.phase != vacant && p.evict != never }) {
		what = append(what, "a pod's timer")
	}
	return what
}

// restartControllers has every controller forget what it alone knows, as of the next
// tick: backoffs, and the times that run for pods on tainted nodes and on nodes that
// are gone.
func restartControllers(s *Sim) {
	for _, slot := range s.daemonSets.order {
		s.daemonSets.at[slot].backoffs = nil
	}
	s.clock += s.step
	old := s.alarms
	s.alarms = nil
	for _, a := range old {
		if a.turn == s.nodes[a.node].turn {
			s.alarm(a.kind, a.node, s.health.quarantine)
		}
	}
	for id := range s.pods {
		if p := &s.pods[id]; p.phase != vacant {
			p.evict = never
			s.evictions.processPodTaints(int32(id))
		}
	}
	s.clock -= s.step
	for id := range s.pods {
		if s.pods[id].phase != vacant {
			s.kubelets.arm(int32(id))
		}
	}
}

// outcome returns the YAML of the cluster without the names and UIDs of pods, since
// the number in a name depends on how many pods there were before, without the time
// at which budgets were counted, and without what a simulation forgets and writes
// another time for: when pods that have started or terminate were bound, and when
// pods that terminate started.
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
		if p.DeletionTimestamp != nil {
			p.Status.StartTime = nil
		}
		for i := range p.Status.Conditions {
			if c := &p.Status.Conditions[i]; c.Type == corev1.PodScheduled && (p.Status.Phase != corev1.PodPending || p.DeletionTimestamp != nil) {
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

// drawCut draws a simulation in the middle of what happens.
func drawCut(t *rapid.T) *Sim {
	y := stories(pick(t, "mood", mixed, mixed, drained)).Draw(t, "story")
	y.config.PodGC, y.config.NodeGrace = pick(t, "gc", 0, 30*time.Second), pick(t, "grace", 0, 0, 40*time.Second)
	for i := range rapid.IntRange(0, 2).Draw(t, "deployments") {
		d := webDeployment(fmt.Sprintf("web-%d", i), pick(t, "image", "v1", "v2"), rapid.Int32Range(1, 3).Draw(t, "replicas"))
		d.Spec.MinReadySeconds = pick[int32](t, "min ready", 0, 5)
		y.inputs = append(y.inputs, scheduled{rapid.Int32Range(0, 5).Draw(t, "tick"), Apply{Object: d}})
	}
	if rapid.Bool().Draw(t, "recover") { // no fault is in force at the end
		y.inputs = append(y.inputs, scheduled{int32(y.ticks), Recover{}})
	}
	cut := rapid.IntRange(1, y.ticks+5).Draw(t, "cut")
	for range rapid.IntRange(0, 2).Draw(t, "late") { // what controllers remember
		node := pick(t, "node", "n0", "n1")
		y.inputs = append(y.inputs, scheduled{int32(max(0, cut-rapid.IntRange(1, 3).Draw(t, "before"))), pick[Input](t, "trouble",
			FailPods{node}, FailPods{node}, NodeDown{node}, RemoveNode{node}, EditNode{node, []cluster.NodeEdit{cluster.Taint("new=x:NoExecute")}}, NodeReady{node})})
	}
	slices.SortStableFunc(y.inputs, func(a, b scheduled) int { return int(a.tick - b.tick) })
	s := y.sim(t)
	stepped(s, cut)
	return s
}

// A simulation that is written as YAML and read again goes on as if it had not been
// cut, if nothing is outstanding that is not in the YAML.
func TestACutSimulationGoesOn(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		uncut := drawCut(t)
		if outstanding(uncut) {
			return
		}
		noteCut(uncut, seen)
		sameEnd(t, uncut, reloaded(t, uncut))
	})
	reportCuts(t, seen)
}

// A simulation that is written as YAML anywhere and read again goes on as one whose
// controllers all restart there, if it has no inputs and faults that are not in the
// YAML.
//
// Mutants seen: jitter drawn by the distance from Config.Start; the pods of a node that
// is gone collected at once.
func TestACutIsARestartOfControllers(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		uncut := drawCut(t)
		if unseen(uncut) {
			return
		}
		noteCut(uncut, seen)
		for _, what := range forgotten(uncut) {
			seen[what]++
		}
		again := reloaded(t, uncut)
		restartControllers(uncut)
		sameEnd(t, uncut, again)
	})
	reportCuts(t, seen, "a backoff")
}

func noteCut(s *Sim, seen map[string]int) {
	seen["cut"]++
	if s.config.Kubelet.Jitter != (Jitter{}) {
		seen["with jitter"]++
	}
	if len(s.kubelets.faults) > 0 {
		seen["with faults that are over"]++
	}
	if !s.Settled() {
		seen["in the middle"]++
	}
	seen["pods"] += len(s.Cluster().Manifest().Pods)
}

func reportCuts(t *testing.T, seen map[string]int, more ...string) {
	t.Log(seen)
	for _, what := range append(more, "cut", "in the middle", "with faults that are over", "pods") {
		if seen[what] == 0 && !testing.Short() {
			t.Errorf("never seen: %s", what)
		}
	}
}

func sameEnd(t failer, uncut, again *Sim) {
	t.Helper()
	uncut.Advance(300)
	again.Advance(300)
	if diff := gocmp.Diff(outcome(t, uncut), outcome(t, again)); diff != "" {
		t.Fatalf("(-uncut +cut):\n%s", diff)
	}
}
