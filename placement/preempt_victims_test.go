package placement

import (
	"fmt"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/gen"
)

// A node that was tried leaves nothing behind: each attempt is as if it were the first,
// with pods that count for affinity and spread among the victims. Mutants seen to fail:
// preempt that does not restore the room, or shifts the question by another number.
func TestAttemptsLeaveNothingBehind(t *testing.T) {
	victims, related := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var objects []runtime.Object
		for i := range rapid.IntRange(1, 5).Draw(t, "nodes") {
			name := fmt.Sprintf("n%02d", i)
			labels := map[string]string{"a": rapid.SampledFrom([]string{"x", "y"}).Draw(t, "a"), "b": "x", corev1.LabelHostname: name}
			objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Status: corev1.NodeStatus{Allocatable: gen.Allocatable(t)}})
		}
		for i := range rapid.IntRange(2, 10).Draw(t, "pods") {
			pod := gen.Running(t, fmt.Sprintf("p%d", i))
			pod.Spec.TopologySpreadConstraints = nil
			objects = append(objects, pod)
		}
		c, err := cluster.New(objects...)
		if err != nil {
			t.Fatal(err)
		}
		high := int32(10)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "new", Labels: gen.PodLabels(t)}, Spec: corev1.PodSpec{Priority: &high}}
		gen.Containers(t, &pod.Spec)
		gen.Relations(t, &pod.Spec)
		w, err := ForPod(pod, Unvalidated())
		if err != nil {
			t.Skip()
		}
		p := w.Predict(c)
		search := p.victimSearch()
		for range 2 {
			for position := range members(borrow.Words(c, p.Pending())) {
				got, want := search.preempt(position), p.victimSearch().preempt(position)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("after others %+v, by itself %+v", got, want)
				}
				if len(got.Victims) > 0 {
					victims++
					if len(pod.Spec.TopologySpreadConstraints) > 0 || pod.Spec.Affinity != nil {
						related++
					}
				}
			}
		}
	})
	if !testing.Short() && (victims < 10 || related < 5) {
		t.Errorf("only %d attempts had victims, %d of pods with relations", victims, related)
	}
}
