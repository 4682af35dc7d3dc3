package placement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

// A condition's cost is the set of nodes that are gained by removing it from
// the spec. Mutants seen: the other terms forgotten; only the conditions before
// it looked at.
func TestCostsAreWhatLeavingOutGains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, pod := draw(t), gen.Pod(t)
		p := ordinary(t, pod).Predict(c)
		for _, cost := range p.Costs() {
			changed := pod.DeepCopy()
			on := without(t, &changed.Spec, cost, c)
			after := ordinary(t, changed).Predict(on)
			if want := after.Eligible().Minus(p.Eligible()); !cost.SoleObstacle.Equal(want) {
				t.Fatalf("%v: alone %v, without it %v are gained", cost, cost.SoleObstacle, want)
			}
			if cost.Unmet.Len() == 0 || cost.SoleObstacle.Minus(cost.Unmet).Len() > 0 && !strings.Contains(cost.Path, "].match") {
				t.Fatalf("%v: alone %v of %v", cost, cost.SoleObstacle, cost.Unmet)
			}
		}
	})
}

// without removes a condition from the spec, or a taint from the nodes.
func without(t *rapid.T, spec *corev1.PodSpec, cost placement.Cost, c *cluster.Cluster) *cluster.Cluster {
	var term, index int
	const terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
	scan := func(format string, into ...any) bool {
		n, err := fmt.Sscanf(cost.Path, format, into...)
		return err == nil && n == len(into)
	}
	switch {
	case cost.Condition == "spec.unschedulable":
		for n := range cluster.NodeSet(borrow.From(c).Unschedulable()).All() {
			n.Spec.Unschedulable = false
			c, _ = c.With(n)
		}
	case strings.HasPrefix(cost.Condition, "taint "):
		for n := range c.Nodes().Minus(c.Nodes().Minus(cost.Unmet)).All() {
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return "taint "+t.ToString() == cost.Condition })
			c, _ = c.With(n)
		}
	case cost.Path == "spec.nodeName":
		spec.NodeName = ""
	case strings.HasPrefix(cost.Path, "spec.nodeSelector["):
		delete(spec.NodeSelector, strings.TrimSuffix(strings.TrimPrefix(cost.Path, "spec.nodeSelector["), "]"))
	case scan(terms+"[%d].matchExpressions[%d]", &term, &index):
		list := &spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[term].MatchExpressions
		*list = slices.Delete(*list, index, index+1)
	case scan(terms+"[%d].matchFields[%d]", &term, &index):
		list := &spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[term].MatchFields
		*list = slices.Delete(*list, index, index+1)
	case strings.HasPrefix(cost.Path, terms):
		spec.Affinity = nil
	default:
		t.Fatalf("what is %v?", cost)
	}
	return c
}

