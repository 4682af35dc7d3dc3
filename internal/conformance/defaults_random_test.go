package conformance

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// filler draws whole objects by reflection: every pointer nil or not, every string
// empty or not, every volume source, probe, handler and kind of container. Few of
// them are valid; defaulting does not ask.
type filler struct {
	*rand.Rand
	without map[string]bool // fields that stay empty: "Container.Image"
}

func newFiller(seed [2]uint64, without ...string) filler {
	f := filler{rand.New(rand.NewPCG(seed[0], seed[1])), map[string]bool{}}
	for _, field := range without {
		f.without[field] = true
	}
	return f
}

// fillRandom draws all of object, but the fields without.
func fillRandom[T any](seed [2]uint64, object *T, without ...string) *T {
	newFiller(seed, without...).fill(reflect.ValueOf(object).Elem(), "")
	return object
}

// draw sees to the types that reflection must not take apart, or that have a
// corner it would not find.
func (f filler) draw(value any) bool {
	switch v := value.(type) {
	case *resource.Quantity:
		*v = resource.MustParse(among(f, quantities...))
	case *intstr.IntOrString:
		*v = among(f, intsOrStrings...)
	case *metav1.ObjectMeta:
		*v = f.meta()
	case *corev1.VolumeSource:
		*v = f.volumeSource()
	case *runtime.RawExtension:
		v.Raw = []byte(`{"spec":{}}`)
	case *metav1.Time, *metav1.MicroTime:
	default:
		return false
	}
	return true
}

var (
	quantities = []string{"0", "1", "-1", "250m", "0.0001", "1.5", "1u", "1n", "100Mi", "1.5Gi", "1e3", "3e-4", "-0.00001",
		"0.1Ki", "9223372036854775807", "9223372036854775807n", "99999999999999999999", "12345678901234567890.00001", "0.5m"}
	intsOrStrings = []intstr.IntOrString{{}, intstr.FromString(""), intstr.FromInt32(7), intstr.FromString("http"), intstr.FromString("10%"),
		{Type: intstr.Int, StrVal: "x"}, {Type: intstr.String, IntVal: 1}}
	images = knownImages()
	words  = []string{"", "", "", "x", "10.0.0.1", "hugepages-2Mi", "metadata.name", "v1"}
)

// constants are the values of named string types that defaulting looks at.
var constants = map[reflect.Type][]string{
	reflect.TypeFor[corev1.ServiceType]():                   {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Odd"},
	reflect.TypeFor[corev1.ServiceAffinity]():               {"None", "ClientIP", "Odd"},
	reflect.TypeFor[corev1.ContainerRestartPolicy]():        {"Always", "Never"},
	reflect.TypeFor[appsv1.DaemonSetUpdateStrategyType]():   {"RollingUpdate", "OnDelete", "Odd"},
	reflect.TypeFor[appsv1.DeploymentStrategyType]():        {"RollingUpdate", "Recreate", "Odd"},
	reflect.TypeFor[appsv1.StatefulSetUpdateStrategyType](): {"RollingUpdate", "OnDelete", "Odd"},
	reflect.TypeFor[corev1.ResourceName](): {"cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "hugepages-1Gi", "hugepages-",
		"nvidia.com/gpu", "kubernetes.io/odd"},
}

func among[T any](f filler, from ...T) T { return from[f.IntN(len(from))] }

func (f filler) chance(percent int) bool { return f.IntN(100) < percent }

func (f filler) meta() metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Name: among(f, "", "x", "y"), Namespace: among(f, "", "default")}
	if f.chance(50) {
		meta.Labels = map[string]string{}
	}
	if f.chance(30) {
		meta.Labels = map[string]string{corev1.LabelMetadataName: among(f, "x", "z"), "a": "b"}
	}
	return meta
}

