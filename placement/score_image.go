package placement

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// neededImages are the images that a pod's containers and image volumes need.
type neededImages struct {
	images              []neededImage
	containers, volumes int // including init containers; image volumes
}

type neededImage struct {
	name       string // as nodes list it
	containers int64  // that need it, including init containers
	volumes    int64
}

// compileImages follows the scheduler
// (pkg/scheduler/framework/plugins/imagelocality/image_locality.go:
// sumImageScores).
func compileImages(spec *corev1.PodSpec) neededImages {
	var n neededImages
	for _, c := range spec.InitContainers {
		n.need(c.Image).containers++
	}
	for _, c := range spec.Containers {
		n.need(c.Image).containers++
	}
	n.containers = len(spec.InitContainers) + len(spec.Containers)
	for _, v := range spec.Volumes {
		if v.Image != nil {
			n.need(v.Image.Reference).volumes++
			n.volumes++
		}
	}
	return n
}

func (n *neededImages) need(name string) *neededImage {
	name = listedName(name)
	i := slices.IndexFunc(n.images, func(known neededImage) bool { return known.name == name })
	if i < 0 {
		i, n.images = len(n.images), append(n.images, neededImage{name: name})
	}
	return &n.images[i]
}

// listedName follows normalizedImageName: it fills in only the tag.
func listedName(image string) string {
	if strings.LastIndex(image, ":") <= strings.LastIndex(image, "/") {
		return image + ":latest"
	}
	return image
}

const (
	megabyte      = 1024 * 1024
	smallestImage = 23 * megabyte   // smaller images do not count
	largestImage  = 1000 * megabyte // for each container
)

// scores returns the scores of ImageLocality. A score grows with the size of
// the needed images that a node already has. An image counts less the fewer
// nodes have it.
func (n *neededImages) scores(c *cluster.Cluster, r *feasibleNodes) []int64 {
	b := borrow.From(c)
	scored, counted := b.Release().Has(kube.ImageVolumesScored), b.Release().Has(kube.ImageVolumesCounted)
	var raw []int64
	for _, needed := range n.images {
		times := needed.containers
		if scored {
			times += needed.volumes
		}
		if times == 0 {
			continue
		}
		image, all := b.Image(needed.name), b.Len()
		spread := float64(image.Nodes.Len()) / float64(all)
		raw = r.add(raw, b.Words(image.Nodes), times*int64(float64(image.Bytes)*spread))
	}
	sources := n.containers
	if counted {
		sources += n.volumes
	}
	for i := range raw {
		raw[i] = locality(raw[i], sources)
	}
	return raw
}

// locality follows calculatePriority.
func locality(bytes int64, sources int) int64 {
	most := largestImage * int64(sources)
	return maxScore * (min(max(bytes, smallestImage), most) - smallestImage) / (most - smallestImage)
}
