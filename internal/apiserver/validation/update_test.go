package validation_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

var (
	named    = metav1.ObjectMeta{Name: "a", Namespace: "default", UID: "1", ResourceVersion: "5", Generation: 3}
	global   = metav1.ObjectMeta{Name: "a", UID: "1", ResourceVersion: "5", Generation: 3}
	app      = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}
	template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "a"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
)

// widen adds a label to the selector and to the template.
func widen(selector **metav1.LabelSelector, template *corev1.PodTemplateSpec) {
	labels := map[string]string{"app": "a", "x": "y"}
	*selector, template.Labels = &metav1.LabelSelector{MatchLabels: labels}, labels
}

func gated() *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: named, Spec: template.Spec}
	pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "g"}}
	pod.Spec.Affinity = requiredTerms(corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: "Exists"}}})
	return pod
}

// updated returns old and a changed copy.
func updated[T runtime.Object](old T, change func(T)) [2]runtime.Object {
	now := old.DeepCopyObject().(T)
	change(now)
	return [2]runtime.Object{old, now}
}

// TestUpdateErrors has a row for each rule about mutable fields.
// internal/conformance shows that the server reports the same.
func TestUpdateErrors(t *testing.T) {
	ds := &appsv1.DaemonSet{ObjectMeta: named, Spec: appsv1.DaemonSetSpec{Selector: app, Template: template}}
	d := &appsv1.Deployment{ObjectMeta: named, Spec: appsv1.DeploymentSpec{Selector: app, Template: template}}
	rs := &appsv1.ReplicaSet{ObjectMeta: named, Spec: appsv1.ReplicaSetSpec{Selector: app, Template: template}}
	sts := &appsv1.StatefulSet{ObjectMeta: named, Spec: appsv1.StatefulSetSpec{Selector: app, Template: template, ServiceName: "s"}}
	pod := &corev1.Pod{ObjectMeta: named, Spec: template.Spec}
	pod.Spec.Tolerations = []corev1.Toleration{{Key: "k", Operator: "Exists"}}
	pod.Spec.ActiveDeadlineSeconds = new(int64(60))
	node := &corev1.Node{ObjectMeta: global, Spec: corev1.NodeSpec{PodCIDR: "10.0.0.0/24", ProviderID: "aws:///a"}}
	class := &schedulingv1.PriorityClass{ObjectMeta: global, Value: 1000}
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: named, Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(1))}}
	service := &corev1.Service{ObjectMeta: named, Spec: corev1.ServiceSpec{ClusterIP: "10.0.0.1", Ports: []corev1.ServicePort{{Port: 80, NodePort: 30000}}, Type: corev1.ServiceTypeNodePort}}
	revision := &appsv1.ControllerRevision{ObjectMeta: named, Data: runtime.RawExtension{Raw: []byte(`{}`)}}
	leaving := pod.DeepCopy()
	leaving.DeletionTimestamp = new(metav1.Unix(5, 0))
	leaving.DeletionGracePeriodSeconds = new(int64(30))
	const podWords = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
		"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
		"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

	for _, test := range []struct {
		reason string
		pair   [2]runtime.Object
		want   []string
	}{
		{"a DaemonSet's template may change", updated(ds, func(o *appsv1.DaemonSet) { o.Spec.Template.Spec.Containers[0].Image = "new" }), nil},
		{"a DaemonSet's selector may not", updated(ds, func(o *appsv1.DaemonSet) { widen(&o.Spec.Selector, &o.Spec.Template) }),
			[]string{`spec.selector: Invalid value: {"matchLabels":{"app":"a","x":"y"}}: field is immutable`}},
		{"a Deployment's selector may not change", updated(d, func(o *appsv1.Deployment) { widen(&o.Spec.Selector, &o.Spec.Template) }),
			[]string{`spec.selector: Invalid value: {"matchLabels":{"app":"a","x":"y"}}: field is immutable`}},
		{"nor a ReplicaSet's", updated(rs, func(o *appsv1.ReplicaSet) { widen(&o.Spec.Selector, &o.Spec.Template) }),
			[]string{`spec.selector: Invalid value: {"matchLabels":{"app":"a","x":"y"}}: field is immutable`}},
		{"nor a StatefulSet's", updated(sts, func(o *appsv1.StatefulSet) { widen(&o.Spec.Selector, &o.Spec.Template) }),
			[]string{`spec.selector: Invalid value: {"matchLabels":{"app":"a","x":"y"}}: field is immutable`}},
		{"nor how a StatefulSet manages pods", updated(sts, func(o *appsv1.StatefulSet) {
			o.Spec.PodManagementPolicy, o.Spec.ServiceName = appsv1.ParallelPodManagement, "t"
		}),
			[]string{`spec.serviceName: Invalid value: "t": field is immutable`, `spec.podManagementPolicy: Invalid value: "Parallel": field is immutable`}},
		{"an update is checked as a new object is", updated(d, func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(-1)) }),
			[]string{"spec.replicas: Invalid value: -1: must be greater than or equal to 0"}},
		{"a pod's image and toleration seconds may change", updated(pod, func(o *corev1.Pod) {
			o.Spec.Containers[0].Image, o.Spec.ActiveDeadlineSeconds = "new", new(int64(30))
			o.Spec.Tolerations = append(o.Spec.Tolerations, corev1.Toleration{Key: "more", Operator: "Exists"})
		}), nil},
		{"the rest of a pod may not", updated(pod, func(o *corev1.Pod) { o.Spec.Containers[0].Name, o.Spec.PriorityClassName = "other", "high" }),
			[]string{"spec: " + podWords + "\nchanged: spec.containers, spec.priorityClassName"}},
		{"a pod's containers are as many as they were", updated(pod, func(o *corev1.Pod) { o.Spec.InitContainers = []corev1.Container{{Name: "i", Image: "i"}} }),
			[]string{"spec.initContainers: Forbidden: pod updates may not add or remove containers"}},
		{"a toleration may not go, nor a deadline grow", updated(pod, func(o *corev1.Pod) { o.Spec.Tolerations = nil }),
			[]string{"spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"}},
		{"a deadline may not grow", updated(pod, func(o *corev1.Pod) { o.Spec.ActiveDeadlineSeconds = new(int64(61)) }),
			[]string{"spec.activeDeadlineSeconds: Invalid value: 61: must be less than or equal to previous value"}},
		{"a deadline may not go", updated(pod, func(o *corev1.Pod) { o.Spec.ActiveDeadlineSeconds = nil }),
			[]string{"spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"}},
		{"a gated pod's terms may become stricter", updated(gated(), func(o *corev1.Pod) {
			term := &o.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0]
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: "disk", Operator: "Exists"})
			o.Spec.NodeSelector = map[string]string{"a": "b"}
			o.Spec.SchedulingGates = nil
		}), nil},
		{"a gated pod's terms may not be dropped, nor gates added", updated(gated(), func(o *corev1.Pod) {
			o.Spec.Affinity = nil
			o.Spec.SchedulingGates = append(o.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: "h"})
		}), []string{"spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'",
			"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed"}},
		{"a mirror pod stays one", updated(pod, func(o *corev1.Pod) {
			o.Spec.NodeName = ""
			o.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		}),
			[]string{`metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set`,
				"metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation"}},
		{"a node's taints and labels may change", updated(node, func(o *corev1.Node) {
			o.Spec.Taints, o.Labels = []corev1.Taint{{Key: "k", Effect: "NoSchedule"}}, map[string]string{"a": "b"}
		}), nil},
		{"a node's identity may not", updated(node, func(o *corev1.Node) {
			o.Spec.PodCIDR, o.Spec.ProviderID, o.Spec.DoNotUseExternalID = "10.0.1.0/24", "", "x"
		}),
			[]string{`spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid`,
				"spec.providerID: Invalid value: null: field cannot be cleared once set", "spec.externalID: Forbidden: may not be updated"}},
		{"a class's value and policy may not change", updated(class, func(o *schedulingv1.PriorityClass) { o.Value, o.PreemptionPolicy = 5, new(corev1.PreemptNever) }),
			[]string{"value: Forbidden: may not be changed in an update.", `preemptionPolicy: Invalid value: "Never": field is immutable`}},
		{"a class may become the default", updated(class, func(o *schedulingv1.PriorityClass) { o.GlobalDefault = true }), nil},
		{"a budget may change as a whole", updated(budget, func(o *policyv1.PodDisruptionBudget) {
			o.Spec = policyv1.PodDisruptionBudgetSpec{Selector: app, MaxUnavailable: new(intstr.FromInt32(1))}
		}), nil},
		{"a service's address may not change", updated(service, func(o *corev1.Service) { o.Spec.ClusterIP = "10.0.0.2" }),
			[]string{`spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set`}},
		{"a service that no longer needs node ports loses them", updated(service, func(o *corev1.Service) { o.Spec.Type = corev1.ServiceTypeClusterIP }), nil},
		{"a revision's data may not change", updated(revision, func(o *appsv1.ControllerRevision) { o.Revision, o.Data.Raw = 7, []byte(`{"a":1}`) }),
			[]string{`data: Invalid value: {"a":1}: field is immutable`}},
		{"an object stays itself", updated(pod, func(o *corev1.Pod) { o.Name, o.UID = "b", "2" }),
			[]string{`metadata.name: Invalid value: "b": field is immutable`, `metadata.uid: Invalid value: "2": field is immutable`}},
		{"an object on its way out gets no new finalizers", updated(leaving, func(o *corev1.Pod) { o.Finalizers = []string{"example.com/x"} }),
			[]string{`metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/x"}`}},
		{"another kind", [2]runtime.Object{pod, node}, []string{`kind: Invalid value: "Node": field is immutable`}},
		{"a kind that berth has no use for", [2]runtime.Object{pod, &corev1.Secret{}}, []string{`kind: Unsupported value: "Secret": supported values: "Node", "Pod", "Namespace", "DaemonSet", "ControllerRevision", "Deployment", "ReplicaSet", "StatefulSet", "Service", "PodDisruptionBudget", "PriorityClass", "ServiceAccount", "LimitRange", "ResourceQuota", "RuntimeClass"`}},
		{"nothing", [2]runtime.Object{(*corev1.Pod)(nil), pod}, []string{"metadata: Required value: object is nil"}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			stored, mistakes := validation.Update(0, test.pair[0], test.pair[1])
			if diff := cmp.Diff(test.want, told(mistakes)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if (stored == nil) != (len(test.want) > 0) {
				t.Errorf("stored %v", stored)
			}
		})
	}
}

