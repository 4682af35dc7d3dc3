package conformance

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/policy"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/node"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// A validated kind: how one is grown, and what the API server does with a new one.
type validatedKind struct {
	name     string
	version  schema.GroupVersion
	grown    func(*soil) runtime.Object
	strategy rest.RESTCreateStrategy
}

var (
	coreV1 = schema.GroupVersion{Version: "v1"}
	appsV1 = schema.GroupVersion{Group: "apps", Version: "v1"}
)

var validatedKinds = []validatedKind{
	{"Node", coreV1, (*soil).node, node.Strategy},
	{"Pod", coreV1, (*soil).pod, pod.Strategy},
	{"Namespace", coreV1, (*soil).namespace, namespace.Strategy},
	{"DaemonSet", appsV1, (*soil).daemonSet, daemonset.Strategy},
	{"ControllerRevision", appsV1, (*soil).revision, controllerrevision.Strategy},
	{"Deployment", appsV1, (*soil).deployment, deployment.Strategy},
	{"ReplicaSet", appsV1, (*soil).replicaSet, replicaset.Strategy},
	{"StatefulSet", appsV1, (*soil).statefulSet, statefulset.Strategy},
	{"Service", coreV1, (*soil).service, service.Strategy},
	{"PodDisruptionBudget", schema.GroupVersion{Group: "policy", Version: "v1"}, (*soil).budget, poddisruptionbudget.Strategy},
	{"PriorityClass", schema.GroupVersion{Group: "scheduling.k8s.io", Version: "v1"}, (*soil).priorityClass, priorityclass.Strategy},
	{"ServiceAccount", coreV1, (*soil).serviceAccount, serviceaccount.Strategy},
	{"LimitRange", coreV1, (*soil).limitRange, limitrange.Strategy},
	{"ResourceQuota", coreV1, (*soil).resourceQuota, resourcequota.Strategy},
	{"RuntimeClass", schema.GroupVersion{Group: "node.k8s.io", Version: "v1"}, (*soil).runtimeClass, runtimeclass.Strategy},
}

func kindOf(object runtime.Object) validatedKind {
	name := reflect.TypeOf(object).Elem().Name()
	return validatedKinds[slices.IndexFunc(validatedKinds, func(k validatedKind) bool { return k.name == name })]
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Fatalf(format string, args ...any)
}

// realMistakes is what the API server refuses a new object for.
func (k validatedKind) realMistakes(t failer, object runtime.Object) field.ErrorList {
	versioned := object.DeepCopyObject()
	legacyscheme.Scheme.Default(versioned)
	internal, err := legacyscheme.Scheme.UnsafeConvertToVersion(versioned, runtime.InternalGroupVersioner)
	if err != nil {
		t.Fatalf("converting a %s: %v", k.name, err)
	}
	if s, ok := internal.(*core.Service); ok && s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP} // as normalizeClusterIPs of the service's storage
	}
	ctx := klog.NewContext(context.Background(), klog.Logger{}) // it logs what the two ways of validation disagree on
	ctx = genericapirequest.WithRequestInfo(ctx,
		&genericapirequest.RequestInfo{APIGroup: k.version.Group, APIVersion: k.version.Version})
	k.strategy.PrepareForCreate(ctx, internal)
	mistakes := rest.ValidateCreate(ctx, internal, k.strategy)
	if budget, ok := internal.(*policy.PodDisruptionBudget); ok && len(k.strategy.Validate(ctx, internal)) > 0 {
		// The server looks at a budget's metadata only once its spec is right; berth tells all at once.
		mistakes = append(mistakes, apivalidation.ValidateObjectMeta(&budget.ObjectMeta, true, pathSegment, field.NewPath("metadata"))...)
	}
	return mistakes
}

// pathSegment is the API server's (k8s.io/apiserver/pkg/registry/rest/create.go:
// validatePathSegment).
func pathSegment(name string, prefix bool) []string {
	if prefix {
		return content.IsPathSegmentPrefix(name)
	}
	return content.IsPathSegmentName(name)
}

