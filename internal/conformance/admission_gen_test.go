package conformance

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/conformance/upstream"
)

// gatehouse draws pods and the objects that decide about them.
type gatehouse struct{ rng *rand.Rand }

func newGatehouse(seed [2]uint64) gatehouse {
	return gatehouse{rand.New(rand.NewPCG(seed[0], seed[1]))}
}

func (g gatehouse) chance(percent int) bool { return g.rng.IntN(100) < percent }

// count draws a number of things, from least to most.
func (g gatehouse) count(least, most int) int { return least + g.rng.IntN(most-least+1) }

func pickOne[T any](g gatehouse, from ...T) T { return from[g.rng.IntN(len(from))] }

var gateQuantities = []string{"0", "50m", "100m", "250m", "1", "2", "100Mi", "200Mi", "1Gi"}

func (g gatehouse) list(percent int) corev1.ResourceList {
	list := corev1.ResourceList{}
	for _, name := range []corev1.ResourceName{"cpu", "memory", "ephemeral-storage"} {
		if g.chance(percent) {
			list[name] = resource.MustParse(pickOne(g, gateQuantities...))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

func (g gatehouse) resources() corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Requests: g.list(40), Limits: g.list(30)}
	for name, request := range r.Requests {
		if limit, limited := r.Limits[name]; limited && limit.Cmp(request) < 0 && g.chance(90) {
			r.Limits[name], r.Requests[name] = request, limit
		}
	}
	if g.chance(10) {
		gpu := corev1.ResourceList{"example.com/gpu": resource.MustParse("1")}
		r.Limits = merged(r.Limits, gpu)
	}
	return r
}

func merged(a, b corev1.ResourceList) corev1.ResourceList {
	if a == nil {
		a = corev1.ResourceList{}
	}
	for name, quantity := range b {
		a[name] = quantity
	}
	return a
}

func (g gatehouse) toleration() corev1.Toleration {
	t := corev1.Toleration{
		Key:      pickOne(g, "", "a", "b", corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeMemoryPressure),
		Operator: corev1.TolerationOpExists,
		Effect:   pickOne(g, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute),
	}
	if t.Key != "" && g.chance(40) {
		t.Operator, t.Value = pickOne(g, corev1.TolerationOpEqual, ""), pickOne(g, "", "x")
	}
	if t.Effect == corev1.TaintEffectNoExecute && g.chance(50) {
		t.TolerationSeconds = new(pickOne(g, int64(0), 60, 300, 600))
	}
	return t
}

func (g gatehouse) tolerations() []corev1.Toleration {
	var list []corev1.Toleration
	for range g.count(0, 3) {
		list = append(list, g.toleration())
	}
	return list
}

func (g gatehouse) selector(percent int) map[string]string {
	selector := map[string]string{}
	for _, key := range []string{"zone", "disk", "arch"} {
		if g.chance(percent) {
			selector[key] = pickOne(g, "x", "y")
		}
	}
	if len(selector) == 0 {
		return nil
	}
	return selector
}

func (g gatehouse) container(name string) corev1.Container {
	c := corev1.Container{Name: name, Image: "agent:1", ImagePullPolicy: corev1.PullIfNotPresent, TerminationMessagePolicy: corev1.TerminationMessageReadFile, Resources: g.resources()}
	if g.chance(20) {
		c.Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: pickOne(g, int32(0), 80), Protocol: corev1.ProtocolTCP}}
	}
	if g.chance(70) {
		c.SecurityContext = g.security()
	}
	return c
}

// security is, half the time, what the level restricted asks for.
func (g gatehouse) security() *corev1.SecurityContext {
	s := &corev1.SecurityContext{}
	if g.chance(60) {
		s.AllowPrivilegeEscalation, s.RunAsNonRoot = new(false), new(true)
		s.Capabilities = &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}
		s.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	if g.chance(15) {
		s.Privileged, s.AllowPrivilegeEscalation = new(true), nil
	}
	if g.chance(15) {
		s.Capabilities = &corev1.Capabilities{Add: []corev1.Capability{pickOne(g, corev1.Capability("NET_ADMIN"), "CHOWN", "NET_BIND_SERVICE")}}
	}
	if g.chance(10) {
		s.RunAsUser = new(pickOne(g, int64(0), 1000))
	}
	if g.chance(5) {
		s.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
	}
	return s
}

