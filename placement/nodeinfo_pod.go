package placement

import (
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// load is what a pod takes from its node and what it means to other pods
// (internal/room/hook: Load). The zero load stands for a pod that takes nothing.
type load struct {
	name                    string // namespace/name of the pod, or of its DaemonSet
	requests                amounts
	scoredCPU, scoredMemory int64
	ports                   []hostPort
	kind                    *kind
	known                   atomic.Uint64 // a table of kinds, and the kind's number in it
	leave                   sync.Once
	leaving                 *load
}

// loadOf is loadAt for the latest release: without resizes all are the same.
func loadOf(pod *corev1.Pod) *load { return loadAt(0, pod) }

// loadAt returns the load of a pod that runs or will run, with the in-place resizes in
// its status, by the rules of a release. It costs a few µs.
func loadAt(release kube.Release, pod *corev1.Pod) *load {
	if pod == nil {
		pod = &corev1.Pod{}
	}
	l := &load{name: kube.Key(pod), ports: hostPorts(&pod.Spec), kind: kindOf(pod)}
	l.requests, l.scoredCPU, l.scoredMemory = taken(release, pod)
	return l
}

var idleLoad = sync.OnceValue(func() *load { return loadOf(nil) })

// orNothing returns an empty load for a nil load and for the zero load, and l
// otherwise.
func (l *load) orNothing() *load {
	if l == nil || l.kind == nil {
		return idleLoad()
	}
	return l
}

// gone returns the load of the pod while it is being deleted, always the
// same pointer. It still takes its resources but no longer counts for topology
// spread.
func (l *load) gone() *load {
	l = l.orNothing()
	l.leave.Do(func() {
		if l.leaving = l; !l.kind.leaving {
			l.leaving = &load{name: l.name, requests: l.requests, scoredCPU: l.scoredCPU, scoredMemory: l.scoredMemory, ports: l.ports, kind: l.kind.going()}
		}
	})
	return l.leaving
}

// counts reports whether the scheduler counts the pod on its node. A terminated
// pod takes nothing (pkg/scheduler/scheduler.go: NewInformerFactory); a pod
// that is being deleted does.
func counts(pod *corev1.Pod) bool {
	return !kube.IsTerminal(pod.Status.Phase)
}

// id returns the number of the kind of a load. The load remembers it.
func (t *kinds) id(l *load) int32 {
	if x := l.known.Load(); uint32(x>>32) == t.serial {
		return int32(uint32(x))
	}
	id := t.number(l.kind)
	l.known.Store(uint64(t.serial)<<32 | uint64(uint32(id)))
	return id
}