func TestTyposAndCostsInWords(t *testing.T) {
	node := func(name string, labels map[string]string, taints ...corev1.Taint) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.NodeSpec{Taints: taints}}
	}
	c, err := cluster.New(
		node("a", map[string]string{"kubernetes.io/os": "linux", "example.com/disktype": "nvme-ssd", "topology.kubernetes.io/zone": "eu-1a"}),
		node("b", map[string]string{"kubernetes.io/os": "linux", "example.com/disktype": "rotating", "topology.kubernetes.io/zone": "eu-1b"},
			corev1.Taint{Key: "dedicated", Value: "database", Effect: corev1.TaintEffectNoSchedule}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason   string
		selector map[string]string
		tolerate corev1.Toleration
		want     []string
	}{
		{"all is well", map[string]string{"kubernetes.io/os": "linux"}, corev1.Toleration{Key: "dedicated", Value: "database"}, nil},
		{"letters swapped", map[string]string{"example.com/disktpye": "nvme-ssd"}, corev1.Toleration{},
			[]string{`no node has the label key "example.com/disktpye"; the cluster has "example.com/disktype"`}},
		{"key and value", map[string]string{"example.com/disk-type": "nvme_ssd"}, corev1.Toleration{},
			[]string{`the cluster has "example.com/disktype"`, `no node has the label value "nvme_ssd"; the cluster has "nvme-ssd"`}},
		{"another case", map[string]string{"kubernetes.io/os": "Linux"}, corev1.Toleration{}, []string{`the cluster has "linux"`}},
		{"another prefix", map[string]string{"kubernetes.io/zone": "eu-1a"}, corev1.Toleration{}, []string{`the cluster has "topology.kubernetes.io/zone"`}},
		{"an old name", map[string]string{"failure-domain.beta.kubernetes.io/zone": "eu-1a"}, corev1.Toleration{}, []string{`the cluster has "topology.kubernetes.io/zone"`}},
		{"what Kubernetes knows", map[string]string{"kubernetes.io/arhc": "amd64"}, corev1.Toleration{}, []string{`Kubernetes knows "kubernetes.io/arch"`}},
		{"zones differ on purpose", map[string]string{"topology.kubernetes.io/zone": "eu-1c"}, corev1.Toleration{}, nil},
		{"a pool that is not there yet", map[string]string{"example.com/pool": "gpu"}, corev1.Toleration{}, nil},
		{"a taint's key", nil, corev1.Toleration{Key: "dedicatd", Operator: corev1.TolerationOpExists}, []string{`no node has the taint key "dedicatd"; the cluster has "dedicated"`}},
		{"a taint's value", nil, corev1.Toleration{Key: "dedicated", Value: "databse"}, []string{`no node has the taint value "databse"; the cluster has "database"`}},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default"}, Spec: corev1.PodSpec{NodeSelector: test.selector}}
		if test.tolerate != (corev1.Toleration{}) {
			pod.Spec.Tolerations = []corev1.Toleration{test.tolerate}
		}
		w, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		typos := w.Predict(c).Typos()
		if len(typos) != len(test.want) {
			t.Errorf("%s: %v", test.reason, typos)
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(typos[i].String(), want) {
				t.Errorf("%s: %v, want %s", test.reason, typos[i], want)
			}
		}
	}
	costs(t, c)
}

func costs(t *testing.T, c *cluster.Cluster) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default"}, Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"kubernetes.io/os": "linux", "example.com/disktype": "nvme-ssd"},
		Affinity: terms(nil, []corev1.NodeSelectorRequirement{
			require("topology.kubernetes.io/zone", "In", "eu-1c"), require("kubernetes.io/os", "In", "windows"),
		}, []corev1.NodeSelectorRequirement{require("kubernetes.io/os", "Exists"), require("gpu", "Exists")}),
	}}
	w, err := placement.ForPod(pod, placement.Unvalidated())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	total := 0
	for _, cost := range w.Predict(c).Costs() {
		got = append(got, cost.String())
		if cost.Unmet.Len() == c.Nodes().Len() {
			total++
		}
	}
	const terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
	want := []string{
		"spec.nodeSelector[example.com/disktype]: example.com/disktype=nvme-ssd: not met by 1 node, the sole obstacle on 0",
		terms + "[0]: not met by 2 nodes, the sole obstacle on 1: an empty term matches no node",
		terms + "[1]: topology.kubernetes.io/zone=eu-1c and kubernetes.io/os=windows: not met by 2 nodes, the sole obstacle on 1",
		terms + "[1].matchExpressions[0]: topology.kubernetes.io/zone=eu-1c: not met by 2 nodes, the sole obstacle on 0",
		terms + "[1].matchExpressions[1]: kubernetes.io/os=windows: not met by 2 nodes, the sole obstacle on 0",
		terms + "[2]: kubernetes.io/os Exists and gpu Exists: not met by 2 nodes, the sole obstacle on 1",
		terms + "[2].matchExpressions[1]: gpu Exists: not met by 2 nodes, the sole obstacle on 1",
		"taint dedicated=database:NoSchedule: not met by 1 node, the sole obstacle on 0",
	}
	if diff := cmp.Diff(want, got); diff != "" || total != 6 {
		t.Errorf("%d are total; -want +got:\n%s", total, diff)
	}
}
