package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// soil is where objects grow: valid ones, but for the mistakes planted in some of
// their fields. Every field that can be mistaken is a site; a first growth counts
// them, a second one on the same seed plants mistakes at a few.
type soil struct {
	rng   *rand.Rand
	sites int
	bad   map[int]bool
}

// grow makes an object with about so many mistakes in it.
func grow(kind func(*soil) runtime.Object, seed [2]uint64, mistakes int) runtime.Object {
	random := func(salt uint64) *rand.Rand { return rand.New(rand.NewPCG(seed[0], seed[1]^salt)) }
	survey := &soil{rng: random(0)}
	kind(survey)
	planter := random(1 << 63)
	s := &soil{rng: random(0), bad: map[int]bool{}}
	for range mistakes {
		s.bad[planter.IntN(survey.sites)] = true
	}
	return kind(s)
}

// site reports whether to make a mistake here.
func (s *soil) site() bool {
	s.sites++
	return s.bad[s.sites-1]
}

// maybe is true so many times in a hundred.
func (s *soil) maybe(percent int) bool { return s.rng.IntN(100) < percent }

func one[T any](s *soil, of ...T) T { return of[s.rng.IntN(len(of))] }

// sound returns one of the good values, or for a mistake one of the bad ones.
func sound[T any](s *soil, good []T, bad ...T) T {
	choice := s.rng.Uint64()
	if s.site() {
		return bad[choice%uint64(len(bad))]
	}
	return good[choice%uint64(len(good))]
}

func of[T any](values ...T) []T { return values }

// some gives up to n things.
func some[T any](s *soil, n int, grown func(*soil) T) []T {
	var list []T
	for range s.rng.IntN(n + 1) {
		list = append(list, grown(s))
	}
	return list
}

var tooLong = strings.Repeat("a", 254)

func (s *soil) name() string {
	return sound(s, of("a", "agent", "web-0"), "", "Agent", "a_b", "-a", "a/b", "..", "a.b", tooLong)
}

func (s *soil) key() string {
	return sound(s, of("zone", "disktype", "example.com/role", "kubernetes.io/os", "App"), "", "two words", "/a", "a/b/c", "Example.com/role", strings.Repeat("k", 64))
}

func (s *soil) value() string {
	return sound(s, of("", "ssd", "a", "1", "B_c.d"), "two words", "-", "é", strings.Repeat("v", 64))
}

func (s *soil) labels() map[string]string {
	labels := map[string]string{"app": "web"}
	for range s.rng.IntN(3) {
		labels[s.key()] = s.value()
	}
	return labels
}

func (s *soil) meta(namespaced bool) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Name: s.name(), Labels: s.labels(), Annotations: s.annotations(), Generation: sound(s, of[int64](0, 3), -1)}
	if namespaced {
		m.Namespace = sound(s, of("default", "kube-system"), "", "Bad", "a.b")
	} else {
		m.Namespace = sound(s, of(""), "default")
	}
	if s.maybe(10) {
		m.GenerateName = sound(s, of("a-", "agent-"), "Bad-", "_", ".")
	}
	m.OwnerReferences = some(s, 2, (*soil).owner)
	if len(m.OwnerReferences) > 0 {
		m.OwnerReferences[0].Controller = new(true)
	}
	if s.maybe(5) {
		m.Finalizers = of(sound(s, of("example.com/keep", "orphan"), "keep", "a b/c", ""))
	}
	return m
}

var hugeAnnotation = strings.Repeat("x", 1<<18)

func (s *soil) annotations() map[string]string {
	if s.site() {
		return one(s, map[string]string{"two words": ""}, map[string]string{"big": hugeAnnotation},
			map[string]string{"": "", "Upper/Case": ""}, map[string]string{"Upper.Case/Key": "fine"})
	}
	return nil
}

func (s *soil) podAnnotations() map[string]string {
	switch {
	case s.site():
		return map[string]string{corev1.PodDeletionCost: one(s, "+1", "01", "", "x", "-", "2147483648")}
	case s.site():
		return map[string]string{corev1.MirrorPodAnnotationKey: "x"}
	case s.maybe(20):
		return map[string]string{corev1.PodDeletionCost: one(s, "0", "-01", "10")}
	}
	return s.annotations()
}

