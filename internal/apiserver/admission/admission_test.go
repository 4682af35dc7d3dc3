package admission_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/kube"
)

// world holds the objects of a scenario.
type world struct {
	namespaces      []*corev1.Namespace
	limitRanges     []*corev1.LimitRange
	quotas          []*corev1.ResourceQuota
	accounts        []*corev1.ServiceAccount
	runtimeClasses  []*nodev1.RuntimeClass
	priorityClasses []*schedulingv1.PriorityClass
	pods            []*corev1.Pod
	release         kube.Release
}

func find[T metav1.Object](list []T, key string) (T, bool) {
	i := slices.IndexFunc(list, func(o T) bool { return kube.Key(o) == key })
	if i < 0 {
		var none T
		return none, false
	}
	return list[i], true
}

func (w world) Namespace(name string) (*corev1.Namespace, bool) { return find(w.namespaces, "/"+name) }
func (w world) ServiceAccount(namespace, name string) (*corev1.ServiceAccount, bool) {
	return find(w.accounts, namespace+"/"+name)
}
func (w world) RuntimeClass(name string) (*nodev1.RuntimeClass, bool) {
	return find(w.runtimeClasses, "/"+name)
}
func (w world) PriorityClass(name string) (*schedulingv1.PriorityClass, bool) {
	return find(w.priorityClasses, "/"+name)
}
func (w world) PriorityClasses() []*schedulingv1.PriorityClass { return w.priorityClasses }
func (w world) LimitRanges(string) []*corev1.LimitRange        { return w.limitRanges }
func (w world) Release() kube.Release                          { return w.release }

// add keeps a document.
func (w *world) add(t *testing.T, text string) {
	var meta metav1.TypeMeta
	read(t, text, &meta)
	switch meta.Kind {
	case "Namespace":
		w.namespaces = append(w.namespaces, read(t, text, &corev1.Namespace{}))
	case "LimitRange":
		w.limitRanges = append(w.limitRanges, defaults.Apply(read(t, text, &corev1.LimitRange{})))
	case "ResourceQuota":
		w.quotas = append(w.quotas, read(t, text, &corev1.ResourceQuota{}))
	case "ServiceAccount":
		w.accounts = append(w.accounts, read(t, text, &corev1.ServiceAccount{}))
	case "RuntimeClass":
		w.runtimeClasses = append(w.runtimeClasses, read(t, text, &nodev1.RuntimeClass{}))
	case "PriorityClass":
		w.priorityClasses = append(w.priorityClasses, read(t, text, &schedulingv1.PriorityClass{}))
	case "Pod":
		w.pods = append(w.pods, read(t, text, &corev1.Pod{}))
	default:
		t.Fatalf("unknown kind %q", meta.Kind)
	}
}

func read[T any](t *testing.T, text string, into *T) *T {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
	return into
}

// TestScenarios shows what becomes of pods. The name of each file is the claim.
// internal/conformance shows that the real plugins do the same.
//
//	objects             keeps the objects of a namespace, "apps" with a default account if they have none
//	admit [plugin...]   prints what each pod gets, or why it is refused; the plugins run besides the default ones
//	recount             prints what the pods given so far use up in the quotas
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var w world
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.pods = nil
			if d.Cmd == "objects" {
				w = world{accounts: []*corev1.ServiceAccount{{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "default"}}}}
			}
			for _, text := range strings.Split(d.Input, "---\n") {
				w.add(t, text)
			}
			if len(w.namespaces) == 0 {
				w.namespaces = []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "apps"}}}
			}
			switch d.Cmd {
			case "objects":
				return ""
			case "admit":
				return w.admit(t, d)
			case "recount":
				return w.recount()
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

// A webhook's change is seen by the plugins that come before it.
func TestPluginsSeeWhatWebhooksChange(t *testing.T) {
	w := world{
		namespaces: []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "apps"}}},
		accounts:   []*corev1.ServiceAccount{{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "default"}}},
	}
	w.add(t, `{kind: LimitRange, metadata: {namespace: apps, name: limits}, spec: {limits: [{type: Container, default: {cpu: 1}}]}}`)
	pod := read(t, `{metadata: {namespace: apps, name: agent}, spec: {containers: [{name: a, image: a}]}}`, &corev1.Pod{})
	admitted, refusal := admission.Admit(pod, w, admission.DefaultPlugins, func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "proxy", Image: "proxy"})
	})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if cpu := admitted.Spec.Containers[1].Resources.Limits.Cpu(); cpu.Value() != 1 {
		t.Errorf("the added container has %v cpu, want the default 1", cpu)
	}
}

