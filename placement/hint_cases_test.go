package placement_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// A device plugin whose three ORed terms match no node: leaving out the last
// requirement of a term would leave a term that matches no node, so the whole
// affinity goes. A mutant seen: the requirement left out and the affinity dropped.
func TestHintsLeaveOutTheWholeAffinity(t *testing.T) {
	const affinity = `{tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
{matchExpressions: [{key: feature.node.kubernetes.io/pci-10de.present, operator: In, values: ["true"]}]},
{matchExpressions: [{key: feature.node.kubernetes.io/cpu-model.vendor_id, operator: In, values: [NVIDIA]}]},
{matchExpressions: [{key: nvidia.com/gpu.present, operator: In, values: ["true"]}]}]}}}}`
	p := predict(affinity)
	hints, err := p.Hints()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range hints {
		got = append(got, h.String())
	}
	const patch = `{"spec":{"template":{"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":null}}}}}}`
	if len(hints) == 0 || hints[0].Patch != patch || !slices.Equal(hints[0].Commands, []string{"kubectl patch daemonset agent -n monitoring -p '" + patch + "'"}) {
		t.Errorf("%+v", hints)
	}
	const path = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
	want := []string{
		"leave out feature.node.kubernetes.io/pci-10de.present=true or feature.node.kubernetes.io/cpu-model.vendor_id=NVIDIA or nvidia.com/gpu.present=true at " + path + ": gains gpu-1 web-1",
		"label feature.node.kubernetes.io/pci-10de.present=true on gpu-1 web-1: gains gpu-1 web-1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Nodes with equal reasons share a hint, also where they are named; nodes with
// other reasons have their own.
func TestHintsGroupNodesByReason(t *testing.T) {
	c := clustertest.World{
		clustertest.Pool("spot", 2, "taint:spot:NoSchedule"), clustertest.Pool("gpu", 2, "taint:gpu:NoSchedule"), clustertest.Node("free"),
	}.Cluster(t)
	w, err := placement.ForDaemonSet(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent")))
	if err != nil {
		t.Fatal(err)
	}
	hints, err := w.Predict(c).Hints("spot-1", "gpu-1", "free", "spot-2", "gpu-1", "gpu-2")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range hints {
		got = append(got, h.String())
	}
	want := []string{
		"tolerate spot:NoSchedule: gains spot-1 spot-2", "taint spot:NoSchedule- on spot-1 spot-2: gains spot-1 spot-2",
		"tolerate gpu:NoSchedule: gains gpu-1 gpu-2", "taint gpu:NoSchedule- on gpu-1 gpu-2: gains gpu-1 gpu-2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