func (s *soil) owner() metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: sound(s, of("apps/v1", "v1"), "", "a/b/c", "apps/"),
		Kind:       sound(s, of("DaemonSet"), "", "Event"),
		Name:       sound(s, of("owner"), ""),
		UID:        sound(s, of(metav1.ObjectMeta{UID: "1"}.UID), ""),
		Controller: sound(s, of[*bool](nil, new(false)), new(true)),
	}
}

func (s *soil) selector() *metav1.LabelSelector {
	if s.maybe(15) {
		return sound(s, of(&metav1.LabelSelector{}), nil)
	}
	selector := &metav1.LabelSelector{MatchExpressions: some(s, 2, (*soil).requirement)}
	if s.maybe(50) {
		selector.MatchLabels = map[string]string{s.key(): s.value()}
	}
	return selector
}

func (s *soil) requirement() metav1.LabelSelectorRequirement {
	r := metav1.LabelSelectorRequirement{Key: s.key()}
	if s.maybe(50) {
		r.Operator = sound(s, of(metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn), "in", "", "Gt")
		r.Values = s.values(1, 2)
	} else {
		r.Operator = sound(s, of(metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist), "exists", "")
		r.Values = s.values(0, 0)
	}
	return r
}

// values returns a number of values within the bounds, or for a mistake outside of them.
func (s *soil) values(least, most int) []string {
	n := sound(s, of(least, most), 0, 1, 2, 3)
	var values []string
	for range n {
		values = append(values, s.value())
	}
	return values
}

// share is a number of pods or a percentage.
func (s *soil) share(good ...string) intstr.IntOrString {
	return intstr.Parse(sound(s, good, "-1", "0", "0%", "101%", "x", "", "%", "5 %", "-5%", "99999999999999999999%", "1000%", "1"))
}

func (s *soil) node() runtime.Object {
	n := &corev1.Node{ObjectMeta: s.meta(false)}
	for i := range s.rng.IntN(3) {
		t := corev1.Taint{Key: fmt.Sprintf("k%d", i), Value: s.value(), Effect: s.effect()}
		t.Key = sound(s, of(t.Key), "k0", "", "two words")
		n.Spec.Taints = append(n.Spec.Taints, t)
	}
	n.Status.Capacity, n.Status.Allocatable = s.quantities(), s.quantities()
	n.Status.DeclaredFeatures = sound(s, of(nil, of("A", "B/c")), of("B", "A"), of("A", "A"), of("a"), of("A/"), of("A"+tooLong), of("", "B", "A", "A"))
	return n
}

func (s *soil) effect() corev1.TaintEffect {
	return sound(s, of(corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule), "", "noSchedule")
}

func (s *soil) quantity(good ...string) resource.Quantity {
	return resource.MustParse(sound(s, good, "-1", "1500m", "1.5", "-100m", "0", "3Mi", "1n"))
}

func (s *soil) quantities() corev1.ResourceList {
	list := corev1.ResourceList{"cpu": s.quantity("4", "500m"), "memory": s.quantity("1Gi", "0"), "pods": s.quantity("110")}
	if s.maybe(30) {
		list["nvidia.com/gpu"] = s.quantity("8")
	}
	return list
}

func (s *soil) namespace() runtime.Object {
	return &corev1.Namespace{ObjectMeta: s.meta(false)}
}

func (s *soil) toleration() corev1.Toleration {
	t := corev1.Toleration{
		Key:      s.key(),
		Operator: sound(s, of(corev1.TolerationOpExists, corev1.TolerationOpEqual, ""), corev1.TolerationOpLt, corev1.TolerationOpGt, "exists"),
	}
	if t.Operator != corev1.TolerationOpExists {
		t.Value = s.value()
	} else {
		t.Value = sound(s, of(""), "a")
		t.Key = sound(s, of(t.Key, ""), "two words")
	}
	if s.maybe(70) {
		t.Effect = s.effect()
	}
	if t.Effect == corev1.TaintEffectNoExecute && s.maybe(50) || s.site() {
		t.TolerationSeconds = new(one[int64](s, -1, 0, 300))
	}
	return t
}

