package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/capabilities"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/internal/kube"
)

// optional are the plugins that a distribution switches on.
var optional = []admission.Plugin{admission.PodNodeSelector, admission.PodTolerationRestriction, admission.ExtendedResourceToleration}

// listed looks up what the real plugins have in their caches.
type listed struct{ upstream.AdmissionObjects }

func (o listed) Namespace(name string) (*corev1.Namespace, bool) {
	return found(o.Namespaces, func(n *corev1.Namespace) bool { return n.Name == name })
}

func (o listed) ServiceAccount(namespace, name string) (*corev1.ServiceAccount, bool) {
	return found(o.ServiceAccounts, func(a *corev1.ServiceAccount) bool { return a.Namespace == namespace && a.Name == name })
}

func (o listed) RuntimeClass(name string) (*nodev1.RuntimeClass, bool) {
	return found(o.RuntimeClasses, func(c *nodev1.RuntimeClass) bool { return c.Name == name })
}

func (o listed) PriorityClass(name string) (*schedulingv1.PriorityClass, bool) {
	return found(o.AdmissionObjects.PriorityClasses, func(c *schedulingv1.PriorityClass) bool { return c.Name == name })
}

func (o listed) PriorityClasses() []*schedulingv1.PriorityClass {
	return o.AdmissionObjects.PriorityClasses
}

func (o listed) Release() kube.Release { return kube.LatestRelease }

func (o listed) LimitRanges(namespace string) []*corev1.LimitRange {
	return slices.DeleteFunc(slices.Clone(o.AdmissionObjects.LimitRanges), func(l *corev1.LimitRange) bool { return l.Namespace != namespace })
}

func found[T any](list []*T, is func(*T) bool) (*T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return nil, false
}

// generated is the name that the server makes of a generateName.
const generated = "agent-abcde"

// outcome is the result of admission: the stored pod, or the plugin that refuses the pod
// and its message.
type outcome struct {
	Pod     *corev1.Pod
	Plugin  string
	Message string
}

// realOutcome runs the real plugins, with the strategy of the registry between mutating
// and validating ones.
func realOutcome(t failer, real *upstream.Admission, pod *corev1.Pod, enabled func(string) bool) outcome {
	ctx := kindOf(pod).context()
	internal := internalOf(t, pod).(*core.Pod)
	if plugin, err := real.Admit(ctx, internal, enabled); err != nil {
		return outcome{Plugin: plugin, Message: sortedParts(err.Error())}
	}
	strategy := kindOf(pod).strategy
	strategy.PrepareForCreate(ctx, internal)
	if internal.Name == "" {
		internal.Name = generated
	}
	if mistakes := rest.ValidateCreate(ctx, internal, strategy); len(mistakes) > 0 {
		return outcome{Plugin: "Validation", Message: sortedParts(apierrors.NewInvalid(core.Kind("Pod"), internal.Name, mistakes).Error())}
	}
	if plugin, err := real.Validate(ctx, internal, enabled); err != nil {
		return outcome{Plugin: plugin, Message: sortedParts(err.Error())}
	}
	return outcome{Pod: kindOf(pod).versioned(t, internal).(*corev1.Pod)}
}

func ourOutcome(pod *corev1.Pod, objects admission.Objects, plugins admission.Plugins) outcome {
	named := pod.DeepCopy()
	if named.Name == "" {
		named.Name = generated
	}
	admitted, refusal := admission.Admit(named, objects, plugins, nil)
	if refusal != nil {
		return outcome{Plugin: refusal.Plugin.String(), Message: sortedParts(refusal.Message)}
	}
	return outcome{Pod: admitted}
}

// sortedParts sorts the parts of an aggregate: upstream collects the errors of a
// LimitRange in map order.
func sortedParts(message string) string {
	before, list, ok := strings.Cut(message, "[")
	if !ok || !strings.HasSuffix(list, "]") {
		return message
	}
	parts := strings.Split(strings.TrimSuffix(list, "]"), ", ")
	slices.Sort(parts)
	return before + "[" + strings.Join(parts, ", ") + "]"
}

