package cluster_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
)

func TestUnknownVersionIsRefused(t *testing.T) {
	c, err := (&cluster.Cluster{}).WithVersion("1.35")
	if err != nil || c.Version() != "1.35" {
		t.Fatalf("1.35: %v, %v", c.Version(), err)
	}
	for _, v := range []cluster.Version{"1.33", "1.38", "v1.36", "1.36.2", "1.036", "latest", "2.36"} {
		if _, err := c.WithVersion(v); err == nil || !strings.HasSuffix(err.Error(), "not known: berth knows 1.34, 1.35, 1.36, 1.37") {
			t.Errorf("%s: error %v", v, err)
		}
	}
	if c, err = c.WithVersion(""); err != nil || c.Version() != cluster.Latest {
		t.Errorf("no version: %v, %v", c.Version(), err)
	}
}

// A version is kept by every change of the cluster.
func TestVersionIsKept(t *testing.T) {
	if _, err := (&cluster.Manifest{Version: "1.35", Nodes: []*corev1.Node{{}}}).Cluster(); err == nil {
		t.Fatal("a node without a name is accepted")
	}
	n := &corev1.Node{}
	n.Name = "n"
	c, err := (&cluster.Manifest{Version: "1.35", Nodes: []*corev1.Node{n}}).Cluster()
	if err != nil {
		t.Fatal(err)
	}
	edited, err := c.Edit("n", cluster.Cordon())
	if err != nil {
		t.Fatal(err)
	}
	without, err := edited.Without(n)
	if err != nil {
		t.Fatal(err)
	}
	with, err := without.With(n)
	if err != nil {
		t.Fatal(err)
	}
	again, err := with.Manifest().Cluster()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []*cluster.Cluster{c, edited, without, with, again} {
		if c.Version() != "1.35" {
			t.Errorf("change %d: %s", i, c.Version())
		}
	}
}

func TestVersionIsReadFromKubectlVersion(t *testing.T) {
	const node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: node}\nstatus: {nodeInfo: {kubeletVersion: v1.33.9}}\n"
	for _, test := range []struct {
		text    string
		version cluster.Version
		note    string
	}{
		{"clientVersion: {gitVersion: v1.37.0}\nserverVersion: {gitVersion: v1.35.4-gke.100}\n" + node, "1.35", ""},
		{`{"clientVersion": {"gitVersion": "v1.37.0"}, "serverVersion": {"major": "1", "minor": "36+", "gitVersion": "v1.36.1"}}` + "\n" + node, "1.36", ""},
		{"serverVersion: {gitVersion: v1.31.14}\n" + node, "1.34", "Kubernetes 1.31 is predicted by the rules of 1.34, the nearest release that berth knows"},
		{"serverVersion: {gitVersion: v1.40.0}\n" + node, "1.37", "Kubernetes 1.40 is predicted by the rules of 1.37, the nearest release that berth knows"},
		{node, "1.37", "the release of the API server is not known: the rules of 1.37 apply; it is 1.33 or newer, as a kubelet is"},
		{"", "1.37", "the release of the API server is not known: the rules of 1.37 apply"},
	} {
		m, err := cluster.ReadManifest(strings.NewReader(test.text), cluster.Strict())
		if err != nil || len(m.Skipped) > 0 {
			t.Errorf("%s: %v, %v", test.text, err, m.Skipped)
			continue
		}
		c, err := m.Cluster()
		if err != nil {
			t.Fatal(err)
		}
		if c.Version() != test.version || c.VersionNote() != test.note {
			t.Errorf("%s: version %s and note %q, want %s and %q", test.text, c.Version(), c.VersionNote(), test.version, test.note)
		}
	}
}

// kube.ContainerRestartRules: 1.34 drops the field before it is validated; 1.35
// refuses the value (pkg/apis/core/validation/validation.go:
// validateInitContainerRestartPolicy).
func TestRestartRulesByVersion(t *testing.T) {
	sometimes, always := corev1.ContainerRestartPolicy("Sometimes"), corev1.ContainerRestartPolicyAlways
	pod := corePod()
	pod.Spec.InitContainers = []corev1.Container{
		{Name: "side", Image: "i", RestartPolicy: &always},
		{Name: "init", Image: "i", RestartPolicy: &sometimes},
	}
	pod.Spec.Containers[0].RestartPolicy = &sometimes
	if errs := cluster.Version("1.34").Validate(pod); len(errs) > 0 {
		t.Errorf("1.34: %v", errs)
	}
	stored := cluster.Version("1.34").Default(pod).(*corev1.Pod).Spec
	if stored.InitContainers[0].RestartPolicy == nil || stored.InitContainers[1].RestartPolicy != nil || stored.Containers[0].RestartPolicy != nil {
		t.Errorf("1.34 stores %v and %v", stored.InitContainers, stored.Containers)
	}
	for _, v := range []cluster.Version{"1.35", "1.36", "1.37"} {
		if errs := v.Validate(pod); len(errs) != 2 {
			t.Errorf("%s: %v, want two mistakes", v, errs)
		}
	}
}

// kube.StatefulSetUnavailable: 1.37 refuses 0 and sets 1 by default; before, the field
// is dropped.
func TestStatefulSetUnavailableByVersion(t *testing.T) {
	for _, v := range cluster.Versions() {
		m, err := cluster.ReadManifest(strings.NewReader(`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {serviceName: db,
  selector: {matchLabels: {app: db}}, updateStrategy: {rollingUpdate: {maxUnavailable: 0}, type: RollingUpdate},
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: i}]}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		refused := len(v.Validate(m.StatefulSets[0])) > 0
		m.StatefulSets[0].Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = nil
		defaulted := v.Default(m.StatefulSets[0]).(*appsv1.StatefulSet).Spec.UpdateStrategy.RollingUpdate.MaxUnavailable != nil
		if newer := v == "1.37"; refused != newer || defaulted != newer {
			t.Errorf("%s: refuses 0: %v; has a default: %v", v, refused, defaulted)
		}
	}
}

// kube.PodResourcesCompleted: the pod as a whole asks for memory. 1.37 adds the cpu of
// its containers to that; before, nothing is added to requests without limits.
func TestPodResourcesByVersion(t *testing.T) {
	for _, v := range cluster.Versions() {
		m, err := cluster.ReadManifest(strings.NewReader(`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {resources: {requests: {memory: 1Gi}},
  containers: [{name: c, image: i, resources: {requests: {cpu: 100m}}}]}}`))
		if err != nil {
			t.Fatal(err)
		}
		requests := v.Default(m.Pods[0]).(*corev1.Pod).Spec.Resources.Requests
		if _, has := requests[corev1.ResourceCPU]; has != (v == "1.37") {
			t.Errorf("%s: %v", v, requests)
		}
	}
}

func corePod() *corev1.Pod {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	pod.Name, pod.Namespace = "p", "default"
	return pod
}
