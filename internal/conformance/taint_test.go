package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/rollout"
)

// When NoExecute taints and nodes come and go, pods are evicted in the same ticks as by
// the real taint eviction controller.
// Mutants seen to fail: taints processed after each edit and not once in a tick; a
// removed node forgets its taints; a running toleration time restarts when they change.
func TestTaintsEvictAsKubernetes(t *testing.T) {
	census := newCensus("no pod is evicted", "at once", "later",
		"a pod is not evicted after all", "a terminal pod", "a node goes", "a node comes back", "two edits in a tick")
	check(t, 500, func(rt *rapid.T) {
		s := drawTainted(rt)
		var theirs map[string]time.Duration
		var err error
		controllers.InVirtualTime(t, func() { theirs, err = upstream.TaintEvictions(s.pods, s.changes(), taintedTicks*time.Second) })
		if err != nil {
			rt.Fatalf("driver: %v", err)
		}
		want := map[string]int{}
		for pod, after := range theirs {
			want[pod] = int((after + time.Second - 1) / time.Second)
		}
		got := s.evictions(rt)
		if !maps.Equal(want, got) {
			rt.Fatalf("Kubernetes evicts in ticks %v\nberth      evicts in ticks %v\n%v", want, got, s)
		}
		s.note(census, got)
	})
	census.report(t, "scenarios")
}

const taintedTicks = 30

// tainted is a history of taints on the nodes of pods without a controller.
type tainted struct {
	pods  []*corev1.Pod
	steps []taintStep // ascending by tick
}

// taintStep lists the edits of a node's taints in one tick. Without edits the node is
// removed.
type taintStep struct {
	tick   int
	node   string
	edits  [][]corev1.Taint
	before bool // it was there
}

func drawTainted(t *rapid.T) *tainted {
	s := &tainted{}
	for i := range rapid.IntRange(1, 4).Draw(t, "pods") {
		s.pods = append(s.pods, drawBarePod(t, fmt.Sprintf("p%d", i)))
	}
	there := map[string]bool{"n1": true, "n2": true}
	tick := 0
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		step := taintStep{tick: tick, node: oneOf(t, "node", "n1", "n1", "n2"), edits: [][]corev1.Taint{}}
		step.before = there[step.node]
		if there[step.node] = !step.before || rapid.IntRange(0, 5).Draw(t, "goes") > 0; there[step.node] {
			for range oneOf(t, "edits", 1, 1, 1, 2, 3) {
				step.edits = append(step.edits, drawTaints(t))
			}
		}
		s.steps = append(s.steps, step)
		tick += rapid.IntRange(1, 4).Draw(t, "gap")
	}
	return s
}

func drawBarePod(t *rapid.T, name string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}}
	p.Spec.NodeName = oneOf(t, "on", "n1", "n1", "n2")
	p.Status.Phase = oneOf(t, "phase", corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodPending, corev1.PodFailed, corev1.PodSucceeded)
	for range rapid.IntRange(0, 4).Draw(t, "tolerations") {
		tol := corev1.Toleration{
			Key:      oneOf(t, "key", "a", "a", "b", "c", ""),
			Operator: oneOf(t, "operator", corev1.TolerationOpExists, corev1.TolerationOpExists, corev1.TolerationOpEqual),
			Effect:   oneOf(t, "effect", corev1.TaintEffectNoExecute, ""),
		}
		if tol.Operator == corev1.TolerationOpEqual {
			tol.Value = oneOf(t, "value", "", "x")
		}
		if tol.Key == "" {
			tol.Operator, tol.Value = corev1.TolerationOpExists, ""
		}
		if seconds := oneOf[int64](t, "seconds", 1, 2, 3, 5, 9, 0, -4, 100, forEver); seconds != forEver {
			tol.TolerationSeconds = &seconds
			tol.Effect = corev1.TaintEffectNoExecute
		}
		p.Spec.Tolerations = append(p.Spec.Tolerations, tol)
	}
	return p
}

const forEver = 1 << 40

func drawTaints(t *rapid.T) []corev1.Taint {
	var taints []corev1.Taint
	for _, key := range []string{"a", "b", "c"} {
		if rapid.IntRange(0, 2).Draw(t, "tainted "+key) == 0 {
			taints = append(taints, corev1.Taint{
				Key: key, Value: oneOf(t, "value", "", "x"),
				Effect: oneOf(t, "effect", corev1.TaintEffectNoExecute, corev1.TaintEffectNoExecute, corev1.TaintEffectNoSchedule),
			})
		}
	}
	return taints
}