// forComparison leaves out what admission of berth does not set: the token volume, and
// what the registry keeps for itself.
func forComparison(pod *corev1.Pod) *corev1.Pod {
	if pod == nil {
		return nil
	}
	const token = "kube-api-access-"
	out := &corev1.Pod{Spec: *pod.Spec.DeepCopy()}
	out.Labels, out.Annotations = pod.Labels, pod.Annotations
	out.Spec.Volumes = slices.DeleteFunc(out.Spec.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, token) })
	for _, containers := range [][]corev1.Container{out.Spec.Containers, out.Spec.InitContainers} {
		for i := range containers {
			containers[i].VolumeMounts = slices.DeleteFunc(containers[i].VolumeMounts, func(m corev1.VolumeMount) bool { return strings.HasPrefix(m.Name, token) })
		}
	}
	return out
}

func (o outcome) same(other outcome) bool {
	return o.Plugin == other.Plugin && o.Message == other.Message && (o.Pod == nil) == (other.Pod == nil) &&
		equality.Semantic.DeepEqual(forComparison(o.Pod), forComparison(other.Pod))
}

// attempts is how often the real plugins are asked again where a map decides: the order
// of LimitRanges and of their resources, of a RuntimeClass' labels, of default classes.
// Of two entries of a map one comes first in one of eight walks.
const attempts = 400

// TestPodsAreAdmitted compares the admission of a new pod with the real plugins, in the
// API server's order.
func TestPodsAreAdmitted(t *testing.T) {
	real, err := upstream.NewAdmission()
	if err != nil {
		t.Fatal(err)
	}
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true}) // as --allow-privileged
	seen := newCensus(admissionPremises...)
	for seed := range seeds(t, 20_000) {
		g := newGatehouse(seed)
		pod, objects := g.pod(), g.objects()
		plugins := admission.DefaultPlugins
		for _, p := range optional {
			if g.chance(50) {
				plugins = plugins.With(p)
			}
		}
		if err := real.Set(objects); err != nil {
			t.Fatalf("%v", err)
		}
		enabled := func(name string) bool { return strings.Contains(","+plugins.String()+",", ","+name+",") }
		before := pod.DeepCopy()
		got := ourOutcome(pod, listed{objects}, plugins)
		if diff := cmp.Diff(before, pod); diff != "" {
			t.Fatalf("the pod was changed: %s", diff)
		}
		want := realOutcome(t, real, pod, enabled)
		for range attempts {
			if got.same(want) {
				break
			}
			want = realOutcome(t, real, pod, enabled)
		}
		if !got.same(want) {
			t.Fatalf("plugins %v\n%s\n%s\ngot  %s: %s\nwant %s: %s\n%s", plugins, shown(pod), shown(objects), got.Plugin, got.Message, want.Plugin, want.Message,
				cmp.Diff(forComparison(want.Pod), forComparison(got.Pod)))
		}
		seen.add(admissionCase(pod, got))
	}
	seen.report(t, "new pods")
}

// admissionPremises are the corners that have to come up: what is refused, and what is
// set.
var admissionPremises = []string{
	"admitted", "Validation", "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "PodSecurity", "PodNodeSelector", "Priority",
	"PodTolerationRestriction", "RuntimeClass", "not found", "being terminated", "minimum", "maximum", "No request is specified",
	"No limit is specified", "per Pod", "max limit to request ratio", "provided ratio", "RuntimeClass \"missing\"", "conflict: runtimeClass",
	"doesn't match RuntimeClass", "Pod Overhead set", "no PriorityClass", "integer value of priority", "string value of PreemptionPolicy",
	"namespace whitelist", "unexpected end of JSON", "baseline:v1", "restricted:latest", "namespace node label selector", "error looking up service account",
	"defaults from a LimitRange", "overhead", "selector added", "tolerations added", "priority set", "pull secrets added",
}

func admissionCase(pod *corev1.Pod, got outcome) *census {
	one := newCensus()
	for _, premise := range admissionPremises {
		one.noteIf(got.Plugin == premise || strings.Contains(got.Message, premise), premise)
	}
	if got.Pod == nil {
		return one
	}
	one.note("admitted")
	one.noteIf(got.Pod.Annotations["kubernetes.io/limit-ranger"] != "", "defaults from a LimitRange")
	one.noteIf(len(got.Pod.Spec.Overhead) > len(pod.Spec.Overhead), "overhead")
	one.noteIf(len(got.Pod.Spec.NodeSelector) > len(pod.Spec.NodeSelector), "selector added")
	one.noteIf(len(got.Pod.Spec.Tolerations) > len(pod.Spec.Tolerations), "tolerations added")
	one.noteIf(*got.Pod.Spec.Priority != 0, "priority set")
	one.noteIf(len(got.Pod.Spec.ImagePullSecrets) > len(pod.Spec.ImagePullSecrets), "pull secrets added")
	return one
}

