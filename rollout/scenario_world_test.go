package rollout

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
)

// parseObject reads what a cluster has beside nodes:
//
//	pod web-1 on=n1 app=web of=StatefulSet/web cpu=1 priority=5 grace=30 empty-dir mirror not-ready failed   running and ready, of no controller
//	statefulset web replicas=3
//	budget web app=web min=2 max=1 policy=AlwaysAllow
//	class high value=1000 never
//	object {apiVersion: v1, kind: LimitRange, ...}     any object, in one line of YAML
func parseObject(words []string) (runtime.Object, error) {
	meta := metav1.ObjectMeta{Namespace: "default", Name: words[1]}
	switch words[0] {
	case "object":
		m, err := cluster.ReadManifest(strings.NewReader(strings.Join(words[1:], " ")))
		if err != nil {
			return nil, err
		}
		return cluster.Default(m.Objects()[0]), nil
	case "pod":
		return parsePod(meta, words[2:])
	case "statefulset":
		meta.UID = types.UID(meta.Name)
		n, _ := strconv.Atoi(strings.TrimPrefix(words[2], "replicas="))
		return &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: ptr(int32(n))}}, nil
	case "budget":
		return parseBudget(meta, words[2:])
	case "class":
		n, _ := strconv.Atoi(strings.TrimPrefix(words[2], "value="))
		c := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: words[1]}, Value: int32(n)}
		if len(words) > 3 {
			c.PreemptionPolicy = ptr(corev1.PreemptNever)
		}
		return c, nil
	}
	return nil, fmt.Errorf("%s?", words[0])
}

func parsePod(meta metav1.ObjectMeta, words []string) (*corev1.Pod, error) {
	ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}
	p := &corev1.Pod{ObjectMeta: meta, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "web"}}}}
	p.Status.Phase = corev1.PodRunning
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch key {
		case "on":
			p.Spec.NodeName = value
		case "of":
			kind, name, _ := strings.Cut(value, "/")
			p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: ptr(true)}}
		case "cpu":
			p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(value)}
		case "port":
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: int32(n), HostPort: int32(n)}}
		case "priority":
			p.Spec.Priority = ptr(int32(n))
		case "grace":
			p.Spec.TerminationGracePeriodSeconds = &n
		case "empty-dir":
			p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		case "mirror":
			p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		case "not-ready":
			ready.Status = corev1.ConditionFalse
		case "failed":
			p.Status.Phase, ready.Status = corev1.PodFailed, corev1.ConditionFalse
		default:
			if value == "" {
				return nil, fmt.Errorf("pod %s?", w)
			}
			p.Labels = map[string]string{key: value}
		}
	}
	p.Status.Conditions = []corev1.PodCondition{ready}
	return p, nil
}

func parseBudget(meta metav1.ObjectMeta, words []string) (*policyv1.PodDisruptionBudget, error) {
	b := &policyv1.PodDisruptionBudget{ObjectMeta: meta}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch amount := intstr.Parse(value); key {
		case "min":
			b.Spec.MinAvailable = &amount
		case "max":
			b.Spec.MaxUnavailable = &amount
		case "policy":
			b.Spec.UnhealthyPodEvictionPolicy = (*policyv1.UnhealthyPodEvictionPolicyType)(&value)
		default:
			b.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
		}
	}
	return b, nil
}
