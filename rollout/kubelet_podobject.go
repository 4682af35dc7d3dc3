package rollout

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/placement"
)

// podWriter writes pods as the API server stores them. Pods share with their template,
// or with the pod that was adopted, what the simulation does not change.
type podWriter struct {
	kubelets *kubelets
	models   map[int32]*corev1.Pod // by class
}

// reasonOf returns what kubectl get pods shows in place of a pod's phase.
func (k *kubelets) reasonOf(p *pod) string {
	switch {
	case p.reason != 0:
		return k.reasons[p.reason-1]
	case p.phase == pending && p.is(pulls):
		return "ImagePullBackOff"
	case p.is(loops) && p.is(crashed) && int64(k.clock) >= k.runOf(p).ends:
		return "CrashLoopBackOff"
	}
	return ""
}

func condition(p *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range p.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}

func newPodWriter(k *kubelets) *podWriter { return &podWriter{k, map[int32]*corev1.Pod{}} }

func (w *podWriter) write(id int32) *corev1.Pod {
	s := w.kubelets
	p := &s.pods[id]
	var object *corev1.Pod
	if p.name < 0 {
		object = shared(s.named[^p.name])
	} else {
		object = w.make(id)
	}
	if c := s.classes[p.class]; object.Spec.Priority == nil && c.priority != 0 {
		object.Spec.Priority = &c.priority
	}
	if p.is(nominated) {
		object.Status.NominatedNodeName = s.nodeNames[p.node].name
	}
	w.own(p, object)
	if p.is(bound) && p.node != none {
		object.Spec.NodeName = s.nodeNames[p.node].name
	}
	w.state(id, object)
	return object
}

// shared returns a copy of the pod whose fields can be replaced, and whose conditions can
// be changed.
func shared(pod *corev1.Pod) *corev1.Pod {
	object := *pod
	object.Status.Conditions = slices.Clone(pod.Status.Conditions)
	return &object
}

// make writes a pod as the controller creates it from a template
// (pkg/controller/controller_utils.go: GetPodFromTemplate;
// pkg/controller/daemon/util/daemonset_util.go:
// ReplaceDaemonSetPodNodeNameNodeAffinity).
func (w *podWriter) make(id int32) *corev1.Pod {
	s := w.kubelets
	p := &s.pods[id]
	c := s.classes[p.class]
	model, ok := w.models[p.class]
	if !ok {
		model = w.model(p)
		w.models[p.class] = model
	}
	object := shared(model)
	object.Name, object.GenerateName = s.podName(id), c.prefix
	object.Namespace = s.namespace(p)
	object.UID = s.uidOf(id)
	object.CreationTimestamp = s.timestamp(p.created)
	if p.set == none {
		object.Spec.Affinity = pinned(object.Spec.Affinity, s.nodeNames[p.node].name)
	}
	return object
}

func (w *podWriter) model(p *pod) *corev1.Pod {
	c := w.kubelets.classes[p.class]
	if p.set != none {
		return c.workload.Pod()
	}
	of, err := placement.ForDaemonSet(&appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: *c.template}}, placement.Unvalidated())
	if err != nil {
		return &corev1.Pod{}
	}
	return of.Pod()
}

// pinned returns a copy of the affinity that names the node.
func pinned(a *corev1.Affinity, node string) *corev1.Affinity {
	var all corev1.Affinity
	var nodes corev1.NodeAffinity
	if a != nil {
		all = *a
	}
	if all.NodeAffinity != nil {
		nodes = *all.NodeAffinity
	}
	nodes.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}}}},
	}
	all.NodeAffinity = &nodes
	return &all
}

// own writes the pod's ownerReference.
func (w *podWriter) own(p *pod, object *corev1.Pod) {
	object.Labels = w.kubelets.classes[p.class].labels
	switch {
	case p.owner != none:
		object.OwnerReferences = []metav1.OwnerReference{*w.kubelets.daemonSets.at[p.owner].reference()}
	case p.set != none:
		object.OwnerReferences = []metav1.OwnerReference{*w.kubelets.replicaSets.at[p.set].reference()}
	case p.is(orphan):
		object.OwnerReferences = nil
	}
}

func (w *podWriter) state(id int32, object *corev1.Pod) {
	s := w.kubelets
	p := &s.pods[id]
	object.Status.Phase = phases[p.phase]
	s.writeReason(id, object)
	if p.is(terminating) && object.DeletionTimestamp == nil {
		grace := int64(s.graceOf(p))
		at := s.timestamp(p.since + simTime(grace))
		object.DeletionTimestamp, object.DeletionGracePeriodSeconds = &at, &grace
	}
	if p.phase == running && object.Status.StartTime == nil {
		at := s.timestamp(p.since)
		object.Status.StartTime = &at
	}
	if p.is(bound) && condition(object, corev1.PodScheduled).Type == "" {
		setCondition(object, corev1.PodScheduled, true, s.timestamp(max(p.created, min(p.since, s.clock))))
	}
	if p.readied != never || p.is(isReady) {
		at := metav1.Time{}
		if p.readied != never {
			at = s.timestamp(p.readied)
		}
		setCondition(object, corev1.PodReady, p.is(isReady), at)
		w.containersReady(id, object, at)
	}
}

// containersReady writes what only the kubelet changes: the node lifecycle controller
// leaves it.
func (w *podWriter) containersReady(id int32, object *corev1.Pod, at metav1.Time) {
	s := w.kubelets
	p := &s.pods[id]
	own, kept := s.ownReady[id]
	switch {
	case kept && own == never:
		setCondition(object, corev1.ContainersReady, true, metav1.Time{})
	case kept:
		setCondition(object, corev1.ContainersReady, true, s.timestamp(own))
	case condition(object, corev1.ContainersReady).Type != "":
		setCondition(object, corev1.ContainersReady, p.is(isReady), at)
	}
}

// writeReason writes why a pod does not run, and its restart counts, where a
// kubelet writes them.
func (k *kubelets) writeReason(id int32, object *corev1.Pod) {
	p := &k.pods[id]
	reason := k.reasonOf(p)
	if p.phase == failed && reason != "" {
		object.Status.Reason = reason
	}
	_, restarted := k.restarted[id]
	if waits := reason != "" && p.phase != failed; waits || restarted || p.is(loops) {
		k.writeContainers(id, &object.Status, reason)
	}
}

func (k *kubelets) writeContainers(id int32, status *corev1.PodStatus, reason string) {
	p := &k.pods[id]
	status.ContainerStatuses, status.InitContainerStatuses = nil, nil
	for i, c := range k.classes[p.class].containers {
		is := corev1.ContainerStatus{Name: c.name, Image: c.image, RestartCount: k.restartCount(id, i)}
		switch {
		case p.phase == failed:
		case reason != "" && c.kind == regular:
			is.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason}
		case p.phase == running && c.kind != initial:
			is.State.Running = &corev1.ContainerStateRunning{StartedAt: k.timestamp(min(p.since, k.clock))}
		}
		if c.kind == regular {
			status.ContainerStatuses = append(status.ContainerStatuses, is)
		} else {
			status.InitContainerStatuses = append(status.InitContainerStatuses, is)
		}
	}
}

func setCondition(object *corev1.Pod, kind corev1.PodConditionType, holds bool, at metav1.Time) {
	status := corev1.ConditionFalse
	if holds {
		status = corev1.ConditionTrue
	}
	for i := range object.Status.Conditions {
		if c := &object.Status.Conditions[i]; c.Type == kind {
			c.Status, c.LastTransitionTime = status, at
			return
		}
	}
	object.Status.Conditions = append(object.Status.Conditions, corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: at})
}
