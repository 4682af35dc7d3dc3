package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	kube "k8s.io/kubernetes/pkg/scheduler"
	schedulercache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/profile"

	"github.com/berthsim/berth/internal/conformance/oracles/driver/wire"
)

// Release has the calls whose signature differs between releases.
type Release struct {
	// SchedulePod calls the scheduler's function of this name.
	SchedulePod func(context.Context, *kube.Scheduler, framework.Framework, *framework.CycleState, *corev1.Pod) (kube.ScheduleResult, error)
	// ShouldRun calls the controller
	// (pkg/controller/daemon/daemon_controller.go: NodeShouldRunDaemonPod).
	ShouldRun func(*corev1.Node, *appsv1.DaemonSet) (run, stay bool)
}

// scheduler is kube-scheduler as its own New makes it, with the default profile and
// feature gates but without a limit on the nodes that it looks at.
type scheduler struct {
	release   Release
	kube      *kube.Scheduler
	framework framework.Framework
	informers informers.SharedInformerFactory
	nodes     []*corev1.Node // in the scheduler's cache, with pods
	pods      []*corev1.Pod
}

func newScheduler(ctx context.Context, r Release) (*scheduler, error) {
	client := fake.NewClientset()
	s := &scheduler{release: r, informers: informers.NewSharedInformerFactory(client, 0)}
	recorders := profile.NewRecorderFactory(events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()}))
	all := int32(100)
	var err error
	s.kube, err = kube.New(ctx, client, s.informers, nil, recorders, kube.WithParallelism(1), kube.WithPercentageOfNodesToScore(&all))
	if err != nil {
		return nil, err
	}
	s.framework = s.kube.Profiles[corev1.DefaultSchedulerName]
	return s, nil
}

func (s *scheduler) schedule(ctx context.Context, q *wire.Schedule) (wire.Answer, error) {
	if err := s.show(q); err != nil {
		return wire.Answer{}, err
	}
	pod := new(corev1.Pod)
	if err := json.Unmarshal(q.Pod, pod); err != nil {
		return wire.Answer{}, err
	}
	known := s.informers.Core().V1().Pods().Informer().GetIndexer()
	if err := known.Add(pod); err != nil { // preemption looks it up
		return wire.Answer{}, err
	}
	defer known.Delete(pod)

	state := framework.NewCycleState()
	_, err := s.release.SchedulePod(ctx, s.kube, s.framework, state, pod)
	var fit *framework.FitError
	switch {
	case err == nil:
		return s.scores(ctx, pod)
	case errors.As(err, &fit):
		_, status := s.framework.RunPostFilterPlugins(ctx, state, pod, fit.Diagnosis.NodeToStatus)
		fit.Diagnosis.PostFilterMsg = status.Message()
		return wire.Answer{Message: fit.Error()}, nil
	}
	return wire.Answer{Message: err.Error()}, nil
}

// scores filters and scores every node
// (pkg/scheduler/schedule_one.go: findNodesThatFitPod, prioritizeNodes), also if only
// one fits, where the scheduler does not score.
func (s *scheduler) scores(ctx context.Context, pod *corev1.Pod) (wire.Answer, error) {
	nodes, err := s.snapshot().NodeInfos().List()
	if err != nil {
		return wire.Answer{}, err
	}
	state := framework.NewCycleState()
	confined, status, _ := s.framework.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() {
		return wire.Answer{}, status.AsError()
	}
	fit := nodes[:0:0]
	for _, n := range nodes {
		if !confined.AllNodes() && !confined.NodeNames.Has(n.Node().Name) {
			continue
		}
		if s.framework.RunFilterPluginsWithNominatedPods(ctx, state, pod, n).IsSuccess() {
			fit = append(fit, n)
		}
	}
	if status := s.framework.RunPreScorePlugins(ctx, state, pod, fit); !status.IsSuccess() {
		return wire.Answer{}, status.AsError()
	}
	list, status := s.framework.RunScorePlugins(ctx, state, pod, fit)
	if !status.IsSuccess() {
		return wire.Answer{}, status.AsError()
	}
	a := wire.Answer{Scores: map[string]int64{}}
	for _, n := range list {
		a.Scores[n.Name] = n.TotalScore
	}
	return a, nil
}

func (s *scheduler) snapshot() *schedulercache.Snapshot {
	return s.framework.SnapshotSharedLister().(*schedulercache.Snapshot)
}

// show replaces what the scheduler knows of the cluster.
func (s *scheduler) show(q *wire.Schedule) error {
	nodes, errNodes := decode[corev1.Node](q.Nodes)
	pods, errPods := decode[corev1.Pod](q.Pods)
	if err := errors.Join(errNodes, errPods, s.forget()); err != nil {
		return err
	}
	logger := klog.Logger{}
	s.nodes = nodes
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.Name] = true
		s.kube.Cache.AddNode(logger, n)
	}
	for _, p := range pods {
		// The scheduler's informer leaves out terminal pods, and its snapshot leaves out
		// pods of unknown nodes.
		if !known[p.Spec.NodeName] || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		if err := s.kube.Cache.AddPod(logger, p); err != nil {
			return err
		}
		s.pods = append(s.pods, p)
	}
	core, apps := s.informers.Core().V1(), s.informers.Apps().V1()
	return errors.Join(
		fill(core.Nodes().Informer(), nodes),
		fill(core.Pods().Informer(), pods),
		show[corev1.Namespace](core.Namespaces().Informer(), q.Namespaces),
		show[corev1.Service](core.Services().Informer(), q.Services),
		show[appsv1.ReplicaSet](apps.ReplicaSets().Informer(), q.ReplicaSets),
		show[appsv1.StatefulSet](apps.StatefulSets().Informer(), q.StatefulSets),
		show[policyv1.PodDisruptionBudget](s.informers.Policy().V1().PodDisruptionBudgets().Informer(), q.Budgets),
		s.kube.Cache.UpdateSnapshot(logger, s.snapshot()),
	)
}

func (s *scheduler) forget() error {
	logger := klog.Logger{}
	for _, p := range s.pods {
		if err := s.kube.Cache.RemovePod(logger, p); err != nil {
			return fmt.Errorf("removing pod %s/%s: %w", p.Namespace, p.Name, err)
		}
	}
	for _, n := range s.nodes {
		if err := s.kube.Cache.RemoveNode(logger, n); err != nil {
			return fmt.Errorf("removing node %s: %w", n.Name, err)
		}
	}
	s.nodes, s.pods = nil, nil
	return nil
}

func show[T any](informer cache.SharedIndexInformer, texts []json.RawMessage) error {
	objects, err := decode[T](texts)
	if err != nil {
		return err
	}
	return fill(informer, objects)
}

func fill[T any](informer cache.SharedIndexInformer, objects []*T) error {
	all := make([]any, len(objects))
	for i, o := range objects {
		all[i] = o
	}
	return informer.GetIndexer().Replace(all, "")
}
