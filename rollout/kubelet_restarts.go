package rollout

import corev1 "k8s.io/api/core/v1"

// restarts are the restart counts of a pod that matter for a scale-down: the
// highest count among its containers and among its sidecars, not the sums
// (pkg/controller/controller_utils.go: maxContainerRestarts).
type restarts struct{ containers, sidecars int32 }

func (r restarts) most() int { return int(max(r.containers, r.sidecars)) }

func (k *kubelets) restartsOf(id int32) (most restarts) {
	if p := &k.pods[id]; len(k.restarted) == 0 && p.name >= 0 && !p.is(loops) {
		return restarts{}
	}
	for i, c := range k.classes[k.pods[id].class].containers {
		switch n := k.restartCount(id, i); c.kind {
		case regular:
			most.containers = max(most.containers, n)
		case sidecar:
			most.sidecars = max(most.sidecars, n)
		}
	}
	return most
}

// restartCount returns how often the i-th container of the pod was restarted:
// before the dump, in past crash loops, and in the present one.
func (k *kubelets) restartCount(id int32, i int) int32 {
	p := &k.pods[id]
	c := &k.classes[p.class].containers[i]
	n := int32(0)
	if p.name < 0 {
		n = dumpedRestarts(&k.named[^p.name].Status, c)
	}
	if past := k.restarted[id]; past.counts != nil {
		n += past.counts[i]
		if past.once == c.image && past.at <= k.clock && !p.is(frozen) {
			n++
		}
	}
	if p.is(loops) && k.faultOf(p).image == c.image {
		n += int32(k.runOf(p).restarts)
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

// keepRestarts saves the restart counts of the pod's loop before the loop ends or
// is interrupted.
func (k *kubelets) keepRestarts(id int32) {
	p := &k.pods[id]
	past := k.restarted[id]
	if !p.is(loops) && past.counts == nil {
		return
	}
	containers := k.classes[p.class].containers
	now := pastRestarts{counts: make([]int32, len(containers))}
	if past.once != "" && (past.at > k.clock || p.is(frozen)) {
		now.once, now.at = past.once, past.at
	}
	for i := range containers {
		now.counts[i] = k.restartCount(id, i)
		if p.name < 0 {
			now.counts[i] -= dumpedRestarts(&k.named[^p.name].Status, &containers[i])
		}
	}
	if k.restarted == nil {
		k.restarted = map[int32]pastRestarts{}
	}
	k.restarted[id] = now
}

// endRuns ends the runs of the pod's containers, which are not restarted.
func (k *kubelets) endRuns(id int32) {
	k.keepRestarts(id)
	if past, ok := k.restarted[id]; ok {
		past.once = ""
		k.restarted[id] = past
	}
	k.pods[id].flags &^= loops | crashed | frozen
}
