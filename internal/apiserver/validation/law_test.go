package validation_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/validation"
	_ "github.com/berthsim/berth/internal/seed"
)

// Validate never panics, returns the same for the same object each time, and does
// not modify the object. An object that it accepts is still accepted with its
// defaults.
//
// Seen to fail: Validate working on its argument and not on a copy; mistakes of
// labels, and requests, in the order of their maps; host ports that Default adds to.
func TestValidateLaws(t *testing.T) {
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			if obeysLaws(t, arbitrary(t)) {
				accepted++
			} else {
				refused++
			}
		}
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d objects accepted, %d refused: a premise never held", accepted, refused)
	}
}

func obeysLaws(t *rapid.T, object runtime.Object) (accepted bool) {
	before := object.DeepCopyObject()
	first, second := validation.Validate(object), validation.Validate(object)
	if !reflect.DeepEqual(before, object) {
		t.Fatalf("%T was modified", object)
	}
	if a, b := told(first), told(second); !reflect.DeepEqual(a, b) {
		t.Fatalf("%T: first\n%q\nthen\n%q", object, a, b)
	}
	if len(first) > 0 {
		return false
	}
	if again := validation.Validate(defaults.Apply(object)); len(again) > 0 {
		t.Fatalf("%T: refused once defaulted: %v", object, again)
	}
	return true
}

func told[E error](mistakes []E) []string {
	var all []string
	for _, mistake := range mistakes {
		all = append(all, mistake.Error())
	}
	return all
}

// arbitrary returns an object of any kind: filled at random, or valid except for a
// part filled at random.
func arbitrary(t *rapid.T) runtime.Object {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "and")))
	f := filler{random, rapid.SampledFrom([]int{0, 1, 5, 20, 70}).Draw(t, "percent of fields set")}
	object := rapid.SampledFrom(starts()).Draw(t, "object").DeepCopyObject()
	f.fill(reflect.ValueOf(object).Elem())
	return object
}

// starts are valid objects of the kinds with most to check, and empty ones of all kinds.
func starts() []runtime.Object {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "default"}}
	pod.Spec.HostNetwork = true
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "x", Ports: []corev1.ContainerPort{{ContainerPort: 80}},
		Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("1"), "memory": resource.MustParse("1Gi")}}}}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	valid := []runtime.Object{pod, node, daemonSet(func(*appsv1.DaemonSet) {})}
	return append(slices.Repeat(valid, 3), everyKind...)
}

// filler sets a percentage of the fields that are not set yet.
type filler struct {
	*rand.Rand
	percent int
}

var words = []string{"", "a", "zone", "In", "Exists", "NoExecute", "Always", "no spaces", "Upper", "-1", "50%", "101%", "metadata.name", "TCP", "None"}

func (f filler) word() string { return words[f.IntN(len(words))] }

func (f filler) fill(v reflect.Value) {
	switch o := v.Addr().Interface().(type) {
	case *resource.Quantity:
		if o.IsZero() {
			*o = resource.MustParse([]string{"1", "-1", "500m", "3Mi", "0"}[f.IntN(5)])
		}
		return
	case *intstr.IntOrString:
		*o = intstr.Parse(f.word())
		return
	case *metav1.Time, *metav1.MicroTime, *metav1.FieldsV1:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "TypeMeta" || !v.Field(i).CanSet() {
				continue
			}
			if v.Field(i).Kind() == reflect.Struct || f.IntN(100) < f.percent {
				f.fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		f.fill(v.Elem())
	case reflect.Slice:
		f.fillSlice(v)
	case reflect.Map:
		f.fillMap(v)
	default:
		if v.IsZero() {
			f.fillValue(v)
		}
	}
}

// fillSlice makes a slice longer, or empty but not nil.
func (f filler) fillSlice(v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 2))
	}
	for range f.IntN(3) {
		one := reflect.New(v.Type().Elem()).Elem()
		f.fill(one)
		v.Set(reflect.Append(v, one))
	}
	for i := range v.Len() {
		f.fill(v.Index(i))
	}
}

func (f filler) fillMap(v reflect.Value) {
	m := reflect.MakeMap(v.Type())
	for range f.IntN(5) {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(value)
		m.SetMapIndex(key, value)
	}
	for _, key := range v.MapKeys() {
		m.SetMapIndex(key, v.MapIndex(key))
	}
	v.Set(m)
}

func (f filler) fillValue(v reflect.Value) {
	number := []int64{-1, 0, 1, 80, 101, 70000}[f.IntN(6)]
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.word())
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(number)
	case reflect.Uint8:
		v.SetUint(uint64(number & 0xff))
	}
}