// kube.PodResourcesCompleted and kube.ContainerRestartRules: 1.36 adds no cpu to what a
// pod as a whole requests without limits, and 1.34 drops a container's restartPolicy.
func TestAdmitByRelease(t *testing.T) {
	pod := read(t, `{metadata: {namespace: apps, name: agent}, spec: {resources: {requests: {memory: 1Gi}},
  containers: [{name: a, image: a, restartPolicy: Never, resources: {requests: {cpu: 100m}}}]}}`, &corev1.Pod{})
	for release := kube.OldestRelease; release <= kube.LatestRelease; release++ {
		w := world{namespaces: []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "apps"}}}, release: release}
		admitted, refusal := admission.Admit(pod, w, admission.DefaultPlugins.Without(admission.ServiceAccount), nil)
		if refusal != nil {
			t.Fatal(refusal)
		}
		_, cpu := admitted.Spec.Resources.Requests[corev1.ResourceCPU]
		policy := admitted.Spec.Containers[0].RestartPolicy != nil
		if cpu != (release >= 37) || policy != (release >= 35) {
			t.Errorf("%s: cpu is requested: %v, restartPolicy is kept: %v", release, cpu, policy)
		}
	}
}

func (w *world) admit(t *testing.T, d *datadriven.TestData) string {
	plugins := admission.DefaultPlugins
	for _, arg := range d.CmdArgs {
		plugins = plugins.With(pluginNamed(t, arg.Key))
	}
	var b strings.Builder
	for i, pod := range w.pods {
		pod.Namespace = "apps"
		if pod.GenerateName != "" {
			pod.Name = fmt.Sprintf("%sxxxx%d", pod.GenerateName, i)
		}
		before := pod.DeepCopy()
		admitted, refusal := admission.Admit(pod, *w, plugins, nil)
		if refusal == nil {
			w.quotas, refusal = charged(w.quotas, admitted)
		}
		if !reflect.DeepEqual(before, pod) {
			t.Errorf("%s: the pod was modified", pod.Name)
		}
		if refusal != nil {
			fmt.Fprintf(&b, "%s: refused by %s (%s)\n  %s\n", pod.Name, refusal.Plugin, refusal.Object, refusal)
			continue
		}
		fmt.Fprintf(&b, "%s: admitted\n%s", pod.Name, additions(t, defaults.ForUpdate(0, pod), admitted))
	}
	return b.String()
}

// charged keeps the quotas as they are where one of them refuses the pod.
func charged(quotas []*corev1.ResourceQuota, pod *corev1.Pod) ([]*corev1.ResourceQuota, *admission.Refusal) {
	after, refusal := admission.Charge(quotas, pod)
	if refusal != nil {
		return quotas, refusal
	}
	return after, nil
}

func (w world) recount() string {
	var b strings.Builder
	for _, quota := range w.quotas {
		status := admission.Recount(quota, w.pods, time.Unix(0, 0))
		for name, hard := range kube.Sorted(status.Hard) {
			used := status.Used[name]
			fmt.Fprintf(&b, "%s: %s %s of %s\n", quota.Name, name, used.String(), hard.String())
		}
	}
	return b.String()
}

func pluginNamed(t *testing.T, name string) admission.Plugin {
	p, ok := admission.PluginNamed(name)
	if !ok {
		t.Fatalf("unknown plugin %s", name)
	}
	return p
}

// additions lists the fields in which two pods differ.
func additions(t *testing.T, before, after *corev1.Pod) string {
	var lines []string
	compare("", fields(t, before), fields(t, after), &lines)
	return strings.Join(lines, "")
}

func fields(t *testing.T, pod *corev1.Pod) map[string]any {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func compare(path string, before, after any, lines *[]string) {
	if reflect.DeepEqual(before, after) {
		return
	}
	b, isMap := before.(map[string]any)
	a, stays := after.(map[string]any)
	if !isMap || !stays {
		*lines = append(*lines, fmt.Sprintf("  %s: %v\n", strings.TrimPrefix(path, "."), after))
		return
	}
	for key := range kube.Sorted(a) {
		compare(path+"."+key, b[key], a[key], lines)
	}
}