// unmodelled is what berth does not look at although the API server does: fields
// that nothing in it uses.
var unmodelled = []struct{ path, reason string }{
	{`\.volumes\b`, "volumes are not modelled: no filter of berth looks at them"},
	{`\.(volumeMounts|volumeDevices)\b`, "as volumes"},
	{`\.volumeClaimTemplates\b|\.persistentVolumeClaimRetentionPolicy\b`, "as volumes"},
	{`\.(livenessProbe|readinessProbe|startupProbe|lifecycle)\b`, "when a pod becomes ready is set by rollout.Kubelet, not by probes"},
	{`\.(env|envFrom)\b`, "what runs inside a container has no bearing on where"},
	{`\.(terminationMessagePolicy|imagePullPolicy|imagePullSecrets)\b`, "as env"},
	{`\.(securityContext|shareProcessNamespace|hostPID|hostIPC|HostPID|HostIPC|hostUsers)\b`, "as env; PodSecurity is not modelled"},
	{`\.(hostname|subdomain|hostnameOverride|hostAliases|dnsPolicy|dnsConfig)\b`, "names inside the cluster's network are not modelled"},
	{`\.(serviceAccountName|deprecatedServiceAccount)\b`, "identities are not modelled"},
	{`\.runtimeClassName\b`, "RuntimeClass is admission, which is not modelled"},
	{`\.(resourceClaims|claims)\b`, "dynamic resource allocation is not modelled"},
	{`\.resizePolicy\b`, "in-place resizing is not modelled"},
	{`\.restartPolicyRules\b`, "containers do not exit in the model"},
	{`\.readinessGates\b`, "as probes"},
	{`\.(schedulingGroup|evictionResponders)\b`, "behind gates that are off"},
	{`\.targetContainerName\b`, "ephemeral containers are only read from dumps"},
	{`^spec\.finalizers\b`, "deleting namespaces is not modelled"},
	{`^metadata\.nodeSwapStatus\b|^spec\.(podCIDRs|podPreemptionPolicy|configSource)\b`, "a node's network and swap are not modelled"},
	{`annotations.*(scheduler\.alpha|preferAvoidPods|seccomp|apparmor)|AvoidPods`, "annotations that nothing reads any more"},
	{`^spec\.(clusterIPs?|ipFamil|externalIPs|externalName|sessionAffinity|healthCheckNodePort|trafficDistribution)`, "berth uses only the selector of a Service"},
	{`^spec\.(externalTrafficPolicy|internalTrafficPolicy)|[lL]oadBalancer`, "as above"},
	{`^metadata\.generation\b`, "the server counts generations itself"},
}

var unmodelledPaths = func() []*regexp.Regexp {
	var paths []*regexp.Regexp
	for _, u := range unmodelled {
		paths = append(paths, regexp.MustCompile(u.path))
	}
	return paths
}()

func isModelled(path string) bool {
	return !slices.ContainsFunc(unmodelledPaths, func(r *regexp.Regexp) bool { return r.MatchString(path) })
}

// tell returns the mistakes in fields that berth uses as lines without the wrong value,
// ascending and without duplicates: the type's name, the path and the message.
func tell(mistakes field.ErrorList) []string {
	var told []string
	for _, m := range mistakes {
		if isModelled(m.Field) {
			told = append(told, fmt.Sprintf("%s: %s: %s", m.Field, m.Type, m.Detail))
		}
	}
	slices.Sort(told)
	return slices.Compact(told)
}

var (
	index    = regexp.MustCompile(`\[\d+\]`)
	template = regexp.MustCompile(`^spec\.template\.`)
	mapKey   = regexp.MustCompile(`\[[^\]]+\]`)
)

// harvest counts kinds of mistakes: where, whatever the index, key and owner of a
// template, and of which type.
func harvest(seen map[string]int, mistakes field.ErrorList) {
	for _, m := range mistakes {
		path := index.ReplaceAllString(m.Field, "[]")
		path = mapKey.ReplaceAllString(template.ReplaceAllString(path, ""), "[key]")
		seen[path+" "+strings.TrimPrefix(string(m.Type), "FieldValue")]++
	}
}