func (s *soil) nodeRequirement() corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{Key: s.key()}
	switch s.rng.IntN(3) {
	case 0:
		r.Operator = sound(s, of(corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), "in", "")
		r.Values = s.values(1, 3)
	case 1:
		r.Operator = sound(s, of(corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist), "exists")
		r.Values = s.values(0, 0)
	default:
		r.Operator = sound(s, of(corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt), ">")
		r.Values = s.values(1, 1)
	}
	return r
}

func (s *soil) fieldRequirement() corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{
		Key:      sound(s, of("metadata.name"), "metadata.namespace", ""),
		Operator: sound(s, of(corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), corev1.NodeSelectorOpExists, corev1.NodeSelectorOpGt, ""),
	}
	for range sound(s, of(1), 0, 2) {
		r.Values = append(r.Values, s.name())
	}
	return r
}

func (s *soil) nodeTerm() corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: some(s, 2, (*soil).nodeRequirement), MatchFields: some(s, 1, (*soil).fieldRequirement)}
}

func (s *soil) weight() int32 { return sound(s, of[int32](1, 50, 100), 0, -1, 101) }

func (s *soil) affinity() *corev1.Affinity {
	a := &corev1.Affinity{}
	if s.maybe(60) {
		a.NodeAffinity = &corev1.NodeAffinity{}
		if s.maybe(60) {
			a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
				NodeSelectorTerms: sound(s, of(append(some(s, 2, (*soil).nodeTerm), s.nodeTerm())), nil, of(corev1.NodeSelectorTerm{}))}
		}
		a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = some(s, 2, func(s *soil) corev1.PreferredSchedulingTerm {
			return corev1.PreferredSchedulingTerm{Weight: s.weight(), Preference: s.nodeTerm()}
		})
	}
	weighted := func(s *soil) corev1.WeightedPodAffinityTerm {
		return corev1.WeightedPodAffinityTerm{Weight: s.weight(), PodAffinityTerm: s.podTerm()}
	}
	if s.maybe(40) {
		a.PodAffinity = &corev1.PodAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution:  some(s, 2, (*soil).podTerm),
			PreferredDuringSchedulingIgnoredDuringExecution: some(s, 1, weighted)}
	}
	if s.maybe(40) {
		a.PodAntiAffinity = &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution:  some(s, 1, (*soil).podTerm),
			PreferredDuringSchedulingIgnoredDuringExecution: some(s, 2, weighted)}
	}
	return a
}

func (s *soil) podTerm() corev1.PodAffinityTerm {
	t := corev1.PodAffinityTerm{LabelSelector: s.selector(), TopologyKey: s.key()}
	if s.maybe(30) {
		t.NamespaceSelector = s.selector()
	}
	if s.maybe(30) {
		t.Namespaces = of(sound(s, of("default"), "", "Bad", "a.b"), "other")
	}
	if t.LabelSelector != nil && s.maybe(40) || s.site() {
		t.MatchLabelKeys, t.MismatchLabelKeys = s.labelKeys(t.LabelSelector, "app", "pod-template-hash"), s.labelKeys(t.LabelSelector, "other")
		t.MismatchLabelKeys = append(t.MismatchLabelKeys, sound(s, of[[]string](nil), t.MatchLabelKeys)...)
	}
	return t
}

// labelKeys returns keys that are not in the selector; for a mistake some are.
func (s *soil) labelKeys(selector *metav1.LabelSelector, good ...string) []string {
	keys := good[:1+s.rng.IntN(len(good))]
	if s.site() {
		keys = append(of(one(s, "two words", "app", "other")), keys...)
		if selector != nil && s.maybe(70) {
			selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement{Key: keys[0], Operator: "Exists"})
		}
		if selector != nil && s.maybe(40) {
			selector.MatchLabels = map[string]string{keys[0]: "x"}
		}
	}
	return keys
}

