package controllers

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// faults are what is wrong with a node beyond what its object says.
type faults struct {
	down         bool
	downSince    time.Time
	podsNotReady bool
	stuck        bool
	gone         bool // the object is
	goneSince    time.Time
}

// faulty is the record of a node, made when first asked for.
func (w *world) faulty(node string) *faults {
	if w.faults[node] == nil {
		w.faults[node] = &faults{}
	}
	return w.faults[node]
}

// kubelets moves every pod that is due.
func (w *world) kubelets() {
	for _, pod := range w.pods.list() {
		w.kubelet(pod)
	}
}

func (w *world) kubelet(pod *corev1.Pod) {
	f := w.faulty(pod.Spec.NodeName)
	switch {
	case pod.Spec.NodeName == "":
	case f.gone:
		if w.due(f.goneSince, w.config.PodGC) {
			w.removePod(pod)
		}
	case f.down:
	case w.marked[pod.UID] != nil && !f.podsNotReady && !terminal(pod):
		w.restore(pod)
	case pod.DeletionTimestamp != nil:
		if !f.stuck && w.due(deletedAt(pod), w.stopTime(pod)) {
			w.removePod(pod)
		}
	case terminal(pod):
	default:
		w.progress(pod)
	}
}

// progress starts the pod and makes it ready, in one tick if both are due.
func (w *world) progress(pod *corev1.Pod) {
	if pod.Status.Phase == corev1.PodPending {
		if !w.due(boundAt(pod), max(w.config.Tick, w.timing(pod).Start)) {
			return
		}
		if _, rejects := w.faultOf(pod).(RejectPods); rejects && w.pulls[pod.UID] == nil {
			w.fail(pod)
			return
		}
		if !w.pulled(pod) {
			return
		}
		pod = w.start(pod)
	}
	w.restart(pod)
	pod, _ = w.pods.get(key(pod))
	switch serves := w.serves(pod); {
	case serves && !ready(pod):
		w.setReady(pod, corev1.ConditionTrue)
	case !serves && ready(pod) && w.loops[pod.UID] != nil:
		w.setReady(pod, corev1.ConditionFalse)
	}
}

func (w *world) start(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.Status.Phase = corev1.PodRunning
	running := func(list []corev1.Container) (statuses []corev1.ContainerStatus) {
		for _, c := range list {
			statuses = append(statuses, corev1.ContainerStatus{
				Name: c.Name, Image: c.Image,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(w.now)}},
			})
		}
		return statuses
	}
	pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = running(pod.Spec.InitContainers), running(pod.Spec.Containers)
	w.updatePod(pod)
	if crash, ok := w.faultOf(pod).(CrashLoop); ok {
		w.begin(pod, crash)
	}
	return pod
}

func (w *world) mayBeReady(pod *corev1.Pod) bool {
	f := w.faulty(pod.Spec.NodeName)
	_, never := w.faultOf(pod).(NeverReady)
	return !f.podsNotReady && !never
}

// stopsNow: with Stop = 0 a deletion is confirmed in the tick it is made.
func (w *world) stopsNow(pod *corev1.Pod) bool {
	f := w.faulty(pod.Spec.NodeName)
	return w.stopTime(pod) == 0 && !f.down && !f.stuck && !f.gone
}

func (w *world) stopTime(pod *corev1.Pod) time.Duration {
	grace := graceOf(pod)
	if pod.DeletionGracePeriodSeconds != nil {
		grace = *pod.DeletionGracePeriodSeconds
	}
	return min(w.timing(pod).Stop, time.Duration(grace)*time.Second)
}

func (w *world) timing(pod *corev1.Pod) Timing {
	k := w.config.Kubelet
	for _, t := range k.Timings {
		if (t.Nodes == nil || slices.Contains(t.Nodes, pod.Spec.NodeName)) && (t.Image == "" || t.Image == pod.Spec.Containers[0].Image) {
			return t
		}
	}
	return Timing{Start: k.Start, Ready: k.Ready, Stop: k.Stop}
}

func (w *world) due(since time.Time, d time.Duration) bool { return !w.now.Before(since.Add(d)) }

// markPodsNotReady changes the Ready condition of the ready pods of a node that becomes
// Unknown, and leaves ContainersReady, as the node lifecycle controller does
// (pkg/controller/util/node/controller_utils.go: MarkPodsNotReady). The kubelet does
// not know of it, so w.marked keeps when it saw the pod become ready. A pod in a crash
// loop is not marked: its containers count as not ready.
func (w *world) markPodsNotReady(node string) {
	for _, pod := range w.podsOn(node) {
		switch l := w.loops[pod.UID]; {
		case !ready(pod):
		case pod.Status.Phase == corev1.PodRunning && (l == nil || l.over):
			w.marked[pod.UID] = readySince(pod)
			w.setConditions(pod, corev1.ConditionFalse, corev1.PodReady)
		default:
			w.setReady(pod, corev1.ConditionFalse)
		}
	}
}

// unmark ends the mark of a pod whose containers are no longer ready.
func (w *world) unmark(pod *corev1.Pod) {
	if w.marked[pod.UID] == nil {
		return
	}
	delete(w.marked, pod.UID)
	w.setConditions(pod, corev1.ConditionFalse, corev1.ContainersReady)
}

func readySince(pod *corev1.Pod) *metav1.Time {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady {
			return &c.LastTransitionTime
		}
	}
	return &metav1.Time{}
}

// restore writes what the kubelet knows (pkg/kubelet/status/status_manager.go:
// needsReconcile).
func (w *world) restore(pod *corev1.Pod) {
	since := w.marked[pod.UID].Time
	delete(w.marked, pod.UID)
	pod = pod.DeepCopy()
	setCondition(pod, corev1.PodReady, corev1.ConditionTrue, since)
	w.updatePod(pod)
	w.kubelet(pod)
}

// setReady writes both conditions, as a kubelet does
// (pkg/kubelet/status/generate.go: GenerateContainersReadyCondition,
// GeneratePodReadyCondition).
func (w *world) setReady(pod *corev1.Pod, status corev1.ConditionStatus) {
	w.setConditions(pod, status, corev1.ContainersReady, corev1.PodReady)
}

func (w *world) setConditions(pod *corev1.Pod, status corev1.ConditionStatus, kinds ...corev1.PodConditionType) {
	pod = pod.DeepCopy()
	for _, kind := range kinds {
		setCondition(pod, kind, status, w.now)
	}
	w.updatePod(pod)
}

func setCondition(pod *corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus, now time.Time) {
	condition := corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: metav1.NewTime(now)}
	i := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	if i < 0 {
		pod.Status.Conditions = append(pod.Status.Conditions, condition)
		return
	}
	pod.Status.Conditions[i] = condition
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) (corev1.PodCondition, bool) {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c, true
		}
	}
	return corev1.PodCondition{}, false
}

func ready(pod *corev1.Pod) bool {
	c, _ := condition(pod, corev1.PodReady)
	return c.Status == corev1.ConditionTrue
}

func boundAt(pod *corev1.Pod) time.Time {
	c, _ := condition(pod, corev1.PodScheduled)
	return c.LastTransitionTime.Time
}

// startedAt is the last start of any container.
func startedAt(pod *corev1.Pod) (last time.Time) {
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if r := c.State.Running; r != nil && r.StartedAt.After(last) {
			last = r.StartedAt.Time
		}
	}
	return last
}

func deletedAt(pod *corev1.Pod) time.Time {
	return pod.DeletionTimestamp.Add(-time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second)
}
