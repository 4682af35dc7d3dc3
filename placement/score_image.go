package placement

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

// neededImage is an image that a pod's containers need.
type neededImage struct {
	name  string // as nodes list it
	times int64
}

// neededImages gives the images of all containers and image volumes (plugins/
// imagelocality, sumImageScores), and how many of these there are.
func neededImages(spec *corev1.PodSpec) ([]neededImage, int) {
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
	return needed, len(names)
}

// listedName follows normalizedImageName: only the tag is filled in.
func listedName(image string) string {
	if strings.LastIndex(image, ":") <= strings.LastIndex(image, "/") {
		return image + ":latest"
	}
	return image
}

const (
	megabyte      = 1024 * 1024
	smallestImage = 23 * megabyte   // that counts
	largestImage  = 1000 * megabyte // for each container
)

// present is the score of ImageLocality: by the size of the images that a node
// has already, each the less the fewer nodes have it.
func (s *scoring) present(c *cluster.Cluster, r *roll) []int64 {
	var raw []int64
	for _, needed := range s.images {
		image, all := c.Image(needed.name), c.Nodes().Len()
		spread := float64(image.Nodes.Len()) / float64(all)
		raw = r.add(raw, c.Borrow().Words(image.Nodes), needed.times*int64(float64(image.Bytes)*spread))
	}
	for i := range raw {
		raw[i] = s.locality(raw[i])
	}
	return raw
}

// locality follows calculatePriority.
func (s *scoring) locality(bytes int64) int64 {
	most := largestImage * int64(s.sources)
	return maxScore * (min(max(bytes, smallestImage), most) - smallestImage) / (most - smallestImage)
}
