package conformance

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubectlapply "k8s.io/kubectl/pkg/cmd/apply"
	"k8s.io/kubectl/pkg/util"
	"pgregory.net/rapid"
	strictjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/apiserver/apply"
	"github.com/berthsim/berth/internal/apiserver/defaults"
)

// written is the manifest as a user writes it: no nulls, no status, and no empty
// struct that only Go writes.
func (k validatedKind) written(t failer, object runtime.Object) *unstructured.Unstructured {
	u := k.text(t, object)
	prune(u.Object)
	delete(u.Object, "status")
	for _, name := range of("creationTimestamp", "generation", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds") {
		unstructured.RemoveNestedField(u.Object, "metadata", name)
	}
	return u
}

func (k validatedKind) text(t failer, object runtime.Object) *unstructured.Unstructured {
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatalf("%v", err)
	}
	u := &unstructured.Unstructured{}
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(text, &u.Object); err != nil {
		t.Fatalf("%v", err)
	}
	u.SetGroupVersionKind(k.version.WithKind(k.name))
	return u
}

// structs are the fields of modelled kinds that hold a struct and no pointer to one.
var structs = of("resources", "strategy", "updateStrategy", "metadata", "spec", "template", "status", "preference", "podAffinityTerm")

func prune(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			prune(item)
		}
	case map[string]any:
		for name, inner := range value {
			prune(inner)
			m, isMap := inner.(map[string]any)
			if inner == nil || isMap && len(m) == 0 && slices.Contains(structs, name) || name == "targetPort" && inner == int64(0) {
				delete(value, name)
			}
		}
	}
}

// realApply is kubectl apply --server-side=false of a manifest, and the server's
// part of the patch.
func (k validatedKind) realApply(t failer, live runtime.Object, manifest *unstructured.Unstructured) (runtime.Object, error) {
	modified, err := util.GetModifiedConfiguration(manifest, true, unstructured.UnstructuredJSONScheme)
	if err != nil {
		t.Fatalf("%v", err)
	}
	patcher := &kubectlapply.Patcher{Mapping: &apimeta.RESTMapping{GroupVersionKind: k.version.WithKind(k.name)}, Overwrite: true}
	_, patched, err := patcher.PatchLocal(k.text(t, live), modified, io.Discard)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(patched.(*unstructured.Unstructured).Object)
	if err != nil {
		t.Fatalf("%v", err)
	}
	object := reflect.New(reflect.TypeOf(live).Elem()).Interface().(runtime.Object)
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(text, object); err != nil {
		t.Fatalf("%v", err)
	}
	reflect.ValueOf(object).Elem().FieldByName("TypeMeta").SetZero()
	return object, nil
}

// roundTrip has no empty lists and maps that JSON does not write.
func roundTrip[T runtime.Object](t failer, object T) T {
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatalf("%v", err)
	}
	again := reflect.New(reflect.TypeOf(object).Elem()).Interface()
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(text, again); err != nil {
		t.Fatalf("%v", err)
	}
	return again.(T)
}

// A live object of every kind, that others have changed since it was applied or
// that was never applied, and a manifest that has changed too: berth makes of both
// what kubectl's patcher makes, to the letter of the annotation, and fails where
// it fails.
//
// Faults that it was seen to find are in update_mutants_test.go.
func TestApplyIsKubectls(t *testing.T) {
	for _, k := range validatedKinds {
		t.Run(k.name, func(t *testing.T) { applyAsKubectl(t, k) })
	}
}

func applyAsKubectl(t *testing.T, k validatedKind) {
	changes := slices.Concat(changesOf(k), listChanges)
	changes = slices.DeleteFunc(changes, func(c change) bool {
		return slices.Contains(of("metadata.name", "metadata.namespace", "metadata.uid", "metadata.generation", "metadata.creationTimestamp",
			"metadata.deletionTimestamp", "metadata.deletionGracePeriodSeconds", "status", "Data"), c.name) // the server's, or broken JSON
	})
	counts := newCensus("applied before", "never applied", "kept from live", "removed or set", "explicit zeros and nulls")
	counts.held["refused"] = 1 // where kubectl fails: only lists in which elements share a key
	check(t, 2000, func(t *rapid.T) {
		seed := [2]uint64{rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "and")}
		s := &soil{rng: rand.New(rand.NewPCG(seed[0], seed[1]^78)), bad: map[int]bool{}}
		first := s.furnish(roundTrip(t, grow(k.grown, seed, 0)))
		manifest, live := first.DeepCopyObject(), defaults.Apply(first)
		draw := func(object runtime.Object, about string) {
			for range rapid.IntRange(0, 3).Draw(t, about) {
				rapid.SampledFrom(changes).Draw(t, "change").do(s, object)
			}
			if spec := podSpecOf(object); spec != nil && len(spec.Containers) == 0 { // Go would write a null
				spec.Containers = of(corev1.Container{Name: "c0", Image: "x"})
			}
		}
		draw(live, "changes by others")
		draw(manifest, "changes of the manifest")
		live, manifest = roundTrip(t, live), roundTrip(t, manifest)
		s.age(live)
		live.(metav1.Object).SetResourceVersion("7")
		applied := s.maybe(70)
		if applied {
			u := k.written(t, first)
			if err := util.CreateApplyAnnotation(u, unstructured.UnstructuredJSONScheme); err != nil {
				t.Fatalf("%v", err)
			}
			o := live.(metav1.Object)
			o.SetAnnotations(with(o.GetAnnotations(), corev1.LastAppliedConfigAnnotation, u.GetAnnotations()[corev1.LastAppliedConfigAnnotation]))
		}
		compareApply(t, s, k, live, manifest, counts)
		counts.noteIf(applied, "applied before")
		counts.noteIf(!applied, "never applied")
	})
	counts.report(t, "applies")
}