// A field whose feature gate is off is dropped unless the stored object uses it already
// (pkg/api/pod/util.go: containerRestartRulesInUse).
func TestUpdateDropsFieldsByRelease(t *testing.T) {
	never := corev1.ContainerRestartPolicyNever
	set := func(name string, policy *corev1.ContainerRestartPolicy) *appsv1.DaemonSet {
		ds := &appsv1.DaemonSet{ObjectMeta: named, Spec: appsv1.DaemonSetSpec{Selector: app, Template: *template.DeepCopy()}}
		ds.Spec.Template.Spec.Containers[0].Name = name
		ds.Spec.Template.Spec.Containers[0].RestartPolicy = policy
		return ds
	}
	for _, test := range []struct {
		release kube.Release
		used    *corev1.ContainerRestartPolicy
		kept    bool
	}{{34, nil, false}, {34, &never, true}, {35, nil, true}, {0, nil, true}} {
		stored, mistakes := validation.Update(test.release, set("c", test.used), set("d", &never))
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		if kept := stored.(*appsv1.DaemonSet).Spec.Template.Spec.Containers[0].RestartPolicy != nil; kept != test.kept {
			t.Errorf("%s, in use before: %v: kept %v", test.release, test.used != nil, kept)
		}
	}
}

// An update keeps the fields that the server owns and counts the generation.
func TestUpdateStores(t *testing.T) {
	old := &appsv1.DaemonSet{ObjectMeta: named, Spec: appsv1.DaemonSetSpec{Selector: app, Template: template}}
	old.CreationTimestamp = metav1.Unix(5, 0)
	old.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "3"}
	old.Status.NumberReady = 4
	now := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "default"}, Spec: *old.Spec.DeepCopy()}
	now.Spec.Template.Spec.Containers[0].Image = "new"
	stored, mistakes := validation.Update(0, old, now)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	want := defaults.Apply(old)
	want.Spec.Template.Spec.Containers[0].Image = "new"
	want.Spec.Template.Spec.Containers[0].ImagePullPolicy = stored.(*appsv1.DaemonSet).Spec.Template.Spec.Containers[0].ImagePullPolicy
	want.Generation = 4
	want.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "4"}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A service keeps its addresses and node ports when an update does not name them.
