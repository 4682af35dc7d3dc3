package rollout

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

// requesting adds a class of pods that request so much cpu, in tenths of what the node
// of smallNode has, and preempt no others.
func requesting(t failer, s *Sim, tenths int64, priority int32) int32 {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "pod"}, Spec: corev1.PodSpec{
		PreemptionPolicy: ptr(corev1.PreemptNever),
		Containers: []corev1.Container{{Name: "main", Image: "v1", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(100*tenths, resource.DecimalSI)},
		}}},
	}}
	w, err := placement.ForPod(pod)
	if err != nil {
		t.Fatalf("%v", err)
	}
	id := plainClass(s, nil)
	c := s.classes[id]
	c.template, c.workload, c.load, c.priority = &corev1.PodTemplateSpec{Spec: pod.Spec}, w, room.LoadOfWorkload(w), priority
	return id
}

// waitingPod is a pod as the queue of kube-scheduler has it.
type waitingPod struct {
	id, priority int32
	tenths       int64
	entered      int // a count that goes on with each pod and each try
	tries        int
	last         simTime
}

// retryAt returns when the backoff of the pod ends, or 0 if that is over
// (pkg/scheduler/backend/queue/backoff_queue.go: getBackoffTime).
func (w *waitingPod) retryAt(now simTime) simTime {
	for n, pause := 1, simTime(1); n <= w.tries; n, pause = n+1, min(2*pause, 10) {
		if n == w.tries && w.last+pause >= now {
			return w.last + pause
		}
	}
	return 0
}

// The scheduler takes the pods by backoff, priority, and the time at which they entered
// the queue, and binds each that still fits: a large pod that does not fit keeps no
// smaller one waiting. Pods that were tried in vain are tried again only after room was
// freed. Mutants seen to fail: compareQueued without backoff; mayFit without tried; take
// that reverses the queue before it sorts it.
func TestTheSchedulerBindsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := bench(t, Config{}, smallNode("n"))
		s.survey()
		var waiting []*waitingPod
		var running []*waitingPod
		entered, free, freed := 0, int64(10), true
		for range rapid.IntRange(1, 12).Draw(t, "ticks") {
			var arrived []*waitingPod
			for range rapid.IntRange(0, 3).Draw(t, "pods") {
				w := &waitingPod{priority: rapid.Int32Range(0, 2).Draw(t, "priority"), tenths: rapid.Int64Range(1, 7).Draw(t, "tenths"), entered: entered}
				w.id = put(s, requesting(t, s, w.tenths, w.priority), func(p *pod) { p.created = s.clock })
				s.scheduler.enqueue(w.id)
				arrived, entered = append(arrived, w), entered+1
			}
			tried, rest := arrived, waiting
			if freed {
				tried, rest = append(waiting, arrived...), nil
			}
			slices.SortFunc(tried, func(a, b *waitingPod) int {
				return cmp.Or(cmp.Compare(a.retryAt(s.clock), b.retryAt(s.clock)), cmp.Compare(b.priority, a.priority), cmp.Compare(a.entered, b.entered))
			})
			f := s.Fork()
			f.scheduler.take()
			for i, w := range tried {
				if len(f.trying) != len(tried) || f.trying[i].pod != w.id {
					t.Fatalf("at %d it tries %+v, and not pod %+v as number %d of %d", s.clock, f.trying, w, i, len(tried))
				}
			}
			waiting, freed = slices.Clone(rest), false
			for _, w := range tried {
				if w.tenths <= free {
					free, running = free-w.tenths, append(running, w)
					continue
				}
				w.tries, w.last, w.entered, entered = w.tries+1, s.clock, entered, entered+1
				waiting = append(waiting, w)
			}
			s.scheduler.schedule()
			for _, w := range waiting {
				if s.pods[w.id].is(bound) {
					t.Fatalf("pod %+v is bound, and %d tenths are left:\n%s", w, free, lines(s.untold()))
				}
			}
			for _, w := range running {
				if !s.pods[w.id].is(bound) {
					t.Fatalf("pod %+v waits, and %d tenths are left:\n%s", w, free, lines(s.untold()))
				}
			}
			if s.freed && len(waiting) > 0 {
				t.Fatalf("it would try again")
			}
			s.clock += simTime(rapid.SampledFrom([]int{0, 1, 1, 2, 5}).Draw(t, "seconds"))
			if len(running) > 0 && rapid.Bool().Draw(t, "one goes") {
				free, freed = free+running[0].tenths, true
				s.vanish(running[0].id)
				running = running[1:]
			}
		}
	})
}

// With OrderSeeded a draw decides between new pods of one priority, and nothing else:
// pods that were tried before stay in front.
func TestEqualArrivalsAreDrawn(t *testing.T) {
	firsts := map[int32]int{}
	for seed := range uint64(40) {
		s := bench(t, Config{Order: OrderSeeded, Seed: seed}, smallNode("n"))
		s.survey()
		class := requesting(t, s, 6, 0)
		old := put(s, class, func(p *pod) { p.flags |= tried })
		s.unbound, s.freed = append(s.unbound, queuedPod{pod: old}), true
		for i := range int32(2) {
			s.scheduler.enqueue(put(s, class, func(p *pod) { p.name = i + 1 }))
		}
		s.scheduler.take()
		if s.trying[0].pod != old {
			t.Fatalf("seed %d: the pod that was tried before is not the first", seed)
		}
		firsts[s.trying[1].pod]++
	}
	if len(firsts) != 2 {
		t.Errorf("one of two equal pods is always the first: %v", firsts)
	}
}

// The scheduler preempts where a pod of lower priority runs, wherever it stands among
// the others, and not while a pod that it has preempted is still terminating
// (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go:
// PodEligibleToPreemptOthers). Pods: l has lower priority, e the same, h higher; then d
// has ended, t is terminating, p too and preempted.
func TestWhenThereIsAPodToPreempt(t *testing.T) {
	for _, test := range []struct {
		pods      string
		nominated bool
		want      bool
	}{
		{"", false, false}, {"e", false, false}, {"h", false, false}, {"l", false, true},
		{"h l", false, true}, {"l h", false, true}, {"e h l", false, true}, {"ld", false, false}, {"ld l", false, true}, {"hd l", false, true},
		{"lt", false, true}, {"lp", false, true}, {"lp", true, false}, {"lp l", true, false}, {"l lp", true, false},
		{"lt", true, true}, {"hp l", true, true}, {"l", true, true},
	} {
		s := bench(t, Config{}, smallNode("n"))
		classes := map[byte]int32{}
		for kind, priority := range map[byte]int32{'l': 1, 'e': 2, 'h': 3} { // any order: each by itself
			classes[kind] = requesting(t, s, 1, priority)
		}
		for i, word := range strings.Fields(test.pods) {
			put(s, classes[word[0]], func(p *pod) {
				p.created, p.phase, p.flags = simTime(i), running, bound
				switch word[1:] {
				case "d":
					p.phase = succeeded
				case "t":
					p.flags |= terminating
				case "p":
					p.flags |= terminating | preempted
				}
			})
		}
		id := put(s, classes['e'], func(p *pod) {
			if test.nominated {
				p.flags |= nominated
			}
		})
		if got := s.scheduler.mayPreempt(&s.pods[id]); got != test.want {
			t.Errorf("%q, nominated %v: %v, want %v", test.pods, test.nominated, got, test.want)
		}
	}
}
