package rollout

// A container that exits is restarted at once. After that the kubelet waits from
// each exit on, 10 s doubling to 5 min, unless the container ran for more than
// twice as long (pkg/kubelet/kuberuntime/kuberuntime_manager.go: doBackOff;
// k8s.io/client-go/util/flowcontrol/backoff.go: Backoff). A failed image pull has
// the same waits, but from the first time on
// (pkg/kubelet/images/image_manager.go: EnsureImageExists).
//
// The state of a pod follows from its first start and the time. It needs no
// events, and a container that exits before it is ready makes no ticks due.
const (
	firstRestart   int64 = 10
	longestRestart int64 = 5 * 60
)

// nextWait returns the wait after a wait.
func nextWait(wait int64) int64 {
	if wait == 0 {
		return firstRestart
	}
	return min(2*wait, longestRestart)
}

// nextPull returns the time of the first retry, not before now, after a pull that
// failed at a given time.
func nextPull(failed, now int64) int64 {
	wait := firstRestart
	at := failed + wait
	for ; at < now && wait < longestRestart; at += wait {
		wait = nextWait(wait)
	}
	if at < now {
		at += (now - at + longestRestart - 1) / longestRestart * longestRestart
	}
	return at
}

// run is the latest run of a container in a crash loop.
type run struct {
	starts, ends int64
	next         int64 // start
	restarts     int
}

// runOf returns the current run of a container that first started at a given time
// and exits a number of seconds after each start.
func runOf(first, after, now int64) run {
	r := run{starts: first}
	for wait := int64(0); ; wait = nextWait(wait) {
		if after > 2*longestRestart {
			wait = 0
		}
		r.ends, r.next = r.starts+after, r.starts+after+wait
		if r.next > now {
			return r
		}
		n := int64(1)
		if period := after + wait; wait == longestRestart || after > 2*longestRestart { // all are alike from here on
			n = (now - r.starts) / period
			r.ends, r.next = r.ends+n*period, r.next+n*period
			r.starts, r.restarts = r.starts+n*period, r.restarts+int(n)
			return r
		}
		r.starts, r.restarts = r.next, r.restarts+1
	}
}

func (k *kubelets) runOf(p *pod) run {
	first, after := int64(p.loopStart()), int64(k.faultOf(p).after)
	if p.is(frozen) { // no kubelet starts it again
		return run{starts: first, ends: first + after, next: first + after}
	}
	return runOf(first, after, int64(k.clock))
}

// beginLoop starts a crash loop: the containers of a running pod exit now, and
// after every restart.
func (k *kubelets) beginLoop(id int32, after simTime) {
	p := &k.pods[id]
	k.endRuns(id)
	k.unmark(id)
	p.flags |= loops
	p.since = k.clock - after
	if n := &k.nodes[p.node]; !n.works() || n.flags.blocks(k.classes[p.class].hostNet) {
		p.flags |= frozen
	}
}

// serves reports whether a pod in a crash loop is ready now.
func (k *kubelets) serves(p *pod, r run) bool {
	ready := r.starts + int64(k.durations(p).ready)
	return !k.heldBack(p) && ready < r.ends && int64(k.clock) >= ready && int64(k.clock) < r.ends
}

// loopTick returns when a pod in a crash loop changes: its container exits for
// the first time, or it becomes ready or not ready.
func (k *kubelets) loopTick(p *pod) int32 {
	r, after, ready := k.runOf(p), int64(k.faultOf(p).after), int64(k.durations(p).ready)
	first := int64(p.loopStart()) + after
	switch now := int64(k.clock); {
	case k.serves(p, r) != p.is(isReady), !p.is(crashed) && now >= first:
		return k.tickOf(now)
	case p.is(isReady):
		return earlier(k.tickOf(r.ends), k.availableTick(p))
	case ready < after && !k.heldBack(p) && now < r.starts+ready:
		return k.tickOf(r.starts + ready)
	case ready < after && !k.heldBack(p) && !p.is(frozen):
		return k.tickOf(r.next + ready)
	case !p.is(crashed):
		return k.tickOf(first)
	}
	return none
}

// loop changes the state of a pod in a crash loop.
func (k *kubelets) loop(id int32) {
	p := &k.pods[id]
	if !p.is(crashed) && int64(k.clock) >= int64(p.loopStart())+int64(k.faultOf(p).after) {
		p.flags |= crashed
		k.emitPod(EventCrashed, id, cause{Detail: "CrashLoopBackOff"})
	}
	switch up := k.serves(p, k.runOf(p)); {
	case up && !p.is(isReady):
		k.becomeReady(id)
	case !up && p.is(isReady):
		k.becomeUnready(id)
	case up && k.availableNow(p): // its move is off the queue already
		k.emitPod(EventAvailable, id, cause{})
	}
}

// endLoop ends a crash loop: the container keeps on running, or starts once more
// when its backoff is over. It reports whether the pod is not ready until then.
func (k *kubelets) endLoop(id int32) (waits bool) {
	p := &k.pods[id]
	if !p.is(loops) {
		return false
	}
	r := k.runOf(p)
	serves := k.serves(p, r)
	k.keepRestarts(id)
	past := k.restarted[id]
	p.since = simTime(r.starts)
	if int64(k.clock) >= r.ends {
		p.since = simTime(min(r.next, int64(end)))
		past.once, past.at = k.faultOf(p).image, p.since
	}
	k.restarted[id] = past
	p.flags &^= loops | crashed
	return !serves
}

// suspendCrashes stops the restarts of the pod's containers, since its kubelet is
// down or does not start pods.
func (k *kubelets) suspendCrashes(id int32) {
	p := &k.pods[id]
	if p.is(frozen) || !p.is(loops) && k.restarted[id].once == "" {
		return
	}
	k.keepRestarts(id)
	if p.is(loops) {
		p.since = simTime(k.runOf(p).starts)
	}
	p.flags |= frozen
}

// resumeCrashes continues crash loops after the kubelet is back. It remembers
// nothing: a container that has exited starts at once, and its backoff starts
// from the beginning (pkg/kubelet/kubelet.go: NewMainKubelet).
func (k *kubelets) resumeCrashes(id int32) {
	p := &k.pods[id]
	if !p.is(frozen) {
		return
	}
	if p.is(loops) {
		p.since = max(p.loopStart(), k.clock-k.faultOf(p).after)
	} else if past := k.restarted[id]; past.once != "" {
		p.since, past.at = k.clock, k.clock
		k.restarted[id] = past
	}
	p.flags &^= frozen
}
