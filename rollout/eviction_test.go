package rollout

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// An eviction asks the budgets only for a pod that runs, and counts a pod that is not
// ready by the policy for unhealthy pods (pkg/registry/core/pod/storage/eviction.go:
// EvictionREST.Create, canIgnorePDB).
func TestWhichEvictionsAreGranted(t *testing.T) {
	const refused, retried = "refused", "refused for now"
	always := policyv1.AlwaysAllow
	for _, test := range []struct {
		name    string
		phase   phase
		flags   podFlags
		ready   int   // other pods
		least   []int // minAvailable of the budgets
		policy  *policyv1.UnhealthyPodEvictionPolicyType
		another bool // the budgets are for other pods, or in another namespace
		want    string
	}{
		{"no budget", running, isReady, 0, nil, nil, false, ""},
		{"others' budgets", running, isReady, 0, []int{9, 9}, nil, true, ""},
		{"room in the budget", running, isReady, 2, []int{2}, nil, false, ""},
		{"no room", running, isReady, 1, []int{2}, nil, false, retried},
		{"two budgets", running, isReady, 9, []int{1, 1}, nil, false, refused},
		{"pending", pending, 0, 0, []int{2}, nil, false, ""},
		{"failed", failed, 0, 0, []int{2}, nil, false, ""},
		{"succeeded", succeeded, 0, 0, []int{2}, nil, false, ""},
		{"terminating", running, isReady | terminating, 0, []int{2, 2}, nil, false, ""},
		{"not ready, enough are", running, 0, 2, []int{2}, nil, false, ""},
		{"not ready, too few are", running, 0, 1, []int{2}, nil, false, retried},
		{"not ready, none need be", running, 0, 1, []int{0}, nil, false, ""},
		{"not ready, none need be nor is", running, 0, 0, []int{0}, nil, false, retried},
		{"not ready, too few are, and may always go", running, 0, 1, []int{2}, &always, false, ""},
		{"ready, too few are, and the policy is for others", running, isReady, 1, []int{2}, &always, false, retried},
	} {
		app := map[string]string{"app": "web"}
		objects := []runtime.Object{nodeNamed("n")}
		for i, n := range test.least {
			least, selector, namespace := intstr.FromInt(n), app, "default"
			switch {
			case test.another && i == 0:
				selector = map[string]string{"app": "other"}
			case test.another:
				namespace = "other"
			}
			objects = append(objects, &policyv1.PodDisruptionBudget{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprint("b", i)},
				Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &least, Selector: &metav1.LabelSelector{MatchLabels: selector}, UnhealthyPodEvictionPolicy: test.policy},
			})
		}
		s := bench(t, Config{}, objects...)
		class := plainClass(s, app)
		for range test.ready {
			put(s, class, func(p *pod) { p.phase, p.flags = running, bound|isReady })
		}
		id := put(s, class, func(p *pod) { p.phase, p.flags = test.phase, bound|test.flags })
		r := s.evictions.evictPod(id, ReasonDrain, none)
		got := ""
		if r.message != "" {
			got = refused
		}
		if r.again {
			got = retried
		}
		if got != test.want {
			t.Errorf("%s: %q (%s), want %q", test.name, got, r.message, test.want)
		}
		p := &s.pods[id]
		if left := p.phase != vacant && !p.is(terminating); left != (test.want != "") {
			t.Errorf("%s: the pod is left alone: %v", test.name, left)
		}
		if told := strings.Contains(lines(s.report()), "Evicted"); told != (test.want == "" && test.flags&terminating == 0) {
			t.Errorf("%s: an event: %v", test.name, told)
		}
	}
}

// A pod leaves a node when the shortest time is over for which it tolerates a NoExecute
// taint, or at once if it does not tolerate one. A time that runs goes on while any
// taint limits it (pkg/controller/tainteviction/taint_eviction.go: processPodOnNode,
// getMinTolerationTime).
func TestWhenTaintsEvict(t *testing.T) {
	tolerate := func(key string, seconds int64) corev1.Toleration {
		x := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists}
		if seconds >= 0 {
			x.TolerationSeconds = &seconds
		}
		return x
	}
	for _, test := range []struct {
		name        string
		taints      string // a letter each; a capital is NoExecute
		tolerations []corev1.Toleration
		flags       podFlags
		was         simTime
		want        simTime
	}{
		{"no taint", "", nil, bound, never, never},
		{"another effect", "a", nil, bound, never, never},
		{"not tolerated", "A", nil, bound, never, benchStart},
		{"tolerated", "A", []corev1.Toleration{tolerate("A", -1)}, bound, never, never},
		{"for a time", "A", []corev1.Toleration{tolerate("A", 7)}, bound, never, benchStart + 7},
		{"the first that matches counts", "A", []corev1.Toleration{tolerate("A", 7), tolerate("A", 3)}, bound, never, benchStart + 7},
		{"the shortest of two taints", "AB", []corev1.Toleration{tolerate("A", 7), tolerate("B", 3)}, bound, never, benchStart + 3},
		{"one of two not tolerated", "AB", []corev1.Toleration{tolerate("A", 7)}, bound, never, benchStart},
		{"one of two without a limit", "AB", []corev1.Toleration{tolerate("A", 7), tolerate("B", -1)}, bound, never, benchStart + 7},
		{"a time that runs goes on", "A", []corev1.Toleration{tolerate("A", 7)}, bound, 12, 12},
		{"even if a shorter one comes", "AB", []corev1.Toleration{tolerate("A", 7), tolerate("B", 1)}, bound, 15, 15},
		{"but not where one is not tolerated", "AB", []corev1.Toleration{tolerate("A", 7)}, bound, 15, benchStart},
		{"nor where none limits it any more", "", []corev1.Toleration{tolerate("A", 7)}, bound, 15, never},
		{"not bound", "A", nil, 0, never, never},
	} {
		node := nodeNamed("n")
		for _, key := range strings.Split(test.taints, "") {
			effect := corev1.TaintEffectNoExecute
			if key == strings.ToLower(key) {
				effect = corev1.TaintEffectNoSchedule
			}
			node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Effect: effect})
		}
		s := bench(t, Config{}, node)
		class := plainClass(s, nil)
		s.classes[class].tolerates = test.tolerations
		id := put(s, class, func(p *pod) { p.phase, p.flags, p.evict = running, test.flags, test.was })
		s.evictions.processPodTaints(id)
		if got := s.pods[id].evict; got != test.want {
			t.Errorf("%s: evicted at %d, want %d", test.name, got, test.want)
		}
	}
}
