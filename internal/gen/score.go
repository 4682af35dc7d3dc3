package gen

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
)

// imageNames are written as in containers. Nodes list some of them.
var imageNames = []string{"web:1", "registry.example.com:5000/db", "registry.example.com:5000/db:latest", "agent@sha256:11", "other"}

// Hosts draws up to most nodes, n00, n01, ..., that pods can run on and that differ
// in the fields that affect scores.
func Hosts(t *rapid.T, most int) []*corev1.Node {
	nodes := make([]*corev1.Node, rapid.IntRange(1, most).Draw(t, "hosts"))
	for i := range nodes {
		nodes[i] = Host(t, fmt.Sprintf("n%02d", i))
	}
	return nodes
}

// Host draws one node as Hosts does.
func Host(t *rapid.T, name string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: Labels(t)}}
	if !chance(t, "no hostname", 10) {
		n.Labels[corev1.LabelHostname] = name
	}
	if !chance(t, "no zone", 20) {
		n.Labels[corev1.LabelTopologyZone] = one(t, "zone", "z1", "z2", "z3", "")
	}
	if chance(t, "no labels", 5) {
		n.Labels = nil
	}
	for _, key := range several(t, "taints", 3, func(t *rapid.T) string { return one(t, "taint", taints...) }) {
		taint := corev1.Taint{Key: key, Value: one(t, "value", "", "x"), Effect: corev1.TaintEffectPreferNoSchedule}
		if chance(t, "hard", 5) {
			taint.Effect = corev1.TaintEffectNoSchedule
		}
		if !containsTaint(n.Spec.Taints, taint) {
			n.Spec.Taints = append(n.Spec.Taints, taint)
		}
	}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse(one(t, "cpu", "0", "1", "1930m", "4", "8", "16")),
		corev1.ResourceMemory: resource.MustParse(one(t, "memory", "0", "1Gi", "3000000001", "4Gi", "8Gi", "64Gi")),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	n.Status.Images = several(t, "images", 3, image)
	return n
}

func containsTaint(all []corev1.Taint, taint corev1.Taint) bool {
	for i := range all {
		if all[i].MatchTaint(&taint) {
			return true
		}
	}
	return false
}

func image(t *rapid.T) corev1.ContainerImage {
	const mb = 1 << 20
	return corev1.ContainerImage{
		Names:     several(t, "names", 2, func(t *rapid.T) string { return one(t, "name", append(imageNames, "other:latest")...) }),
		SizeBytes: one[int64](t, "bytes", 0, 23*mb, 24*mb, 300*mb, 1000*mb, 5000*mb),
	}
}

// Guest draws a pod to be scored. Its requests may be missing, its images already on
// the nodes, its preferences for nodes contradictory.
func Guest(t *rapid.T, name string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: one(t, "namespace", "default", "default", "other"), Name: name}}
	for i := range rapid.IntRange(1, 2).Draw(t, "containers") {
		pod.Spec.Containers = append(pod.Spec.Containers, guestContainer(t, fmt.Sprintf("c%d", i)))
	}
	if chance(t, "init container", 20) {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, guestContainer(t, "i"))
	}
	if chance(t, "image volume", 10) {
		source := corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: one(t, "image", imageNames...)}}
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "v", VolumeSource: source})
	}
	if chance(t, "pod level", 10) {
		pod.Spec.Resources = &corev1.ResourceRequirements{Requests: modestRequests(t)}
	}
	if chance(t, "preferences", 60) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: several(t, "preferred terms", 3, Preferred),
		}}
	}
	pod.Spec.Tolerations = several(t, "tolerations", 2, Toleration)
	pod.Labels = PodLabels(t)
	likings(t, &pod.Spec)
	if chance(t, "owned", 30) {
		controller := true
		pod.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: one(t, "group", "apps/v1", "apps/v1", "apps/v1", "v1"), Kind: one(t, "kind", "ReplicaSet", "StatefulSet", "Job"),
			Name: one(t, "owner", "web", "web", "gone"), UID: "1", Controller: &controller,
		}}
	}
	if chance(t, "leaving", 5) {
		pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(0, 0)}
	}
	return pod
}

