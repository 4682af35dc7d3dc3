package rollout

// kubelets start pods, make them ready, fail them and stop them.
type kubelets struct {
	*store
	podDurations []durations // exceptions, and last the rule; they do not change
	spread       times
	faults       []fault // replaced when one is added, and shared between forks
}

func newKubelets(k Kubelet) kubelets {
	return kubelets{
		podDurations: k.durations(),
		spread:       times{seconds(k.Jitter.Start), seconds(k.Jitter.Ready), seconds(k.Jitter.Stop)},
	}
}

func (k *kubelets) fork() kubelets {
	return kubelets{podDurations: k.podDurations, spread: k.spread, faults: k.faults}
}

// unstick ends on the node what the dump showed as stuck.
func (k *kubelets) unstick(node int32) {
	for id := range k.podsOn(node) {
		k.pods[id].flags &^= stays
		k.arm(id)
	}
}

// deletePod deletes a pod as the API server and the kubelet do. Unbound, failed
// and succeeded pods and pods without a grace period are removed at once
// (pkg/registry/core/pod/strategy.go: CheckGracefulDelete), and so are pods that
// need no time to stop if there is a kubelet to stop them.
func (k *kubelets) deletePod(id int32) {
	p := &k.pods[id]
	stops := p.node != none && k.nodes[p.node].stops()
	if !p.is(bound) || p.terminal() || k.graceOf(p) == 0 || stops && k.stopTime(p) == 0 {
		k.vanish(id)
		return
	}
	k.endRuns(id)
	k.rebind(p, func() { p.flags = p.flags&^stays | terminating })
	p.since = k.clock
	if k.nodes[p.node].is(outOfService) {
		k.wakeCollector()
	}
	k.changed(p)
	k.arm(id)
}

// deleteWithin is deletePod with another grace period than the pod's own, unless
// it is none. The grace period of a terminating pod can be shortened, not
// extended.
func (k *kubelets) deleteWithin(id int32, grace simTime) {
	p := &k.pods[id]
	switch {
	case !p.is(terminating):
		p.grace = grace
		k.deletePod(id)
	case grace == 0:
		k.vanish(id)
	case grace > 0 && p.deletedAt()+k.graceOf(p) > k.clock+grace:
		p.grace = k.clock + grace - p.deletedAt()
		k.arm(id)
	}
}
