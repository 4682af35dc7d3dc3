package controllers

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What goes wrong with the pods of an image on some nodes, nil being all: of several
// inputs that fit a pod the last one counts.
type (
	// NeverReady keeps new pods from becoming ready.
	NeverReady struct {
		Image string
		Nodes []string
	}
	// CrashLoop ends the containers of the image some time after each start, and those
	// that run at once.
	CrashLoop struct {
		Image string
		After time.Duration
		Nodes []string
	}
	// ImagePullFails keeps new pods from starting.
	ImagePullFails struct {
		Image string
		Nodes []string
	}
	// RejectPods has new pods fail.
	RejectPods struct {
		Reason, Image string
		Nodes         []string
	}
	// Recover ends what the others have begun.
	Recover struct {
		Image string
		Nodes []string
	}
)

func (NeverReady) input()     {}
func (CrashLoop) input()      {}
func (ImagePullFails) input() {}
func (RejectPods) input()     {}
func (Recover) input()        {}

// fault is an input of these kinds.
type fault struct {
	Input
	image string
	nodes []string
}

func faultIn(in Input) (t fault, is bool) {
	switch in := in.(type) {
	case NeverReady:
		return fault{in, in.Image, in.Nodes}, true
	case CrashLoop:
		return fault{in, in.Image, in.Nodes}, true
	case ImagePullFails:
		return fault{in, in.Image, in.Nodes}, true
	case RejectPods:
		return fault{in, in.Image, in.Nodes}, true
	case Recover:
		return fault{in, in.Image, in.Nodes}, true
	}
	return fault{}, false
}

func (t fault) concerns(pod *corev1.Pod) bool {
	return (t.nodes == nil || slices.Contains(t.nodes, pod.Spec.NodeName)) && (t.image == "" || runs(pod, t.image))
}

func runs(pod *corev1.Pod, image string) bool {
	return slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers), func(c corev1.Container) bool { return c.Image == image })
}

// faultOf returns the fault of the pod, or nil.
func (w *world) faultOf(pod *corev1.Pod) Input {
	for _, t := range slices.Backward(w.current) {
		if t.concerns(pod) {
			return t.Input
		}
	}
	return nil
}

// setFault adds a fault and ends the earlier faults of the same pods.
func (w *world) setFault(t fault) {
	crash, crashes := t.Input.(CrashLoop)
	for _, pod := range w.pods.list() {
		if pod.Spec.NodeName == "" || !t.concerns(pod) {
			continue
		}
		if crashes && pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			w.unmark(pod)
			w.loops[pod.UID] = &loop{image: crash.Image, after: crash.After, ends: w.now, next: w.now}
			continue
		}
		if w.loops[pod.UID] != nil && ready(pod) && pod.DeletionTimestamp == nil && !w.serves(pod) {
			w.setReady(pod, corev1.ConditionFalse)
		}
		if l := w.loops[pod.UID]; l != nil && !l.over {
			l.over = true
			if w.now.Before(l.ends) {
				delete(w.loops, pod.UID)
			}
		}
	}
	w.current = append(w.current, t)
}

// loop is where the containers of an image are that end again and again.
type loop struct {
	image string
	after time.Duration // from a start to the end
	ends  time.Time     // of what runs, or ran last
	next  time.Time     // start
	wait  time.Duration // before it
	over  bool          // what starts next does not end
}

const (
	firstWait   = 10 * time.Second
	longestWait = 5 * time.Minute
)

// longer is the wait after a wait, be it for a container or an image
// (k8s.io/client-go/util/flowcontrol/backoff.go: Backoff), with the kubelet's
// 10 s and 5 min.
func longer(wait time.Duration) time.Duration {
	return min(max(firstWait, 2*wait), longestWait)
}

// begin is the first start.
func (w *world) begin(pod *corev1.Pod, crash CrashLoop) {
	w.loops[pod.UID] = &loop{image: crash.Image, after: crash.After, ends: w.now.Add(crash.After), next: w.now.Add(crash.After)}
}

// restarts does what has become due before something else happens.
func (w *world) restarts() {
	for _, pod := range w.pods.list() {
		w.restart(pod)
	}
}

// restart does what has become due.
func (w *world) restart(pod *corev1.Pod) {
	l := w.loops[pod.UID]
	f := w.faulty(pod.Spec.NodeName)
	if l == nil || f.down || f.gone || pod.DeletionTimestamp != nil || terminal(pod) {
		return
	}
	if w.now.Before(l.next) {
		return
	}
	pod = pod.DeepCopy()
	for !w.now.Before(l.next) {
		at := l.next
		started(pod, l.image, at)
		if l.over {
			delete(w.loops, pod.UID)
			break
		}
		if l.wait = longer(l.wait); l.after > 2*longestWait {
			l.wait = 0
		}
		l.ends = at.Add(l.after)
		l.next = l.ends.Add(l.wait)
	}
	w.updatePod(pod)
}

// resume is a kubelet that is back: it knows of no backoff.
func (w *world) resume(node string) {
	for _, pod := range w.podsOn(node) {
		l := w.loops[pod.UID]
		switch {
		case l == nil:
		case l.over:
			l.next = w.now
		default:
			if l.ends.Before(w.now) {
				l.ends = w.now
			}
			l.next, l.wait = l.ends, 0
		}
	}
}

// serves reports whether the pod's containers have run for long enough to be ready.
func (w *world) serves(pod *corev1.Pod) bool {
	l := w.loops[pod.UID]
	return (l == nil || w.now.Before(l.ends)) && w.due(startedAt(pod), w.timing(pod).Ready) && w.mayBeReady(pod)
}

// started notes one more start of the containers of an image.
func started(pod *corev1.Pod, image string, at time.Time) {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			if list[i].Image == image {
				list[i].RestartCount++
				list[i].State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at)}
			}
		}
	}
}

// pull is how far the kubelet has come with an image that it cannot pull.
type pull struct {
	next time.Time
	wait time.Duration
}

// pulled reports whether the pod's images have been pulled.
func (w *world) pulled(pod *corev1.Pod) bool {
	_, fails := w.faultOf(pod).(ImagePullFails)
	p := w.pulls[pod.UID]
	if p == nil {
		if fails {
			w.pulls[pod.UID] = &pull{w.now.Add(firstWait), firstWait}
		}
		return !fails
	}
	for !w.now.Before(p.next) {
		if !fails {
			return true
		}
		p.wait = longer(p.wait)
		p.next = p.next.Add(p.wait)
	}
	return false
}

// podFaults holds the faults of pods and their effects.
type podFaults struct {
	current []fault
	loops   map[types.UID]*loop
	pulls   map[types.UID]*pull
	marked  map[types.UID]*metav1.Time // pods of nodes that became Unknown: when their kubelets saw them become ready
}

func newPodFaults() podFaults {
	return podFaults{loops: map[types.UID]*loop{}, pulls: map[types.UID]*pull{}, marked: map[types.UID]*metav1.Time{}}
}
