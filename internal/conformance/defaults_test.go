package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1conversion "k8s.io/kubernetes/pkg/apis/core/v1"

	"github.com/berthsim/berth/cluster"
)

// kinds lists the kinds that cluster.Default knows, and whether they have defaults.
var kinds = []struct {
	object runtime.Object
	has    bool
}{
	{&corev1.Node{}, true}, {&corev1.Pod{}, true}, {&corev1.Namespace{}, true}, {&corev1.Service{}, true},
	{&appsv1.DaemonSet{}, true}, {&appsv1.ControllerRevision{}, false}, {&appsv1.Deployment{}, true},
	{&appsv1.ReplicaSet{}, true}, {&appsv1.StatefulSet{}, true},
	{&policyv1.PodDisruptionBudget{}, false}, {&schedulingv1.PriorityClass{}, true},
}

// realDefault is what the API server makes of a new object before admission: the
// scheme's defaults, and for a pod the registry's, which work on the internal type.
func realDefault(t testing.TB, object runtime.Object) runtime.Object {
	want := object.DeepCopyObject()
	legacyscheme.Scheme.Default(want)
	pod, ok := want.(*corev1.Pod)
	if !ok || pod.Spec.Resources == nil {
		return want
	}
	var internal core.Pod
	if err := corev1conversion.Convert_v1_Pod_To_core_Pod(pod.DeepCopy(), &internal, nil); err != nil {
		t.Fatal(err)
	}
	podutil.DefaultPodLevelResources(&internal)
	var resources corev1.ResourceRequirements
	if err := corev1conversion.Convert_core_ResourceRequirements_To_v1_ResourceRequirements(internal.Spec.Resources, &resources, nil); err != nil {
		t.Fatal(err)
	}
	pod.Spec.Resources = &resources
	return pod
}

// sameDefault compares berth with the real code exactly, including nil and empty
// lists and the text of quantities. It reports whether there was a default.
func sameDefault(t testing.TB, object runtime.Object) (filled bool) {
	t.Helper()
	before := object.DeepCopyObject()
	got, want := cluster.Default(object), realDefault(t, object)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%T: -real +berth\n%s", object, cmp.Diff(want, got, toTheLastBit))
	}
	if !reflect.DeepEqual(object, before) {
		t.Fatalf("%T: the argument was modified:\n%s", object, cmp.Diff(before, object))
	}
	return !reflect.DeepEqual(want, before)
}

// toTheLastBit tells quantities of one value apart that hold it differently.
var toTheLastBit = cmp.Comparer(func(a, b resource.Quantity) bool { return reflect.DeepEqual(a, b) })

// Random objects of every kind.
//
// Seen to find some fifty mutants of internal/apiserver/defaults, among them: 256 for the
// longest repository, no sha384, an IPv6 registry or double underscore forgotten,
// "localhost" no registry, allocatable filled where it is empty but there, the IP
// mode of an ingress without IP, no requests from limits in init containers, pod-level
// resources before rounding, limitedByAll without ephemeral containers, the
// partition of a stateful set that only says RollingUpdate, roundUp to Micro.
func TestDefaultIsTheRealOne(t *testing.T) {
	for _, kind := range kinds {
		t.Run(reflect.TypeOf(kind.object).Elem().Name(), func(t *testing.T) {
			t.Parallel()
			const filled = "had a default filled in"
			count := newCensus()
			if kind.has {
				count = newCensus(filled)
			}
			for seed := range seeds(t, 5000) {
				object := kind.object.DeepCopyObject()
				newFiller(seed).fill(reflect.ValueOf(object).Elem(), "")
				count.cases++
				count.noteIf(sameDefault(t, object), filled)
			}
			count.report(t, "random objects")
		})
	}
}

// Every object of the corpus.
func TestDefaultOfTheCorpusIsTheRealOne(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/*/*")
	if len(files) == 0 {
		t.Skip("no shared/corpus beside the main module")
	}
	objects, filled := map[string]int{}, map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manifest, _ := cluster.ReadManifest(bytes.NewReader(text))
		for _, object := range manifest.Objects() {
			kind := reflect.TypeOf(object).Elem().Name()
			objects[kind]++
			if sameDefault(t, object) {
				filled[kind]++
			}
		}
	}
	t.Log("objects:", objects)
	t.Log("with a default filled in:", filled)
}
