package clustertest

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// DaemonSet describes a DaemonSet of pods with one container and the label app=NAME,
// which is also its selector. The key is namespace/name; without a namespace it is
// in default. A later word overrides an earlier one, except where the list says that
// each adds one:
//
//	key=value              a label of the DaemonSet and of its pods
//	on:key=value           nodeSelector; each adds one
//	affinity:zone=a|b,!spot  required node affinity: key, !key, key=a|b, key!=a|b, key>1, key<1,
//	                       or metadata.name=node; all within a word, any of the words
//	prefer:10:zone=a       preferred node affinity, with its weight; each adds one
//	node:NAME              nodeName of the template
//	tolerate:KEY=V:EFFECT  a toleration; tolerate:KEY for any value, tolerate:* for any taint,
//	                       without :EFFECT for any effect, with :EFFECT:30s for that long; each adds one
//	cpu:100m memory:64Mi example.com/gpu:1
//	                       requests, and the limits of resources counted in whole numbers
//	port:9100 port:8125/udp  a host port; each adds one
//	host-network
//	class:NAME             priority class
//	image:IMAGE            by default registry.example.com/NAME:1
//	grace:30s              termination grace period
//	min-ready:10s          minReadySeconds
//	max-unavailable:10%    or a number, of the rolling update
//	max-surge:1            likewise; maxUnavailable is then 0
//	on-delete              the OnDelete update strategy
//	history:2              revisionHistoryLimit
func DaemonSet(key string, words ...string) Spec {
	return Spec{kind: daemonSet, name: key, words: slices.Clone(words)}
}

// Given describes an existing DaemonSet, for example from a manifest. Words change a
// copy of it. GoString prints it as a call with a variable named after it; the text
// notation cannot hold the object.
func Given(ds *appsv1.DaemonSet, words ...string) Spec {
	if ds == nil {
		ds = &appsv1.DaemonSet{}
	}
	key := ds.Name
	if ds.Namespace != "" {
		key = ds.Namespace + "/" + key
	}
	return Spec{kind: daemonSet, name: key, words: slices.Clone(words), given: ds.DeepCopy()}
}

func (s Spec) daemonSet() (*appsv1.DaemonSet, error) {
	ds := s.blank()
	return ds, s.read(func(w word) error { return daemonSetWord(ds, w) })
}

// blank returns the DaemonSet without any word applied.
func (s Spec) blank() *appsv1.DaemonSet {
	if s.given != nil {
		return s.given.DeepCopy()
	}
	namespace, name := s.key()
	app := map[string]string{"app": name}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: app},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: maps.Clone(app)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(app)}, Spec: onePod(name)},
		},
	}
}

func onePod(name string) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.example.com/" + name + ":1"}}}
}

func daemonSetWord(ds *appsv1.DaemonSet, w word) error {
	spec := &ds.Spec
	switch {
	case w.sep == '=':
		setLabel(&ds.ObjectMeta, w)
		setLabel(&ds.Spec.Template.ObjectMeta, w)
		return nil
	case w == word{key: "on-delete"}:
		spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
		return nil
	case w.sep == ':':
		switch w.key {
		case "min-ready":
			seconds, err := int32Of(wholeSeconds(w.value))
			spec.MinReadySeconds = seconds
			return err
		case "max-unavailable":
			share := intstr.Parse(w.value)
			spec.UpdateStrategy = rolling(&share, nil)
			return nil
		case "max-surge":
			none, share := intstr.FromInt32(0), intstr.Parse(w.value)
			spec.UpdateStrategy = rolling(&none, &share)
			return nil
		case "history":
			limit, err := int32Of(strconv.ParseInt(w.value, 10, 32))
			spec.RevisionHistoryLimit = &limit
			return err
		}
	}
	return podWord(&spec.Template.Spec, w)
}

func setLabel(meta *metav1.ObjectMeta, w word) {
	if meta.Labels == nil {
		meta.Labels = map[string]string{}
	}
	meta.Labels[w.key] = w.value
}

func rolling(unavailable, surge *intstr.IntOrString) appsv1.DaemonSetUpdateStrategy {
	return appsv1.DaemonSetUpdateStrategy{
		Type:          appsv1.RollingUpdateDaemonSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: unavailable, MaxSurge: surge},
	}
}

func int32Of(n int64, err error) (int32, error) {
	if err == nil && (n > math.MaxInt32 || n < math.MinInt32) {
		err = strconv.ErrRange
	}
	return int32(n), err
}

// variable returns a Go variable name for an object of that name.
func variable(name string) string {
	var b strings.Builder
	for i, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' }) {
		if i > 0 {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return cmp.Or(b.String(), "nameless")
}