func (g gatehouse) pod() *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", GenerateName: "agent-", Labels: map[string]string{"app": "agent"}}}
	if g.chance(20) {
		pod.GenerateName, pod.Name = "", "agent"
	}
	if g.chance(2) {
		pod.Namespace = "nowhere"
	}
	spec := &pod.Spec
	for i := range g.count(1, 2) {
		spec.Containers = append(spec.Containers, g.container(fmt.Sprintf("c%d", i)))
	}
	for i := range g.count(0, 2) {
		c := g.container(fmt.Sprintf("i%d", i))
		if g.chance(40) {
			c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		}
		spec.InitContainers = append(spec.InitContainers, c)
	}
	g.sandbox(spec)
	spec.Tolerations, spec.NodeSelector = g.tolerations(), g.selector(25)
	spec.PriorityClassName = pickOne(g, "", "", "", "", "", "high", "high", "never", "low", "system-node-critical", "missing")
	if g.chance(5) {
		spec.Priority = new(pickOne(g, int32(0), 1000, 500))
	}
	if g.chance(5) {
		spec.PreemptionPolicy = new(pickOne(g, corev1.PreemptNever, corev1.PreemptLowerPriority))
	}
	if g.chance(40) {
		spec.RuntimeClassName = new(pickOne(g, "kata", "kata", "kata", "gvisor", "gvisor", "gvisor", "missing"))
	}
	if g.chance(8) {
		spec.Overhead = corev1.ResourceList{"cpu": resource.MustParse(pickOne(g, "100m", "0.1", "1"))}
	}
	spec.ServiceAccountName = pickOne(g, "", "", "", "", "", "", "agent", "agent", "agent", "agent", "agent", "missing")
	if g.chance(10) {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "own"}}
	}
	if g.chance(10) {
		spec.ActiveDeadlineSeconds = new(int64(60))
	}
	if g.chance(15) {
		spec.Resources = &corev1.ResourceRequirements{Requests: g.list(50), Limits: g.list(30)}
		delete(spec.Resources.Requests, "ephemeral-storage")
		delete(spec.Resources.Limits, "ephemeral-storage")
	}
	if g.chance(10) {
		term := corev1.PodAffinityTerm{TopologyKey: "zone"}
		if g.chance(60) {
			term.Namespaces = []string{"other"}
		}
		spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}}
	}
	return pod
}

// sandbox is what PodSecurity looks at in the pod as a whole.
func (g gatehouse) sandbox(spec *corev1.PodSpec) {
	if g.chance(15) {
		spec.HostNetwork = true
	}
	if g.chance(10) {
		spec.HostPID = true
	}
	if g.chance(20) {
		spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/var/log"}}}}
	}
	if g.chance(30) {
		spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}}
	}
	if g.chance(5) {
		spec.SecurityContext = &corev1.PodSecurityContext{Sysctls: []corev1.Sysctl{{Name: pickOne(g, "kernel.msgmax", "kernel.shm_rmid_forced"), Value: "0"}}}
	}
}

const (
	enforce        = "pod-security.kubernetes.io/enforce"
	enforceVersion = "pod-security.kubernetes.io/enforce-version"
)

func (g gatehouse) namespace() *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "apps", Labels: map[string]string{}, Annotations: map[string]string{}}}
	if g.chance(40) {
		ns.Labels[enforce] = pickOne(g, "privileged", "baseline", "baseline", "restricted", "restricted", "Restricted")
	}
	if g.chance(30) {
		ns.Labels[enforceVersion] = pickOne(g, "latest", "v1.0", "v1.8", "v1.18", "v1.24", "v1.99", "v2")
	}
	if g.chance(25) {
		ns.Annotations[admission.NodeSelectorAnnotation] = pickOne(g, "", "zone=x", "zone=x,disk=y", "arch=x", "zone in (x)", "zone")
	}
	if g.chance(25) {
		ns.Annotations[admission.DefaultTolerationsAnnotation] = g.tolerationsText()
	}
	if g.chance(25) {
		ns.Annotations[admission.TolerationsWhitelistAnnotation] = g.tolerationsText()
	}
	if g.chance(2) {
		ns.Status.Phase = corev1.NamespaceTerminating
	}
	return ns
}

func (g gatehouse) tolerationsText() string {
	return pickOne(g, "", "[]", "[", `{"key": 1}`, `[{"operator":"Exists"}]`,
		`[{"operator":"Exists"}]`,
		`[{"operator":"Exists","effect":"NoSchedule"},{"operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"a","operator":"Exists"}]`,
		`[{"key":"a","operator":"Exists"},{"key":"b","value":"x"}]`,
		`[{"key":"a","operator":"Gt","value":"5"}]`,
		`[{"key":"b","operator":"Exists","effect":"NoExecute"}]`)
}

