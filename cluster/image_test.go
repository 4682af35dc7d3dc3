package cluster

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Mutants seen: an index that keeps its images although a node's have changed; an
// index that loses nodes when edits are put into it; the last node's size.
func TestImagesFollowTheSnapshot(t *testing.T) {
	node := func(name string, bytes int64, images ...string) *corev1.Node {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		n.Status.Images = []corev1.ContainerImage{{Names: []string{"other:1"}}, {Names: images, SizeBytes: bytes}}
		return n
	}
	is := func(c *Cluster, name, want string, bytes int64) {
		t.Helper()
		if got := c.snapshot().Image(name); NodeSet(got.Nodes).String() != want || got.Bytes != bytes {
			t.Errorf("%s: got %v, %d bytes, want %s, %d bytes", name, NodeSet(got.Nodes), got.Bytes, want, bytes)
		}
	}
	c, err := New(node("b", 2, "web:1"), node("a", 1, "web:1", "web@sha256:0"), node("c", 3))
	if err != nil {
		t.Fatal(err)
	}
	is(c, "web:1", "{a b}", 1)
	is(c, "web@sha256:0", "{a}", 1)
	is(c, "web", "{}", 0)
	edited := c
	for i := range 64 { // more edits than a snapshot keeps beside its index
		if edited, err = edited.With(node(fmt.Sprint("d", i), 3)); err != nil {
			t.Fatal(err)
		}
	}
	is(edited, "web:1", "{a b}", 1)
	if edited, err = edited.EditAll(edited.Nodes(), Label("edit", "1")); err != nil {
		t.Fatal(err)
	}
	is(edited, "web:1", "{a b}", 1)
	pulled, err := edited.With(node("a", 1), node("c", 3, "web:1"))
	if err != nil {
		t.Fatal(err)
	}
	is(pulled, "web:1", "{b c}", 2)
	is(c, "web:1", "{a b}", 1)
}
