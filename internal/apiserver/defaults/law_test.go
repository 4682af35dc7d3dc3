package defaults_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/apiserver/decode"
	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/golden"
	_ "github.com/berthsim/berth/internal/seed"
)

// anything draws whole objects by reflection, from few values: defaulting depends on
// which fields are set.
var anything = rapid.MakeConfig{
	Kinds: map[reflect.Kind]*rapid.Generator[any]{
		reflect.String: rapid.SampledFrom([]string{"", "x", "RollingUpdate", "x:latest", "LoadBalancer"}).AsAny(),
		reflect.Int32:  rapid.SampledFrom([]int32{0, 80, -1}).AsAny(),
		reflect.Int64:  rapid.SampledFrom([]int64{0, 80, -1}).AsAny(),
	},
	Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[resource.Quantity]():    rapid.Map(rapid.SampledFrom([]string{"0", "1", "1u", "1Gi"}), resource.MustParse).AsAny(),
		reflect.TypeFor[intstr.IntOrString]():   rapid.SampledFrom([]intstr.IntOrString{{}, intstr.FromString(""), intstr.FromString("x")}).AsAny(),
		reflect.TypeFor[metav1.ObjectMeta]():    rapid.SampledFrom([]metav1.ObjectMeta{{}, {Name: "x"}, {Name: "x", Labels: map[string]string{"a": "b"}}}).AsAny(),
		reflect.TypeFor[metav1.Time]():          rapid.Just(metav1.Time{}).AsAny(),
		reflect.TypeFor[runtime.RawExtension](): rapid.Just(runtime.RawExtension{}).AsAny(),
		reflect.TypeFor[corev1.ResourceList]():  rapid.MapOfN(rapid.SampledFrom(resources), rapid.Map(rapid.SampledFrom([]string{"0", "1", "1u", "1Gi"}), resource.MustParse), 0, 3).AsAny(),
		reflect.TypeFor[corev1.Affinity]():      rapid.Just(corev1.Affinity{}).AsAny(),
	},
}

var resources = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, "hugepages-2Mi", "nvidia.com/gpu"}

func draw[T any](t *rapid.T) T { return rapid.MakeCustom[T](anything).Draw(t, "") }

// randomObject draws an object of a kind that has defaults, not a template's.
func randomObject(t *rapid.T) runtime.Object {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return new(draw[corev1.Node](t))
	case 1:
		return new(draw[corev1.Namespace](t))
	case 2:
		return new(draw[corev1.Service](t))
	case 3:
		return &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{UpdateStrategy: draw[appsv1.DaemonSetUpdateStrategy](t)}}
	case 4:
		return &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{
			UpdateStrategy:       draw[appsv1.StatefulSetUpdateStrategy](t),
			VolumeClaimTemplates: draw[[]corev1.PersistentVolumeClaim](t),
		}}
	default:
		return &corev1.Pod{Status: draw[corev1.PodStatus](t)}
	}
}

type failer interface {
	Helper()
	Errorf(string, ...any)
}

// lawful applies defaults to an object twice: the argument does not change, and the
// second time adds nothing.
//
// Seen to find: setDefaults(object) for setDefaults(copied), a hostname with "x"
// appended, session affinity None turned into ClientIP, pod limits of huge pages
// filled in after the requests.
func lawful[T runtime.Object](t failer, object T) T {
	t.Helper()
	before := object.DeepCopyObject().(T)
	once := defaults.Apply(object)
	same(t, "the argument, -before +after Apply", before, object)
	same(t, "-once +twice defaulted", once, defaults.Apply(once))
	return once
}

// same uses reflect.DeepEqual, because cmp takes a second for values that it finds
// equal.
func same[T any](t failer, claim string, want, got T) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s:\n%s", claim, cmp.Diff(want, got))
	}
}

func TestDefaultLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { lawful(t, randomObject(t)) })
}

// A pod has the defaults of a template and those that the doc comment of
// cluster.Default lists. It is the same pod whether or not defaults were applied to
// its template before, as they always are for a controller's.
//
// Seen to find: enableServiceLinks set in defaultPodSpec, requests from limits in
// defaultContainer or not for init containers, host ports without hostNetwork, a
// negative grace period halved.
func TestDefaultOfPodAndTemplate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := draw[corev1.PodSpec](t)
		pod := lawful(t, &corev1.Pod{Spec: spec})
		set := lawful(t, &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: corev1.PodTemplateSpec{Spec: spec}}})
		template := set.Spec.Template.Spec
		same(t, "-template as given +defaulted, where only a pod has defaults", podsOwn(spec), podsOwn(template))
		same(t, "-pod of the template +pod of the defaulted template", pod, defaults.Apply(&corev1.Pod{Spec: template}))
		asPod(&template, pod.Spec.Resources)
		same(t, "-template with a pod's defaults +pod", template, pod.Spec)
	})
}

// own holds the fields that have defaults only in pods.
type own struct {
	Links     *bool
	Whole     []corev1.ResourceName
	HostPorts []int32
	Requested []int // number of resources, by container
}

func podsOwn(spec corev1.PodSpec) own {
	o := own{Links: spec.EnableServiceLinks}
	if r := spec.Resources; r != nil {
		o.Whole = slices.Concat(slices.Sorted(maps.Keys(r.Requests)), slices.Sorted(maps.Keys(r.Limits)))
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		o.Requested = append(o.Requested, len(c.Resources.Requests))
		for _, port := range c.Ports {
			o.HostPorts = append(o.HostPorts, port.HostPort)
		}
	}
	return o
}

// asPod turns the spec of a template into that of a pod, in the plainest way. The
// pod-level resources are passed in.
func asPod(spec *corev1.PodSpec, whole *corev1.ResourceRequirements) {
	spec.Resources = whole
	if spec.EnableServiceLinks == nil {
		spec.EnableServiceLinks = new(true)
	}
	if *spec.TerminationGracePeriodSeconds < 0 {
		spec.TerminationGracePeriodSeconds = new(int64(1))
	}
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			c := &list[i]
			if c.Resources.Limits != nil && c.Resources.Requests == nil {
				c.Resources.Requests = corev1.ResourceList{}
			}
			for name, limit := range c.Resources.Limits {
				if _, ok := c.Resources.Requests[name]; !ok {
					c.Resources.Requests[name] = limit
				}
			}
			for j := range c.Ports {
				if port := &c.Ports[j]; spec.HostNetwork && port.HostPort == 0 {
					port.HostPort = port.ContainerPort
				}
			}
		}
	}
}

// TestDefaultOfCorpus checks the laws on real manifests.
func TestDefaultOfCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden.Corpus(t), "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("empty corpus", err)
	}
	objects := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range decode.Read(text).Objects {
			lawful(t, object.Object)
			objects++
		}
	}
	t.Logf("%d objects", objects)
}
