package rollout

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
)

// One sync of a Deployment in the middle of a rollout, given the sizes of its old and
// new ReplicaSet and how many of their pods are available. It scales the new one up as
// far as maxSurge allows, or else the old one down: first by what is not available,
// then as far as enough stay available (pkg/controller/deployment/rolling.go:
// reconcileNewReplicaSet, reconcileOldReplicaSets, cleanupUnhealthyReplicas).
func TestASyncOfADeployment(t *testing.T) {
	type state struct{ old, oldUp, now, nowUp int32 }
	for _, test := range []struct {
		name               string
		replicas           int32
		surge, unavailable string
		was                state
		old, now           int32 // sizes after the sync
	}{
		{"the surge", 4, "1", "0", state{4, 4, 0, 0}, 4, 1},
		{"the surge is used up", 4, "1", "0", state{4, 4, 1, 0}, 4, 1},
		{"one is available", 4, "1", "0", state{4, 4, 1, 1}, 3, 1},
		{"all that is left of the replicas", 4, "3", "0", state{1, 1, 2, 2}, 1, 4},
		{"a part of the surge", 4, "3", "0", state{3, 3, 3, 3}, 3, 4},
		{"a share rounds up for the surge", 3, "50%", "0", state{3, 3, 0, 0}, 3, 2},
		{"a share rounds down for maxUnavailable", 3, "0", "50%", state{3, 3, 0, 0}, 2, 0},
		{"two zeros are one unavailable", 4, "0", "0", state{4, 4, 0, 0}, 3, 0},
		{"room for the new one first", 4, "0", "1", state{3, 3, 0, 0}, 3, 1},
		{"old pods that are not available go first", 4, "0", "1", state{4, 2, 0, 0}, 3, 0},
		{"beyond maxUnavailable only they do", 4, "2", "1", state{4, 1, 2, 0}, 3, 2},
		{"and no more than leaves enough pods", 4, "1", "1", state{4, 0, 1, 1}, 2, 1},
		{"new pods that are not available count against it", 4, "1", "1", state{4, 4, 1, 0}, 3, 1},
		{"a status that lags behind a scale-down stops it", 4, "1", "1", state{3, 4, 2, 2}, 3, 2},
		{"the last old pods", 4, "1", "1", state{1, 1, 4, 4}, 0, 4},
		{"the last old pods wait for the new ones", 4, "1", "0", state{1, 1, 4, 3}, 1, 4},
	} {
		s := bench(t, Config{}, nodeNamed("n"))
		object := webDeployment("web", "v2", test.replicas)
		surge, unavailable := intstr.Parse(test.surge), intstr.Parse(test.unavailable)
		object.Spec.Strategy = appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable}}
		d, err := s.dc.addDeployment(cluster.Default(object))
		if err != nil {
			t.Fatal(err)
		}
		old, now := addRevision(t, s, d, "v1", "1"), addRevision(t, s, d, "v2", "2")
		for rs, n := range map[*replicaSet][2]int32{old: {test.was.old, test.was.oldUp}, now: {test.was.now, test.was.nowUp}} { // any order: each by itself
			s.rsc.amend(rs, func(o *appsv1.ReplicaSet) { o.Spec.Replicas = &n[0] })
			rs.status.Replicas, rs.status.AvailableReplicas = n[0], n[1]
		}
		s.dc.syncDeployment(d)
		if got, want := fmt.Sprint(old.size(), now.size()), fmt.Sprint(test.old, test.now); got != want {
			t.Errorf("%s: sizes %s, want %s:\n%s", test.name, got, want, lines(s.report()))
		}
	}
}

// addRevision adds a ReplicaSet of the Deployment with the image, as its controller
// makes it.
func addRevision(t *testing.T, s *Sim, d *deployment, image, revision string) *replicaSet {
	t.Helper()
	zero := int32(0)
	template := *d.object.Spec.Template.DeepCopy()
	template.Spec.Containers[0].Image = image
	object := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Replicas: &zero, Selector: d.object.Spec.Selector, Template: template}}
	object.Namespace, object.Name, object.Labels = "default", "web-"+image, template.Labels
	object.Annotations = map[string]string{revisionAnnotation: revision, desiredAnnotation: fmt.Sprint(d.replicas()), maxReplicasAnnotation: fmt.Sprint(d.most())}
	rs, err := s.rsc.addSet(cluster.Default(object), d)
	if err != nil {
		t.Fatal(err)
	}
	s.rsc.showSet(rs.object)
	s.dc.writeOwner(rs, d)
	return rs
}
