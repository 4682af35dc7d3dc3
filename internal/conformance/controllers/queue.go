package controllers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/queuesort"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	clocktesting "k8s.io/utils/clock/testing"
)

// podQueue is the scheduler's own queue, in virtual time.
type podQueue struct {
	*queue.PriorityQueue
	clock   *clocktesting.FakeClock
	choices Choices // or nil
	known   map[types.UID]*corev1.Pod
	freed   bool // an event may have made a waiting pod schedulable
}

// queueInformers and queueRecorder are shared by all queues. The informers are never
// started. The recorder is made outside of the bubbles of testing/synctest, which may
// then all use its channels.
var queueInformers, queueRecorder = queueParts()

func queueParts() (informers.SharedInformerFactory, *metrics.MetricAsyncRecorder) {
	metrics.Register()
	return informers.NewSharedInformerFactory(fake.NewClientset(), 0), metrics.NewMetricsAsyncRecorder(1000, time.Hour, nil)
}

func newPodQueue(s *server, choices Choices) *podQueue {
	clock := clocktesting.NewFakeClock(s.now)
	q := &podQueue{clock: clock, choices: choices}
	q.restart()
	s.pods.handlers = append(s.pods.handlers, cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(old, now any) {
			q.freed = q.freed || assigned(old.(*corev1.Pod)) && !assigned(now.(*corev1.Pod))
		},
		DeleteFunc: func(old any) { q.freed = q.freed || assigned(old.(*corev1.Pod)) },
	})
	s.nodes.handlers = append(s.nodes.handlers, cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { q.freed = true },
		UpdateFunc: func(old, now any) {
			a, b := old.(*corev1.Node), now.(*corev1.Node)
			q.freed = q.freed || !equality.Semantic.DeepEqual(a.Spec, b.Spec) || !equality.Semantic.DeepEqual(a.Labels, b.Labels) ||
				!equality.Semantic.DeepEqual(a.Status.Allocatable, b.Status.Allocatable)
		},
	})
	return q
}

// restart empties the queue: the next show adds all pods as new ones.
func (q *podQueue) restart() {
	q.known, q.freed = map[types.UID]*corev1.Pod{}, false
	q.PriorityQueue = queue.NewPriorityQueue((&queuesort.PrioritySort{}).Less, queueInformers, queue.WithClock(q.clock), queue.WithMetricsRecorder(queueRecorder))
}

// assigned reports whether the pod takes room (pkg/scheduler/scheduler.go: newPodInformer).
func assigned(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" && !terminal(pod) }

// show adds the pods that are new and drops those that are gone. The driver cannot see
// in which order goroutines of the controllers created pods: it is that of the syncs,
// then somebody else's choice, and then of nodes and names.
func (q *podQueue) show(pods []*corev1.Pod) {
	now := map[types.UID]*corev1.Pod{}
	for _, pod := range pods {
		now[pod.UID] = pod
	}
	for uid, pod := range q.known { // any order: each by itself
		if now[uid] == nil {
			q.Delete(klog.Logger{}, pod)
		}
	}
	slices.SortStableFunc(pods, q.compareCreated)
	for _, pod := range pods {
		if q.known[pod.UID] == nil {
			q.tick()
			q.Add(context.Background(), pod)
		}
	}
	q.known = now
	if q.freed {
		q.MoveAllToActiveOrBackoffQueue(klog.Logger{}, framework.EventUnschedulableTimeout, nil, nil, nil)
	}
	q.freed = false
}

// tick lets no two pods enter the queue at the same time.
func (q *podQueue) tick() { q.clock.Step(time.Nanosecond) }

func (q *podQueue) compareCreated(a, b *corev1.Pod) int {
	x, y := metav1.GetControllerOf(a), metav1.GetControllerOf(b)
	if x == nil || y == nil {
		return 0
	}
	kinds := strings.Compare(x.Kind, y.Kind) // DaemonSets are synced first
	if kinds == 0 && x.Kind == "ReplicaSet" && q.choices != nil {
		kinds = cmp.Compare(q.choices.Arrival(a.Name), q.choices.Arrival(b.Name))
	}
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), kinds, strings.Compare(a.Namespace+"/"+x.Name, b.Namespace+"/"+y.Name), strings.Compare(targetNode(a), targetNode(b)), strings.Compare(a.Name, b.Name))
}

// each calls try for the pods that may fit now, in the order of the queue.
func (q *podQueue) each(try func(key string) bool) {
	for len(q.PodsInActiveQ())+len(q.PodsInBackoffQ()) > 0 {
		entity, err := q.Pop(klog.Logger{})
		if err != nil {
			return
		}
		info := entity.(*framework.QueuedPodInfo)
		if try(key(info.Pod)) {
			q.Done(info.Pod.UID)
			continue
		}
		q.tick()
		info.UnschedulablePlugins = sets.New("NodeResourcesFit")
		if q.AddUnschedulablePodIfNotPresent(klog.Logger{}, info, q.SchedulingCycle()) != nil {
			return // cannot be: it was popped
		}
	}
}