func (s *soil) spread() []corev1.TopologySpreadConstraint {
	var list []corev1.TopologySpreadConstraint
	for _, key := range of("zone", "host", "two words")[:s.rng.IntN(3)] {
		c := corev1.TopologySpreadConstraint{
			MaxSkew:           sound(s, of[int32](1, 5), 0, -1),
			TopologyKey:       sound(s, of(key), "", "zone"),
			WhenUnsatisfiable: sound(s, of(corev1.DoNotSchedule, corev1.ScheduleAnyway), "", "Never"),
			LabelSelector:     s.selector(),
		}
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && s.maybe(30) || s.site() {
			c.MinDomains = new(sound(s, of[int32](1, 3), 0, -1))
		}
		if s.maybe(30) {
			c.NodeAffinityPolicy = new(sound(s, of(corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore), "", "honor"))
			c.NodeTaintsPolicy = new(sound(s, of(corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore), "", "honor"))
		}
		if c.LabelSelector != nil && s.maybe(40) || s.site() {
			c.MatchLabelKeys = s.labelKeys(c.LabelSelector, "app", "pod-template-hash")
		}
		list = append(list, c)
	}
	return list
}

// resources returns requests and limits that are consistent.
func (s *soil) resources() corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Limits: corev1.ResourceList{}, Requests: corev1.ResourceList{}}
	if s.maybe(70) {
		r.Requests["cpu"] = s.quantity("100m", "1")
		r.Requests["memory"] = s.quantity("64Mi")
	}
	if s.maybe(50) {
		r.Limits["cpu"] = s.quantity("2")
		r.Limits["memory"] = s.quantity("1Gi")
	}
	for _, name := range of[corev1.ResourceName]("nvidia.com/gpu", "hugepages-2Mi") {
		if s.maybe(15) && len(r.Requests) > 0 {
			q := s.quantity("4Mi")
			r.Limits[name], r.Requests[name] = q, q
			if s.site() {
				r.Requests[name] = s.quantity("2Mi", "8Mi")
			}
			if s.site() {
				delete(one(s, r.Limits, r.Requests), name)
			}
		}
	}
	if s.site() {
		r = one(s, corev1.ResourceRequirements{Requests: r.Requests, Limits: corev1.ResourceList{"cpu": resource.MustParse("1m")}},
			corev1.ResourceRequirements{Limits: corev1.ResourceList{"hugepages-2Mi": resource.MustParse("2Mi")}})
	}
	if s.site() {
		name := one[corev1.ResourceName](s, "pods", "storage", "foo", "two words", "requests.a/b", "kubernetes.io/foo", "a/b",
			"a/"+corev1.ResourceName(tooLong[:63]), "hugepages-", "hugepages-0", "hugepages-x", "hugepages-1m", "requests.hugepages-2Mi", "requests.cpu", "")
		if len(r.Limits) > 0 {
			r.Limits[name] = resource.MustParse(one(s, "1", "1500m"))
		}
		if s.maybe(50) && r.Requests != nil {
			r.Requests[name] = resource.MustParse(one(s, "1", "1500m"))
		}
	}
	return r
}

// ports returns distinct ports, starting at a number.
func (s *soil) ports(from int32, hostNetwork bool) []corev1.ContainerPort {
	var list []corev1.ContainerPort
	for i := range int32(s.rng.IntN(3)) {
		n := from + i
		p := corev1.ContainerPort{
			ContainerPort: sound(s, of(n), 0, -1, 70000, 1),
			Protocol:      sound(s, of(corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP, ""), "tcp", "ICMP"),
		}
		if s.maybe(40) {
			p.HostPort = sound(s, of(n), -1, 70000, 2)
		}
		if hostNetwork {
			p.HostPort = sound(s, of(p.ContainerPort, 0), 1, 2)
		}
		if s.maybe(50) {
			p.Name = sound(s, of(fmt.Sprintf("p%d", n)), "Http", "p0", "80", "a-very-long-port-name", "a--b", "-")
		}
		if s.maybe(20) {
			p.HostIP = one(s, "10.0.0.1", "::1")
		}
		list = append(list, p)
		if s.site() {
			list = append(list, p)
		} else if s.maybe(10) { // the same port of another address is another
			p.Name, p.HostIP = "", "10.0.0.9"
			list = append(list, p)
		}
	}
	return list
}

func (s *soil) container(name string, port int32, hostNetwork bool) corev1.Container {
	return corev1.Container{
		Name:      sound(s, of(name), "", "Agent", "c0", "a.b"),
		Image:     sound(s, of("registry/agent:1", "agent"), "", " ", " agent", "agent\n"),
		Ports:     s.ports(port, hostNetwork),
		Resources: s.resources(),
	}
}

