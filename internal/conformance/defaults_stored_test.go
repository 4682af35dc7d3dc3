package conformance

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"

	"github.com/berthsim/berth/cluster"
)

// readBack passes an object through the API server: it is decoded, defaulted, converted
// to the internal version, prepared for creation, and encoded for a reader.
func readBack[T any](t testing.TB, object *T, gvk schema.GroupVersionKind, prepare func(context.Context, runtime.Object)) *T {
	any(object).(runtime.Object).GetObjectKind().SetGroupVersionKind(gvk)
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	internal, _, err := legacyscheme.Codecs.UniversalDecoder().Decode(text, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	prepare(context.Background(), internal)
	text, err = runtime.Encode(legacyscheme.Codecs.LegacyCodec(gvk.GroupVersion()), internal)
	if err != nil {
		t.Fatal(err)
	}
	read := new(T)
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	return read
}

// disabled are the fields of features that are off in 1.37: creation drops them.
var disabled = []string{
	"EmptyDirVolumeSource.Mode", "GRPCAction.Mode", "HTTPGetAction.Protocol", "Lifecycle.StopSignal", "VolumeMount.BindMountOptions",
	"PodSpec.EvictionResponders", "PodSpec.SchedulingGroup", "KeyToPath.User", "DownwardAPIVolumeFile.User", "ServiceAccountTokenProjection.User",
	"ClusterTrustBundleProjection.User", "PodCertificateProjection.User",
	"ConfigMapVolumeSource.DefaultUser", "DownwardAPIVolumeSource.DefaultUser", "ProjectedVolumeSource.DefaultUser", "SecretVolumeSource.DefaultUser",
}

// mutated are the fields of which creation makes others: selectors, annotations.
var mutated = []string{
	"TopologySpreadConstraint.MatchLabelKeys", "PodAffinityTerm.MatchLabelKeys", "PodAffinityTerm.MismatchLabelKeys",
	"PodSecurityContext.AppArmorProfile", "SecurityContext.AppArmorProfile",
}

// The template that a user reads back, and that the controller hashes into the name
// of a revision, is the defaulted one byte for byte: the way through the internal
// type adds and loses nothing.
//
// Seen to find: enableServiceLinks set in defaultPodSpec, rounding to Micro, a
// hostPath without a type.
func TestStoredTemplateIsTheDefaultedOne(t *testing.T) {
	for seed := range seeds(t, 1000) {
		ds := fillRandom(seed, &appsv1.DaemonSet{}, disabled...)
		read := readBack(t, ds.DeepCopy(), appsv1.SchemeGroupVersion.WithKind("DaemonSet"), daemonset.Strategy.PrepareForCreate)
		sameText(t, read.Spec.Template, cluster.Default(ds).Spec.Template)
	}
}

// The spec of a created pod is the defaulted one but for what Default says it does
// not do: admission, and mutated.
//
// Seen to find: no defaultPodResources, pod-level limits below the requests.
func TestStoredPodIsTheDefaultedOne(t *testing.T) {
	for seed := range seeds(t, 1000) {
		pod := fillRandom(seed, &corev1.Pod{}, append(mutated, disabled...)...)
		read := readBack(t, pod.DeepCopy(), corev1.SchemeGroupVersion.WithKind("Pod"), podregistry.Strategy.PrepareForCreate)
		sameText(t, read.Spec, cluster.Default(pod).Spec)
	}
}

// sameText compares what is written of two values.
func sameText[T any](t testing.TB, want, got T) {
	t.Helper()
	if a, b := text(t, want), text(t, got); string(a) != string(b) {
		var wrote, writes any
		_, _ = json.Unmarshal(a, &wrote), json.Unmarshal(b, &writes)
		t.Fatalf("-read back +berth\n%s", cmp.Diff(wrote, writes))
	}
}

func text(t testing.TB, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
