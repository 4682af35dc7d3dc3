package validation_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/decode"
	"github.com/berthsim/berth/internal/apiserver/validation"
)

// TestValidateScenarios shows the messages that users read. The name of each file is
// the claim; "validate" prints the mistakes in the objects of a manifest.
// internal/conformance shows that the server reports the same.
func TestValidateScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "validate" {
				d.Fatalf(t, "unknown command %s", d.Cmd)
			}
			read := decode.Read([]byte(d.Input))
			if len(read.Mistakes) > 0 {
				d.Fatalf(t, "%v", read.Mistakes)
			}
			var b strings.Builder
			for _, object := range read.Objects {
				for _, mistake := range validation.Validate(object.Object) {
					fmt.Fprintln(&b, mistake)
				}
			}
			if b.Len() == 0 {
				return "valid\n"
			}
			return b.String()
		})
	})
}

// daemonSet returns a valid DaemonSet after a change.
func daemonSet(change func(*appsv1.DaemonSet)) *appsv1.DaemonSet {
	labels := map[string]string{"app": "agent"}
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent", Namespace: "default"}}
	ds.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	ds.Spec.Template.Labels = labels
	ds.Spec.Template.Spec.Containers = []corev1.Container{{Name: "agent", Image: "agent:1"}}
	change(ds)
	return ds
}

// templateSpec returns a DaemonSet with a change to its pods.
func templateSpec(change func(*corev1.PodSpec)) *appsv1.DaemonSet {
	return daemonSet(func(ds *appsv1.DaemonSet) { change(&ds.Spec.Template.Spec) })
}

func requiredTerms(terms ...corev1.NodeSelectorTerm) *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
}

