package podtemplate

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/gen"
	_ "github.com/berthsim/berth/internal/seed"
)

// TestIdentical: identical values are equal, and a change of any field is detected.
// Mutant it fails on: firstItem (sliceComparer looks at the first item only).
func TestIdentical(t *testing.T) {
	var pods []*corev1.Pod
	for o := range gen.Dump(1) {
		if pod, ok := o.(*corev1.Pod); ok {
			pods = append(pods, pod)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(pods).Draw(t, "pod").DeepCopy()
		a.Spec.Containers = a.Spec.Containers[:1+rapid.IntRange(0, 1).Draw(t, "containers")]
		b := a.DeepCopy()
		last := &b.Spec.Containers[len(b.Spec.Containers)-1]
		if last.Image += "x"; Identical(a, b) {
			t.Fatal("another image is not seen")
		}
		b = a.DeepCopy()
		if !Identical(a, b) {
			t.Fatal("a copy is not identical")
		}
		gen.ChangeField(t, reflect.ValueOf(b).Elem())
		if Identical(a, b) && !equality.Semantic.DeepEqual(a, b) {
			t.Fatalf("%v\n%v", a, b)
		}
	})
}
