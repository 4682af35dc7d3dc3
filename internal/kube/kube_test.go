package kube_test

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/internal/kube"
)

type classes []*schedulingv1.PriorityClass

func (all classes) PriorityClasses() []*schedulingv1.PriorityClass { return all }

func (all classes) PriorityClass(name string) (*schedulingv1.PriorityClass, bool) {
	for _, c := range all {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

func class(name string, value int32, isDefault bool, policy corev1.PreemptionPolicy) *schedulingv1.PriorityClass {
	return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value, GlobalDefault: isDefault, PreemptionPolicy: &policy}
}

func pointer[T any](v T) *T { return &v }

func TestPriority(t *testing.T) {
	all := classes{
		class("a", 1000, true, corev1.PreemptLowerPriority), class("b", 10, true, corev1.PreemptNever),
		class("c", 20, true, corev1.PreemptLowerPriority), class("d", -5, false, corev1.PreemptNever),
	}
	for _, test := range []struct {
		reason       string
		spec         corev1.PodSpec
		classes      classes
		new, running int32
		never        bool
	}{
		{"the lowest default counts for new pods, none for running ones", corev1.PodSpec{}, all, 10, 0, true},
		{"without a default", corev1.PodSpec{}, all[3:], 0, 0, false},
		{"the class named", corev1.PodSpec{PriorityClassName: "d"}, all, -5, -5, true},
		{"a class that does not exist", corev1.PodSpec{PriorityClassName: "e"}, all, 0, 0, false},
		{"a system class without an object", corev1.PodSpec{PriorityClassName: "system-node-critical"}, all, 2_000_001_000, 2_000_001_000, false},
		{"the other system class", corev1.PodSpec{PriorityClassName: "system-cluster-critical"}, all, 2_000_000_000, 2_000_000_000, false},
		{"the number of an admitted pod", corev1.PodSpec{Priority: pointer(int32(7)), PriorityClassName: "d"}, all, 7, 7, false},
		{"the pod's own policy", corev1.PodSpec{PriorityClassName: "d", PreemptionPolicy: pointer(corev1.PreemptLowerPriority)}, all, -5, -5, false},
	} {
		if got := kube.Priority(&test.spec, test.classes); got != test.new {
			t.Errorf("%s: new pod has %d, want %d", test.reason, got, test.new)
		}
		if got := kube.RunningPriority(&test.spec, test.classes); got != test.running {
			t.Errorf("%s: running pod has %d, want %d", test.reason, got, test.running)
		}
		if got := kube.NeverPreempts(&test.spec, test.classes); got != test.never {
			t.Errorf("%s: never preempts: %t, want %t", test.reason, got, test.never)
		}
	}
	for name, want := range map[string]bool{"d": true, "system-node-critical": true, "e": false, "": false} {
		if got := kube.HasPriorityClass(name, all); got != want {
			t.Errorf("class %q: %t, want %t", name, got, want)
		}
	}
}

func TestDeletionCost(t *testing.T) {
	for text, want := range map[string]struct {
		cost int32
		ok   bool
	}{
		"0": {0, true}, "-0": {0, true}, "5": {5, true}, "-007": {-7, true}, "2147483647": {2147483647, true},
		"": {}, "+1": {}, "01": {}, "2147483648": {}, "x": {},
	} {
		cost, ok := kube.DeletionCost(map[string]string{corev1.PodDeletionCost: text})
		if cost != want.cost || ok != want.ok {
			t.Errorf("%q: %d, %t, want %v", text, cost, ok, want)
		}
	}
	if cost, ok := kube.DeletionCost(nil); cost != 0 || !ok {
		t.Errorf("no annotation: %d, %t", cost, ok)
	}
}

func TestControls(t *testing.T) {
	owner := func(uid string) *metav1.ObjectMeta {
		return &metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: types.UID(uid)}
	}
	of := func(namespace, kind, name, uid string, controller *bool) *metav1.ObjectMeta {
		return &metav1.ObjectMeta{Namespace: namespace, Name: "p", OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: name, UID: types.UID(uid), Controller: controller}}}
	}
	yes, no := pointer(true), pointer(false)
	for _, test := range []struct {
		reason        string
		owner, object *metav1.ObjectMeta
		want          bool
	}{
		{"same UID", owner("1"), of("ns", "DaemonSet", "a", "1", yes), true},
		{"an owner of the same name that is gone", owner("1"), of("ns", "DaemonSet", "a", "2", yes), false},
		{"an owner from a manifest", owner(""), of("ns", "DaemonSet", "a", "2", yes), true},
		{"a reference without UID", owner("1"), of("ns", "DaemonSet", "a", "", yes), true},
		{"another name", owner(""), of("ns", "DaemonSet", "b", "", yes), false},
		{"another namespace", owner("1"), of("other", "DaemonSet", "a", "1", yes), false},
		{"another kind", owner("1"), of("ns", "ReplicaSet", "a", "1", yes), false},
		{"an owner that does not control", owner("1"), of("ns", "DaemonSet", "a", "1", no), false},
		{"no owner", owner("1"), &metav1.ObjectMeta{Namespace: "ns"}, false},
	} {
		if got := kube.Controls(test.owner, "DaemonSet", test.object); got != test.want {
			t.Errorf("%s: %t, want %t", test.reason, got, test.want)
		}
	}
}

