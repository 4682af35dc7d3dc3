package rollout

import corev1 "k8s.io/api/core/v1"

// waitsForNode reports whether the pod's kubelet works but does not start or stop the
// pod, because of why the node is not ready.
func (k *kubelets) waitsForNode(p *pod) bool {
	if p.node == none || !p.is(bound) || !k.nodes[p.node].works() {
		return false
	}
	flags := k.nodes[p.node].flags
	switch {
	case p.is(terminating):
		return flags&noRuntime != 0
	case p.phase == pending:
		return flags.blocks(k.classes[p.class].hostNet)
	}
	return false
}

// settleNode updates the node's pods to its state: whether they are ready, and
// when they move.
func (k *kubelets) settleNode(node int32) {
	state := &k.nodes[node]
	for id := range k.podsOn(node) {
		k.settlePod(id, state)
		k.arm(id)
	}
	state.settled = state.flags
}

func (k *kubelets) settlePod(id int32, state *nodeState) {
	p := &k.pods[id]
	hostNet := k.classes[p.class].hostNet
	blocked := state.flags.blocks(hostNet)
	if p.phase == pending && p.is(bound) && !p.is(terminating) && state.settled.blocks(hostNet) && !blocked {
		p.since = k.clock // it has not begun to start
	}
	if state.works() && !blocked {
		k.resumeCrashes(id)
	} else {
		k.suspendCrashes(id)
	}
	switch {
	case state.is(podsUnready):
		k.unmark(id)
		k.becomeUnready(id)
	case state.holds():
		k.mark(id)
	}
}

// mark makes a ready pod not ready, as the node lifecycle controller does when a node
// becomes Unknown. The kubelet does not know of it
// (pkg/controller/util/node/controller_utils.go: MarkPodsNotReady).
func (k *kubelets) mark(id int32) {
	p := &k.pods[id]
	if p.is(isReady) && !p.is(loops) && p.phase == running {
		k.keepOwn(id, p.readied)
	}
	k.becomeUnready(id)
}

func (s *store) keepOwn(id int32, readied simTime) {
	if s.ownReady == nil {
		s.ownReady = map[int32]simTime{}
	}
	s.ownReady[id] = readied
	s.pods[id].flags |= marked
}

func (s *store) unmark(id int32) {
	s.pods[id].flags &^= marked
	delete(s.ownReady, id)
}

// restores reports whether the pod's kubelet writes back that the pod is ready.
func (k *kubelets) restores(p *pod) bool {
	return p.is(marked) && p.phase == running && k.nodes[p.node].works() && !k.nodes[p.node].is(podsUnready)
}

// restore makes a marked pod ready again, with the kubelet's own transition time: a
// pod that had been ready for minReadySeconds is available at once
// (pkg/kubelet/status/status_manager.go: needsReconcile).
func (k *kubelets) restore(id int32) {
	p := &k.pods[id]
	p.readied = k.ownReady[id]
	p.flags |= isReady
	k.unmark(id)
	k.emitPod(EventReady, id, cause{})
	if at, ok := k.availableAt(p); ok && at > int64(p.readied) && at <= int64(k.clock) {
		k.emitPod(EventAvailable, id, cause{})
	}
}

// readMark finds a pod of the dump that the node lifecycle controller made not ready:
// it changes only the Ready condition, and sets no reason.
func (s *store) readMark(id int32, object *corev1.Pod) {
	p := &s.pods[id]
	own, ready := condition(object, corev1.ContainersReady), condition(object, corev1.PodReady)
	if p.phase != running || p.node == none || ready.Status != corev1.ConditionFalse || ready.Reason != "" || own.Status != corev1.ConditionTrue {
		return
	}
	readied := never
	if !own.LastTransitionTime.IsZero() {
		readied = s.simTimeOf(own.LastTransitionTime)
	}
	s.keepOwn(id, readied)
}
