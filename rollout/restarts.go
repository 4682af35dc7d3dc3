package rollout

import corev1 "k8s.io/api/core/v1"

// container is what is known of one container of a class.
type container struct {
	name, image string
	kind        containerKind
}

type containerKind uint8

const (
	regular containerKind = iota
	sidecar               // an init container that is to run on
	initial
)

func containersOf(spec *corev1.PodSpec) []container {
	var all []container
	for _, c := range spec.InitContainers {
		kind := initial
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = sidecar
		}
		all = append(all, container{c.Name, c.Image, kind})
	}
	for _, c := range spec.Containers {
		all = append(all, container{c.Name, c.Image, regular})
	}
	return all
}

func (c *class) runs(image string) bool {
	for i := range c.containers {
		if c.containers[i].image == image {
			return true
		}
	}
	return false
}

func (c *class) images() []string {
	var all []string
	for _, k := range c.containers {
		all = append(all, k.image)
	}
	return all
}

// restarts are how often the containers of a pod were started again: of each kind
// that counts for a scale-down the one that was most often, and not their sum
// (pkg/controller: maxContainerRestarts).
type restarts struct{ containers, sidecars int32 }

func (r restarts) most() int { return int(max(r.containers, r.sidecars)) }

func (s *Sim) restartsOf(id int32) (most restarts) {
	if p := &s.pods[id]; len(s.restarted) == 0 && p.name >= 0 && !p.is(loops) {
		return restarts{}
	}
	for i, c := range s.classes[s.pods[id].class].containers {
		switch n := s.restartCount(id, i); c.kind {
		case regular:
			most.containers = max(most.containers, n)
		case sidecar:
			most.sidecars = max(most.sidecars, n)
		}
	}
	return most
}

// restartCount is how often the i-th container of the pod was started again:
// before a dump, in crash loops that are over, and in the one that goes on.
func (s *Sim) restartCount(id int32, i int) int32 {
	p := &s.pods[id]
	c := &s.classes[p.class].containers[i]
	n := int32(0)
	if p.name < 0 {
		n = dumpedRestarts(&s.named[^p.name].Status, c)
	}
	if past := s.restarted[id]; past.counts != nil {
		n += past.counts[i]
		if past.once == c.image && past.at <= s.clock && !p.is(frozen) {
			n++
		}
	}
	if p.is(loops) && s.troubleOf(p).image == c.image {
		n += int32(s.runOf(p).restarts)
	}
	return n
}

func dumpedRestarts(status *corev1.PodStatus, c *container) int32 {
	list := status.ContainerStatuses
	if c.kind != regular {
		list = status.InitContainerStatuses
	}
	for i := range list {
		if list[i].Name == c.name {
			return list[i].RestartCount
		}
	}
	return 0
}

// pastRestarts are those of a pod's crash loops that are over. They are replaced
// when they change.
type pastRestarts struct {
	counts []int32 // by container, without what a dump showed
	once   string  // the image of those that start once more, when their backoff is over at
	at     stamp
}

// keepRestarts keeps what the pod's loop has come to, before that ends or is
// interrupted.
func (s *Sim) keepRestarts(id int32) {
	p := &s.pods[id]
	past := s.restarted[id]
	if !p.is(loops) && past.counts == nil {
		return
	}
	containers := s.classes[p.class].containers
	now := pastRestarts{counts: make([]int32, len(containers))}
	if past.once != "" && (past.at > s.clock || p.is(frozen)) {
		now.once, now.at = past.once, past.at
	}
	for i := range containers {
		now.counts[i] = s.restartCount(id, i)
		if p.name < 0 {
			now.counts[i] -= dumpedRestarts(&s.named[^p.name].Status, &containers[i])
		}
	}
	if s.restarted == nil {
		s.restarted = map[int32]pastRestarts{}
	}
	s.restarted[id] = now
}

// endRuns is the end of the pod's containers, which are not started again.
func (s *Sim) endRuns(id int32) {
	s.keepRestarts(id)
	if past, ok := s.restarted[id]; ok {
		past.once = ""
		s.restarted[id] = past
	}
	s.pods[id].flags &^= loops | crashed | frozen
}