// Every error is a value: programs can read its type, its path and the wrong value.
func TestValidateErrors(t *testing.T) {
	five, over := intstr.FromInt32(5), intstr.FromString("101%")
	for _, test := range []struct {
		reason string
		object runtime.Object
		want   []field.Error
	}{
		{"a valid object has no mistakes", daemonSet(func(*appsv1.DaemonSet) {}), nil},
		{"names and namespaces are required", &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "x"}}}}, []field.Error{
			{Type: field.ErrorTypeRequired, Field: "metadata.name", BadValue: ""},
			{Type: field.ErrorTypeRequired, Field: "metadata.namespace", BadValue: ""}}},
		{"a bad toleration value is reported at operator", templateSpec(func(s *corev1.PodSpec) {
			s.Tolerations = []corev1.Toleration{{Key: "k", Value: "no spaces"}}
		}), []field.Error{{Type: field.ErrorTypeInvalid, Field: "spec.template.spec.tolerations[0].operator", BadValue: "no spaces"}}},
		{"Gt is behind a gate that is off", templateSpec(func(s *corev1.PodSpec) {
			s.Tolerations = []corev1.Toleration{{Key: "k", Operator: corev1.TolerationOpGt, Value: "1"}}
		}), []field.Error{{Type: field.ErrorTypeNotSupported, Field: "spec.template.spec.tolerations[0].operator", BadValue: corev1.TolerationOpGt}}},
		{"taints are reported under metadata", &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "k", Effect: "No"}}}},
			[]field.Error{{Type: field.ErrorTypeNotSupported, Field: "metadata.taints[0].effect", BadValue: corev1.TaintEffect("No")}}},
		{"an empty term is valid, and Gt needs no number", templateSpec(func(s *corev1.PodSpec) {
			s.Affinity = requiredTerms(corev1.NodeSelectorTerm{}, corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
				{Key: "n", Operator: corev1.NodeSelectorOpGt, Values: []string{"many"}}}})
		}), nil},
		{"an empty list of terms is not valid", templateSpec(func(s *corev1.PodSpec) { s.Affinity = requiredTerms() }), []field.Error{
			{Type: field.ErrorTypeRequired, Field: "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", BadValue: ""}}},
		{"maxSurge alone: maxUnavailable is 1 by default", daemonSet(func(ds *appsv1.DaemonSet) {
			ds.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{MaxSurge: &five}
		}), []field.Error{{Type: field.ErrorTypeInvalid, Field: "spec.updateStrategy.rollingUpdate.maxSurge", BadValue: five}}},
		{"more than all", daemonSet(func(ds *appsv1.DaemonSet) {
			ds.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &over}
		}), []field.Error{{Type: field.ErrorTypeInvalid, Field: "spec.updateStrategy.rollingUpdate.maxUnavailable", BadValue: over}}},
		{"a selector that selects something else", daemonSet(func(ds *appsv1.DaemonSet) { ds.Spec.Template.Labels = nil }), []field.Error{
			{Type: field.ErrorTypeInvalid, Field: "spec.template.metadata.labels", BadValue: map[string]string(nil)}}},
		{"requests above limits are reported for all requests", templateSpec(func(s *corev1.PodSpec) {
			s.Containers[0].Resources = corev1.ResourceRequirements{
				Requests: corev1.ResourceList{"cpu": resource.MustParse("2")}, Limits: corev1.ResourceList{"cpu": resource.MustParse("1")}}
		}), []field.Error{{Type: field.ErrorTypeInvalid, Field: "spec.template.spec.containers[0].resources.requests", BadValue: "2"}}},
		{"a system class has its value", &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "system-node-critical"}, Value: 1}, []field.Error{
			{Type: field.ErrorTypeForbidden, Field: "metadata.name", BadValue: ""}}},
		{"a budget says one thing", &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "b", Namespace: "default"},
			Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &five, MaxUnavailable: &five}}, []field.Error{
			{Type: field.ErrorTypeInvalid, Field: "spec", BadValue: policyv1.PodDisruptionBudgetSpec{MinAvailable: &five, MaxUnavailable: &five}}}},
		{"annotations fill 256 KiB at most", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n", Annotations: map[string]string{"a": strings.Repeat("x", 256<<10)}}}, []field.Error{
			{Type: field.ErrorTypeTooLong, Field: "metadata.annotations", BadValue: "<value omitted>"}}},
		{"a kind that berth has no use for", &corev1.Secret{}, []field.Error{{Type: field.ErrorTypeNotSupported, Field: "kind", BadValue: "Secret"}}},
		{"a kind that says its name", &corev1.Secret{TypeMeta: metav1.TypeMeta{Kind: "Secret"}}, []field.Error{{Type: field.ErrorTypeNotSupported, Field: "kind", BadValue: "Secret"}}},
		{"no object at all", nil, []field.Error{{Type: field.ErrorTypeRequired, Field: "metadata", BadValue: ""}}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			var got []field.Error
			for _, mistake := range validation.Validate(test.object) {
				got = append(got, field.Error{Type: mistake.Type, Field: mistake.Field, BadValue: mistake.BadValue})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// everyKind is one empty object of each kind that Validate knows.
var everyKind = []runtime.Object{
	&corev1.Node{}, &corev1.Pod{}, &corev1.Namespace{}, &corev1.Service{}, &appsv1.DaemonSet{}, &appsv1.ControllerRevision{},
	&appsv1.Deployment{}, &appsv1.ReplicaSet{}, &appsv1.StatefulSet{}, &policyv1.PodDisruptionBudget{}, &schedulingv1.PriorityClass{},
}

func TestValidateOfNothing(t *testing.T) {
	for _, kind := range append(slices.Clone(everyKind), &corev1.Secret{}, &metav1.Status{}) {
		none := reflect.Zero(reflect.TypeOf(kind)).Interface().(runtime.Object)
		if mistakes := validation.Validate(none); len(mistakes) != 1 || mistakes[0].Type != field.ErrorTypeRequired {
			t.Errorf("a nil %T: %v", kind, mistakes)
		}
		if mistakes := validation.Validate(kind); len(mistakes) == 0 {
			t.Errorf("an empty %T is valid", kind)
		}
	}
}