func taintedNode(name string, taints []corev1.Taint) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	n.Spec.Taints = taints
	return n
}

// changes returns what the real controller sees: the state after each tick's edits. It
// sees them a little before the tick, and earlier the later the tick is, so that what is
// due in a tick follows the edits of that tick, as in berth.
func (s *tainted) changes() []upstream.NodeChange {
	all := []upstream.NodeChange{{Name: "n1", Node: taintedNode("n1", nil)}, {Name: "n2", Node: taintedNode("n2", nil)}}
	for _, step := range s.steps {
		c := upstream.NodeChange{At: time.Duration(step.tick+1)*time.Second - time.Duration(step.tick+1)*time.Millisecond, Name: step.node}
		if n := len(step.edits); n > 0 {
			c.Node = taintedNode(step.node, step.edits[n-1])
		}
		all = append(all, c)
	}
	return all
}

// evictions plays it on a simulation, whose tick 0 is a second after the start.
func (s *tainted) evictions(t failer) map[string]int {
	objects := []runtime.Object{taintedNode("n1", nil), taintedNode("n2", nil)}
	for _, p := range s.pods {
		objects = append(objects, p)
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	sim, err := rollout.New(c, rollout.Config{PodGC: time.Hour, Instant: true})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, step := range s.steps {
		if err := sim.At(step.tick, step.inputs()...); err != nil {
			t.Fatalf("%v", err)
		}
	}
	evicted := map[string]int{}
	for range taintedTicks - 1 {
		for _, e := range sim.Tick() {
			if e.Kind == rollout.EventEvicted {
				evicted[e.Pod] = e.Tick + 1
			}
		}
	}
	return evicted
}

func (s *taintStep) inputs() (all []rollout.Input) {
	switch {
	case len(s.edits) == 0 && s.before:
		return []rollout.Input{rollout.RemoveNode{Node: s.node}}
	case len(s.edits) == 0:
		return nil
	}
	edits := s.edits
	if !s.before {
		all, edits = append(all, rollout.ApplyNode{Node: taintedNode(s.node, edits[0])}), edits[1:]
	}
	for _, taints := range edits {
		edit := rollout.EditNode{Node: s.node, Edits: []cluster.NodeEdit{cluster.Untaint("a"), cluster.Untaint("b"), cluster.Untaint("c")}}
		for _, taint := range taints {
			edit.Edits = append(edit.Edits, cluster.Taint(taint.ToString()))
		}
		all = append(all, edit)
	}
	return all
}

func (s *tainted) String() string {
	var b strings.Builder
	for _, p := range s.pods {
		fmt.Fprintf(&b, "%s on %s %s", p.Name, p.Spec.NodeName, p.Status.Phase)
		for _, tol := range p.Spec.Tolerations {
			fmt.Fprintf(&b, " %s %s %s %s", tol.Key, tol.Operator, tol.Value, tol.Effect)
			if tol.TolerationSeconds != nil {
				fmt.Fprintf(&b, " for %d;", *tol.TolerationSeconds)
			}
		}
		b.WriteByte('\n')
	}
	for _, step := range s.steps {
		fmt.Fprintf(&b, "tick %d, one second later there: %s (there: %t) %v\n", step.tick, step.node, step.before, step.edits)
	}
	return b.String()
}

func (s *tainted) note(census *census, evicted map[string]int) {
	census.cases++
	census.noteIf(len(evicted) == 0, "no pod is evicted")
	census.noteIf(len(evicted) < len(s.pods), "a pod is not evicted after all")
	for _, p := range s.pods {
		at, gone := evicted[p.Name]
		census.noteIf(gone && p.Status.Phase != corev1.PodRunning && p.Status.Phase != corev1.PodPending, "a terminal pod")
		mine := slices.ContainsFunc(s.steps, func(step taintStep) bool { return step.node == p.Spec.NodeName && step.tick+1 == at })
		census.noteIf(gone && mine, "at once")
		census.noteIf(gone && !mine, "later")
	}
	for i, step := range s.steps {
		census.noteIf(len(step.edits) > 1, "two edits in a tick")
		census.noteIf(i > 0 && !step.before, "a node comes back")
		census.noteIf(step.before && len(step.edits) == 0, "a node goes")
	}
}
