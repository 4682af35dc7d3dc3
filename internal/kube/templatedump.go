package kube

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strconv"
)

// templateField is a field of a type in pod templates that some releases do not have.
// Every release has appended its fields to the end of their structs.
type templateField struct {
	structure, name string
	since, until    Release // until is the first release without it; 0 if there is none
	zero            string  // its dump if it is not set
}

// templateFields are the fields that k8s.io/api has gained and lost between the releases
// that berth knows, in the order of the structs.
var templateFields = []templateField{
	{"v1.PodSpec", "WorkloadRef", 35, 36, "(*v1.WorkloadReference)<nil>"},
	{"v1.PodCertificateProjection", "UserAnnotations", 35, 0, "(map[string]string)<nil>"},
	{"v1.PodSpec", "SchedulingGroup", 36, 0, "(*v1.PodSchedulingGroup)<nil>"},
	{"v1.PodSpec", "EvictionResponders", 37, 0, "([]v1.EvictionResponder)<nil>"},
	{"v1.ClusterTrustBundleProjection", "User", 37, 0, "(*int64)<nil>"},
	{"v1.ConfigMapVolumeSource", "DefaultUser", 37, 0, "(*int64)<nil>"},
	{"v1.DownwardAPIVolumeFile", "User", 37, 0, "(*int64)<nil>"},
	{"v1.DownwardAPIVolumeSource", "DefaultUser", 37, 0, "(*int64)<nil>"},
	{"v1.EmptyDirVolumeSource", "Mode", 37, 0, "(*int32)<nil>"},
	{"v1.GRPCAction", "Mode", 37, 0, "(*v1.GRPCProbeMode)<nil>"},
	{"v1.HTTPGetAction", "Protocol", 37, 0, "(*v1.HTTPProtocol)<nil>"},
	{"v1.KeyToPath", "User", 37, 0, "(*int64)<nil>"},
	{"v1.PodCertificateProjection", "User", 37, 0, "(*int64)<nil>"},
	{"v1.ProjectedVolumeSource", "DefaultUser", 37, 0, "(*int64)<nil>"},
	{"v1.SecretVolumeSource", "DefaultUser", 37, 0, "(*int64)<nil>"},
	{"v1.ServiceAccountTokenProjection", "User", 37, 0, "(*int64)<nil>"},
	{"v1.VolumeMount", "BindMountOptions", 37, 0, "([]string)<nil>"},
}

func (f *templateField) in(r Release) bool {
	return r >= f.since && (f.until == 0 || r < f.until)
}

// templateDump writes Go values as controllers dump them to hash them
// (k8s.io/utils/dump/dump.go: ForHash), but with the fields that their types have in a
// release, whatever the linked k8s.io/api has.
type templateDump struct {
	bytes.Buffer
	release Release
}

// value writes a value, after its type if typed is true
// (github.com/davecgh/go-spew/spew/format.go: format).
func (d *templateDump) value(v reflect.Value, typed bool) {
	switch {
	case typed:
		d.WriteString("(" + v.Type().String() + ")")
	case v.Kind() == reflect.Pointer && !v.IsNil():
		d.WriteString("<*>")
	}
	switch v.Kind() {
	case reflect.Bool:
		d.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.String:
		d.WriteString(v.String())
	case reflect.Struct:
		d.structure(v)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			d.WriteString("<nil>")
			return
		}
		d.reference(v)
	}
}

func (d *templateDump) reference(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		d.value(v.Elem(), false)
	case reflect.Slice:
		d.WriteByte('[')
		for i := range v.Len() {
			d.space(i)
			d.value(v.Index(i), false)
		}
		d.WriteByte(']')
	case reflect.Map:
		d.WriteString("map[")
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		for i, key := range keys {
			d.space(i)
			d.value(key, false)
			d.WriteByte(':')
			d.value(v.MapIndex(key), false)
		}
		d.WriteByte(']')
	}
}

func (d *templateDump) structure(v reflect.Value) {
	written := 0
	name := func(s string) {
		d.space(written)
		d.WriteString(s + ":")
		written++
	}
	t := v.Type()
	changing := changingFields[t.String()]
	d.WriteByte('{')
	for i := range t.NumField() {
		field := t.Field(i).Name
		if c := find(changing, field); c == nil || c.in(d.release) {
			name(field)
			d.value(v.Field(i), true)
		}
	}
	for _, c := range changing {
		if _, linked := t.FieldByName(c.name); !linked && c.in(d.release) {
			name(c.name)
			d.WriteString(c.zero)
		}
	}
	d.WriteByte('}')
}

func (d *templateDump) space(before int) {
	if before > 0 {
		d.WriteByte(' ')
	}
}

// changingFields is templateFields by struct.
var changingFields = func() map[string][]*templateField {
	all := map[string][]*templateField{}
	for i := range templateFields {
		f := &templateFields[i]
		all[f.structure] = append(all[f.structure], f)
	}
	return all
}()

func find(fields []*templateField, name string) *templateField {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return nil
}
