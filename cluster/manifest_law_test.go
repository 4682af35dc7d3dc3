package cluster

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/decode"
)

// TestManifestKeepsItsObjects: Cluster does not modify the objects of the Manifest.
// Mutant it fails on: inPlace (store sets the namespace of what was written).
func TestManifestKeepsItsObjects(t *testing.T) {
	m, err := ReadManifest(strings.NewReader(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`))
	if err != nil {
		t.Fatal(err)
	}
	m.Pods[0].Namespace = ""
	before := m.Pods[0].DeepCopy()
	_, _ = m.Cluster()
	if !reflect.DeepEqual(before, m.Pods[0]) {
		t.Errorf("before %v after %v", before, m.Pods[0])
	}
}

// TestManifestLiteral: objects made in Go become a cluster. Missing fields are
// filled in, and a nil object is a mistake with a name.
// Mutants it fails on: barePods (store without setNamespace), raw (without Default).
func TestManifestLiteral(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
	c, err := (&Manifest{Pods: []*corev1.Pod{pod}, Nodes: []*corev1.Node{node}}).Cluster()
	if err != nil {
		t.Fatal(err)
	}
	stored := c.Manifest().Pods[0]
	if stored.Namespace != "default" || stored.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		t.Errorf("stored as %v", stored)
	}
	_, err = (&Manifest{Pods: []*corev1.Pod{nil}, Nodes: []*corev1.Node{nil}}).Cluster()
	if want := "Node: is nil\nPod: is nil"; err == nil || err.Error() != want {
		t.Errorf("got %v want %s", err, want)
	}
}

// TestManifestNamesPlaces: a mistake from validation names the place of its object,
// or the object itself if it was made in Go.
// Mutant it fails on: noItem (Place.path ignores the item).
func TestManifestNamesPlaces(t *testing.T) {
	stream := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata:\n    name: a\n    labels:\n      x.y/z: b\n"
	m, err := ReadManifest(strings.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	wrong := field.Required(field.NewPath("metadata", "labels").Key("x.y/z"), "really")
	got := refused(m.Nodes[0], wrong, m.places[m.Nodes[0]], decode.NewLineFinder())
	if want := "document 1, line 9: Node a: metadata.labels[x.y/z]: Required value: really"; got.Error() != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !errors.Is(got, error(wrong)) {
		t.Error("does not unwrap")
	}
	if got, want := refused(m.Nodes[0], wrong, decode.Place{}, decode.NewLineFinder()).Error(), "Node a: metadata.labels[x.y/z]: Required value: really"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
