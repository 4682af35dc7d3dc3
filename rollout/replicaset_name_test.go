package rollout_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// replicaSetNames returns the name that the ReplicaSet of the manifest's Deployment
// gets in a simulation, and in placement.Replicas.
func replicaSetNames(t *testing.T, m *cluster.Manifest) (simulated, placed string) {
	t.Helper()
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := placement.Replicas(c, m.Deployments[0], 1)
	if err != nil || len(outcome.Bound) != 1 {
		t.Fatal(outcome, err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(10)
	current := func(rs *appsv1.ReplicaSet) bool { return *rs.Spec.Replicas > 0 }
	for _, rs := range sim.Cluster().Manifest().ReplicaSets {
		if current(rs) {
			simulated += rs.Name
		}
	}
	pod := outcome.Bound[0].Pod
	return simulated, pod[:strings.LastIndexByte(pod, '-')]
}

// A ReplicaSet is named after the hash of its template
// (pkg/controller/deployment/sync.go: getNewReplicaSet), the collisions counted so far
// and one with a ReplicaSet that has the name already. internal/conformance compares
// the hash with Kubernetes' own.
func TestReplicaSetsHaveOneName(t *testing.T) {
	const text = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {allocatable: {cpu: "4", memory: 4Gi, pods: "10"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default, uid: u1}
spec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}
`
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	check := func(what string) {
		simulated, placed := replicaSetNames(t, m)
		if simulated != placed || !strings.HasPrefix(placed, "web-") || seen[placed] {
			t.Errorf("%s: %q in a simulation, %q in placement.Replicas, want one new name", what, simulated, placed)
		}
		seen[placed] = true
	}
	check("new Deployment")
	plain := ""
	for name := range seen {
		plain = name
	}

	two := int32(2)
	m.Deployments[0].Status.CollisionCount = &two
	check("two collisions")

	m.Deployments[0].Status.CollisionCount = nil
	zero, other := int32(0), m.Deployments[0].Spec.Template.DeepCopy()
	other.Spec.Containers[0].Image = "other"
	taken := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Replicas: &zero, Selector: m.Deployments[0].Spec.Selector.DeepCopy(), Template: *other}}
	taken.Namespace, taken.Name = "default", plain
	m.ReplicaSets = append(m.ReplicaSets, taken)
	check("the name is taken")
}