func (g gatehouse) limitRange(name string) *corev1.LimitRange {
	lr := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: name}}
	for range g.count(1, 2) {
		item := corev1.LimitRangeItem{Type: pickOne(g, corev1.LimitTypeContainer, corev1.LimitTypeContainer, corev1.LimitTypePod, corev1.LimitTypePersistentVolumeClaim)}
		switch pickOne(g, "defaults", "min", "max", "ratio", "all") {
		case "defaults":
			item.Default, item.DefaultRequest = g.list(50), g.list(50)
		case "min":
			item.Min = g.list(50)
		case "max":
			item.Max = g.list(50)
		case "ratio":
			item.MaxLimitRequestRatio = g.list(40)
		default:
			item.Min, item.Max, item.Default, item.DefaultRequest = g.list(20), g.list(20), g.list(20), g.list(20)
		}
		lr.Spec.Limits = append(lr.Spec.Limits, item)
	}
	upstream.Default(lr)
	return lr
}

func (g gatehouse) objects() upstream.AdmissionObjects {
	o := upstream.AdmissionObjects{
		Namespaces: []*corev1.Namespace{g.namespace()},
		ServiceAccounts: []*corev1.ServiceAccount{
			{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "agent"}, ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}}},
			{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "default"}},
		},
		RuntimeClasses: []*nodev1.RuntimeClass{
			{ObjectMeta: metav1.ObjectMeta{Name: "gvisor"}, Scheduling: &nodev1.Scheduling{NodeSelector: g.selector(40), Tolerations: g.tolerations()}},
			{ObjectMeta: metav1.ObjectMeta{Name: "kata"}, Overhead: &nodev1.Overhead{PodFixed: corev1.ResourceList{"cpu": resource.MustParse("100m")}}},
		},
	}
	for i := range g.count(0, 2) {
		o.LimitRanges = append(o.LimitRanges, g.limitRange(fmt.Sprintf("limits%d", i)))
	}
	for _, class := range []schedulingv1.PriorityClass{
		{ObjectMeta: metav1.ObjectMeta{Name: "high"}, Value: 1000, PreemptionPolicy: new(corev1.PreemptLowerPriority)},
		{ObjectMeta: metav1.ObjectMeta{Name: "low"}, Value: 500, GlobalDefault: g.chance(20)},
		{ObjectMeta: metav1.ObjectMeta{Name: "never"}, Value: 800, PreemptionPolicy: new(corev1.PreemptNever), GlobalDefault: g.chance(20)},
		{ObjectMeta: metav1.ObjectMeta{Name: "system-node-critical"}, Value: 2000001000, PreemptionPolicy: new(corev1.PreemptLowerPriority)},
	} {
		o.PriorityClasses = append(o.PriorityClasses, &class)
	}
	return o
}

// quotas are in the order of names, as CheckRequest is asked.
func (g gatehouse) quotas() []*corev1.ResourceQuota {
	var quotas []*corev1.ResourceQuota
	for i := range g.count(1, 2) {
		q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: fmt.Sprintf("quota%d", i)}}
		hard, used := corev1.ResourceList{}, corev1.ResourceList{}
		for range g.count(0, 4) {
			name := pickOne(g, corev1.ResourcePods, "pods", "count/pods", "cpu", "requests.cpu", "limits.cpu", "memory", "requests.memory", "limits.memory",
				"requests.ephemeral-storage", "requests.example.com/gpu", "services", "configmaps", "hugepages-2Mi", "requests.hugepages-2Mi")
			hard[name] = resource.MustParse(pickOne(g, "0", "1", "3", "500m", "1Gi", "10Gi"))
			if !g.chance(3) {
				used[name] = resource.MustParse(pickOne(g, "0", "0", "1", "250m", "100Mi"))
			}
		}
		q.Spec.Hard, q.Status.Hard, q.Status.Used = hard, hard, used
		if g.chance(40) {
			q.Spec.Scopes = append(q.Spec.Scopes, pickOne(g, corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort,
				corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopePriorityClass,
				corev1.ResourceQuotaScopeCrossNamespacePodAffinity))
		}
		if g.chance(30) {
			q.Spec.ScopeSelector = &corev1.ScopeSelector{MatchExpressions: []corev1.ScopedResourceSelectorRequirement{g.scope()}}
		}
		quotas = append(quotas, q)
	}
	return quotas
}

func (g gatehouse) scope() corev1.ScopedResourceSelectorRequirement {
	return pickOne(g,
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpIn, Values: []string{"high", "low"}},
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpNotIn, Values: []string{"high"}},
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpDoesNotExist},
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpExists},
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: corev1.ScopeSelectorOpIn},
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopeBestEffort, Operator: corev1.ScopeSelectorOpExists},
		corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: "Gt", Values: []string{"1"}},
	)
}
