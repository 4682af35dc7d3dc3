package dryrun_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/rollout/dryrun"
)

// objects reads files as kubectl would.
func objects(t testing.TB, files ...string) *cluster.Manifest {
	t.Helper()
	all := &cluster.Manifest{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := cluster.ReadManifest(f)
		f.Close()
		if err != nil {
			t.Fatal(file, err)
		}
		all.Nodes, all.DaemonSets, all.Pods = append(all.Nodes, m.Nodes...), append(all.DaemonSets, m.DaemonSets...), append(all.Pods, m.Pods...)
	}
	return all
}

const example = "../../examples/logcollector/"

// twelve returns the twelve nodes of examples/logcollector, with what runs there.
func twelve(t testing.TB) (*cluster.Cluster, *cluster.Manifest) {
	t.Helper()
	m := objects(t, example+"nodes.yaml", example+"logcollector.yaml", "testdata/others.yaml")
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	return c, m
}

// changedSet returns the named DaemonSet, changed.
func changedSet(m *cluster.Manifest, name string, change func(*appsv1.DaemonSet)) *appsv1.DaemonSet {
	for _, ds := range m.DaemonSets {
		if ds.Name == name {
			ds = ds.DeepCopy()
			change(ds)
			return ds
		}
	}
	return nil
}

func gpuNode(name string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "nvidia.com/gpu.present": "true",
		}},
		Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "dedicated", Value: "gpu", Effect: corev1.TaintEffectNoSchedule}}},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{"cpu": resource.MustParse("8"), "memory": resource.MustParse("32Gi"), "pods": resource.MustParse("110")},
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}

// edits returns the changes whose plans are in testdata/plans.
func edits(c *cluster.Cluster, m *cluster.Manifest) map[string][]dryrun.Edit {
	gpu, arm := c.Named("gpu-1", "gpu-2"), c.Named("worker-arm-1", "worker-arm-2")
	collector := func(change func(*appsv1.DaemonSet)) dryrun.Edit {
		return dryrun.Apply(changedSet(m, "log-collector", change))
	}
	newImage := func(ds *appsv1.DaemonSet) {
		ds.Spec.Template.Spec.Containers[0].Image = "registry.example.com/logging/fluent-bit:3.2.2"
	}
	return map[string][]dryrun.Edit{
		"new image": {collector(newImage)},
		"one more toleration": {collector(func(ds *appsv1.DaemonSet) {
			spec := &ds.Spec.Template.Spec
			spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: "dedicated", Operator: "Equal", Value: "gpu", Effect: "NoSchedule"})
		})},
		"node selector": {collector(func(ds *appsv1.DaemonSet) {
			ds.Spec.Template.Spec.NodeSelector["topology.kubernetes.io/zone"] = "eu-central-1a"
		})},
		"more cpu than nodes have": {collector(func(ds *appsv1.DaemonSet) {
			ds.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("3900m")
		})},
		"strategy alone": {collector(func(ds *appsv1.DaemonSet) {
			ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
		})},
		"label":                   {dryrun.EditNodes(c.Named("worker-amd-1"), cluster.Label("node.example.com/logging", "external"))},
		"taint NoSchedule":        {dryrun.EditNodes(gpu, cluster.Taint("dedicated=training:NoSchedule"))},
		"taint NoExecute":         {dryrun.EditNodes(arm, cluster.Taint("maintenance=true:NoExecute"))},
		"cordon":                  {dryrun.EditNodes(arm, cluster.Cordon())},
		"nodes added":             {dryrun.Apply(gpuNode("gpu-3"), gpuNode("gpu-4"))},
		"node removed":            {dryrun.RemoveNodes(c.Named("worker-arm-1"))},
		"DaemonSet deleted":       {dryrun.Delete(changedSet(m, "node-exporter", func(*appsv1.DaemonSet) {}))},
		"new DaemonSet":           {dryrun.Apply(changedSet(m, "node-exporter", func(ds *appsv1.DaemonSet) { ds.Name = "node-problems" }))},
		"taint and then an image": {dryrun.EditNodes(arm, cluster.Taint("soon=gone:NoSchedule")), collector(newImage)},
	}
}

// Mutants seen: pods compared by their node and not by name; a rule of manage taken
// for one of rollingUpdate; tolerationSeconds left out.
func TestPlans(t *testing.T) {
	c, m := twelve(t)
	b, err := dryrun.NewBaseline(c, dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	plans := edits(c, m)
	if len(plans) < 12 {
		t.Errorf("only %d edits", len(plans))
	}
	for name, edit := range plans {
		t.Run(name, func(t *testing.T) {
			p, err := b.Plan(edit...)
			if err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, filepath.Join("testdata", "plans", name+".txt"), p.String())
		})
	}
}

func TestPlanAsJSON(t *testing.T) {
	c, m := twelve(t)
	p, err := dryrun.New(c, edits(c, m)["taint NoExecute"]...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/plans/taint NoExecute.json", string(text)+"\n")
	var r dryrun.Record
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(r, "", "  ")
	if err != nil || string(again) != string(text) {
		t.Errorf("read back it is\n%s, %v", again, err)
	}
}

// The pods of a Deployment are counted.
func TestDeployments(t *testing.T) {
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}, Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"kubernetes.io/arch": "arm64"}, Containers: []corev1.Container{{Name: "c", Image: "web:1"}}}},
	}}
	replicas := int32(3)
	web.Spec.Replicas = &replicas
	c, _ := twelve(t)
	p, err := dryrun.New(c, dryrun.Apply(web))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Effects(); len(got) != 1 || got[0].Key != "deployment/shop/web" || got[0].Action != dryrun.ActionCreated || len(got[0].Pods.Created) != 3 || got[0].Rollout.State != "Done" ||
		got[0].Wanted != (dryrun.Count{After: 3}) || got[0].Placed != (dryrun.Count{After: 3}) || empty(p) {
		t.Errorf("created: %v", got)
	}
	with, err := c.With(cluster.Default(web))
	if err != nil {
		t.Fatal(err)
	}
	p, err = dryrun.New(with, dryrun.EditNodes(c.Named("worker-arm-1", "worker-arm-2"), cluster.Taint("gone:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := p.Effect("shop/web"); len(got.Pods.Evicted) != 3 || len(got.Pods.Created) != 3 {
		t.Errorf("evicted: %v", got)
	}
}

// Plans of one Baseline, and all calls on one plan, may run concurrently. Run with
// -race.
func TestSideBySide(t *testing.T) {
	c, m := twelve(t)
	b, err := dryrun.NewBaseline(c, dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Plan(edits(c, m)["new image"]...)
	if err != nil {
		t.Fatal(err)
	}
	texts := make(chan string)
	for range 4 {
		go func() {
			other, err := b.Plan(edits(c, m)["new image"]...)
			if err != nil {
				texts <- err.Error()
				return
			}
			texts <- p.String() + p.Check(dryrun.Covers(c.Nodes())).String() + fmt.Sprint(other.String() == p.String())
		}()
	}
	first := <-texts
	for range 3 {
		if next := <-texts; next != first {
			t.Errorf("another answer:\n%s\n%s", first, next)
		}
	}
}

// empty reports whether the plan affects nothing.
func empty(p *dryrun.Plan) bool { return len(p.Effects())+len(p.Evictions()) == 0 }