func TestMergeLabelKeys(t *testing.T) {
	selector := func() *metav1.LabelSelector { return &metav1.LabelSelector{MatchLabels: map[string]string{"x": "y"}} }
	term := func() corev1.PodAffinityTerm {
		return corev1.PodAffinityTerm{LabelSelector: selector(), MatchLabelKeys: []string{"app", "none"}, MismatchLabelKeys: []string{"tier"}}
	}
	weighted := func() []corev1.WeightedPodAffinityTerm {
		return []corev1.WeightedPodAffinityTerm{{PodAffinityTerm: term()}}
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web", "tier": "front"}}}
	pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{
		{LabelSelector: selector(), MatchLabelKeys: []string{"app", "none"}}, {MatchLabelKeys: []string{"app"}},
	}
	pod.Spec.Affinity = &corev1.Affinity{
		PodAffinity:     &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term()}, PreferredDuringSchedulingIgnoredDuringExecution: weighted()},
		PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term()}, PreferredDuringSchedulingIgnoredDuringExecution: weighted()},
	}
	kube.MergeLabelKeys(pod)
	in := metav1.LabelSelectorRequirement{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"web"}}
	notIn := metav1.LabelSelectorRequirement{Key: "tier", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"front"}}
	if got := pod.Spec.TopologySpreadConstraints[0].LabelSelector.MatchExpressions; !reflect.DeepEqual(got, []metav1.LabelSelectorRequirement{in}) {
		t.Errorf("spread: %v", got)
	}
	if got := pod.Spec.TopologySpreadConstraints[1].LabelSelector; got != nil {
		t.Errorf("spread without selector: %v", got)
	}
	a, anti := pod.Spec.Affinity.PodAffinity, pod.Spec.Affinity.PodAntiAffinity
	for i, term := range []corev1.PodAffinityTerm{
		a.RequiredDuringSchedulingIgnoredDuringExecution[0], a.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm,
		anti.RequiredDuringSchedulingIgnoredDuringExecution[0], anti.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm,
	} {
		if got := term.LabelSelector.MatchExpressions; !reflect.DeepEqual(got, []metav1.LabelSelectorRequirement{in, notIn}) {
			t.Errorf("term %d: %v", i, got)
		}
	}
}

func TestTemplates(t *testing.T) {
	template := &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
		Name: "x", UID: "1", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}, Finalizers: []string{"e/f"},
	}}
	template.Spec.Hostname = "h"
	hashed := template.DeepCopy()
	hashed.Labels = kube.WithTemplateHash(template.Labels, "123")
	if len(template.Labels) != 1 || hashed.Labels["pod-template-hash"] != "123" || !kube.SameTemplate(template, hashed) {
		t.Errorf("%v is not %v but for the hash", template.Labels, hashed.Labels)
	}
	hashed.Annotations = nil
	if kube.SameTemplate(template, hashed) || len(hashed.Labels) != 2 {
		t.Error("templates with other annotations are the same")
	}
	owner := &metav1.OwnerReference{Name: "web", Controller: pointer(true)}
	want := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "web-", Labels: template.Labels, Annotations: template.Annotations, Finalizers: template.Finalizers,
		OwnerReferences: []metav1.OwnerReference{*owner},
	}, Spec: template.Spec}
	if got := kube.PodFromTemplate(template, "web", owner); !reflect.DeepEqual(got, want) {
		t.Errorf("pod %v, want %v", got, want)
	}
	if got := kube.ReplicaSetName(strings.Repeat("a", 253), "12345"); len(got) != 253 || !strings.HasSuffix(got, "a-12345") {
		t.Errorf("name of %d characters: %s", len(got), got)
	}
}

func TestPhasesConditionsAndNames(t *testing.T) {
	for phase, want := range map[corev1.PodPhase]bool{"": false, corev1.PodPending: false, corev1.PodRunning: false, corev1.PodSucceeded: true, corev1.PodFailed: true} {
		if got := kube.IsTerminal(phase); got != want {
			t.Errorf("phase %q: terminal %t, want %t", phase, got, want)
		}
	}
	if mirror := (&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{corev1.MirrorPodAnnotationKey: ""}}}); !kube.IsMirror(mirror) || kube.IsMirror(&corev1.Pod{}) {
		t.Error("the annotation makes a mirror pod, whatever its value")
	}
	node := &corev1.Node{}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse}}
	for _, status := range []corev1.ConditionStatus{"", corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown} {
		if status != "" {
			kube.SetNodeReady(node, status)
		}
		notReady := status == corev1.ConditionFalse || status == corev1.ConditionUnknown
		if kube.NodeReady(node) != status || kube.NodeNotReady(node) != notReady {
			t.Errorf("%q: Ready is %q, not ready %t", status, kube.NodeReady(node), kube.NodeNotReady(node))
		}
	}
	if len(node.Status.Conditions) != 2 || node.Status.Conditions[0].Status != corev1.ConditionFalse {
		t.Errorf("conditions %v", node.Status.Conditions)
	}
	if got := kube.FirstNames([]string{"a", "b", "c", "d"}) + "; " + kube.FirstNames([]string{"a", "b", "c", "d", "e"}); got != "a b c d; a b c and 2 more" {
		t.Error(got)
	}
	if got := kube.HashName("a"); got != 0xaf63dc4c8601ec8c { // the published FNV-1a of "a"
		t.Errorf("%x", got)
	}
}
