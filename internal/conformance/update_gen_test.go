package conformance

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// enrich sets fields that a new object can have and that matter only once it changes.
func (s *soil) enrich(object runtime.Object) runtime.Object {
	switch o := object.(type) {
	case *corev1.Node:
		if s.maybe(50) {
			o.Spec.PodCIDRs = one(s, of("10.0.0.0/24"), of("10.0.0.0/24", "fd00::/64"))
			o.Spec.PodCIDR = o.Spec.PodCIDRs[0]
		}
		o.Spec.ProviderID = one(s, "", "aws:///a")
		o.Spec.DoNotUseExternalID = one(s, "", "x")
	case *corev1.Pod:
		if o.Spec.NodeName == "" && s.maybe(40) {
			o.Spec.SchedulingGates = of(corev1.PodSchedulingGate{Name: "a"}, corev1.PodSchedulingGate{Name: "b"})
			if s.maybe(60) {
				o.Spec.Affinity = &corev1.Affinity{NodeAffinity: s.gatedAffinity()}
			}
		}
		if s.maybe(30) {
			o.Spec.ActiveDeadlineSeconds = new(one[int64](s, 60, 600))
		}
		if o.Spec.NodeName != "" && s.maybe(30) {
			o.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		}
	case *appsv1.StatefulSet:
		if s.maybe(40) {
			o.Spec.VolumeClaimTemplates = of(s.claim())
		}
	case *corev1.Service:
		s.address(o)
	}
	return object
}

// gatedAffinity has few terms, so that changes often only add to them.
func (s *soil) gatedAffinity() *corev1.NodeAffinity {
	term := corev1.NodeSelectorTerm{MatchExpressions: of(corev1.NodeSelectorRequirement{Key: "zone", Operator: corev1.NodeSelectorOpExists})}
	selector := &corev1.NodeSelector{NodeSelectorTerms: one(s, of(term), of(term, corev1.NodeSelectorTerm{}))}
	return &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: selector}
}

func (s *soil) claim() corev1.PersistentVolumeClaim {
	c := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
	c.Spec.AccessModes = of(corev1.ReadWriteOnce)
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: s.quantity("1Gi", "2Gi")}
	return c
}

// address sets the addresses of a service that the server would allocate.
func (s *soil) address(v *corev1.Service) {
	v.Spec.Type = one(s, v.Spec.Type, corev1.ServiceTypeLoadBalancer)
	if v.Spec.ClusterIP == "None" {
		v.Spec.Type = corev1.ServiceTypeClusterIP
		for i := range v.Spec.Ports {
			v.Spec.Ports[i].NodePort = 0
		}
	}
	v.Spec.IPFamilies, v.Spec.IPFamilyPolicy = of(corev1.IPv4Protocol), new(corev1.IPFamilyPolicySingleStack)
	v.Spec.ClusterIPs = of("10.0.0.1")
	if v.Spec.ClusterIP == "None" {
		v.Spec.ClusterIPs = of("None")
	} else if s.maybe(40) {
		v.Spec.ClusterIPs = of("10.0.0.1", "fd00::1")
		v.Spec.IPFamilies, v.Spec.IPFamilyPolicy = of(corev1.IPv4Protocol, corev1.IPv6Protocol), new(corev1.IPFamilyPolicyPreferDualStack)
	}
	v.Spec.ClusterIP = v.Spec.ClusterIPs[0]
}

// age makes a new object look old: it has a generation, and sometimes a deletion
// timestamp.
func (s *soil) age(object runtime.Object) {
	meta := object.(metav1.Object)
	meta.SetGeneration(int64(s.rng.IntN(4)))
	switch o := object.(type) {
	case *corev1.Pod:
		o.Status.Phase = corev1.PodRunning
	case *corev1.Service:
		o.Status.Conditions = of(metav1.Condition{Type: "Ready"})
	case *corev1.ResourceQuota:
		o.Status.Hard = corev1.ResourceList{"pods": resource.MustParse("3")}
	default:
		if status := reflect.ValueOf(object).Elem().FieldByName("Status"); status.IsValid() && status.FieldByName("ObservedGeneration").IsValid() {
			status.FieldByName("ObservedGeneration").SetInt(3)
		}
	}
	if s.maybe(15) {
		meta.SetDeletionTimestamp(new(metav1.Unix(1_700_000_100, 0)))
		meta.SetDeletionGracePeriodSeconds(new(int64(30)))
		meta.SetFinalizers(of("example.com/keep"))
	}
}

