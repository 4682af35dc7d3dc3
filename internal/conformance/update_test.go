package conformance

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/conformance/upstream"
)

func (k validatedKind) context() context.Context {
	ctx := klog.NewContext(context.Background(), klog.Logger{}) // it logs what the two ways of validation disagree on
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{APIGroup: k.version.Group, APIVersion: k.version.Version})
	return genericapirequest.WithNamespace(ctx, metav1.NamespaceNone)
}

func internalOf(t failer, object runtime.Object) runtime.Object {
	versioned := object.DeepCopyObject()
	legacyscheme.Scheme.Default(versioned)
	internal, err := legacyscheme.Scheme.UnsafeConvertToVersion(versioned, runtime.InternalGroupVersioner)
	if err != nil {
		t.Fatalf("converting a %T: %v", object, err)
	}
	return internal
}

func (k validatedKind) versioned(t failer, internal runtime.Object) runtime.Object {
	out, err := legacyscheme.Scheme.ConvertToVersion(internal, k.version)
	if err != nil {
		t.Fatalf("converting a %T: %v", internal, err)
	}
	out.GetObjectKind().SetGroupVersionKind(out.GetObjectKind().GroupVersionKind().GroupVersion().WithKind(""))
	reflect.ValueOf(out).Elem().FieldByName("TypeMeta").SetZero()
	return out
}

// stored is a valid object as the API server stores it on creation.
func (k validatedKind) stored(t failer, object runtime.Object) runtime.Object {
	internal := internalOf(t, object)
	ctx := k.context()
	k.strategy.PrepareForCreate(ctx, internal)
	if mistakes := rest.ValidateCreate(ctx, internal, k.strategy); len(mistakes) > 0 {
		t.Fatalf("a sound %s is refused: %v", k.name, mistakes)
	}
	stored := k.versioned(t, internal)
	meta := stored.(metav1.Object)
	meta.SetUID("1234")
	meta.SetResourceVersion("7")
	meta.SetCreationTimestamp(metav1.Unix(1_700_000_000, 0))
	return stored
}

// realUpdate is what the API server does with an update
// (k8s.io/apiserver/pkg/registry/rest/update.go: BeforeUpdate), but for its look
// at the namespace of the request.
func (k validatedKind) realUpdate(t failer, old, updated runtime.Object) (runtime.Object, field.ErrorList) {
	strategy := k.strategy.(rest.RESTUpdateStrategy)
	before, after := internalOf(t, old), internalOf(t, updated)
	oldMeta, meta := before.(metav1.ObjectMetaAccessor).GetObjectMeta(), after.(metav1.ObjectMetaAccessor).GetObjectMeta()
	meta.SetGeneration(oldMeta.GetGeneration())
	ctx := k.context()
	if service, ok := after.(*core.Service); ok {
		upstream.KeepAllocated(service, before.(*core.Service))
	}
	strategy.PrepareForUpdate(ctx, after, before)
	if meta.GetUID() == "" {
		meta.SetUID(oldMeta.GetUID())
	}
	if created := oldMeta.GetCreationTimestamp(); !created.IsZero() {
		meta.SetCreationTimestamp(created)
	}
	if deleted := oldMeta.GetDeletionTimestamp(); !deleted.IsZero() {
		meta.SetDeletionTimestamp(deleted)
	}
	if grace := oldMeta.GetDeletionGracePeriodSeconds(); grace != nil && meta.GetDeletionGracePeriodSeconds() == nil {
		meta.SetDeletionGracePeriodSeconds(grace)
	}
	if mistakes := rest.ValidateUpdate(ctx, after, before, strategy); len(mistakes) > 0 {
		return nil, mistakes
	}
	return k.versioned(t, after), nil
}

// immutableWords are the mistakes that Update finds in fields which Validate does
// not look at.
var immutableWords = []string{"field is immutable", "may not change once set", "primary clusterIP can not be unset", "primary ipFamily can not be unset",
	"must be set to 'SingleStack' when releasing the secondary clusterIP", "must be set to 'SingleStack' when releasing the secondary ipFamily",
	"node updates may not change podCIDR except from \"\" to valid"}