func TestUpdateKeepsAllocatedAddresses(t *testing.T) {
	old := &corev1.Service{ObjectMeta: named}
	old.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, ClusterIP: "10.0.0.1", ClusterIPs: []string{"10.0.0.1"},
		Ports: []corev1.ServicePort{{Name: "a", Port: 80, NodePort: 30000}, {Name: "b", Port: 81, NodePort: 30001}}}
	now := old.DeepCopy()
	now.Spec.ClusterIP, now.Spec.ClusterIPs = "", nil
	now.Spec.Ports = []corev1.ServicePort{{Name: "b", Port: 82}, {Name: "c", Port: 83, NodePort: 30000}, {Name: "a", Port: 84}}
	stored, mistakes := validation.Update(0, old, now)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	spec := stored.(*corev1.Service).Spec
	var ports []int32
	for _, port := range spec.Ports {
		ports = append(ports, port.NodePort)
	}
	if spec.ClusterIP != "10.0.0.1" || !slices.Equal(spec.ClusterIPs, []string{"10.0.0.1"}) || !slices.Equal(ports, []int32{30001, 30000, 0}) {
		t.Errorf("%s %v, node ports %v", spec.ClusterIP, spec.ClusterIPs, ports)
	}
}

// Update never panics, returns the same each time and does not modify its arguments.
// An update to an object that a server would create succeeds if nothing changes, and
// then changes nothing.
//
// Seen to fail: the old object compared without its defaults; the update stored and
// not a copy of it; the generation counted for an unchanged spec.
func TestUpdateLaws(t *testing.T) {
	same, stored := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			old, now := arbitrary(t), arbitrary(t)
			if rapid.Bool().Draw(t, "the same") {
				now = old.DeepCopyObject()
			}
			oldBefore, nowBefore := old.DeepCopyObject(), now.DeepCopyObject()
			first, mistakes := validation.Update(0, old, now)
			second, again := validation.Update(0, old, now)
			if !reflect.DeepEqual(old, oldBefore) || !reflect.DeepEqual(now, nowBefore) {
				t.Fatalf("%T: an argument was modified", now)
			}
			if !reflect.DeepEqual(told(mistakes), told(again)) || !reflect.DeepEqual(first, second) {
				t.Fatalf("%T: first\n%q\nthen\n%q", now, told(mistakes), told(again))
			}
			if len(mistakes) == 0 {
				stored++
			}
			if len(validation.Validate(old)) > 0 || !reflect.DeepEqual(old, now) {
				continue
			}
			same++
			if len(mistakes) > 0 || first.(metav1.Object).GetGeneration() != old.(metav1.Object).GetGeneration() {
				t.Fatalf("%T: an update without a change: %v", old, mistakes)
			}
			if next, _ := validation.Update(0, first, first); !equality.Semantic.DeepEqual(next, first) {
				t.Fatalf("%T: the stored object is not stored as it is:\n%s", old, cmp.Diff(first, next))
			}
		}
	})
	if same == 0 || stored == 0 {
		t.Errorf("%d updates without a change, %d stored: a premise never held", same, stored)
	}
}
