package controllers

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	controllerutil "k8s.io/kubernetes/pkg/controller"
	daemonutil "k8s.io/kubernetes/pkg/controller/daemon/util"
)

// server is the API server: the objects, and what it does to them on the way in.
type server struct {
	now         time.Time
	writes      int64 // the resource version of the last one
	daemonSets  *daemonSets
	deployments *deployments
	replicaSets *replicaSets
	revisions   *revisions
	pods        *pods
	nodes       *nodes
	named       map[string]int             // pods made so far, by DaemonSet and node
	stopsAtOnce func(pod *corev1.Pod) bool // the kubelet confirms a deletion without delay
}

func newServer(order func([]any)) *server {
	s := &server{named: map[string]int{}}
	s.daemonSets = newStore[*appsv1.DaemonSet](s.version, order)
	s.deployments = newStore[*appsv1.Deployment](s.version, order)
	s.replicaSets = newStore[*appsv1.ReplicaSet](s.version, order)
	s.revisions = newStore[*appsv1.ControllerRevision](s.version, order)
	s.pods = newStore[*corev1.Pod](s.version, order)
	s.nodes = newStore[*corev1.Node](s.version, order)
	return s
}

func (s *server) version() string { return strconv.FormatInt(s.writes, 10) }

func (s *server) nextVersion() string {
	s.writes++
	return s.version()
}

// admit creates or updates what a user sends.
func admit[T object](s *server, resource string, to *store[T], o T, validate bool) error {
	old, exists := to.get(key(o))
	if !exists {
		created, err := s.create(resource, o, validate)
		if err == nil {
			to.put(created.(T))
		}
		return err
	}
	o = o.DeepCopyObject().(T)
	identify(o, old)
	updated, err := s.update(resource, "", o, old, validate)
	if err == nil && updated != object(old) {
		to.put(updated.(T))
	}
	return err
}

// createPod names, stamps and defaults what the controller has sent. Names are
// the API server's to choose: here they count up on each node, so that of two
// pods of the same second the later has the greater name.
func (s *server) createPod(pod *corev1.Pod) {
	legacyscheme.Scheme.Default(pod)
	withDefaultTolerations(pod)
	if pod.Name == "" {
		prefix := pod.GenerateName + targetNode(pod)
		s.named[prefix]++
		pod.Name = fmt.Sprintf("%s-%04d", strings.TrimSuffix(prefix, "-"), s.named[prefix])
		pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
	}
	pod.CreationTimestamp = metav1.NewTime(s.now)
	pod.ResourceVersion = s.nextVersion()
	pod.Status.Phase = corev1.PodPending
	s.pods.put(pod)
}

// deletePod starts the grace period of the pod, or removes it if it has none
// (pkg/registry/core/pod/strategy.go: CheckGracefulDelete).
func (s *server) deletePod(pod *corev1.Pod) {
	if pod.DeletionTimestamp != nil {
		return
	}
	grace := graceOf(pod)
	if grace == 0 || s.stopsAtOnce(pod) {
		s.removePod(pod)
		return
	}
	pod = pod.DeepCopy()
	at := metav1.NewTime(s.now.Add(time.Duration(grace) * time.Second))
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &at, &grace
	s.updatePod(pod)
}

func graceOf(pod *corev1.Pod) int64 {
	if pod.Spec.NodeName == "" || terminal(pod) || pod.Spec.TerminationGracePeriodSeconds == nil {
		return 0
	}
	return *pod.Spec.TerminationGracePeriodSeconds
}

func (s *server) removePod(pod *corev1.Pod) {
	s.nextVersion()
	s.pods.remove(pod)
}

// updatePod stores a modified copy.
func (s *server) updatePod(pod *corev1.Pod) {
	pod.ResourceVersion = s.nextVersion()
	s.pods.put(pod)
}

func (s *server) updateNode(node *corev1.Node) {
	node.ResourceVersion = s.nextVersion()
	s.nodes.put(node)
}

// podsOn are the pods bound to a node, ascending by key.
func (s *server) podsOn(node string) []*corev1.Pod {
	objects, err := s.pods.index.Indexer.ByIndex(controllerutil.PodNodeNameKeyIndex, node) // the controller's own
	if err != nil {
		return nil
	}
	sortByKey(objects)
	on := make([]*corev1.Pod, len(objects))
	for i, o := range objects {
		on[i] = o.(*corev1.Pod)
	}
	return on
}

// podsOf are the pods that an object controls, ascending by key.
func (s *server) podsOf(owner object) []*corev1.Pod { return controlled(s.pods, owner) }

func (s *server) revisionsOf(ds *appsv1.DaemonSet) []*appsv1.ControllerRevision {
	return controlled(s.revisions, ds)
}

func (s *server) replicaSetsOf(d *appsv1.Deployment) []*appsv1.ReplicaSet {
	return controlled(s.replicaSets, d)
}

func controlled[T object](all *store[T], owner object) (of []T) {
	for _, o := range all.list() {
		if metav1.IsControlledBy(o, owner) {
			of = append(of, o)
		}
	}
	return of
}

func terminal(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

// targetNode is where a daemon pod runs or is meant to run.
func targetNode(pod *corev1.Pod) string {
	node, _ := daemonutil.GetTargetNodeName(pod)
	return node
}