// likings adds preferred terms of pod affinity and soft spread constraints to a
// spec, and rarely required terms.
func likings(t *rapid.T, spec *corev1.PodSpec) {
	weighted := func(t *rapid.T) corev1.WeightedPodAffinityTerm {
		return corev1.WeightedPodAffinityTerm{Weight: one[int32](t, "weight", 1, 7, 100, 0), PodAffinityTerm: PodTerm(t)}
	}
	if chance(t, "strict", 20) {
		Relations(t, spec)
	}
	most := func() int { return one(t, "most terms", 0, 0, 1, 2) }
	likes, dislikes := several(t, "likes", most(), weighted), several(t, "dislikes", most(), weighted)
	if len(likes)+len(dislikes) > 0 && spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	if len(likes) > 0 {
		if spec.Affinity.PodAffinity == nil {
			spec.Affinity.PodAffinity = &corev1.PodAffinity{}
		}
		spec.Affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution = likes
	}
	if len(dislikes) > 0 {
		if spec.Affinity.PodAntiAffinity == nil {
			spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution = dislikes
	}
	for _, c := range several(t, "soft spread", most(), Spread) {
		c.WhenUnsatisfiable, c.MinDomains, c.TopologyKey = corev1.ScheduleAnyway, nil, one(t, "topology", append(topologies, corev1.LabelTopologyZone)...)
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, c)
	}
}

// Owners draws the objects that select pods by default: a Service, a ReplicaSet and
// a StatefulSet, each possibly absent and with any selector.
func Owners(t *rapid.T) []runtime.Object {
	meta := metav1.ObjectMeta{Namespace: "default", Name: "web"}
	var all []runtime.Object
	if chance(t, "Service", 40) {
		s := &corev1.Service{ObjectMeta: meta}
		s.Spec.Selector = one(t, "selects", map[string]string{"app": "x"}, map[string]string{"app": "x", "tier": "x"}, map[string]string{}, nil)
		all = append(all, s)
		other := s.DeepCopy()
		other.Name, other.Spec.Selector = "other", map[string]string{"tier": "x"}
		all = append(all, other)
	}
	if chance(t, "ReplicaSet", 60) {
		all = append(all, &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: Selector(t)}})
	}
	if chance(t, "StatefulSet", 60) {
		all = append(all, &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: Selector(t)}})
	}
	return all
}

func guestContainer(t *rapid.T, name string) corev1.Container {
	return corev1.Container{Name: name, Image: one(t, "image", imageNames...), Resources: corev1.ResourceRequirements{Requests: modestRequests(t)}}
}

func modestRequests(t *rapid.T) corev1.ResourceList {
	list := corev1.ResourceList{}
	if chance(t, "cpu", 60) {
		list[corev1.ResourceCPU] = resource.MustParse(one(t, "cpu", "0", "1m", "100m", "333m", "1"))
	}
	if chance(t, "memory", 60) {
		list[corev1.ResourceMemory] = resource.MustParse(one(t, "memory", "0", "1Mi", "200Mi", "777777777", "1Gi"))
	}
	return list
}

// Preferred draws a preferred term of node affinity, rarely with a mistake.
func Preferred(t *rapid.T) corev1.PreferredSchedulingTerm {
	term := corev1.PreferredSchedulingTerm{Weight: one[int32](t, "weight", 1, 2, 50, 100, 0)}
	for range rapid.IntRange(0, 2).Draw(t, "expressions") {
		r := corev1.NodeSelectorRequirement{Key: one(t, "key", keys...), Operator: one(t, "operator", corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist)}
		if chance(t, "values", 50) {
			r.Operator, r.Values = one(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), []string{one(t, "value", "x", "y", "linux", "1")}
		}
		if chance(t, "mistake", 1) {
			r.Operator = "Bad"
		}
		term.Preference.MatchExpressions = append(term.Preference.MatchExpressions, r)
	}
	if chance(t, "field", 20) {
		term.Preference.MatchFields = []corev1.NodeSelectorRequirement{{
			Key: "metadata.name", Operator: one(t, "operator", corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), Values: []string{one(t, "name", "n00", "n01")},
		}}
	}
	return term
}