// tellUpdate is tell for updates. The server ends the refusal of a pod's change
// with a diff of its internal types; berth names the fields.
func tellUpdate(mistakes field.ErrorList) []string {
	var told []string
	for _, m := range mistakes {
		if words, _, ok := strings.Cut(m.Detail, "\n"); ok || isModelled(m.Field) || updateOnly(m) {
			told = append(told, fmt.Sprintf("%s: %s: %s", m.Field, m.Type, words))
		}
	}
	slices.Sort(told)
	return slices.Compact(told)
}

func updateOnly(m *field.Error) bool {
	return slices.Contains(immutableWords, m.Detail) && !strings.Contains(m.Field, "loadBalancer") && !strings.Contains(m.Field, "healthCheck") || m.Field == "metadata.generation"
}

// Pairs of a stored object of every kind and an update that differs in one to
// three fields, or is another object: berth refuses what the update strategies
// refuse, each mistake at the same path, of the same type and in the same words,
// and stores what they would store.
//
// Faults that it was seen to find are in update_mutants_test.go.
func TestUpdateIsTheServers(t *testing.T) {
	seen := map[string]int{}
	for _, k := range validatedKinds {
		t.Run(k.name, func(t *testing.T) { updateAsTheServer(t, k, seen) })
	}
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		lines = append(lines, fmt.Sprintf("%7d %s", seen[what], what))
	}
	t.Logf("%d kinds of mistakes:\n%s", len(lines), strings.Join(lines, "\n"))
}

func updateAsTheServer(t *testing.T, k validatedKind, seen map[string]int) {
	changes := changesOf(k)
	counts := newCensus("stored", "refused", "several mistakes")
	for _, c := range changes {
		counts.held[c.name] = 0
	}
	check(t, 5500, func(t *rapid.T) {
		seed := [2]uint64{rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "and")}
		s := &soil{rng: rand.New(rand.NewPCG(seed[0], seed[1]^77)), bad: map[int]bool{}}
		old := k.stored(t, s.enrich(grow(k.grown, seed, 0)))
		s.age(old)
		updated := old.DeepCopyObject()
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			c := rapid.SampledFrom(changes).Draw(t, "change")
			before := updated.DeepCopyObject()
			c.do(s, updated)
			counts.noteIf(!reflect.DeepEqual(before, updated), c.name)
		}
		compareUpdate(t, k, old, updated, counts, seen)
	})
	counts.report(t, "updates")
}

func compareUpdate(t failer, k validatedKind, old, updated runtime.Object, counts *census, seen map[string]int) {
	oldBefore, updatedBefore := old.DeepCopyObject(), updated.DeepCopyObject()
	want, real := k.realUpdate(t, old, updated)
	stored, got := validation.Update(0, old, updated)
	if !reflect.DeepEqual(old, oldBefore) || !reflect.DeepEqual(updated, updatedBefore) {
		t.Fatalf("%s: an argument was modified", k.name)
	}
	for _, m := range got {
		if !isModelled(m.Field) && !updateOnly(m) {
			t.Fatalf("berth looks at what it says it does not: %v", m)
		}
	}
	if a, b := tellUpdate(real), tellUpdate(got); !slices.Equal(a, b) {
		t.Fatalf("%s\nthe server:\n\t%s\nberth:\n\t%s\n-old +updated\n%s", k.name, strings.Join(a, "\n\t"), strings.Join(b, "\n\t"), cmp.Diff(old, updated))
	}
	counts.cases++
	counts.noteIf(len(got) == 0, "stored")
	counts.noteIf(len(got) > 0, "refused")
	counts.noteIf(len(got) > 1, "several mistakes")
	harvest(seen, got)
	if len(real) > 0 || len(got) > 0 {
		return
	}
	forget(want)
	forget(stored)
	if !equality.Semantic.DeepEqual(want, stored) {
		t.Fatalf("%s: -server +berth\n%s", k.name, cmp.Diff(want, stored))
	}
}

// forget clears the fields of services that berth does not follow.
func forget(object runtime.Object) {
	if s, ok := object.(*corev1.Service); ok {
		s.Spec.ExternalTrafficPolicy, s.Spec.AllocateLoadBalancerNodePorts, s.Spec.LoadBalancerClass, s.Spec.HealthCheckNodePort = "", nil, nil, 0
		s.Spec.InternalTrafficPolicy = nil
		s.Status = corev1.ServiceStatus{}
	}
	if d, ok := object.(*appsv1.DaemonSet); ok && len(d.Annotations) == 0 {
		d.Annotations = nil
	}
}
