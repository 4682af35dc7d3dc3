package cluster

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
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
				gen.ChangeField(t, reflect.ValueOf(pod).Elem())
			}
			m.Pods = append(m.Pods, pod)
		}
		var known patterns
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
		var known patterns
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