// TestQuotasAreCharged compares what quotas say to a series of pods with the real
// plugin.
func TestQuotasAreCharged(t *testing.T) {
	premises := []string{"charged", "refused", "exceeded quota", "must specify", "status unknown", "not counted", "error matching scopes", "negative"}
	seen := newCensus(premises[:7]...)
	for seed := range seeds(t, 10_000) {
		g := newGatehouse(seed)
		quotas := g.quotas()
		for i := range g.count(1, 4) {
			pod := g.pod()
			pod.Namespace, pod.Name = "apps", fmt.Sprintf("agent-%d", i)
			upstream.Default(pod)
			got, refusal := admission.Charge(quotas, pod)
			want, err := upstream.Charge(quotas, pod)
			if (refusal == nil) != (err == nil) || err != nil && refusal.Message != err.Error() {
				t.Fatalf("%s\n%s\ngot  %v\nwant %v", shown(quotas), shown(pod), refusal, err)
			}
			one := newCensus()
			if err != nil {
				one.note("refused")
				for _, p := range premises {
					one.noteIf(strings.Contains(err.Error(), p), p)
				}
				seen.add(one)
				continue
			}
			one.note("charged")
			for i := range want {
				if !equality.Semantic.DeepEqual(want[i].Status, got[i].Status) {
					t.Fatalf("%s\n%s\n%s", shown(quotas), shown(pod), cmp.Diff(want[i].Status, got[i].Status))
				}
				one.noteIf(got[i] == quotas[i], "not counted")
			}
			seen.add(one)
			quotas = got
		}
	}
	seen.report(t, "pods and quotas")
}

// TestQuotasAreRecounted compares what the quota controller counts.
func TestQuotasAreRecounted(t *testing.T) {
	seen := newCensus("used", "ended", "terminating", "grace period over", "scoped")
	for seed := range seeds(t, 5_000) {
		g := newGatehouse(seed)
		var pods []*corev1.Pod
		one := newCensus()
		for i := range g.count(0, 4) {
			pod := g.pod()
			pod.Name = fmt.Sprintf("agent-%d", i)
			upstream.Default(pod)
			pod.Status.Phase = pickOne(g, corev1.PodPending, corev1.PodRunning, corev1.PodFailed)
			if g.chance(30) {
				pod.DeletionTimestamp = new(metav1.NewTime(time.Now().Add(pickOne(g, -time.Hour, 0))))
				pod.DeletionGracePeriodSeconds = new(int64(600))
				one.note("terminating")
				one.noteIf(pod.DeletionTimestamp.Before(new(metav1.NewTime(time.Now().Add(-time.Minute)))), "grace period over")
			}
			one.noteIf(pod.Status.Phase == corev1.PodFailed, "ended")
			pods = append(pods, pod)
		}
		for _, q := range g.quotas() {
			want, err := upstream.Used(q, pods)
			if err != nil {
				t.Fatal(err)
			}
			got := admission.Recount(q, pods, time.Now())
			for name := range want {
				if used := got.Used[name]; used.Cmp(want[name]) != 0 {
					t.Fatalf("%s\n%s\n%s: got %v, want %v", shown(q), shown(pods), name, got.Used, want)
				}
			}
			one.noteIf(len(want) > 0, "used")
			one.noteIf(len(want) > 0 && q.Spec.ScopeSelector != nil, "scoped")
		}
		seen.add(one)
	}
	seen.report(t, "namespaces")
}

// TestQOSClasses compares the class that tolerations and quotas depend on.
func TestQOSClasses(t *testing.T) {
	seen := newCensus(string(corev1.PodQOSBestEffort), string(corev1.PodQOSBurstable), string(corev1.PodQOSGuaranteed))
	for seed := range seeds(t, 5_000) {
		pod := newGatehouse(seed).pod()
		upstream.Default(pod)
		want := upstream.QOSClass(pod)
		if got := kube.QOSClass(pod); got != want {
			t.Fatalf("%s\ngot %s, want %s", shown(pod), got, want)
		}
		one := newCensus()
		one.note(string(want))
		seen.add(one)
	}
	seen.report(t, "pods")
}