// Objects of every kind, valid but for up to three mistakes planted in them, and in
// some cases many: berth finds what the API server finds, nothing less and nothing
// more, each at the same path, of the same type and in the same words.
//
// Faults that it was seen to find are in validation_mutants_test.go.
func TestValidateFindsWhatTheServerFinds(t *testing.T) {
	seen := map[string]int{}
	counts := newCensus("valid", "one mistake", "several mistakes")
	for _, k := range validatedKinds {
		counts.held[k.name], counts.held["valid "+k.name] = 0, 0
	}
	check(t, 40000, func(t *rapid.T) {
		kind := rapid.SampledFrom(validatedKinds).Draw(t, "kind")
		seed := [2]uint64{rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "and")}
		mistakes := rapid.SampledFrom(of(0, 1, 1, 1, 2, 3, 40)).Draw(t, "mistakes")
		object := grow(kind.grown, seed, mistakes)
		before := object.DeepCopyObject()

		real := kind.realMistakes(t, object)
		got := cluster.Validate(object)
		if !reflect.DeepEqual(object, before) {
			t.Fatalf("%s was modified", kind.name)
		}
		compareMistakes(t, object, real, got)
		if mistakes == 0 && len(real) > 0 {
			t.Fatalf("%s without a planted mistake is refused: %v", kind.name, real)
		}
		counts.cases++
		counts.note(kind.name)
		counts.noteIf(len(real) == 0, "valid")
		counts.noteIf(len(real) == 0, "valid "+kind.name)
		counts.noteIf(len(real) == 1, "one mistake")
		counts.noteIf(len(real) > 1, "several mistakes")
		harvest(seen, got)
	})
	counts.report(t, "objects")
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		lines = append(lines, fmt.Sprintf("%7d %s", seen[what], what))
	}
	if len(lines) < 280 && !testing.Short() {
		t.Errorf("%d kinds of mistakes were made, want 280: the generator has stopped reaching some", len(lines))
	}
	t.Logf("%d kinds of mistakes:\n%s", len(lines), strings.Join(lines, "\n"))
}

func compareMistakes(t failer, object runtime.Object, real, got field.ErrorList) {
	want, have := tell(real), tell(got)
	for _, m := range got {
		if !isModelled(m.Field) {
			t.Fatalf("berth looks at what it says it does not: %v", m)
		}
	}
	if slices.Equal(want, have) {
		return
	}
	only := func(a, b []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) }), "\n\t")
	}
	t.Fatalf("%T\nonly the server:\n\t%s\nonly berth:\n\t%s", object, only(want, have), only(have, want))
}

// A pod that a server has stored is judged as by an update that changes nothing.
func TestValidateAcceptsStoredPods(t *testing.T) {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "default", Labels: map[string]string{"app": "web"}}}
	p.Spec.Containers = of(corev1.Container{Name: "c", Image: "x"})
	p.Spec.TopologySpreadConstraints = of(corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{}, MatchLabelKeys: of("app")})
	kind := kindOf(p)
	compareMistakes(t, p, kind.realMistakes(t, p), cluster.Validate(p))

	legacyscheme.Scheme.Default(p)
	internal, err := legacyscheme.Scheme.ConvertToVersion(p, runtime.InternalGroupVersioner)
	if err != nil {
		t.Fatal(err)
	}
	kind.strategy.PrepareForCreate(context.Background(), internal)
	stored, err := legacyscheme.Scheme.ConvertToVersion(internal, coreV1)
	if err != nil {
		t.Fatal(err)
	}
	if len(cluster.Validate(stored)) == 0 || len(kind.realMistakes(t, stored)) == 0 {
		t.Fatal("the server creates a pod whose matchLabelKeys are merged already")
	}
	stored.(*corev1.Pod).ResourceVersion = "1"
	stored.(*corev1.Pod).Spec.EphemeralContainers = of(corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "e", Image: "x"}})
	if mistakes := cluster.Validate(stored); len(mistakes) > 0 {
		t.Fatalf("a stored pod is refused: %v", mistakes)
	}
}

// The scenarios in which users read what Validate says are the server's words too.
func TestValidateScenariosAreTheServers(t *testing.T) {
	objects := 0
	datadriven.Walk(t, "../apiserver/validation/testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			manifest, err := cluster.ReadManifest(strings.NewReader(d.Input))
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range manifest.Objects() {
				if object.(metav1.Object).GetResourceVersion() == "" {
					compareMistakes(t, object, kindOf(object).realMistakes(t, object), cluster.Validate(object))
					objects++
				}
			}
			return d.Expected
		})
	})
	t.Logf("%d objects", objects)
}

// Every object of the corpus.
func TestValidateOfTheCorpusIsTheServers(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/*/*")
	if len(files) == 0 {
		t.Skip("no shared/corpus beside the main module")
	}
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true}) // as --allow-privileged
	objects, refused := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manifest, _ := cluster.ReadManifest(bytes.NewReader(text))
		for _, object := range manifest.Objects() {
			if meta := object.(metav1.Object); meta.GetResourceVersion() != "" {
				continue // stored: not to be created
			}
			real := kindOf(object).realMistakes(t, object)
			compareMistakes(t, object, real, cluster.Validate(object))
			objects++
			if len(tell(real)) > 0 {
				refused++
				t.Logf("%s: %v", filepath.Base(file), real)
			}
		}
	}
	t.Logf("%d objects, %d of them refused", objects, refused)
}
