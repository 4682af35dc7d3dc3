package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// Status is what a plugin says of a pod, or of a pod on a node.
type Status struct {
	Code    fwk.Code
	Reasons []string
}

func status(s *fwk.Status) Status { return Status{s.Code(), s.Reasons()} }

// Filters is what every modelled filter says when it is asked alone.
type Filters struct {
	// Nodes holds, by node and plugin, the status that rejects the node, if any. A plugin
	// that rejects the pod as a whole rejects every node.
	Nodes map[string]map[string]Status
	// All holds the plugins whose PreFilter turns the pod down before any node is seen.
	All map[string]Status
	// Confined holds, by plugin, the nodes that a PreFilter confines the search to,
	// ascending. The scheduler itself asks no filter about the others.
	Confined map[string][]string
}

// Judgement is all that the scheduler thinks of one pod in one world.
type Judgement struct {
	Filters  Filters
	Feasible []string // the nodes that pass everything, ascending
	Sentence string   // if there are none: the message of the FailedScheduling event
	Search   string   // the same without what the PostFilter plugins (preemption) add

	Scores     map[string]Score // by feasible node; also if there is only one, where the real one does not look
	ScoreError string           // why there are none: a plugin failed, and so would the whole attempt

	Preemption Preemption // if there is no feasible node
}

// Score is what one node is worth.
type Score struct {
	Plugins map[string]PluginScore // without the plugins that PreScore skipped
	Total   int64
}

// PluginScore is the score of one plugin for a node: the raw score, the score
// normalized to 0..100, and its weight in the total.
type PluginScore struct{ Raw, Normalized, Weight int64 }

// Preemption lists the pods that the scheduler would evict.
type Preemption struct {
	Allowed bool                // whether the pod may preempt at all
	Why     string              // if not
	Victims map[string][]string // by node that could be made free: "namespace/name", in order of importance
	Chosen  string              // the node; among equals any
}

// Judge asks everything about one pod, which need not be part of the world.
func (s *Scheduler) Judge(ctx context.Context, pod *corev1.Pod) (Judgement, error) {
	j := Judgement{Filters: s.Filters(ctx, pod)}
	feasible, err := s.feasible(ctx, pod)
	if err != nil {
		return j, err
	}
	for _, n := range feasible {
		j.Feasible = append(j.Feasible, n.Node().Name)
	}
	slices.Sort(j.Feasible)
	if len(feasible) > 0 {
		j.Scores, err = s.scores(ctx, pod, feasible)
		if err != nil {
			j.ScoreError = err.Error()
		}
		return j, nil
	}
	return j, s.explain(ctx, pod, &j)
}

// Filters asks each modelled filter about each node.
func (s *Scheduler) Filters(ctx context.Context, pod *corev1.Pod) Filters {
	nodes, _ := s.snapshot.NodeInfos().List() // which never fails
	f := Filters{Nodes: map[string]map[string]Status{}, All: map[string]Status{}, Confined: map[string][]string{}}
	for _, plugin := range s.filters {
		f.ask(ctx, plugin, pod, nodes)
	}
	return f
}

// EveryReason returns, by node, all reasons that PodTopologySpread and InterPodAffinity
// could return, ascending. One call of a plugin returns only the first. So each spread
// constraint is put first in turn, and required affinity is removed, then anti-affinity
// too.
func (s *Scheduler) EveryReason(ctx context.Context, pod *corev1.Pod) map[string][]string {
	all := map[string][]string{}
	note := func(pod *corev1.Pod, plugin string) {
		for node, said := range s.Filters(ctx, pod).Nodes {
			for _, reason := range said[plugin].Reasons {
				if line := plugin + ": " + reason; !slices.Contains(all[node], line) {
					all[node] = append(all[node], line)
				}
			}
		}
	}
	pod = pod.DeepCopy()
	constraints := pod.Spec.TopologySpreadConstraints
	for i := range max(len(constraints), 1) {
		pod.Spec.TopologySpreadConstraints = slices.Concat(constraints[i:], constraints[:i])
		note(pod, "PodTopologySpread")
	}
	note(pod, "InterPodAffinity")
	if a := pod.Spec.Affinity; a != nil {
		a.PodAffinity = nil
		note(pod, "InterPodAffinity")
		a.PodAntiAffinity = nil
		note(pod, "InterPodAffinity")
	}
	for _, lines := range all { // any order: each is sorted by itself
		slices.Sort(lines)
	}
	return all
}

