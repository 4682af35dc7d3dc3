package kube

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/davecgh/go-spew/spew"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	_ "github.com/berthsim/berth/internal/seed"
)

// The hashes are those of ComputeHash with k8s.io/api v0.34.4, v0.35.4, v0.36.3 and
// v0.37.2, whatever this test is linked with. Fault seen: WorkloadRef in 1.36.
func TestTemplateHashByRelease(t *testing.T) {
	const text = `{"metadata": {"labels": {"app": "a", "b": "c"}}, "spec": {
  "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}], "env": [{"name": "E", "value": "v"}],
    "resources": {"limits": {"cpu": "100m", "memory": "1Gi"}}, "volumeMounts": [{"name": "config", "mountPath": "/c"}],
    "readinessProbe": {"httpGet": {"port": "http"}}, "livenessProbe": {"grpc": {"port": 80}}}],
  "volumes": [{"name": "config", "configMap": {"name": "m", "items": [{"key": "k", "path": "p"}]}}, {"name": "secret", "secret": {"secretName": "s"}},
    {"name": "empty", "emptyDir": {"sizeLimit": "1Mi"}}, {"name": "down", "downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    {"name": "all", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"clusterTrustBundle": {"path": "b"}},
      {"podCertificate": {"signerName": "s", "keyType": "ED25519"}}]}}]}}`
	var template corev1.PodTemplateSpec
	if err := json.Unmarshal([]byte(text), &template); err != nil {
		t.Fatal(err)
	}
	for release, want := range map[Release]string{34: "bff86fcb6", 35: "5dbcb75678", 36: "5f948bf6dc", 37: "6f978dd4f9", 0: "6f978dd4f9", 31: "bff86fcb6"} {
		if got := TemplateHash(release, DecodedTemplate(&template), nil); got != want {
			t.Errorf("%s: %s, want %s", release, got, want)
		}
	}
}

// forHash is that of controllers (k8s.io/utils/dump/dump.go: ForHash), whose package older
// modules lack.
var forHash = &spew.ConfigState{Indent: " ", SortKeys: true, DisableMethods: true, SpewKeys: true, DisablePointerAddresses: true, DisableCapacities: true}

var anyTemplate = rapid.MakeConfig{
	Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[resource.Quantity](): rapid.Map(rapid.SampledFrom([]string{"0", "100m", "1Gi", "1e30"}), resource.MustParse).AsAny(),
		reflect.TypeFor[metav1.Time]():       rapid.Just(metav1.Time{}).AsAny(),
	},
}

// For the linked release, the dump is that of controllers, for templates in which every
// field may be set. Faults seen: elements of lists with their types; keys of maps in
// another order.
func TestTemplateDump(t *testing.T) {
	linked := linkedRelease(t)
	templates := rapid.MakeCustom[corev1.PodTemplateSpec](anyTemplate)
	for seed := range 20 { // they are too large to be shrunk
		template := templates.Example(seed)
		d := templateDump{release: linked}
		d.value(reflect.ValueOf(template), true)
		if got, want := d.String(), forHash.Sprintf("%#v", template); got != want {
			t.Fatalf("%s\nwant %s", got, want)
		}
	}
}

// linkedRelease returns the release whose fields the linked k8s.io/api has.
func linkedRelease(t *testing.T) Release {
	structs := map[string]reflect.Type{}
	collect(structs, reflect.TypeFor[corev1.PodTemplateSpec]())
	for release := OldestRelease; release <= LatestRelease; release++ {
		same := true
		for _, f := range templateFields {
			has := false
			if s, ok := structs[f.structure]; ok {
				_, has = s.FieldByName(f.name)
			}
			same = same && has == f.in(release)
		}
		if same {
			return release
		}
	}
	t.Fatal("the linked k8s.io/api has the fields of no known release")
	return 0
}

func collect(structs map[string]reflect.Type, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(structs, t.Elem())
	case reflect.Struct:
		if _, seen := structs[t.String()]; !seen {
			structs[t.String()] = t
			for i := range t.NumField() {
				collect(structs, t.Field(i).Type)
			}
		}
	}
}