func compareApply(t failer, s *soil, k validatedKind, live, manifest runtime.Object, counts *census) {
	liveBefore, manifestBefore := live.DeepCopyObject(), manifest.DeepCopyObject()
	u := k.written(t, manifest)
	var stated map[string]any
	if s.maybe(40) {
		s.addZeros(u.Object, reflect.TypeOf(manifest).Elem())
		stated = u.Object
		counts.note("explicit zeros and nulls")
	}
	want, realErr := k.realApply(t, live, u.DeepCopy())
	got, err := apply.Written(live, manifest, stated)
	if !reflect.DeepEqual(live, liveBefore) || !reflect.DeepEqual(manifest, manifestBefore) {
		t.Fatalf("%s: an argument was modified", k.name)
	}
	counts.cases++
	if (realErr != nil) != (err != nil) {
		t.Fatalf("kubectl: %v\nberth: %v", realErr, err)
	}
	if err != nil {
		counts.note("refused")
		return
	}
	sortFinalizers(want)
	sortFinalizers(got)
	if !equality.Semantic.DeepEqual(want, got) {
		t.Fatalf("%s: -kubectl +berth\n%s\n-live +manifest\n%s", k.name, cmp.Diff(want, got), cmp.Diff(live, manifest))
	}
	counts.noteIf(!equality.Semantic.DeepEqual(got, manifest), "kept from live")
	counts.noteIf(!equality.Semantic.DeepEqual(got, live), "removed or set")
}

// addZeros states some fields that a manifest lacks: scalars as their zero, or null.
func (s *soil) addZeros(tree map[string]any, t reflect.Type) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		switch field := t.Field(i).Type; {
		case name == "" || name == "-" || name == "metadata" || name == "status" || name == "apiVersion" || name == "kind":
		case tree[name] != nil:
			if inner, ok := tree[name].(map[string]any); ok && field.Kind() == reflect.Struct {
				s.addZeros(inner, field)
			}
		case !s.maybe(25):
		case s.maybe(40):
			tree[name] = nil
		case field.Kind() == reflect.Bool:
			tree[name] = false
		case field.Kind() == reflect.Int32 || field.Kind() == reflect.Int64:
			tree[name] = int64(0)
		case field.Kind() == reflect.String:
			tree[name] = ""
		}
	}
}

// sortFinalizers: strategicpatch merges a list of scalars in the spare capacity of
// a slice, if it has enough, so that their order hangs on how append grows.
func sortFinalizers(object runtime.Object) {
	finalizers := object.(metav1.Object).GetFinalizers()
	slices.Sort(finalizers)
}

// furnish adds what merges in its own way: volumes, variables, mounts and the like.
func (s *soil) furnish(object runtime.Object) runtime.Object {
	s.enrich(object)
	if spec := podSpecOf(object); spec != nil {
		spec.Volumes = some(s, 3, (*soil).volume)
		spec.HostAliases = some(s, 2, func(s *soil) corev1.HostAlias {
			return corev1.HostAlias{IP: one(s, "10.0.0.1", "10.0.0.2"), Hostnames: of("a")}
		})
		spec.ImagePullSecrets = some(s, 2, func(s *soil) corev1.LocalObjectReference {
			return corev1.LocalObjectReference{Name: one(s, "a", "b", "c")}
		})
		for i := range spec.Containers {
			spec.Containers[i].Env = some(s, 3, (*soil).variable)
			spec.Containers[i].VolumeMounts = some(s, 2, func(s *soil) corev1.VolumeMount { return corev1.VolumeMount{Name: "v0", MountPath: one(s, "/a", "/b")} })
			spec.Containers[i].Command = one(s, nil, of("run"), of("run", "fast"))
		}
	}
	return object
}

func podSpecOf(object runtime.Object) *corev1.PodSpec {
	if pod, ok := object.(*corev1.Pod); ok {
		return &pod.Spec
	}
	spec := reflect.ValueOf(object).Elem().FieldByName("Spec")
	if !spec.IsValid() || !spec.FieldByName("Template").IsValid() {
		return nil
	}
	return spec.FieldByName("Template").FieldByName("Spec").Addr().Interface().(*corev1.PodSpec)
}