// ask runs one plugin by itself, as RunPreFilterPlugins and RunFilterPlugins do in turn.
func (f *Filters) ask(ctx context.Context, plugin fwk.FilterPlugin, pod *corev1.Pod, nodes []fwk.NodeInfo) {
	state := framework.NewCycleState()
	if pre, ok := plugin.(fwk.PreFilterPlugin); ok {
		result, st := pre.PreFilter(ctx, state, pod, nodes)
		if st.IsSkip() {
			return
		}
		if !st.IsSuccess() {
			f.All[plugin.Name()] = status(st)
			for _, n := range nodes {
				f.set(n, plugin, status(st))
			}
			return
		}
		if !result.AllNodes() {
			f.Confined[plugin.Name()] = slices.Sorted(maps.Keys(result.NodeNames))
		}
	}
	for _, n := range nodes {
		if st := plugin.Filter(ctx, state, pod, n); !st.IsSuccess() {
			f.set(n, plugin, status(st))
		}
	}
}

func (f *Filters) set(node fwk.NodeInfo, plugin fwk.FilterPlugin, st Status) {
	name := node.Node().Name
	if f.Nodes[name] == nil {
		f.Nodes[name] = map[string]Status{}
	}
	f.Nodes[name][plugin.Name()] = st
}

// Feasible counts the nodes that pass every filter of the profile.
func (s *Scheduler) Feasible(ctx context.Context, pod *corev1.Pod) (int, error) {
	nodes, err := s.feasible(ctx, pod)
	return len(nodes), err
}

// feasible is the search of findNodesThatFitPod without its sampling of nodes.
func (s *Scheduler) feasible(ctx context.Context, pod *corev1.Pod) ([]fwk.NodeInfo, error) {
	nodes, err := s.snapshot.NodeInfos().List()
	if err != nil {
		return nil, err
	}
	state := framework.NewCycleState()
	confined, st, _ := s.framework.RunPreFilterPlugins(ctx, state, pod)
	if !st.IsSuccess() {
		if st.IsRejected() {
			return nil, nil
		}
		return nil, st.AsError()
	}
	var passed []fwk.NodeInfo
	for _, n := range nodes {
		if !confined.AllNodes() && !confined.NodeNames.Has(n.Node().Name) {
			continue
		}
		st := s.framework.RunFilterPluginsWithNominatedPods(ctx, state, pod, n)
		if st.IsSuccess() {
			passed = append(passed, n)
		} else if !st.IsRejected() {
			return nil, st.AsError()
		}
	}
	return passed, nil
}

// Scorer filters the nodes for a pod, and returns a function that scores the feasible
// nodes and counts them.
func (s *Scheduler) Scorer(ctx context.Context, pod *corev1.Pod) (func() (int, error), error) {
	nodes, err := s.feasible(ctx, pod)
	if err != nil {
		return nil, err
	}
	state := framework.NewCycleState()
	if _, st, _ := s.framework.RunPreFilterPlugins(ctx, state, pod); !st.IsSuccess() {
		return nil, st.AsError()
	}
	return func() (int, error) {
		list, err := s.prioritize(ctx, state, pod, nodes)
		return len(list), err
	}, nil
}

// prioritize is prioritizeNodes.
func (s *Scheduler) prioritize(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, nodes []fwk.NodeInfo) ([]fwk.NodePluginScores, error) {
	if st := s.framework.RunPreScorePlugins(ctx, state, pod, nodes); !st.IsSuccess() {
		return nil, st.AsError()
	}
	list, st := s.framework.RunScorePlugins(ctx, state, pod, nodes)
	if !st.IsSuccess() {
		return nil, st.AsError()
	}
	return list, nil
}

