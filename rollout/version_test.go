package rollout

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

func setVersion(t *testing.T, s *Sim, v cluster.Version) {
	t.Helper()
	c, err := s.cluster.WithVersion(v)
	if err != nil {
		t.Fatal(err)
	}
	s.cluster = c
}

// kube.TerminatingReplicas.
func TestTerminatingReplicasByVersion(t *testing.T) {
	for _, v := range cluster.Versions() {
		s, rs := setBench(t, 1, 0)
		setVersion(t, s, v)
		putReplica(s, rs, func(p *pod) { p.phase, p.flags = running, bound|terminating })
		s.rsc.syncSet(rs)
		if got := rs.status.TerminatingReplicas; (got != nil) != (v != "1.34") {
			t.Errorf("%s: terminatingReplicas %v", v, got)
		}
		if got := s.Cluster().Version(); got != v {
			t.Errorf("%s: the cluster of the simulation has version %s", v, got)
		}
	}
}

// kube.RecreateByOwner: a pod of the old ReplicaSet that is on its way out and no longer
// has the labels of the Deployment. From 1.36 on, Recreate waits for it.
func TestRecreateWaitsForRelabelledPodsByVersion(t *testing.T) {
	for _, v := range cluster.Versions() {
		s := bench(t, Config{}, nodeNamed("n"))
		setVersion(t, s, v)
		object := webDeployment("web", "v2", 1)
		object.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		d, err := s.dc.addDeployment(cluster.Default(object))
		if err != nil {
			t.Fatal(err)
		}
		old := addRevision(t, s, d, "v1", "1")
		relabelled := *s.classes[s.rsc.classOf(old)]
		relabelled.labels = map[string]string{"app": "other"}
		class := s.addSetClass(old, &relabelled)
		putReplica(s, old, func(p *pod) { p.class, p.phase, p.flags = class, running, bound|terminating })
		s.dc.syncDeployment(d)
		if waits, want := len(s.replicaSets.order) == 1, v >= "1.36"; waits != want {
			t.Errorf("%s: waits %v, want %v:\n%s", v, waits, want, lines(s.report()))
		}
	}
}

// kube.ContainerRestartRules: the API server of 1.34 drops a container's restartPolicy.
func TestApplyDropsFieldsByVersion(t *testing.T) {
	never := corev1.ContainerRestartPolicyNever
	object := webDeployment("web", "v1", 1)
	object.Spec.Template.Spec.Containers[0].RestartPolicy = &never
	for _, v := range cluster.Versions() {
		s := bench(t, Config{}, nodeNamed("n"))
		setVersion(t, s, v)
		if err := s.Apply(object); err != nil {
			t.Fatal(err)
		}
		s.Advance(100)
		for _, d := range s.Cluster().Manifest().Deployments {
			if kept := d.Spec.Template.Spec.Containers[0].RestartPolicy != nil; kept != (v >= "1.35") {
				t.Errorf("%s: kept %v", v, kept)
			}
		}
	}
}
