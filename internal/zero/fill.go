package zero

import (
	"math"
	"math/rand/v2"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// words and numbers fill API objects: most values that affect decisions, and
// nonsense.
var (
	words = []string{
		"", "a", "b", "n0", "n1", "app", "In", "NotIn", "Exists", "Equal", "NoSchedule", "NoExecute", "kubernetes.io/hostname", "10%", "x y",
		"Always", "TCP", "RollingUpdate", "OnDelete", "Recreate", "Ready", "True", "DoNotSchedule", "Running", "Failed", "cpu", "memory", "pods", "x/y",
	}
	numbers    = []int64{0, 1, 2, 3, 5, 100, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	quantities = []string{"0", "1", "100m", "-1", "1Gi", "1e30", "9223372036854775807"}
)

// Fill sets the value of a pointer to nonsense. About half of the optional fields
// are left out, and lists have up to two items.
func Fill(r *rand.Rand, pointer any) { fill(r, reflect.ValueOf(pointer).Elem(), 9) }

func fill(r *rand.Rand, v reflect.Value, depth int) {
	if depth == 0 || special(r, v) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(pick(r, words))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(pick(r, numbers))
	case reflect.Float64:
		v.SetFloat(pick(r, []float64{0, 0.1, 1, -1}))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), depth-1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 2))
		for i := range v.Len() {
			fill(r, v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(r, key, depth-1)
			fill(r, value, depth-1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(r, v.Field(i), depth-1)
			}
		}
	}
}

// special fills types with hidden contents, or types for which random values would
// rarely be meaningful.
func special(r *rand.Rand, v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *resource.Quantity:
		*p = resource.MustParse(pick(r, quantities))
	case *metav1.Time:
		*p = metav1.NewTime(time.Unix(pick(r, []int64{0, 1e9, 1.7e9, -1e10, 1e12}), 0))
	case *intstr.IntOrString:
		*p = intstr.Parse(pick(r, []string{"0", "1", "-1", "50%", "1000%", "abc"}))
	case *runtime.RawExtension:
		p.Raw = []byte(pick(r, []string{"", "{}", "x", `{"spec":{"template":{"spec":{}}}}`}))
	case *metav1.LabelSelector:
		if p.MatchLabels = map[string]string{"app": "a"}; r.IntN(8) == 0 {
			p.MatchLabels = nil
		}
	case *map[string]string:
		*p = pick(r, []map[string]string{nil, {"app": "a"}, {"app": "a", "b": "b"}, {"a": "b", "kubernetes.io/hostname": "n0"}})
	case *metav1.TypeMeta, *metav1.FieldsV1, *metav1.MicroTime:
	default:
		return false
	}
	return true
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
