package rollout

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// benchStart is the tick at which tests of parts begin.
const benchStart = 10

// bench returns a simulation whose parts a test calls one by one. Pods start within
// 2 s, are ready 3 s later and stop within 5 s.
func bench(t failer, config Config, objects ...runtime.Object) *Sim {
	t.Helper()
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	config.Kubelet = Kubelet{Start: 2 * time.Second, Ready: 3 * time.Second, Stop: 5 * time.Second}
	s, err := New(c, config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	s.skip(benchStart)
	return s
}

// nodeNamed returns a node that has room for all pods.
func nodeNamed(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// put adds a pod of the class on node 0 that no controller has: blank but for what
// change sets.
func put(s *Sim, class int32, change func(p *pod)) int32 {
	id, p := s.newPod(class, 0)
	p.name, p.node = id, 0
	change(p)
	s.link(id)
	return id
}

// plainClass adds a class of pods without a controller.
func plainClass(s *Sim, labels map[string]string) int32 {
	c := newClass("pod", labels, &corev1.PodSpec{})
	c.namespace = "default"
	return s.addClass(nil, c)
}

// A pod's next move follows from its state, the state of its node, and the time from
// which that counts. Moments that have passed are due now.
func TestWhenPodsMove(t *testing.T) {
	for _, test := range []struct {
		name  string
		node  nodeFlags // besides isThere
		phase phase
		flags podFlags
		since simTime
		grace simTime
		evict simTime
		want  int32
	}{
		{"not bound", 0, pending, 0, 9, none, never, none},
		{"starts", 0, pending, bound, 9, none, never, 11},
		{"should have started", 0, pending, bound, 3, none, never, benchStart},
		{"a dump shows that it does not start", 0, pending, bound | stays, 9, none, never, none},
		{"starts although the node is not ready", isUnready, pending, bound, 9, none, never, 11},
		{"does not start without a network", isUnready | noNetwork, pending, bound, 9, none, never, none},
		{"does not start without a runtime", isUnready | noRuntime, pending, bound, 9, none, never, none},
		{"no kubelet", isDown, pending, bound, 9, none, never, none},
		{"becomes ready", 0, running, bound, 9, none, never, 12},
		{"becomes ready although the node is not", isUnready | noNetwork, running, bound, 9, none, never, 12},
		{"becomes ready without a runtime", isUnready | noRuntime, running, bound, 9, none, never, 12},
		{"nor while its pods are held", podsUnready, running, bound, 9, none, never, none},
		{"ready, and nobody waits for minReadySeconds", 0, running, bound | isReady, 9, none, never, none},
		{"ended", 0, succeeded, bound, 9, none, never, none},
		{"failed, and no DaemonSet waits", 0, failed, bound, 9, none, never, none},
		{"stops", 0, running, bound | terminating, 9, none, never, 14},
		{"stops within its grace period", 0, running, bound | terminating, 9, 2, never, 11},
		{"stops although it failed", 0, failed, bound | terminating, 9, none, never, 14},
		{"does not stop without a kubelet", isDown, running, bound | terminating, 9, none, never, none},
		{"stops without a network", isUnready | noNetwork, running, bound | terminating, 9, none, never, 14},
		{"does not stop without a runtime", isUnready | noRuntime, running, bound | terminating, 9, none, never, none},
		{"does not stop on a stuck node", isStuck, running, bound | terminating, 9, none, never, none},
		{"a dump shows that it does not stop", 0, running, bound | terminating | stays, 9, none, never, none},
		{"evicted before it starts", 0, pending, bound, 10, none, 11, 11},
		{"evicted after it starts", 0, pending, bound, 9, none, 20, 11},
		{"evicted without a kubelet", isDown, running, bound, 9, none, 20, 20},
	} {
		s := bench(t, Config{}, nodeNamed("n"))
		s.nodes[0].flags |= test.node
		id := put(s, plainClass(s, nil), func(p *pod) {
			p.phase, p.flags, p.since, p.grace, p.evict = test.phase, test.flags, test.since, test.grace, test.evict
		})
		s.kubelets.arm(id)
		if got := s.pods[id].due; got != test.want {
			t.Errorf("%s: due in %d, want %d", test.name, got, test.want)
		}
		next := s.nextMoves()
		if next != test.want {
			t.Errorf("%s: the queue has %d, want %d", test.name, next, test.want)
		}
	}
}

// A pod is removed at once if nothing runs that must be stopped, or if its grace
// period is zero (pkg/registry/core/pod/strategy.go: CheckGracefulDelete). All others
// are terminating until their kubelet has stopped them. A second deletion may shorten
// the grace period and not extend it.
func TestWhichPodsAreRemovedAtOnce(t *testing.T) {
	for _, test := range []struct {
		name   string
		node   nodeFlags
		phase  phase
		flags  podFlags
		graces []simTime // of the deletions, one after another
		due    int32     // none: it does not stop
		gone   bool
	}{
		{"running", 0, running, bound | isReady, []simTime{none}, 15, false},
		{"bound and not started", 0, pending, bound, []simTime{none}, 15, false},
		{"not bound", 0, pending, 0, []simTime{none}, none, true},
		{"failed", 0, failed, bound, []simTime{none}, none, true},
		{"succeeded", 0, succeeded, bound, []simTime{none}, none, true},
		{"no grace period", 0, running, bound, []simTime{0}, none, true},
		{"no grace period and no kubelet", isDown, running, bound, []simTime{0}, none, true},
		{"no kubelet", isDown, running, bound, []simTime{none}, none, false},
		{"a stuck node", isStuck, running, bound, []simTime{none}, none, false},
		{"a grace period", 0, running, bound, []simTime{3}, 13, false},
		{"a shorter one later", 0, running, bound, []simTime{4, 2}, 12, false},
		{"a longer one later", 0, running, bound, []simTime{2, 4}, 12, false},
		{"none later", 0, running, bound, []simTime{4, 0}, none, true},
		{"its own later", 0, running, bound, []simTime{2, none}, 12, false},
	} {
		s := bench(t, Config{}, nodeNamed("n"))
		s.nodes[0].flags |= test.node
		id := put(s, plainClass(s, nil), func(p *pod) { p.phase, p.flags = test.phase, test.flags })
		for _, grace := range test.graces {
			s.kubelets.deleteWithin(id, grace)
		}
		p := &s.pods[id]
		if gone := p.phase == vacant; gone != test.gone || p.due != test.due || !gone && !p.is(terminating) {
			t.Errorf("%s: gone %v, due in %d, terminating %v", test.name, gone, p.due, p.is(terminating))
		}
	}
}