// volumeSource draws no source, one, or (invalid) several.
func (f filler) volumeSource() (source corev1.VolumeSource) {
	v := reflect.ValueOf(&source).Elem()
	for range among(f, 0, 1, 1, 1, 1, 3) {
		at := v.Field(f.IntN(v.NumField()))
		at.Set(reflect.New(at.Type().Elem()))
		f.fill(at.Elem(), "")
	}
	return source
}

func (f filler) fill(v reflect.Value, field string) {
	if f.draw(v.Addr().Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; !f.without[v.Type().Name()+"."+name] {
				f.fill(v.Field(i), name)
			}
		}
	case reflect.Pointer:
		if f.chance(50) {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), field)
		}
	case reflect.Slice:
		f.slice(v, field)
	case reflect.Map:
		f.mapping(v)
	case reflect.String:
		v.SetString(f.text(v.Type(), field))
	case reflect.Bool:
		v.SetBool(f.chance(50))
	case reflect.Int32, reflect.Int64:
		v.SetInt(among[int64](f, 0, 0, 1, 80, -1))
	case reflect.Uint8, reflect.Float64:
	default:
		panic("no value of " + v.Type().String())
	}
}

func (f filler) slice(v reflect.Value, field string) {
	if f.chance(30) {
		return
	}
	n := among(f, 0, 1, 1, 2)
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		f.fill(v.Index(i), field)
	}
}

func (f filler) mapping(v reflect.Value) {
	if f.chance(30) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range f.IntN(4) {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, "")
		f.fill(value, "")
		v.SetMapIndex(key, value)
	}
}

func (f filler) text(t reflect.Type, field string) string {
	if values := constants[t]; values != nil && f.chance(80) {
		return among(f, values...)
	}
	if field == "Image" || field == "Reference" {
		return f.image()
	}
	return among(f, words...)
}

// image draws a known name, or one put together from parts, right and wrong.
func (f filler) image() string {
	if f.chance(20) {
		return among(f, images...)
	}
	var b strings.Builder
	for range f.IntN(3) {
		b.WriteString(among(f, imageHosts...) + "/")
	}
	b.WriteString(among(f, imageParts...))
	b.WriteString(among(f, "", "", ":latest", ":latest", ":1.2", ":", ":latest "))
	b.WriteString(among(f, "", "", "", "@", "@sha256:"+strings.Repeat("a", 64), "@sha256:"+strings.Repeat("A", 64),
		"@sha512:"+strings.Repeat("0", 128), "@sha384:"+strings.Repeat("f", 96), "@sha256:abc", "@md5:"+strings.Repeat("a", 32)))
	return b.String()
}

var (
	imageHosts = []string{"docker.io", "index.docker.io", "localhost", "quay.io", "Reg", "a.B:5000", "[::1]:80", "[::1]", "[]", "x:", "x:y",
		"a_b.c", "a__b", "a---b", "-a", "a-", "a..b", "a.b.", "", "library", "127.0.0.1", "é", "a_b"}
	imageParts = []string{"nginx", "Nginx", "a.b", "a__b", "a___b", "a--b", "a_", "_a", "", "a b", "é", "a\n", "latest", "x@y",
		strings.Repeat("a", 64), strings.Repeat("g", 64), strings.Repeat("a", 247), strings.Repeat("a", 248), strings.Repeat("a", 255), strings.Repeat("a", 256)}
)

func knownImages() []string {
	long := strings.Repeat("a", 256)
	return slices.Concat([]string{"", " ", "nginx", "nginx:latest", "nginx:1", ":latest", "@", "a:b:latest", "a/b:80/c:latest", "[::1]", "[::1]:latest",
		"localhost:5000", "localhost:latest", "Foo/bar", "foo/Bar", "index.docker.io/x", "a@b@c", "a:latest@", "http://a/b"},
		[]string{long, long[:255], long[:247], long[:248], "docker.io/" + long[:248], "docker.io/" + long[:247], "quay.io/" + long[:255], "quay.io/" + long,
			"a_b.c/" + long[:249], "a_b.c/" + long[:250], "ab/" + long[:252], "ab/" + long[:253], "index.docker.io/" + long[:248]})
}
