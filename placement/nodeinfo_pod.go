package placement

import (
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// Load is what a pod takes from its node and what it is to other pods. It is
// made once and counted on many nodes. A nil Load and the zero one are of a pod that
// takes nothing. Safe for concurrent use.
type Load struct {
	name                    string // namespace/name of the pod, or of its DaemonSet
	requests                amounts
	scoredCPU, scoredMemory int64
	ports                   []hostPort
	kind                    *kind
	known                   atomic.Uint64 // a table of kinds, and the kind's number in it
	leave                   sync.Once
	leaving                 *Load
}

// LoadOf gives the load of a pod that runs or will: what its status says of
// in-place resizes counts. It costs a few µs.
func LoadOf(pod *corev1.Pod) *Load {
	if pod == nil {
		pod = &corev1.Pod{}
	}
	l := &Load{name: kube.Key(pod), ports: hostPorts(&pod.Spec), kind: kindOf(pod)}
	l.requests, l.scoredCPU, l.scoredMemory = taken(pod)
	return l
}

var idleLoad = sync.OnceValue(func() *Load { return LoadOf(nil) })

// orNothing lets a nil Load and the zero one be of a pod that takes nothing.
func (l *Load) orNothing() *Load {
	if l == nil || l.kind == nil {
		return idleLoad()
	}
	return l
}

// Leaving gives the load of the pod while it is being deleted, always the same:
// it takes what it took, but is not counted any more where pods are to be spread.
func (l *Load) Leaving() *Load {
	l = l.orNothing()
	l.leave.Do(func() {
		if l.leaving = l; !l.kind.leaving {
			l.leaving = &Load{name: l.name, requests: l.requests, scoredCPU: l.scoredCPU, scoredMemory: l.scoredMemory, ports: l.ports, kind: l.kind.going()}
		}
	})
	return l.leaving
}

// counts says whether the scheduler counts the pod where it is bound: one that
// has ended takes nothing (pkg/scheduler/scheduler.go: NewInformerFactory), one
// that is being deleted does.
func counts(pod *corev1.Pod) bool {
	return !kube.IsTerminal(pod.Status.Phase)
}

// id numbers the kind of a load, which remembers its number.
func (t *kinds) id(l *Load) int32 {
	if x := l.known.Load(); uint32(x>>32) == t.serial {
		return int32(uint32(x))
	}
	id := t.number(l.kind)
	l.known.Store(uint64(t.serial)<<32 | uint64(uint32(id)))
	return id
}
