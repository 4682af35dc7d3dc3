package upstream

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	_ "github.com/berthsim/berth/internal/seed"

	"github.com/berthsim/berth/internal/conformance/gen"
)

// The steps, called one by one, have the same result as the scheduler's own cycle, and
// the plugins that are not modelled accept the pods that gen draws. Otherwise a
// comparison with berth would mean nothing.
func TestJudgementAgreesWithItself(t *testing.T) {
	s, err := NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cases, seen := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Worlds().Draw(t, "world")
		pod := gen.Incoming().Draw(t, "pod")
		j := judged(t, s, World(w), pod)
		cases++
		for _, n := range w.Nodes {
			confined := false
			for _, names := range j.Filters.Confined {
				confined = confined || !slices.Contains(names, n.Name)
			}
			if open := len(j.Filters.Nodes[n.Name]) == 0 && !confined; open != slices.Contains(j.Feasible, n.Name) {
				t.Fatalf("%s: feasible %v, but filters %v and confined to %v", n.Name, !open, j.Filters.Nodes[n.Name], j.Filters.Confined)
			}
			for plugin := range j.Filters.Nodes[n.Name] {
				seen[plugin]++
			}
		}
		if (j.Sentence == "") == (len(j.Feasible) == 0) {
			t.Fatalf("feasible %v and sentence %q", j.Feasible, j.Sentence)
		}
		if want := fmt.Sprintf("0/%d nodes are available: ", len(w.Nodes)); j.Sentence != "" && !strings.HasPrefix(j.Sentence, want) {
			t.Fatalf("sentence %q", j.Sentence)
		}
		totals(t, j)
		victimsMakeRoom(t, s, World(w), pod, j)
		seen["feasible"] += min(len(j.Feasible), 1)
		seen["choice"] += min(len(j.Feasible)/2, 1)
		seen["victims"] += min(len(j.Preemption.Victims), 1)
	})
	t.Log(cases, "pods:", seen)
}

func judged(t *rapid.T, s *Scheduler, w World, pod *corev1.Pod) Judgement {
	Default(w.Pods...)
	Default(pod)
	if err := s.Show(w); err != nil {
		t.Fatal(err)
	}
	j, err := s.Judge(t.Context(), pod)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func totals(t *rapid.T, j Judgement) {
	if j.ScoreError == "" && !slices.Equal(slices.Sorted(maps.Keys(j.Scores)), j.Feasible) {
		t.Fatalf("feasible %v, scored %v", j.Feasible, j.Scores)
	}
	for node, score := range j.Scores {
		sum := int64(0)
		for plugin, p := range score.Plugins {
			sum += p.Normalized * p.Weight
			if !slices.Contains(Modelled, plugin) && p.Normalized != 0 {
				t.Fatalf("%s scores %s %d", plugin, node, p.Normalized)
			}
		}
		if sum != score.Total {
			t.Fatalf("%s: total %d of %v", node, score.Total, score.Plugins)
		}
	}
}

func victimsMakeRoom(t *rapid.T, s *Scheduler, w World, pod *corev1.Pod, j Judgement) {
	if chosen := j.Preemption.Chosen; (chosen != "") != strings.Contains(j.Sentence, "found a potential placement for pod on node node-") {
		t.Fatalf("chosen %q, but %q", chosen, j.Sentence)
	}
	for node, victims := range j.Preemption.Victims {
		after := w
		after.Pods = slices.DeleteFunc(slices.Clone(w.Pods), func(p *corev1.Pod) bool {
			return slices.Contains(victims, p.Namespace+"/"+p.Name)
		})
		if j := judged(t, s, after, pod); !slices.Contains(j.Feasible, node) {
			t.Fatalf("%s is not feasible without %v: %v", node, victims, j.Filters.Nodes[node])
		}
	}
}

// One case by hand, with everything in it that can be read off the objects.
func TestJudgement(t *testing.T) {
	s, err := NewScheduler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	big, small, tainted := host("big", "4"), host("small", "1"), host("tainted", "4")
	tainted.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "gpu", Effect: corev1.TaintEffectNoSchedule}}
	w := World{
		Nodes: []*corev1.Node{big, small, tainted},
		Pods:  []*corev1.Pod{bound("a", "big", "3", 10), bound("b", "small", "1", 0), bound("c", "gone", "1", 0)},
	}
	if err := s.Show(w); err != nil {
		t.Fatal(err)
	}
	j, err := s.Judge(t.Context(), bound("new", "", "1", 5))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(j.Filters.Nodes); got != "map[small:map[NodeResourcesFit:{Unschedulable [Insufficient cpu]}] tainted:map[TaintToleration:{UnschedulableAndUnresolvable [node(s) had untolerated taint(s)]}]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(j.Feasible, j.Scores["big"].Plugins["TaintToleration"]); got != "[big] {0 100 3}" {
		t.Error(got)
	}
	if j, err = s.Judge(t.Context(), bound("new", "", "2", 5)); err != nil {
		t.Fatal(err)
	}
	if want := "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."; j.Sentence != want {
		t.Errorf("%s\nwant %s", j.Sentence, want)
	}
	if j, err = s.Judge(t.Context(), bound("new", "", "2", 11)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(j.Preemption); got != "{true  map[big:[default/a]] big}" {
		t.Error(got)
	}
}

func host(name, cpu string) *corev1.Node {
	n := &corev1.Node{}
	n.Name = name
	n.Status.Allocatable = corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse("1Gi"), "pods": resource.MustParse("10")}
	return n
}

func bound(name, node, cpu string, priority int32) *corev1.Pod {
	p := &corev1.Pod{}
	p.Namespace, p.Name, p.UID, p.Spec.NodeName, p.Spec.Priority = "default", name, "1", node, &priority
	p.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse(cpu)}}}}
	return p
}