func (s *soil) volume() corev1.Volume {
	v := corev1.Volume{Name: one(s, "v0", "v1", "v2", "v3")}
	switch s.rng.IntN(3) {
	case 0:
		v.EmptyDir = one(s, &corev1.EmptyDirVolumeSource{}, &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory})
	case 1:
		v.HostPath = &corev1.HostPathVolumeSource{Path: one(s, "/x", "/y"), Type: one(s, nil, new(corev1.HostPathDirectory))}
	default:
		v.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: one(s, "a", "b")}, Optional: one(s, nil, new(true))}
	}
	return v
}

func (s *soil) variable() corev1.EnvVar {
	v := corev1.EnvVar{Name: one(s, "A", "B", "C", "D")}
	if s.maybe(50) {
		v.Value = one(s, "1", "2")
		return v
	}
	v.ValueFrom = &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: one(s, "metadata.name", "spec.nodeName")}}
	return v
}

func onSpec(name string, do func(*soil, *corev1.PodSpec)) change {
	return change{name, func(s *soil, object runtime.Object) {
		if spec := podSpecOf(object); spec != nil {
			do(s, spec)
		}
	}}
}

func shuffle[T any](s *soil, list []T) {
	s.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

var listChanges = []change{
	onSpec("containers shuffled", func(s *soil, spec *corev1.PodSpec) { shuffle(s, spec.Containers) }),
	onSpec("container added", func(s *soil, spec *corev1.PodSpec) {
		at := s.rng.IntN(len(spec.Containers) + 1)
		spec.Containers = slices.Insert(spec.Containers, at, corev1.Container{Name: one(s, "new", "side"), Image: one(s, "x", "y")})
	}),
	onSpec("container removed", func(s *soil, spec *corev1.PodSpec) { spec.Containers = spec.Containers[min(1, len(spec.Containers)):] }),
	onSpec("volumes", func(s *soil, spec *corev1.PodSpec) {
		spec.Volumes = append(spec.Volumes, s.volume())
		shuffle(s, spec.Volumes)
	}),
	onSpec("other volumes", func(s *soil, spec *corev1.PodSpec) { spec.Volumes = some(s, 3, (*soil).volume) }),
	onSpec("variables", func(s *soil, spec *corev1.PodSpec) {
		for i := range spec.Containers {
			c := &spec.Containers[i]
			c.Env = append(c.Env[min(len(c.Env), s.rng.IntN(2)):], some(s, 2, (*soil).variable)...)
			shuffle(s, c.Env)
		}
	}),
	onSpec("ports of one number", func(s *soil, spec *corev1.PodSpec) {
		for i := range spec.Containers {
			c := &spec.Containers[i]
			for _, protocol := range one(s, of(corev1.ProtocolUDP), of(corev1.ProtocolTCP, corev1.ProtocolUDP), of(corev1.ProtocolUDP, corev1.ProtocolTCP)) {
				c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: 53, Protocol: protocol, Name: one(s, "", "dns")})
			}
			shuffle(s, c.Ports)
		}
	}),
	onSpec("requests", func(s *soil, spec *corev1.PodSpec) {
		for i := range spec.Containers {
			spec.Containers[i].Resources = one(s, corev1.ResourceRequirements{}, corev1.ResourceRequirements{Requests: corev1.ResourceList{
				one[corev1.ResourceName](s, "cpu", "memory"): resource.MustParse(one(s, "1", "0.5", "2000m"))}})
		}
	}),
	onSpec("secrets", func(s *soil, spec *corev1.PodSpec) {
		spec.ImagePullSecrets = some(s, 3, func(s *soil) corev1.LocalObjectReference {
			return corev1.LocalObjectReference{Name: one(s, "a", "b", "c")}
		})
	}),
	onSpec("aliases", func(s *soil, spec *corev1.PodSpec) {
		spec.HostAliases = some(s, 2, func(s *soil) corev1.HostAlias {
			return corev1.HostAlias{IP: one(s, "10.0.0.1", "10.0.0.3"), Hostnames: one(s, of("a"), of("b", "c"))}
		})
	}),
	onSpec("node selector", func(s *soil, spec *corev1.PodSpec) {
		spec.NodeSelector = one(s, nil, with(spec.NodeSelector, one(s, "x", "y"), one(s, "1", "2")))
	}),
	metaOf("more labels", func(s *soil, m metav1.Object) {
		m.SetLabels(with(m.GetLabels(), one(s, "x", "y", "z"), one(s, "1", "2")))
	}),
	metaOf("fewer labels", func(s *soil, m metav1.Object) { m.SetLabels(one(s, nil, map[string]string{"x": "1"})) }),
	metaOf("more annotations", func(s *soil, m metav1.Object) {
		m.SetAnnotations(with(m.GetAnnotations(), one(s, "x", "y"), one(s, "1", "2")))
	}),
	metaOf("finalizers", func(s *soil, m metav1.Object) {
		m.SetFinalizers(append(some(s, 2, func(s *soil) string { return one(s, "e/a", "e/b", "e/c") }), m.GetFinalizers()...))
	}),
}

func metaOf(name string, do func(*soil, metav1.Object)) change {
	return change{name, func(s *soil, object runtime.Object) { do(s, object.(metav1.Object)) }}
}
