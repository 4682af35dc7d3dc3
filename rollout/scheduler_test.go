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

// The scheduler takes the unbound pods by priority, then by age, and binds each that
// still fits: a large pod that does not fit keeps no smaller one waiting. It tries
// nothing again until a pod goes. Mutants seen to fail: byPriority without priority;
// schedule that stops at the first pod that does not fit; bindPod that does not set
// freed.
func TestTheSchedulerBindsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := bench(t, Config{}, smallNode("n"))
		s.survey()
		tenths := map[int32]int64{}
		var waiting, running []int32
		for range rapid.IntRange(1, 8).Draw(t, "pods") {
			n, priority := rapid.Int64Range(1, 7).Draw(t, "tenths"), rapid.Int32Range(0, 2).Draw(t, "priority")
			created := rapid.Int32Range(5, 8).Draw(t, "created")
			id := put(s, requesting(t, s, n, priority), func(p *pod) { p.created = created })
			s.unbound, s.freed = append(s.unbound, id), true
			tenths[id], waiting = n, append(waiting, id)
		}
		slices.SortStableFunc(waiting, func(a, b int32) int {
			p, q := &s.pods[a], &s.pods[b]
			return cmp.Or(cmp.Compare(s.classes[q.class].priority, s.classes[p.class].priority), cmp.Compare(p.created, q.created))
		})
		free := int64(10)
		for range 3 {
			var still []int32
			for _, id := range waiting {
				if tenths[id] > free {
					still = append(still, id)
					continue
				}
				free -= tenths[id]
				running = append(running, id)
			}
			waiting = still
			s.scheduler.schedule()
			for _, id := range waiting {
				if s.pods[id].is(bound) {
					t.Fatalf("pod %d is bound, and %d tenths are left:\n%s", id, free, lines(s.untold()))
				}
			}
			for _, id := range running {
				if !s.pods[id].is(bound) {
					t.Fatalf("pod %d waits, and %d tenths are left:\n%s", id, free, lines(s.untold()))
				}
			}
			if s.freed && len(waiting) > 0 {
				t.Fatalf("it would try again")
			}
			if len(running) == 0 {
				return
			}
			free += tenths[running[0]]
			s.vanish(running[0])
			running = running[1:]
		}
	})
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