func (s *Scheduler) scores(ctx context.Context, pod *corev1.Pod, nodes []fwk.NodeInfo) (map[string]Score, error) {
	state := framework.NewCycleState()
	if _, st, _ := s.framework.RunPreFilterPlugins(ctx, state, pod); !st.IsSuccess() {
		return nil, st.AsError()
	}
	list, err := s.prioritize(ctx, state, pod, nodes)
	if err != nil {
		return nil, err
	}
	scores := map[string]Score{}
	for _, node := range list {
		score := Score{Plugins: map[string]PluginScore{}, Total: node.TotalScore}
		for i, weighted := range node.Scores {
			weight := s.weights[weighted.Name]
			score.Plugins[weighted.Name] = PluginScore{Raw: node.RawScores[i].Score, Normalized: weighted.Score / weight, Weight: weight}
		}
		scores[node.Name] = score
	}
	return scores, nil
}

// Search returns how many feasible nodes SchedulePod finds before it stops.
func (s *Scheduler) Search(ctx context.Context, pod *corev1.Pod) (int, error) {
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		return 0, err
	}
	result, err := s.kube.SchedulePod(ctx, s.framework, framework.NewCycleState(), &framework.QueuedPodInfo{PodInfo: info})
	return result.FeasibleNodes, err
}

// explain is schedulingAlgorithm for a pod that nothing can take: the sentence of
// the FitError with what the PostFilter plugins add to it, and the victims of the
// preemption. The preemption is carried out, against a client that knows no pod.
func (s *Scheduler) explain(ctx context.Context, pod *corev1.Pod, j *Judgement) error {
	if err := s.informers.Core().V1().Pods().Informer().GetIndexer().Add(pod); err != nil {
		return err // preemption looks the pod up
	}
	defer s.informers.Core().V1().Pods().Informer().GetIndexer().Delete(pod)
	state := framework.NewCycleState()
	info, _ := framework.NewPodInfo(pod)
	_, err := s.kube.SchedulePod(ctx, s.framework, state, &framework.QueuedPodInfo{PodInfo: info})
	var fit *framework.FitError
	if !errors.As(err, &fit) {
		return fmt.Errorf("no node is feasible, but SchedulePod says %w", err)
	}
	if err := s.preempt(ctx, state, pod, fit.Diagnosis.NodeToStatus, &j.Preemption); err != nil {
		return err
	}
	_, st := s.framework.RunPostFilterPlugins(ctx, state, pod, fit.Diagnosis.NodeToStatus)
	j.Search = fit.Error()
	fit.Diagnosis.PostFilterMsg = st.Message()
	j.Sentence = fit.Error()
	return nil
}

// preempt is Evaluator.evaluate on all nodes, not only on enough of them.
func (s *Scheduler) preempt(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, statuses *framework.NodeToStatus, p *Preemption) error {
	if p.Allowed, p.Why = s.preemption.PodEligibleToPreemptOthers(ctx, pod, statuses.Get(pod.Status.NominatedNodeName)); !p.Allowed {
		return nil
	}
	nodes, err := statuses.NodesForStatusCode(s.snapshot.NodeInfos(), fwk.Unschedulable)
	if err != nil || len(nodes) == 0 {
		return err
	}
	budgets, err := s.informers.Policy().V1().PodDisruptionBudgets().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	candidates, _, err := s.preemption.Evaluator.DryRunPreemption(ctx, state, pod, nodes, budgets, 0, int32(len(nodes)+1))
	if len(candidates) == 0 {
		return err
	}
	p.Victims = map[string][]string{}
	for _, c := range candidates {
		for _, victim := range c.Victims().Pods {
			p.Victims[c.Name()] = append(p.Victims[c.Name()], victim.Namespace+"/"+victim.Name)
		}
	}
	p.Chosen = s.preemption.Evaluator.SelectCandidate(ctx, candidates).Name()
	return nil
}
