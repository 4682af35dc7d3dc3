package rollout

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// sharedTypes are those whose values do not change once they are made: what
// changes is another value in their place.
var sharedTypes = map[string]string{
	"*cluster.Cluster":        "snapshots do not change",
	"*rollout.class":          "classes do not change",
	"*v1.PodTemplateSpec":     "part of an object",
	"*v1.DaemonSet":           "objects are replaced",
	"*v1.Deployment":          "objects are replaced",
	"*v1.ReplicaSet":          "objects are replaced",
	"*v1.ControllerRevision":  "objects are replaced",
	"v1.DaemonSetStatus":      "its pointers and lists are replaced",
	"v1.DeploymentStatus":     "its pointers and lists are replaced",
	"v1.ReplicaSetStatus":     "its pointers and lists are replaced",
	"labels.internalSelector": "selectors do not change",
	"*placement.Workload":     "compiled once",
	"*placement.Prediction":   "predictions do not change",
	"rollout.Config":          "set by New",
	"rollout.Apply":           "inputs are copies that nobody else has",
	"rollout.Drain":           "inputs are copies that nobody else has",
	"rollout.EditNode":        "inputs are copies that nobody else has",
}

// sharedFields are the slices and maps that are replaced, or appended to behind
// what the other side sees, and never changed in place.
var sharedFields = map[string]string{
	"nodeTable.nodeNames":     "addSlots makes another",
	"schedulerCache.position": "slotFor and survey make another",
	"objectTables.serials":    "keepSerial makes another",
	"objectTables.foreign":    "set by New",
	"podTable.named":          "set by New",
	"podTable.loads":          "set by New",
	"podTable.reasons":        "intern makes another",
	"kubelets.podDurations":   "set by New",
	"kubelets.faults":         "injectFault makes another",
	"daemonSet.patch":         "setObject makes another",
	"daemonSet.taken":         "set by New; nextSerial cuts it from the front",
	"replicaSet.taken":        "set by New; nextSerial cuts it from the front",
	"revision.patch":          "set by newRevision",
	"pastRestarts.counts":     "keepRestarts makes another",
}

// reached is memory that is reachable from a simulation, with the way to it.
type reached map[uintptr]string

// walk notes all memory that a value can reach, but for what is on the lists. A
// Room shares blocks with its clones by itself: placement's tests hold that.
func (r reached) walk(t *testing.T, v reflect.Value, path, field string, used map[string]bool) {
	name := v.Type().String()
	if sharedTypes[name] != "" {
		used[name] = true
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || !r.note(v.Pointer(), path) || strings.HasSuffix(name, "placement.room") {
			return
		}
		r.walk(t, v.Elem(), path, field, used)
	case reflect.Interface:
		if !v.IsNil() {
			r.walk(t, v.Elem(), path, field, used)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			r.walk(t, v.Field(i), path+"."+f.Name, v.Type().Name()+"."+f.Name, used)
		}
	case reflect.Map, reflect.Slice:
		if v.IsNil() || v.Kind() == reflect.Slice && v.Cap() == 0 {
			return
		}
		if sharedFields[field] != "" {
			used[field] = true
			return
		}
		if r.note(v.Pointer(), path) {
			r.walkElements(t, v, path, field, used)
		}
	case reflect.Array:
		r.walkElements(t, v, path, field, used)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		t.Errorf("%s is a %v: a fork cannot be shown to be independent", path, v.Kind())
	}
}

func (r reached) walkElements(t *testing.T, v reflect.Value, path, field string, used map[string]bool) {
	if v.Kind() == reflect.Map {
		for _, key := range v.MapKeys() { // any order: each by itself
			r.walk(t, v.MapIndex(key), fmt.Sprintf("%s[%v]", path, key), field, used)
		}
		return
	}
	for i := range v.Len() {
		r.walk(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i), field, used)
	}
}

// note reports whether the memory was not known.
func (r reached) note(at uintptr, path string) bool {
	_, known := r[at]
	if !known {
		r[at] = path
	}
	return !known
}

