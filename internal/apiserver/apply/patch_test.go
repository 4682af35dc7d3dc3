package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/apiserver/apply"
)

// A difference says only what changes, and as a patch it makes the other object.
// Mutants seen to fail: Diff without deletions; Patch that keeps nulls.
func TestDiffsArePatches(t *testing.T) {
	for _, test := range []struct {
		change func(*appsv1.Deployment)
		patch  string
	}{
		{func(*appsv1.Deployment) {}, `{}`},
		{func(d *appsv1.Deployment) { d.Spec.Replicas = nil }, `{"spec":{"replicas":null}}`},
		{func(d *appsv1.Deployment) {
			two := intstr.FromInt32(2)
			d.Spec.Strategy.RollingUpdate.MaxUnavailable = &two
		}, `{"spec":{"strategy":{"$retainKeys":["rollingUpdate","type"],"rollingUpdate":{"maxUnavailable":2}}}}`},
		{func(d *appsv1.Deployment) { d.Spec.Template.Spec.Tolerations = nil }, `{"spec":{"template":{"spec":{"tolerations":null}}}}`},
		{func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Tolerations = append(d.Spec.Template.Spec.Tolerations, corev1.Toleration{Key: "b"})
		}, `{"spec":{"template":{"spec":{"tolerations":[{"key":"a","operator":"Exists"},{"key":"b"}]}}}}`},
		{func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "i:2" },
			`{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"injected"}],"containers":[{"image":"i:2","name":"c"}]}}}}`},
		{func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers[:1] },
			`{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"c"}],"containers":[{"$patch":"delete","name":"injected"}]}}}}`},
		{func(d *appsv1.Deployment) { d.Status.Replicas, d.Generation = 7, 9 }, `{}`},
	} {
		from := read[*appsv1.Deployment](t, live)
		to := from.DeepCopy()
		test.change(to)
		patch, err := apply.Diff(from, to)
		if err != nil || string(patch) != test.patch {
			t.Errorf("%v\n%s, want\n%s", err, patch, test.patch)
			continue
		}
		got, err := apply.Patch(from, patch)
		if err != nil {
			t.Error(err)
			continue
		}
		to.Status, to.Generation = from.Status, from.Generation
		if diff := cmp.Diff(to, got.(*appsv1.Deployment)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", patch, diff)
		}
		if diff := cmp.Diff(read[*appsv1.Deployment](t, live), from); diff != "" {
			t.Errorf("the argument has changed:\n%s", diff)
		}
	}
	if _, err := apply.Diff(read[*appsv1.Deployment](t, live), &appsv1.DaemonSet{}); err == nil {
		t.Error("a difference between kinds")
	}
	for _, patch := range []string{"", "[]", `{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}`} {
		if _, err := apply.Patch(read[*appsv1.Deployment](t, live), []byte(patch)); err == nil {
			t.Errorf("%q is a patch", patch)
		}
	}
}