func (s *soil) restart() *corev1.ContainerRestartPolicy {
	if s.maybe(60) {
		return nil
	}
	return new(sound(s, of(corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever), "", "always"))
}

func (s *soil) podSpec() corev1.PodSpec {
	p := corev1.PodSpec{
		RestartPolicy:     sound(s, of(corev1.RestartPolicyAlways, ""), corev1.RestartPolicyNever, "always"),
		HostNetwork:       s.maybe(20),
		PriorityClassName: sound(s, of("", "high"), "High"),
		SchedulerName:     one(s, "", "Any Name At All"),
		NodeName:          sound(s, of("", "", "node-1"), "Node_1"),
	}
	if !s.maybe(95) {
		p.HostUsers = new(!p.HostNetwork && s.maybe(50))
		if p.HostNetwork {
			p.HostUsers = new(sound(s, of(true), false))
		}
	}
	for i := range sound(s, of(1, 2), 0) {
		p.Containers = append(p.Containers, s.container(fmt.Sprintf("c%d", i), int32(1000+10*i), p.HostNetwork))
		p.Containers[i].RestartPolicy = s.restart()
	}
	for i := range s.rng.IntN(3) {
		p.InitContainers = append(p.InitContainers, s.container(fmt.Sprintf("i%d", i), int32(2000+10*i), p.HostNetwork))
		p.InitContainers[i].RestartPolicy = s.restart()
	}
	if s.site() {
		p.EphemeralContainers = of(corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon(s.container("e", 3000, false))})
		c := &p.EphemeralContainers[0]
		if len(c.Resources.Limits)+len(c.Resources.Requests) == 0 {
			c.Resources = corev1.ResourceRequirements{}
		}
		c.RestartPolicy = s.restart()
	}
	if s.maybe(30) {
		p.NodeSelector = map[string]string{s.key(): s.value()}
	}
	if s.maybe(40) {
		p.Affinity = s.affinity()
	}
	p.Tolerations = some(s, 3, (*soil).toleration)
	p.TopologySpreadConstraints = s.spread()
	if p.NodeName == "" && s.maybe(15) || s.site() {
		p.SchedulingGates = of(corev1.PodSchedulingGate{Name: sound(s, of("example.com/gate"), "", "a b")}, corev1.PodSchedulingGate{Name: sound(s, of("other"), "example.com/gate")})
	}
	if s.maybe(20) {
		p.PreemptionPolicy = new(sound(s, of(corev1.PreemptNever, corev1.PreemptLowerPriority), "", "never"))
	}
	if s.maybe(20) {
		p.TerminationGracePeriodSeconds = new(sound(s, of[int64](0, 5), -1))
	}
	if s.site() {
		p.ActiveDeadlineSeconds = new(one[int64](s, 0, -1, 1, 1<<31))
	}
	if s.maybe(10) {
		p.Overhead = corev1.ResourceList{"cpu": s.quantity("10m")}
		if s.site() {
			p.Overhead[one[corev1.ResourceName](s, "pods", "a/b", "hugepages-2Mi")] = s.quantity("2")
		}
	}
	if s.maybe(10) {
		p.OS = &corev1.PodOS{Name: sound(s, of(corev1.Linux), "", "linus")}
	}
	if s.maybe(20) {
		p.Resources = s.podResources(&p)
	}
	return p
}

// podResources returns ample resources for the whole pod, or too few for a mistake.
func (s *soil) podResources(p *corev1.PodSpec) *corev1.ResourceRequirements {
	r := &corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	if s.maybe(80) {
		r.Requests["cpu"], r.Requests["memory"] = s.quantity("100"), s.quantity("100Gi")
	}
	if s.maybe(60) || len(r.Requests) == 0 {
		r.Limits["cpu"], r.Limits["memory"] = s.quantity("200"), s.quantity("200Gi")
	}
	if s.site() {
		r.Limits["cpu"] = s.quantity("100m")
	}
	if s.site() {
		r.Requests[one[corev1.ResourceName](s, "nvidia.com/gpu", "pods", "foo", "two words")] = s.quantity("1")
	}
	if s.site() {
		r.Limits["hugepages-2Mi"] = s.quantity("2Mi")
		p.Containers = append(p.Containers, corev1.Container{Name: "huge", Image: "x", Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
			"hugepages-2Mi": s.quantity("2Mi", "4Mi"), "cpu": s.quantity("1")}}})
	}
	if s.site() {
		p.OS = &corev1.PodOS{Name: corev1.Windows}
	}
	return r
}

