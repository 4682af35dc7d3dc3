package conformance

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/rollout"
)

// Two DaemonSets on nodes too small for both: what waits for cpu, for a place or
// for a host port, what comes first when there is room again, and what the
// controllers make of it, is as with the real ones.
// Mutants seen to fail: a pod that fails, or goes, keeps its room; the younger pod
// is bound first.
func TestRolloutsAgreeWhereRoomIsShort(t *testing.T) {
	check(t, 100, func(t *rapid.T) { compareRollout(t, crowded(t), rollout.OrderByName) })
}

func crowded(t *rapid.T) controllers.Scenario {
	s := controllers.Scenario{Name: "crowded", At: map[int][]controllers.Input{}}
	s.Config.Kubelet.Stop = oneOf(t, "stop", 0, 0, time.Second, 3*time.Second)
	s.Config.Kubelet.Ready = oneOf(t, "ready", 0, time.Second)
	for _, n := range controllers.Nodes(rapid.IntRange(1, 4).Draw(t, "nodes")) {
		n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse(oneOf(t, "cpu", "1", "2"))
		n.Status.Allocatable[corev1.ResourcePods] = resource.MustParse(oneOf(t, "places", "1", "2", "5"))
		s.Nodes = append(s.Nodes, n)
	}
	tick := 0
	for range rapid.IntRange(2, 8).Draw(t, "events") {
		s.At[tick] = append(s.At[tick], crowdedInput(t, len(s.Nodes)))
		tick += rapid.IntRange(0, 4).Draw(t, "gap")
	}
	s.Ticks = tick + 6
	return s
}

func crowdedInput(t *rapid.T, nodes int) controllers.Input {
	name := oneOf(t, "name", "agent", "proxy")
	node := fmt.Sprintf("n%d", rapid.IntRange(1, nodes).Draw(t, "node"))
	switch rapid.IntRange(0, 6).Draw(t, "event") {
	case 0:
		return controllers.FailPods{Node: node}
	case 1:
		return controllers.DeletePods{Node: node}
	case 2:
		edit := oneOf(t, "edit", "taint x=y:NoSchedule", "taint x:NoSchedule-", "cordon", "uncordon")
		return controllers.EditNode{Node: node, Edits: []string{edit}}
	case 3:
		return controllers.Delete{Key: "default/" + name}
	}
	changes := []controllers.Change{controllers.CPU(oneOf(t, "requests", "100m", "600m", "1500m"))}
	if rapid.Bool().Draw(t, "port") {
		changes = append(changes, controllers.HostPort(80))
	}
	if rapid.Bool().Draw(t, "surge") {
		changes = append(changes, controllers.MaxSurge("1"))
	} else {
		changes = append(changes, controllers.MaxUnavailable(oneOf(t, "unavailable", "1", "2")))
	}
	return controllers.Apply{DaemonSet: controllers.DaemonSet(name, oneOf(t, "image", "v1", "v2", "v3"), changes...)}
}

func oneOf[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}