// A change makes an object another in one field.
type change struct {
	name string
	do   func(*soil, runtime.Object)
}

// changesOf returns a change for each field that the generator sets, and changes for
// particular rules.
func changesOf(k validatedKind) []change {
	var changes []change
	for _, path := range k.fieldsSet() {
		changes = append(changes, k.copying(path))
	}
	changes = append(changes, metaChanges...)
	if k.another(&soil{rng: random(5), bad: map[int]bool{}}, 0).FieldByName("Status").IsValid() {
		changes = append(changes, noStatus)
	}
	return append(changes, aimed[k.name]...)
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// another is an object of the kind, sound or with mistakes.
func (k validatedKind) another(s *soil, mistakes int) reflect.Value {
	return reflect.ValueOf(s.enrich(grow(k.grown, [2]uint64{s.rng.Uint64(), s.rng.Uint64()}, mistakes))).Elem()
}

// fieldsSet has the paths of the fields of a spec, and of the spec in a template,
// that some of the kind's objects set.
func (k validatedKind) fieldsSet() [][]string {
	var paths [][]string
	s := &soil{rng: random(5), bad: map[int]bool{}}
	known := map[string]bool{}
	var visit func(v reflect.Value, path []string)
	visit = func(v reflect.Value, path []string) {
		for i := range v.NumField() {
			here := append(slices.Clone(path), v.Type().Field(i).Name)
			switch name := here[len(here)-1]; {
			case name == "TypeMeta" || name == "ObjectMeta" || v.Field(i).IsZero():
			case name == "Spec" || name == "Template":
				visit(v.Field(i), here)
			case !known[strings.Join(here, ".")]:
				known[strings.Join(here, ".")] = true
				paths = append(paths, here)
			}
		}
	}
	for range 200 {
		visit(k.another(s, 40), nil)
	}
	slices.SortFunc(paths, slices.Compare[[]string])
	return paths
}

// copying sets a field as another object of the kind has it.
func (k validatedKind) copying(path []string) change {
	return change{strings.Join(path, "."), func(s *soil, object runtime.Object) {
		to, from := reflect.ValueOf(object).Elem(), k.another(s, one(s, 0, 0, 1, 5))
		for _, p := range path {
			to, from = to.FieldByName(p), from.FieldByName(p)
		}
		to.Set(from)
	}}
}

// on is a change of a kind's own type.
func on[T runtime.Object](name string, do func(*soil, T)) change {
	return change{name, func(s *soil, object runtime.Object) { do(s, object.(T)) }}
}

func meta(name string, do func(*soil, metav1.Object)) change {
	return change{"metadata." + name, func(s *soil, object runtime.Object) { do(s, object.(metav1.Object)) }}
}

func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

var metaChanges = []change{
	meta("name", func(s *soil, m metav1.Object) { m.SetName(one(s, "other", "Bad Name", "a/b", "a.b", "")) }),
	meta("namespace", func(s *soil, m metav1.Object) { m.SetNamespace(one(s, "other", "", "Bad")) }),
	meta("generateName", func(s *soil, m metav1.Object) { m.SetGenerateName(one(s, "b-", "_", "a/")) }),
	meta("labels", func(s *soil, m metav1.Object) {
		m.SetLabels(with(m.GetLabels(), one(s, "a", "two words"), one(s, "b", "no good")))
	}),
	meta("annotations", func(s *soil, m metav1.Object) {
		m.SetAnnotations(with(m.GetAnnotations(), one(s, "a", "two words"), "x"))
	}),
	meta("finalizers", func(s *soil, m metav1.Object) {
		m.SetFinalizers(append(m.GetFinalizers(), one(s, "example.com/new", "orphan", "keep")))
	}),
	meta("no finalizers", func(s *soil, m metav1.Object) { m.SetFinalizers(nil) }),
	meta("owners", func(s *soil, m metav1.Object) {
		m.SetOwnerReferences(append(m.GetOwnerReferences(), metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "x", UID: one[types.UID](s, "5", "")}))
	}),
	meta("uid", func(s *soil, m metav1.Object) { m.SetUID(one[types.UID](s, "", "other")) }),
	meta("creationTimestamp", func(s *soil, m metav1.Object) { m.SetCreationTimestamp(one(s, metav1.Time{}, metav1.Unix(5, 0))) }),
	meta("deletionTimestamp", func(s *soil, m metav1.Object) { m.SetDeletionTimestamp(one(s, nil, new(metav1.Unix(5, 0)))) }),
	meta("deletionGracePeriodSeconds", func(s *soil, m metav1.Object) { m.SetDeletionGracePeriodSeconds(one(s, nil, new(int64(5)))) }),
	meta("generation", func(s *soil, m metav1.Object) { m.SetGeneration(one(s, int64(0), 100, -1)) }),
}

