package placement_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// underEach predicts the pod of a manifest on its nodes under the rules of each
// release that berth knows.
func underEach(t *testing.T, text string, ask func(*placement.Prediction) any, want map[cluster.Version]any) {
	t.Helper()
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	pod := m.Pods[0]
	m.Pods = nil
	for _, m.Version = range cluster.Versions() {
		c, err := m.Cluster()
		if err != nil {
			t.Fatal(err)
		}
		w, err := placement.ForPod(pod, placement.AtVersion(m.Version))
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(w.Predict(c)); got != want[m.Version] {
			t.Errorf("%s: %v, want %v", m.Version, got, want[m.Version])
		}
	}
}

func scoreOf(plugin string) func(*placement.Prediction) any {
	return func(p *placement.Prediction) any {
		for _, n := range p.Ranking() {
			for _, s := range n.Scores {
				if n.Node == "a" && s.Plugin == plugin {
					return s.Raw
				}
			}
		}
		return int64(-1)
	}
}

// kube.BalanceImprovement: 1/4 of the cpu and 1/8 of the memory deviate by 1/16, which
// scores 93. From 1.36 on that is compared with 100 of the empty node:
// 50 + (50 + 93 - 100) / 2.
func TestBalanceByVersion(t *testing.T) {
	underEach(t, node("a", "4", "8000", "")+node("b", "4", "8000", "")+`---
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: "1", memory: "1000"}}}]}}
`, scoreOf("NodeResourcesBalancedAllocation"), map[cluster.Version]any{"1.34": int64(93), "1.35": int64(93), "1.36": int64(71), "1.37": int64(71)})
}

// kube.ImageVolumesScored and kube.ImageVolumesCounted: one of two nodes has the image
// of 1000 MiB, so it counts 500 MiB. For one image (500 - 23) * 100 / (1000 - 23), for
// two (500 - 23) * 100 / (2000 - 23).
func TestImageVolumesByVersion(t *testing.T) {
	underEach(t, node("a", "4", "8000", "{names: [model:1], sizeBytes: 1048576000}")+node("b", "4", "8000", "")+`---
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}], volumes: [{name: v, image: {reference: "model:1"}}]}}
`, scoreOf("ImageLocality"), map[cluster.Version]any{"1.34": int64(0), "1.35": int64(0), "1.36": int64(48), "1.37": int64(24)})
}

// kube.NodeNamePreFilter: before, every node is looked at, and NodeUnschedulable comes
// before NodeName.
func TestNodeNameByVersion(t *testing.T) {
	const before = "0/3 nodes are available: 1 node(s) didn't match the requested node name, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."
	underEach(t, `
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {unschedulable: true}}
---
{apiVersion: v1, kind: Node, metadata: {name: b}, spec: {taints: [{key: k, effect: NoSchedule}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: c}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: b, containers: [{name: c, image: i}]}}
`, func(p *placement.Prediction) any { return p.String() }, map[cluster.Version]any{
		"1.34": before, "1.35": before, "1.36": before,
		"1.37": "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't satisfy plugin(s) [NodeName].",
	})
}

// A node that the pod does not name and that is cordoned, too, fails NodeUnschedulable
// before kube.NodeNamePreFilter, and its evidence begins with that.
func TestOrderOfPluginsByVersion(t *testing.T) {
	underEach(t, `
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {unschedulable: true}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: b, containers: [{name: c, image: i}]}}
`, func(p *placement.Prediction) any {
		v, _ := p.Verdict("a")
		return v.Reasons[0].Plugin
	}, map[cluster.Version]any{
		"1.34": "NodeUnschedulable", "1.35": "NodeUnschedulable", "1.36": "NodeUnschedulable", "1.37": "NodeName",
	})
}

// kube.NoClaimsUnmentioned.
func TestNoClaimsByVersion(t *testing.T) {
	const cordoned, vain = "0/1 nodes are available: 1 node(s) were unschedulable. ", "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
	before := cordoned + "no new claims to deallocate, " + vain
	underEach(t, `
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {unschedulable: true}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}
`, func(p *placement.Prediction) any {
		message, _ := p.FailedScheduling()
		return message
	}, map[cluster.Version]any{"1.34": before, "1.35": before, "1.36": before, "1.37": cordoned + vain})
}

// kube.ResizesSummed and kube.PodResizes: one container grows from 1 to 2 cpu, the other
// shrinks from 2 to 1, and neither has changed yet. Summed, both requests and both
// allocations are 3; the largest of each container make 4. The pod as a whole grows from
// 3 to 5 cpu; before kube.PodResizes only its spec counts.
func TestResizesByVersion(t *testing.T) {
	const containers = `containers: [{name: a, image: i, resources: {requests: {cpu: "2"}}}, {name: b, image: i, resources: {requests: {cpu: "1"}}}]`
	const status = `phase: Running, containerStatuses: [{name: a, allocatedResources: {cpu: "1"}, resources: {requests: {cpu: "1"}}}, {name: b, allocatedResources: {cpu: "2"}, resources: {requests: {cpu: "2"}}}]`
	for text, want := range map[string][4]int64{
		`{spec: {nodeName: a, ` + containers + `}, status: {` + status + `}}`:                                                                                                       {4, 4, 4, 3},
		`{spec: {nodeName: a, resources: {requests: {cpu: "3"}}, ` + containers + `}, status: {` + status + `, resources: {requests: {cpu: "5"}}, allocatedResources: {cpu: "5"}}}`: {3, 3, 5, 5},
	} {
		for i, v := range cluster.Versions() {
			for _, free := range []int64{want[i], want[i] + 1} { // beside it, a pod of 1 cpu needs one more
				m, err := cluster.ReadManifest(strings.NewReader(node("a", fmt.Sprint(free), "8000", "") + "---\n{apiVersion: v1, kind: Pod, metadata: {name: running, resourceVersion: '1'}, " + text[1:] + "\n"))
				if err != nil {
					t.Fatal(err)
				}
				m.Version = v
				c, err := m.Cluster()
				if err != nil {
					t.Fatal(err)
				}
				pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i", Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}}}}}
				pod.Name = "next"
				w, err := placement.ForPod(pod)
				if err != nil {
					t.Fatal(err)
				}
				if fits := w.Predict(c).Placed().Len() == 1; fits != (free > want[i]) {
					t.Errorf("%s: a node of %d cpu has room for 1 more: %v\n%s", v, free, fits, text)
				}
			}
		}
	}
}
