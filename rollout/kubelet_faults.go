package rollout

// fault is a fault of pods with an image ("" is any) on some nodes, ascending
// (empty is all).
type fault struct {
	kind   faultKind
	image  string
	nodes  []string
	after  simTime // for crashLoop
	reason string  // for rejection
}

type faultKind uint8

const (
	health faultKind = iota // an earlier fault is over
	neverReady
	crashLoop
	noImage
	rejection
)

// injectFault adds a fault, and applies it to every pod.
func (k *kubelets) injectFault(input string, t fault) {
	k.emit(Event{Kind: EventInputApplied, Detail: input})
	touched := k.podsWith(&t)
	waits := map[int32]bool{}
	for _, id := range touched {
		waits[id] = k.endLoop(id)
	}
	k.faults = append(k.faults[:len(k.faults):len(k.faults)], t)
	for _, id := range touched {
		if p := &k.pods[id]; t.kind == crashLoop && p.phase == running && !p.is(terminating) {
			k.beginLoop(id, t.after)
		} else if waits[id] {
			k.becomeUnready(id)
		}
		k.arm(id)
	}
}

// podsWith returns the pods that a fault is about.
func (k *kubelets) podsWith(t *fault) []int32 {
	var touched []int32
	for id := range k.pods {
		if p := &k.pods[id]; p.phase != vacant && p.is(bound) && k.matches(p, t.nodes, t.image) {
			touched = append(touched, int32(id))
		}
	}
	return touched
}

// noFault is the fault of a pod without one.
var noFault = &fault{}

// faultOf returns the pod's present fault: the last one that matches.
func (k *kubelets) faultOf(p *pod) *fault {
	for i := len(k.faults) - 1; i >= 0; i-- {
		if t := &k.faults[i]; k.matches(p, t.nodes, t.image) {
			return t
		}
	}
	return noFault
}

// failsPull reports whether the pod cannot start because its image cannot be
// pulled. It emits the event for that once.
func (k *kubelets) failsPull(id int32, t *fault) bool {
	p := &k.pods[id]
	if t.kind != noImage {
		return false
	}
	if !p.is(pulls) {
		p.flags |= pulls
		p.since = k.clock
		k.emitPod(EventImagePullFailed, id, cause{Detail: "ErrImagePull"})
	}
	return true
}

// pullTick returns when the kubelet pulls again, or none if that would fail.
func (k *kubelets) pullTick(p *pod) int32 {
	if k.faultOf(p).kind == noImage {
		return none
	}
	return k.tickOf(nextPull(int64(p.pullFailedAt()), int64(k.clock)))
}
