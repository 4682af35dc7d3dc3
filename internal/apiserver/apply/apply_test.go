package apply_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/apply"
	"github.com/berthsim/berth/internal/apiserver/decode"
)

// read decodes one manifest.
func read[T runtime.Object](t *testing.T, manifest string) T {
	t.Helper()
	read := decode.Read([]byte(manifest))
	if len(read.Mistakes) > 0 || len(read.Objects) != 1 {
		t.Fatalf("%v", read.Mistakes)
	}
	return read.Objects[0].Object.(T)
}

const live = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: default
  uid: "1"
  resourceVersion: "7"
  generation: 4
  creationTimestamp: "2026-01-01T00:00:00Z"
  annotations: {deployment.kubernetes.io/revision: "2"}
  labels: {team: a}
spec:
  replicas: 3
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: "i:1", ports: [{containerPort: 80, protocol: TCP}], env: [{name: A, value: "1"}, {name: B, value: "2"}]}
      - {name: injected, image: side}
      tolerations: [{key: a, operator: Exists}]
status: {replicas: 3, readyReplicas: 3}
`

// TestApply has one row for each way in which a field gets its value.
func TestApply(t *testing.T) {
	const head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
	const pod = "  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: \"i:1\"}]}}\n"
	for _, test := range []struct {
		reason, last, manifest string
		change                 func(*appsv1.Deployment)
	}{
		{"what the manifest does not state stays: replicas, status, uid, labels and injected containers", "", head + pod, func(*appsv1.Deployment) {}},
		{"what it states is set", "", head + "  replicas: 5\n" + strings.Replace(pod, "i:1", "i:2", 1), func(d *appsv1.Deployment) {
			d.Spec.Replicas = new(int32(5))
			d.Spec.Template.Spec.Containers[0].Image = "i:2"
		}},
		{"what was applied and is no longer stated goes", `{"metadata":{"labels":{"team":"a"}},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"}]},{"name":"injected"}]}}}}`,
			head + strings.Replace(pod, "{name: c", `{name: c, env: [{name: C, value: "3"}]`, 1), func(d *appsv1.Deployment) {
				d.Labels, d.Spec.Replicas = nil, nil
				d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers[:1]
				d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "B", Value: "2"}, {Name: "C", Value: "3"}}
			}},
		{"a list that is no longer stated goes as a whole", `{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"}]}]}}}}`, head + pod,
			func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Env = nil }},
		{"an empty struct that was applied takes along nothing that others set", `{"spec":{"template":{"spec":{"containers":[{"name":"c","resources":{}}]}},"strategy":{}}}`, head + pod, func(*appsv1.Deployment) {}},
		{"lists without a merge key are replaced", "", head + strings.Replace(pod, "spec: {", "spec: {tolerations: [{key: b, operator: Exists}], ", 1), func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Key: "b", Operator: "Exists"}}
		}},
		{"a strategy keeps only what is stated", "", head + "  strategy: {type: Recreate}\n" + pod, func(d *appsv1.Deployment) {
			d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		}},
		{"new containers come where the manifest has them", "", head + strings.Replace(pod, "[{", "[{name: first, image: f}, {", 1), func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers = append([]corev1.Container{{Name: "first", Image: "f"}}, d.Spec.Template.Spec.Containers...)
		}},
		{"what the server owns stays, whatever is stated", "", strings.Replace(head, "{name: web}", `{name: web, resourceVersion: "1", generation: 1, creationTimestamp: "2020-01-01T00:00:00Z"}`, 1) + pod + "status: {replicas: 9}\n",
			func(*appsv1.Deployment) {}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			old := read[*appsv1.Deployment](t, live)
			if test.last != "" {
				old.Annotations[corev1.LastAppliedConfigAnnotation] = test.last
			}
			manifest := read[*appsv1.Deployment](t, test.manifest)
			oldBefore, manifestBefore := old.DeepCopy(), manifest.DeepCopy()
			got, err := apply.Apply(old, manifest)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(old, oldBefore) || !reflect.DeepEqual(manifest, manifestBefore) {
				t.Error("an argument was modified")
			}
			want := old.DeepCopy()
			want.Annotations[corev1.LastAppliedConfigAnnotation] = got.(*appsv1.Deployment).Annotations[corev1.LastAppliedConfigAnnotation]
			test.change(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			again, err := apply.Apply(got, manifest)
			if diff := cmp.Diff(got, again); err != nil || diff != "" {
				t.Errorf("applied again: %v\n%s", err, diff)
			}
		})
	}
}

// A budget's selector is replaced as a whole (patchStrategy replace).
func TestApplyReplacesASelector(t *testing.T) {
	const head = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b, namespace: default}\n"
	old := read[*policyv1.PodDisruptionBudget](t, head+"spec: {minAvailable: 1, selector: {matchExpressions: [{key: a, operator: Exists}]}}\n")
	now := read[*policyv1.PodDisruptionBudget](t, head+"spec: {selector: {matchLabels: {a: b}}}\n")
	got, err := apply.Apply(old, now)
	if err != nil {
		t.Fatal(err)
	}
	want := old.DeepCopy().Spec
	want.Selector = now.Spec.Selector
	if diff := cmp.Diff(want, got.(*policyv1.PodDisruptionBudget).Spec); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// The annotation is written as by kubectl. An annotation with equal content stays as
// it is.
func TestApplyAnnotates(t *testing.T) {
	class := read[*schedulingv1.PriorityClass](t, "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 0\n")
	annotated := func(old string) string {
		o := class.DeepCopy()
		o.Value = 1000
		if old != "" {
			o.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: old}
		}
		got, err := apply.Apply(o, class)
		if err != nil {
			t.Fatal(err)
		}
		if value := got.(*schedulingv1.PriorityClass).Value; value != 0 {
			t.Errorf("value %d: a required field is stated even if it is 0", value)
		}
		return got.(metav1.Object).GetAnnotations()[corev1.LastAppliedConfigAnnotation]
	}
	const text = `{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"annotations":{},"name":"high"},"value":0}` + "\n"
	if got := annotated(""); got != text {
		t.Errorf("annotation %s, want %s", got, text)
	}
	if same := `{"value": 0, "metadata": {"name": "high", "annotations": {}}}`; annotated(same) != same {
		t.Errorf("annotation %s, want %s", annotated(same), same)
	}
	if got := annotated(`{"value": 5, "metadata": {"name": "high"}}`); got != text {
		t.Errorf("annotation %s, want %s", got, text)
	}
}

func TestApplyErrors(t *testing.T) {
	web := read[*appsv1.Deployment](t, live)
	broken := web.DeepCopy()
	broken.Annotations[corev1.LastAppliedConfigAnnotation] = "{"
	other := web.DeepCopy()
	other.Namespace = "elsewhere"
	for _, test := range []struct {
		live, manifest runtime.Object
		want           string
	}{
		{nil, web, "object is nil"},
		{web, (*appsv1.Deployment)(nil), "object is nil"},
		{web, &corev1.Pod{}, "a Pod cannot be applied to a Deployment"},
		{web, other, "Deployment elsewhere/web cannot be applied to Deployment default/web"},
		{&corev1.Secret{}, &corev1.Secret{}, "a Secret cannot be applied to a Secret"},
		{broken, web, "Deployment default/web: last applied configuration: unexpected end of JSON input"},
	} {
		if _, err := apply.Apply(test.live, test.manifest); err == nil || err.Error() != test.want {
			t.Errorf("Apply: %v, want %s", err, test.want)
		}
	}
}