func (s *soil) pod() runtime.Object {
	p := &corev1.Pod{ObjectMeta: s.meta(true), Spec: s.podSpec()}
	p.Annotations = s.podAnnotations()
	return p
}

func (s *soil) template() corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: s.labels(), Annotations: s.podAnnotations()}, Spec: s.podSpec()}
	t.Labels["app"] = sound(s, of("web"), "other")
	return t
}

// workloadSelector selects the template.
func (s *soil) workloadSelector() *metav1.LabelSelector {
	app := map[string]string{"app": "web"}
	return sound(s, of(&metav1.LabelSelector{MatchLabels: app}, &metav1.LabelSelector{MatchLabels: app, MatchExpressions: of(metav1.LabelSelectorRequirement{Key: "app", Operator: "Exists"})}),
		nil, &metav1.LabelSelector{}, s.selector(), s.selector(), &metav1.LabelSelector{MatchLabels: map[string]string{"app": "two words"}},
		&metav1.LabelSelector{MatchExpressions: of(metav1.LabelSelectorRequirement{Key: "app", Operator: "in"})})
}

func (s *soil) seconds() int32 { return sound(s, of[int32](0, 10), -1) }

func (s *soil) daemonSet() runtime.Object {
	ds := &appsv1.DaemonSet{ObjectMeta: s.meta(true)}
	ds.Spec = appsv1.DaemonSetSpec{Selector: s.workloadSelector(), Template: s.template(), MinReadySeconds: s.seconds(), RevisionHistoryLimit: new(s.seconds())}
	ds.Spec.UpdateStrategy.Type = sound(s, of(appsv1.RollingUpdateDaemonSetStrategyType, "", appsv1.OnDeleteDaemonSetStrategyType), "Recreate", "rollingUpdate")
	if s.maybe(70) {
		update := &appsv1.RollingUpdateDaemonSet{}
		ds.Spec.UpdateStrategy.RollingUpdate = update
		if s.maybe(30) {
			update.MaxUnavailable, update.MaxSurge = new(s.share("0", "0%")), new(s.share("1", "10%"))
		} else if s.maybe(80) {
			update.MaxUnavailable = new(s.share("1", "100%", "20%"))
		}
		if s.site() {
			update.MaxSurge = new(s.share("1", "10%"))
		}
	}
	return ds
}

func (s *soil) deployment() runtime.Object {
	d := &appsv1.Deployment{ObjectMeta: s.meta(true)}
	d.Spec = appsv1.DeploymentSpec{Replicas: new(s.seconds()), Selector: s.workloadSelector(), Template: s.template(),
		MinReadySeconds: s.seconds(), RevisionHistoryLimit: new(s.seconds())}
	if s.maybe(70) {
		d.Spec.ProgressDeadlineSeconds = new(sound(s, of[int32](60, 600), 0, -1, 10))
	}
	d.Spec.Strategy.Type = sound(s, of(appsv1.RollingUpdateDeploymentStrategyType, "", appsv1.RecreateDeploymentStrategyType), "OnDelete")
	if d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType && s.maybe(60) || s.site() {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: new(s.share("1", "25%")), MaxSurge: new(s.share("0", "25%", "200%"))}
	}
	return d
}

func (s *soil) replicaSet() runtime.Object {
	return &appsv1.ReplicaSet{ObjectMeta: s.meta(true), Spec: appsv1.ReplicaSetSpec{Replicas: new(s.seconds()), Selector: s.workloadSelector(),
		Template: s.template(), MinReadySeconds: s.seconds()}}
}

func (s *soil) statefulSet() runtime.Object {
	sts := &appsv1.StatefulSet{ObjectMeta: s.meta(true)}
	sts.Spec = appsv1.StatefulSetSpec{Replicas: new(s.seconds()), Selector: s.workloadSelector(), Template: s.template(), MinReadySeconds: s.seconds(),
		ServiceName:         sound(s, of("", "web"), "Web", "a.b"),
		PodManagementPolicy: sound(s, of(appsv1.OrderedReadyPodManagement, "", appsv1.ParallelPodManagement), "parallel"),
	}
	if s.maybe(30) {
		sts.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: s.seconds()}
	}
	sts.Spec.UpdateStrategy.Type = sound(s, of(appsv1.RollingUpdateStatefulSetStrategyType, "", appsv1.OnDeleteStatefulSetStrategyType), "Recreate", "x")
	if sts.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType && s.maybe(50) || s.site() {
		sts.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(s.seconds())}
		if s.maybe(60) {
			sts.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = new(s.share("1", "50%"))
		}
	}
	return sts
}