// noStatus takes the status away, or for a node makes it wrong: updates leave it alone.
var noStatus = change{"status", func(s *soil, object runtime.Object) {
	reflect.ValueOf(object).Elem().FieldByName("Status").SetZero()
	if node, ok := object.(*corev1.Node); ok {
		node.Status.Capacity = corev1.ResourceList{"two words": resource.MustParse("-1")}
	}
}}

// widened adds a label to a selector, and mostly to the template.
func widened(s *soil, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec) {
	if selector != nil {
		selector.MatchLabels = with(selector.MatchLabels, "x", "y")
	}
	if s.maybe(70) {
		template.Labels = with(template.Labels, "x", "y")
	}
}

func templateChanges[T runtime.Object](template func(T) (*metav1.LabelSelector, *corev1.PodTemplateSpec)) []change {
	return []change{
		on("selector and template", func(s *soil, o T) { selector, t := template(o); widened(s, selector, t) }),
		on("template's labels", func(s *soil, o T) { _, t := template(o); t.Labels = with(t.Labels, "v", one(s, "2", "a b")) }),
		on("template's annotations", func(s *soil, o T) { _, t := template(o); t.Annotations = with(t.Annotations, one(s, "v", "a b"), "2") }),
		on("template's image", func(s *soil, o T) {
			_, t := template(o)
			for i := range t.Spec.Containers {
				t.Spec.Containers[i].Image = one(s, "new:2", "")
			}
		}),
	}
}

