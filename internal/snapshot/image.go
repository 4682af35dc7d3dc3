package snapshot

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Image describes which nodes already have a container image.
type Image struct {
	Bytes int64 // its size, as reported by the first of the nodes
	Nodes Set
}

// Image returns the nodes whose status lists an image under exactly that name. If
// the nodes report different sizes, the scheduler uses the size of the first node it
// learns about, which after a start is the first by name
// (pkg/scheduler/backend/cache/cache.go: addNodeImageStates). The first query for a
// name reads the images of every node; later ones cost a look-up.
func (s *Snapshot) Image(name string) Image {
	s = s.orEmpty()
	x := s.view.index.image(name)
	w := x.where.dense
	if w == nil {
		w = newWords(s.view.len())
		x.where.addTo(w)
	}
	return Image{x.bytes, Set{s.view, w}}
}

// imageColumn records the nodes that have one image.
type imageColumn struct {
	bytes int64
	where posting
}

// image returns the column of an image name.
func (ix *index) image(name string) *imageColumn {
	return ask(ix, func() (*imageColumn, bool) {
		x := ix.made.images[name]
		return x, x != nil
	}, func() *imageColumn {
		x := newImageColumn(name, ix.nodes)
		ix.made.images[name] = x
		return x
	})
}

func newImageColumn(name string, nodes []*corev1.Node) *imageColumn {
	x := &imageColumn{}
	var list []int32
	for i, n := range nodes {
		bytes, ok := imageBytes(n, name)
		if !ok {
			continue
		}
		if len(list) == 0 {
			x.bytes = bytes
		}
		list = append(list, int32(i))
	}
	x.where = newPosting(list, len(nodes))
	return x
}

// imageBytes returns the size of an image on a node. If several images have the
// name, the first one counts.
func imageBytes(n *corev1.Node, name string) (int64, bool) {
	for i := range n.Status.Images {
		if slices.Contains(n.Status.Images[i].Names, name) {
			return n.Status.Images[i].SizeBytes, true
		}
	}
	return 0, false
}
