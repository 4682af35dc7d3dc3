package placement_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// What a node lacks is labelled, and what it must not have is taken off, for each
// operator and for several requirements at once. What a node is stays as it is.
func TestHintsLabelANode(t *testing.T) {
	c, err := cluster.New(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"a": "x", "size": "50", corev1.LabelOSStable: "linux"}},
		Status:     corev1.NodeStatus{Allocatable: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("9")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		requirements []corev1.NodeSelectorRequirement
		want         string // on the node
	}{
		{[]corev1.NodeSelectorRequirement{require("a", "In", "y", "z")}, "label a=y on n"},
		{[]corev1.NodeSelectorRequirement{require("b", "Exists")}, "label b= on n"},
		{[]corev1.NodeSelectorRequirement{require("a", "NotIn", "x")}, "label a- on n"},
		{[]corev1.NodeSelectorRequirement{require("a", "DoesNotExist")}, "label a- on n"},
		{[]corev1.NodeSelectorRequirement{require("size", "Gt", "50")}, "label size=51 on n"},
		{[]corev1.NodeSelectorRequirement{require("size", "Lt", "50")}, "label size=49 on n"},
		{[]corev1.NodeSelectorRequirement{require("a", "DoesNotExist"), require("size", "NotIn", "50")}, "label a-, label size- on n"},
		{[]corev1.NodeSelectorRequirement{require("a", "DoesNotExist"), require("b", "In", "1")}, "label a-, label b=1 on n"},
		{[]corev1.NodeSelectorRequirement{require("a", "NotIn", "x"), require("a", "DoesNotExist")}, "label a- on n"},
		{[]corev1.NodeSelectorRequirement{require("a", "NotIn", "x"), require("a", "Exists")}, ""}, // one after the other does not meet both
		{[]corev1.NodeSelectorRequirement{require(corev1.LabelOSStable, "NotIn", "linux")}, ""},
	} {
		app := map[string]string{"app": "a"}
		ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a"}, Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: corev1.PodSpec{
				Affinity: terms(test.requirements), Containers: []corev1.Container{{Name: "c", Image: "i"}},
			}},
		}}
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		before := w.Predict(c)
		for _, h := range hintsFor(before, "n") {
			if wrong := tryOn(ds, h, c, before); wrong != "" {
				t.Errorf("%v: %v: %s", test.requirements, h, wrong)
			}
			if text, ok := strings.CutSuffix(h.String(), ": gains n"); ok && strings.HasSuffix(text, " on n") {
				got = append(got, text)
			}
		}
		if want := slices.DeleteFunc([]string{test.want}, func(s string) bool { return s == "" }); !slices.Equal(got, want) {
			t.Errorf("%v: %q, want %q", test.requirements, got, want)
		}
	}
}