var aimed = map[string][]change{
	"DaemonSet": append(templateChanges(func(d *appsv1.DaemonSet) (*metav1.LabelSelector, *corev1.PodTemplateSpec) {
		return d.Spec.Selector, &d.Spec.Template
	}),
		on("template generation", func(s *soil, d *appsv1.DaemonSet) {
			d.Annotations = with(d.Annotations, appsv1.DeprecatedTemplateGeneration, one(s, "7", "0"))
		}),
		on("no template generation", func(s *soil, d *appsv1.DaemonSet) { delete(d.Annotations, appsv1.DeprecatedTemplateGeneration) })),
	"Deployment": templateChanges(func(d *appsv1.Deployment) (*metav1.LabelSelector, *corev1.PodTemplateSpec) {
		return d.Spec.Selector, &d.Spec.Template
	}),
	"ReplicaSet": templateChanges(func(d *appsv1.ReplicaSet) (*metav1.LabelSelector, *corev1.PodTemplateSpec) {
		return d.Spec.Selector, &d.Spec.Template
	}),
	"StatefulSet": append(templateChanges(func(d *appsv1.StatefulSet) (*metav1.LabelSelector, *corev1.PodTemplateSpec) {
		return d.Spec.Selector, &d.Spec.Template
	}),
		on("service name", func(s *soil, d *appsv1.StatefulSet) { d.Spec.ServiceName = one(s, "other", "Not a name", "") })),
	"Node": {
		on("provider", func(s *soil, n *corev1.Node) { n.Spec.ProviderID = one(s, "", "aws:///b") }),
		on("external ID", func(s *soil, n *corev1.Node) { n.Spec.DoNotUseExternalID = one(s, "", "y") }),
		on("pod CIDRs", func(s *soil, n *corev1.Node) {
			n.Spec.PodCIDRs, n.Spec.PodCIDR = one(s, nil, of("10.0.1.0/24"), of("10.0.0.0/24")), ""
			if len(n.Spec.PodCIDRs) > 0 {
				n.Spec.PodCIDR = one(s, "", n.Spec.PodCIDRs[0])
			}
		}),
		on("cordon", func(s *soil, n *corev1.Node) { n.Spec.Unschedulable = true }),
		//lint:ignore SA1019 the API server still looks at it
		on("config", func(s *soil, n *corev1.Node) { n.Spec.ConfigSource = &corev1.NodeConfigSource{} }),
	},
	"ControllerRevision": {
		on("data in other words", func(s *soil, r *appsv1.ControllerRevision) { r.Data.Raw = append(r.Data.Raw, ' ') }),
		on("number", func(s *soil, r *appsv1.ControllerRevision) { r.Revision++ }),
	},
	"PriorityClass": {
		on("value", func(s *soil, c *schedulingv1.PriorityClass) { c.Value = one(s, int32(0), 2_000_000_000, 7) }),
		on("default", func(s *soil, c *schedulingv1.PriorityClass) { c.GlobalDefault = !c.GlobalDefault }),
		on("policy", func(s *soil, c *schedulingv1.PriorityClass) {
			c.PreemptionPolicy = one(s, nil, new(corev1.PreemptNever), new(corev1.PreemptionPolicy("x")))
		}),
		on("description", func(s *soil, c *schedulingv1.PriorityClass) { c.Description = "new" }),
	},
	"Service": {
		on("addresses", func(s *soil, v *corev1.Service) {
			v.Spec.ClusterIPs = one(s, nil, of("10.0.0.1"), of("10.0.0.1", "fd00::1"), of("10.0.0.2"), of("10.0.0.2", "fd00::2"), of("None"))
			v.Spec.ClusterIP = append(v.Spec.ClusterIPs, "")[0]
		}),
		on("families", func(s *soil, v *corev1.Service) {
			v.Spec.IPFamilies = one(s, nil, of(corev1.IPv4Protocol), of(corev1.IPv6Protocol), of(corev1.IPv4Protocol, corev1.IPv6Protocol))
		}),
		on("policy", func(s *soil, v *corev1.Service) {
			v.Spec.IPFamilyPolicy = one(s, nil, new(corev1.IPFamilyPolicySingleStack), new(corev1.IPFamilyPolicyPreferDualStack))
		}),
		on("type", func(s *soil, v *corev1.Service) {
			v.Spec.Type = one(s, corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName)
		}),
	},
	"Pod": podChanges,
}

