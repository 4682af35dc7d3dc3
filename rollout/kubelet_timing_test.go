package rollout

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// startTimes is when each node's pod is ready, on nodes of these names.
func startTimes(t *testing.T, spread Jitter, ds *appsv1.DaemonSet, nodes ...string) map[string]int {
	t.Helper()
	var objects []runtime.Object
	for _, n := range nodes {
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n}})
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(c, Config{Seed: 7, Kubelet: Kubelet{Start: 10 * time.Second, Jitter: spread}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ds); err != nil {
		t.Fatal(err)
	}
	ready := map[string]int{}
	for events := range s.Run(1000) {
		for _, e := range events {
			if e.Kind == EventReady {
				ready[e.Node] = e.Tick
			}
		}
	}
	return ready
}

// The jitter drawn for a pod stays within its bounds, reaches them, and does not
// depend on the other nodes. Mutants seen to fail: jitterOf by the pod's name; a
// draw of most instead of most+1.
func TestJitterIsEachPodsOwn(t *testing.T) {
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	for _, spread := range []Jitter{{Start: 20 * time.Second}, {Start: 20 * time.Second, LongTail: true}, {Start: 20 * time.Second, PerNode: true}} {
		all := startTimes(t, spread, fleetSet("v1", "1"), names...)
		few := startTimes(t, spread, fleetSet("v1", "1"), names[250:]...)
		count := map[int]int{}
		for n, tick := range all {
			if few[n] != 0 && few[n] != tick {
				t.Errorf("%+v: %s takes %d beside 300 and %d beside 50", spread, n, tick, few[n])
			}
			if tick < 10 || tick > 30 {
				t.Errorf("%+v: %s takes %d", spread, n, tick)
			}
			count[tick]++
		}
		if early := count[10] + count[11] + count[12]; spread.LongTail != (early > 120) || count[10] == 0 || !spread.LongTail && count[30] == 0 {
			t.Errorf("%+v: %v", spread, count)
		}
	}
}

// A slow node is slow for every DaemonSet, and otherwise each has its own luck.
func TestJitterPerNode(t *testing.T) {
	other := fleetSet("v1", "1")
	other.Name = "other"
	for _, perNode := range []bool{true, false} {
		spread := Jitter{Start: time.Minute, PerNode: perNode}
		a, b := startTimes(t, spread, fleetSet("v1", "1"), "x", "y", "z"), startTimes(t, spread, other, "x", "y", "z")
		if same := fmt.Sprint(a) == fmt.Sprint(b); same != perNode {
			t.Errorf("PerNode %v: %v and %v", perNode, a, b)
		}
	}
}
