package gen

import (
	"reflect"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// ChangeField changes one field of a value, at any depth.
func ChangeField(t *rapid.T, v reflect.Value) {
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
		ChangeField(t, v.Field(rapid.IntRange(0, v.NumField()-1).Draw(t, v.Type().Name())))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		} else if rapid.Bool().Draw(t, "to nil") {
			v.SetZero()
			return
		}
		ChangeField(t, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 || rapid.Bool().Draw(t, "append") {
			v.Set(reflect.Append(v, reflect.New(v.Type().Elem()).Elem()))
		}
		ChangeField(t, v.Index(rapid.IntRange(0, v.Len()-1).Draw(t, "index")))
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