var podChanges = []change{
	on("image", func(s *soil, p *corev1.Pod) {
		for i := range p.Spec.Containers {
			p.Spec.Containers[i].Image = one(s, "new:2", "", " x")
		}
	}),
	on("container's name", func(s *soil, p *corev1.Pod) {
		for i := range p.Spec.Containers {
			p.Spec.Containers[i].Name = one(s, "other", "Bad")
		}
	}),
	on("one more container", func(s *soil, p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "more", Image: "x"})
	}),
	on("one more init container", func(s *soil, p *corev1.Pod) {
		p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{Name: "more", Image: "x"})
	}),
	on("init image", func(s *soil, p *corev1.Pod) {
		if len(p.Spec.InitContainers) > 0 {
			p.Spec.InitContainers[0].Image = one(s, "new:2", "", " x")
		}
	}),
	on("toleration added", func(s *soil, p *corev1.Pod) { p.Spec.Tolerations = append(p.Spec.Tolerations, s.toleration()) }),
	on("toleration removed", func(s *soil, p *corev1.Pod) {
		p.Spec.Tolerations = p.Spec.Tolerations[min(1, len(p.Spec.Tolerations)):]
	}),
	on("toleration's seconds", func(s *soil, p *corev1.Pod) {
		for i := range p.Spec.Tolerations {
			p.Spec.Tolerations[i].TolerationSeconds = new(int64(17))
		}
	}),
	on("deadline", func(s *soil, p *corev1.Pod) {
		p.Spec.ActiveDeadlineSeconds = one(s, nil, new(int64(1)), new(int64(-1)), new(int64(100)), new(int64(1<<32)), new(int64(0)))
	}),
	on("grace", func(s *soil, p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(1)) }),
	on("gate removed", func(s *soil, p *corev1.Pod) {
		p.Spec.SchedulingGates = p.Spec.SchedulingGates[min(1, len(p.Spec.SchedulingGates)):]
	}),
	on("gate added", func(s *soil, p *corev1.Pod) {
		p.Spec.SchedulingGates = append(p.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: one(s, "new", "a")})
	}),
	on("no gates", func(s *soil, p *corev1.Pod) { p.Spec.SchedulingGates = nil }),
	on("node selector", func(s *soil, p *corev1.Pod) {
		p.Spec.NodeSelector = with(p.Spec.NodeSelector, one(s, "zone", "more"), "a")
	}),
	on("no node selector", func(s *soil, p *corev1.Pod) { p.Spec.NodeSelector = nil }),
	on("no affinity", func(s *soil, p *corev1.Pod) { p.Spec.Affinity = nil }),
	on("requirement added", func(s *soil, p *corev1.Pod) {
		for _, term := range nodeTerms(p) {
			*term = append(*term, corev1.NodeSelectorRequirement{Key: "more", Operator: corev1.NodeSelectorOpExists})
		}
	}),
	on("requirement changed", func(s *soil, p *corev1.Pod) {
		for _, term := range nodeTerms(p) {
			if len(*term) > 0 {
				(*term)[0].Key = "other"
			}
		}
	}),
	on("term added", func(s *soil, p *corev1.Pod) {
		if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
			required := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
			required.NodeSelectorTerms = append(required.NodeSelectorTerms, s.nodeTerm())
		}
	}),
	on("node affinity set", func(s *soil, p *corev1.Pod) { p.Spec.Affinity = &corev1.Affinity{NodeAffinity: s.gatedAffinity()} }),
	on("pod affinity", func(s *soil, p *corev1.Pod) {
		if p.Spec.Affinity == nil {
			p.Spec.Affinity = &corev1.Affinity{}
		}
		p.Spec.Affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: of(corev1.PodAffinityTerm{TopologyKey: "zone"})}
	}),
	on("mirror", func(s *soil, p *corev1.Pod) { p.Annotations = with(p.Annotations, corev1.MirrorPodAnnotationKey, "y") }),
	on("no annotations", func(s *soil, p *corev1.Pod) { p.Annotations = nil }),
	on("service account", func(s *soil, p *corev1.Pod) { p.Spec.ServiceAccountName = "other" }),
	on("old field of the service account", func(s *soil, p *corev1.Pod) { p.Spec.DeprecatedServiceAccount = one(s, "", "other") }),
}

// nodeTerms has the expressions of each required term.
func nodeTerms(p *corev1.Pod) []*[]corev1.NodeSelectorRequirement {
	var terms []*[]corev1.NodeSelectorRequirement
	if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		list := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		for i := range list {
			terms = append(terms, &list[i].MatchExpressions)
		}
	}
	return terms
}