// What can change after a fork is disjoint, whatever fields a Sim is given. Mutants
// seen to fail: Fork without a clone of the alarms, of a zone's queue, of a DaemonSet's head, of a
// drain's pods, of restarted, of the filters.
func TestForksShareNothingThatChanges(t *testing.T) {
	s := everything(t)
	f := s.Fork()
	used := map[string]bool{}
	mine, theirs := reached{}, reached{}
	mine.walk(t, reflect.ValueOf(s), "Sim", "", used)
	theirs.walk(t, reflect.ValueOf(f), "Sim", "", used)
	if len(theirs) < 50 {
		t.Fatalf("only %d places in memory", len(theirs))
	}
	var shared []string
	for at, path := range theirs {
		if other, ok := mine[at]; ok {
			shared = append(shared, path+" is "+other)
		}
	}
	slices.Sort(shared)
	for _, s := range shared {
		t.Errorf("%s of its parent", s)
	}
	for _, list := range []map[string]string{sharedTypes, sharedFields} {
		for name := range list { // any order: each by itself
			if !used[name] {
				t.Errorf("nothing is a %s: the list of what is shared is to be true", name)
			}
		}
	}
}

// everything is a simulation in the middle of all that it knows.
func everything(t *testing.T) *Sim {
	t.Helper()
	var objects []runtime.Object
	for _, name := range []string{"n1", "n2", "n3", "n4"} {
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourcePods: resource.MustParse("20")},
		}})
	}
	for _, line := range []string{"pod web-0 on=n1 app=held cpu=100m", "pod web-1 on=n2 app=held", "budget held app=held min=2"} {
		o, err := parseObject(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	objects = append(objects, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Name: "db-1", Namespace: "default", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", UID: "db", Controller: ptr(true)},
	}}})
	s, err := New(settledWith(t, objects).Cluster(), Config{Order: OrderFromScript, Choices: []int{1}, PodGC: time.Hour, Kubelet: Kubelet{
		Start: 3 * time.Second, Stop: 5 * time.Second, Timings: []Timing{{Image: "slow", Start: time.Minute}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ghost := webDeployment("ghost", "v1", 1)
	ghost.Spec.Template.Spec.NodeName = "a-ghost"
	for tick, inputs := range [][]Input{
		{Apply{Object: ghost}, CrashLoop{Image: "v1", Nodes: []string{"n1"}}, RejectPods{Reason: "OutOfcpu", Image: "v2", Nodes: []string{"n2"}}, Delete{Key: "default/gone"}},
		{Apply{Object: fleetSet("v2", "1")}, Apply{Object: webDeployment("web", "v2", 4)}},
		{FailPods{"n3"}, NodeNotReady{Node: "n2"}},
		{Drain{Node: "n1", IgnoreDaemonSets: true, Force: true}, RemoveNode{"n4"}, EditNode{"n3", []cluster.NodeEdit{cluster.Taint("x:NoExecute")}}},
	} {
		if err := s.At(tick+1, inputs...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.At(100, EditNode{"n2", []cluster.NodeEdit{cluster.Cordon()}}, Apply{Object: fleetSet("v3", "1")}, Drain{Node: "n2"}); err != nil {
		t.Fatal(err)
	}
	stepped(s, 6)
	return s
}

// settledWith returns a settled simulation of the objects, DaemonSets and a
// Deployment.
func settledWith(t *testing.T, objects []runtime.Object) *Sim {
	t.Helper()
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(c, Config{})
	if err != nil {
		t.Fatal(err)
	}
	gone := fleetSet("v1", "1")
	gone.Name = "gone"
	if err := s.Inject(Apply{Object: fleetSet("v1", "1")}, Apply{Object: gone}, Apply{Object: webDeployment("web", "v1", 3)}); err != nil {
		t.Fatal(err)
	}
	stepped(s, 10)
	if err := s.Apply(fleetSet("v1.1", "100%")); err != nil {
		t.Fatal(err)
	}
	stepped(s, 10)
	return s
}