func (s *soil) revision() runtime.Object {
	data := sound(s, of(`{}`, `{"spec":{"template":1}}`), "-", `null`, `[]`, `"x"`, `{`, ``, `1 2`)
	r := &appsv1.ControllerRevision{ObjectMeta: s.meta(true), Revision: int64(s.seconds())}
	if data != "-" {
		r.Data = runtime.RawExtension{Raw: []byte(data)}
	}
	return r
}

func (s *soil) budget() runtime.Object {
	b := &policyv1.PodDisruptionBudget{ObjectMeta: s.meta(true)}
	b.Spec.Selector = s.selector()
	if s.maybe(50) || s.site() {
		b.Spec.MinAvailable = new(s.share("1", "50%", "0", "0%"))
	}
	if b.Spec.MinAvailable == nil && s.maybe(80) || s.site() {
		b.Spec.MaxUnavailable = new(s.share("1", "50%", "0"))
	}
	if s.maybe(40) {
		b.Spec.UnhealthyPodEvictionPolicy = new(sound(s, of(policyv1.AlwaysAllow, policyv1.IfHealthyBudget), "", "Never"))
	}
	return b
}

func (s *soil) priorityClass() runtime.Object {
	c := &schedulingv1.PriorityClass{ObjectMeta: s.meta(false), Value: sound(s, of[int32](0, -5, 1000000000), 1000000001, 2000000000)}
	if s.maybe(30) {
		c.Name = sound(s, of("system-cluster-critical", "system-node-critical"), "system-mine", "system-")
		c.Value = sound(s, of(map[string]int32{"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}[c.Name]), 0, 7)
		c.GlobalDefault = sound(s, of(false), true)
	}
	if s.maybe(40) {
		c.PreemptionPolicy = new(sound(s, of(corev1.PreemptNever, corev1.PreemptLowerPriority), "", "never"))
	}
	return c
}

func (s *soil) serviceAccount() runtime.Object {
	return &corev1.ServiceAccount{ObjectMeta: s.meta(true)}
}

func (s *soil) runtimeClass() runtime.Object {
	c := &nodev1.RuntimeClass{ObjectMeta: s.meta(false), Handler: sound(s, of("runc", "kata"), "", "Bad", "a.b")}
	if s.maybe(50) {
		c.Overhead = &nodev1.Overhead{PodFixed: corev1.ResourceList{"cpu": s.quantity("100m"), "memory": s.quantity("1Gi")}}
		if s.site() {
			c.Overhead.PodFixed[one(s, corev1.ResourceName("pods"), "hugepages-2Mi")] = s.quantity("1")
		}
	}
	if s.maybe(50) {
		c.Scheduling = &nodev1.Scheduling{NodeSelector: s.labels(), Tolerations: some(s, 1, (*soil).toleration)} // two may be equal
		if s.site() && len(c.Scheduling.Tolerations) > 0 {
			c.Scheduling.Tolerations = append(c.Scheduling.Tolerations, c.Scheduling.Tolerations[0])
		}
	}
	return c
}

// amounts lists some of the resources, each with one of the good quantities.
func (s *soil) amounts(good ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for _, name := range of[corev1.ResourceName]("cpu", "memory", "ephemeral-storage") {
		if s.maybe(35) {
			list[sound(s, of(name), "pods", "Bad name", "disk", "storage", "nvidia.com/gpu", "hugepages-2Mi")] = s.quantity(good...)
		}
	}
	return list
}

func (s *soil) limitRange() runtime.Object {
	l := &corev1.LimitRange{ObjectMeta: s.meta(true)}
	for _, kind := range of(corev1.LimitTypeContainer, corev1.LimitTypePod, corev1.LimitTypePersistentVolumeClaim, "example.com/Volume") {
		if !s.maybe(50) {
			continue
		}
		item := corev1.LimitRangeItem{Type: sound(s, of(kind), "Pods", "", "a b", corev1.LimitTypeContainer)}
		if kind == corev1.LimitTypePersistentVolumeClaim {
			item.Min = corev1.ResourceList{sound(s, of(corev1.ResourceStorage), "cpu"): s.quantity("1Gi")}
		}
		if kind == corev1.LimitTypePod || kind == corev1.LimitTypeContainer {
			item.Min, item.Max = s.amounts("1"), s.amounts("8")
			if kind == corev1.LimitTypeContainer || s.site() {
				item.DefaultRequest, item.Default = s.amounts("2"), s.amounts("2", "4")
			}
			if s.maybe(30) {
				item.MaxLimitRequestRatio = corev1.ResourceList{"cpu": s.quantity("1", "2", "2500m"), "memory": s.quantity("2", "8")}
			}
		}
		l.Spec.Limits = append(l.Spec.Limits, item)
	}
	return l
}

func (s *soil) resourceQuota() runtime.Object {
	q := &corev1.ResourceQuota{ObjectMeta: s.meta(true), Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{}}}
	for _, name := range of[corev1.ResourceName]("pods", "requests.cpu", "limits.memory", "cpu") {
		if s.maybe(40) {
			q.Spec.Hard[sound(s, of(name), "storage", "Bad name", "disk", "count/pods", "requests.nvidia.com/gpu", "services")] = s.quantity("4")
		}
	}
	if s.maybe(40) {
		q.Spec.Scopes = append(q.Spec.Scopes, sound(s, of(corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopePriorityClass, corev1.ResourceQuotaScopeTerminating),
			"Mine", corev1.ResourceQuotaScopeVolumeAttributesClass, corev1.ResourceQuotaScopeBestEffort))
	}
	if s.maybe(20) {
		q.Spec.Scopes = append(q.Spec.Scopes, sound(s, of(corev1.ResourceQuotaScopeTerminating), corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeBestEffort))
	}
	if s.maybe(40) {
		q.Spec.ScopeSelector = &corev1.ScopeSelector{MatchExpressions: []corev1.ScopedResourceSelectorRequirement{{
			ScopeName: sound(s, of(corev1.ResourceQuotaScopePriorityClass), "Mine", corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeBestEffort),
			Operator:  sound(s, of(corev1.ScopeSelectorOpIn, corev1.ScopeSelectorOpNotIn), "", corev1.ScopeSelectorOpExists, "in"),
			Values:    sound(s, of([]string{"high"}), nil),
		}}}
	}
	return q
}

func (s *soil) service() runtime.Object {
	v := &corev1.Service{ObjectMeta: s.meta(true)}
	v.Spec = corev1.ServiceSpec{Selector: map[string]string{s.key(): s.value()}, Type: sound(s, of(corev1.ServiceTypeClusterIP, "", corev1.ServiceTypeNodePort), "clusterIP", corev1.ServiceTypeExternalName)}
	n := sound(s, of(1, 2, 3), 0)
	for i := range int32(n) {
		p := corev1.ServicePort{
			Port:     sound(s, of(80+i), 0, -1, 70000, 80),
			Protocol: sound(s, of(corev1.ProtocolTCP, "", corev1.ProtocolUDP), "tcp"),
		}
		if n > 1 || s.maybe(50) {
			p.Name = sound(s, of(fmt.Sprintf("p%d", i)), "", "P", "p0")
		}
		if s.maybe(50) {
			p.TargetPort = intstr.Parse(sound(s, of("8080", "http"), "70000", "-1", "Http", ""))
		}
		if v.Spec.Type == corev1.ServiceTypeNodePort && s.maybe(50) || s.site() {
			p.NodePort = sound(s, of(30000+i), 30000)
		}
		if s.maybe(20) {
			p.AppProtocol = new(sound(s, of("http", "example.com/x"), "a b"))
		}
		v.Spec.Ports = append(v.Spec.Ports, p)
	}
	if v.Spec.Type != corev1.ServiceTypeNodePort && s.maybe(20) {
		v.Spec.ClusterIP = "None"
		if s.maybe(40) {
			v.Spec.Ports = nil
		}
	}
	return v
}
