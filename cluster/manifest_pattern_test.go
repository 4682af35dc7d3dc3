package cluster

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/gen"
	_ "github.com/berthsim/berth/internal/seed"
)

// TestPatternsChangeNothing: a pod that matches a pattern is stored or refused as it
// would be by itself, whichever field differs.
// Mutants it fails on: sharedMounts (withMount without the inner copy), bareStatus
// (store without SetPodStatus), anyMeta (sameMeta always true).
func TestPatternsChangeNothing(t *testing.T) {
	like := 0
	defer func() {
		t.Logf("%d pods were like another", like)
		if like == 0 {
			t.Error("no pod was like another")
		}
	}()
	var pods []*corev1.Pod
	for o := range gen.Dump(2) {
		if pod, ok := o.(*corev1.Pod); ok {
			pods = append(pods, pod)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := &Manifest{}
		for range rapid.IntRange(2, 6).Draw(t, "pods") {
			pod := rapid.SampledFrom(pods).Draw(t, "pod").DeepCopy()
			pod.Name = fmt.Sprint(pod.Name, len(m.Pods))
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				change(t, reflect.ValueOf(pod).Elem())
			}
			m.Pods = append(m.Pods, pod)
		}
		known := patterns{}
		for _, pod := range m.Pods {
			before := pod.DeepCopy()
			stored, ok := known.store(pod)
			want, errs := Default(pod), Validate(pod)
			if ok {
				like++
				if len(errs) > 0 || !reflect.DeepEqual(stored, want) {
					t.Fatalf("%v\ngot  %v\nwant %v", errs, stored, want)
				}
			} else if len(errs) == 0 {
				known.add(pod, want)
			}
			if !reflect.DeepEqual(before, pod) {
				t.Fatalf("was %v is %v", before, pod)
			}
		}
	})
}

// TestPatternsCheckNames: the fields that differ between pods of a pattern are
// checked.
// Mutants it fails on: anyNode (isPinned without its node), anyName (validNames
// always true).
func TestPatternsCheckNames(t *testing.T) {
	var pods []*corev1.Pod
	for o := range gen.Dump(2) {
		if pod, ok := o.(*corev1.Pod); ok && metav1.GetControllerOf(pod).Kind == "DaemonSet" {
			pods = append(pods, pod)
		}
	}
	first, second := pods[0], pods[daemonSetsOfDump]
	for name, spoil := range map[string]func(*corev1.Pod){
		"name": func(p *corev1.Pod) { p.Name = "Not Valid" },
		"node": func(p *corev1.Pod) { p.Spec.NodeName = "Not Valid" },
		"pin": func(p *corev1.Pod) {
			p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0] = "Not Valid"
		},
	} {
		pod := second.DeepCopy()
		m := &Manifest{Pods: []*corev1.Pod{first, pod}}
		if _, err := m.Cluster(); err != nil {
			t.Fatal(err)
		}
		known := patterns{}
		known.add(first, Default(first))
		if _, ok := known.store(pod); !ok {
			t.Fatal("the second pod is not like the first")
		}
		if spoil(pod); len(Validate(pod)) == 0 {
			t.Fatalf("%s is valid", name)
		}
		if _, err := m.Cluster(); err == nil {
			t.Errorf("%s is not checked", name)
		}
	}
}

const daemonSetsOfDump = 8

// change changes one field of a value, at any depth.
func change(t *rapid.T, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[resource.Quantity]():
		v.Set(reflect.ValueOf(resource.MustParse(rapid.SampledFrom([]string{"1", "1000m", "-1", "3Gi"}).Draw(t, "quantity"))))
		return
	case reflect.TypeFor[metav1.Time]():
		v.Set(reflect.ValueOf(metav1.Unix(int64(rapid.IntRange(0, 9).Draw(t, "time")), 0)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		change(t, v.Field(rapid.IntRange(0, v.NumField()-1).Draw(t, v.Type().Name())))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		} else if rapid.Bool().Draw(t, "to nil") {
			v.SetZero()
			return
		}
		change(t, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 || rapid.Bool().Draw(t, "append") {
			v.Set(reflect.Append(v, reflect.New(v.Type().Elem()).Elem()))
		}
		change(t, v.Index(rapid.IntRange(0, v.Len()-1).Draw(t, "index")))
	case reflect.Map:
		made := reflect.MakeMap(v.Type())
		made.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), reflect.New(v.Type().Elem()).Elem())
		v.Set(made)
	case reflect.String:
		v.SetString(rapid.SampledFrom([]string{"", "a", "node-00001", "Not Valid", "kube-api-access-00003"}).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(rapid.IntRange(-1, 2).Draw(t, "number")))
	}
}

// TestIdentical: identical values are equal, and a change of any field is detected.
// Mutant it fails on: firstItem (sliceComparer looks at the first item only).
func TestIdentical(t *testing.T) {
	var pods []*corev1.Pod
	for o := range gen.Dump(1) {
		if pod, ok := o.(*corev1.Pod); ok {
			pods = append(pods, pod)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(pods).Draw(t, "pod").DeepCopy()
		a.Spec.Containers = a.Spec.Containers[:1+rapid.IntRange(0, 1).Draw(t, "containers")]
		b := a.DeepCopy()
		last := &b.Spec.Containers[len(b.Spec.Containers)-1]
		if last.Image += "x"; identical(a, b) {
			t.Fatal("another image is not seen")
		}
		b = a.DeepCopy()
		if !identical(a, b) {
			t.Fatal("a copy is not identical")
		}
		change(t, reflect.ValueOf(b).Elem())
		if identical(a, b) && !equality.Semantic.DeepEqual(a, b) {
			t.Fatalf("%v\n%v", a, b)
		}
	})
}

// TestIsSubdomain: isSubdomain agrees with NameIsDNSSubdomain.
// Mutant it fails on: anyDash (inside without its bounds).
func TestIsSubdomain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom([]rune("a0-.A_é")), 0, 6, -1).Draw(t, "name")
		name = strings.Repeat(name, rapid.SampledFrom([]int{1, 1, 20, 50}).Draw(t, "times"))
		if got, want := isSubdomain(name), len(apivalidation.NameIsDNSSubdomain(name, false)) == 0; got != want {
			t.Fatalf("%q: %v", name, got)
		}
	})
}
