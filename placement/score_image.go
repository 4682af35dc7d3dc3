package placement

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// neededImages are the images that a pod's containers and image volumes need.
type neededImages struct {
	images  []neededImage
	sources int // containers, init containers and image volumes
}

type neededImage struct {
	name  string // as nodes list it
	times int64
}

// compileImages follows the scheduler
// (pkg/scheduler/framework/plugins/imagelocality/image_locality.go:
// sumImageScores).
func compileImages(spec *corev1.PodSpec) neededImages {
	var names []string
	for _, c := range spec.InitContainers {
		names = append(names, c.Image)
	}
	for _, c := range spec.Containers {
		names = append(names, c.Image)
	}
	for _, v := range spec.Volumes {
		if v.Image != nil {
			names = append(names, v.Image.Reference)
		}
	}
	var needed []neededImage
	for _, name := range names {
		name = listedName(name)
		i := slices.IndexFunc(needed, func(n neededImage) bool { return n.name == name })
		if i < 0 {
			i, needed = len(needed), append(needed, neededImage{name: name})
		}
		needed[i].times++
	}
	return neededImages{needed, len(names)}
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
	var raw []int64
	for _, needed := range n.images {
		b := borrow.From(c)
		image, all := b.Image(needed.name), b.Len()
		spread := float64(image.Nodes.Len()) / float64(all)
		raw = r.add(raw, b.Words(image.Nodes), needed.times*int64(float64(image.Bytes)*spread))
	}
	for i := range raw {
		raw[i] = n.locality(raw[i])
	}
	return raw
}

// locality follows calculatePriority.
func (n *neededImages) locality(bytes int64) int64 {
	most := largestImage * int64(n.sources)
	return maxScore * (min(max(bytes, smallestImage), most) - smallestImage) / (most - smallestImage)
}
