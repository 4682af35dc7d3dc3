package placement_test

import (
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/placement"
)

// A Fargate node has room only for the pod that it was made for. Every agent
// that is wanted there, because it tolerates everything, stays pending.
func TestCorpusAgentsArePendingOnFargate(t *testing.T) {
	corpus := golden.Corpus(t)
	var objects []runtime.Object
	for _, m := range readFolder(t, filepath.Join(corpus, "nodes")) {
		for _, n := range m.Nodes {
			if n.Labels["eks.amazonaws.com/compute-type"] == "fargate" {
				objects = append(objects, n, clustertest.Object[*corev1.Pod](t, clustertest.Pod("shop/"+n.Name, "node:"+n.Name, "running")))
			}
		}
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	pending, wanted := 0, 0
	for _, ds := range corpusDaemonSets(t, corpus) {
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			continue
		}
		p := w.Predict(c)
		wanted += p.Eligible().Len()
		for v := range p.Verdicts() {
			if v.Decision != placement.Pending {
				continue
			}
			pending++
			if !strings.Contains(v.String(), "Too many pods [1 of 1 places for pods are taken]") {
				t.Errorf("%s: %v", ds.Name, v)
			}
		}
	}
	if pending == 0 || pending != wanted {
		t.Errorf("%d pods are wanted on Fargate, %d pending", wanted, pending)
	}
}

// Agents that want the same host port (such as OpenTelemetry collectors with
// 4317 and 4318) exclude each other from every node; others do not.
func TestCorpusAgentsClashOverHostPorts(t *testing.T) {
	corpus := golden.Corpus(t)
	all := corpusDaemonSets(t, corpus)
	conflicts := map[int32]int{}
	for i, first := range all {
		made, err := placement.ForDaemonSet(first)
		if err != nil {
			continue
		}
		pod := made.Pod()
		pod.Name, pod.Spec.NodeName, pod.Status.Phase = first.Name, "huge", corev1.PodRunning
		c, err := cluster.New(pod, hugeNode(t))
		if err != nil {
			t.Fatal(err)
		}
		for k, second := range all {
			w, err := placement.ForDaemonSet(second)
			if err != nil || i == k {
				continue
			}
			v, _ := w.Predict(c).Verdict("huge")
			ports := portsOf(v)
			if want := naivePortClash(w.Pod(), []*corev1.Pod{pod}); want != (len(ports) > 0) {
				t.Errorf("%s beside %s: conflict %v\n%v", second.Name, first.Name, want, v)
			}
			for _, p := range ports {
				conflicts[p.Port]++
				if p.Pod != pod.Namespace+"/"+pod.Name {
					t.Errorf("%v, want %s", p, pod.Name)
				}
			}
		}
	}
	if conflicts[4317] == 0 || len(conflicts) < 5 {
		t.Errorf("conflicts by port: %v", conflicts)
	}
}

// All agents of the corpus run on its Fargate nodes at once. The report agrees
// with each prediction: there is one place and it is taken. The agents that
// want 4317 conflict on every node that wants them, whatever its size.
func TestCorpusCapacity(t *testing.T) {
	corpus := golden.Corpus(t)
	objects := []runtime.Object{clustertest.Object[*corev1.Node](t, clustertest.Node("huge", "hostname", "kubernetes.io/os=linux", "kubernetes.io/arch=amd64",
		"cpu:1000", "memory:1000Gi", "ephemeral-storage:1000Gi", "sgx.intel.com/epc:1Gi", "pods:1000"))}
	names := map[string]bool{}
	for _, ds := range corpusDaemonSets(t, corpus) {
		if ds = cluster.Default(ds); names[ds.Namespace+"/"+ds.Name] {
			ds.Name += "-too"
		}
		if key := ds.Namespace + "/" + ds.Name; !names[key] && len(cluster.Validate(ds)) == 0 {
			names[key] = true
			objects = append(objects, ds)
		}
	}
	for _, m := range readFolder(t, filepath.Join(corpus, "nodes")) {
		for _, n := range m.Nodes {
			if n.Labels["eks.amazonaws.com/compute-type"] == "fargate" {
				objects = append(objects, n, clustertest.Object[*corev1.Pod](t, clustertest.Pod("shop/"+n.Name, "node:"+n.Name, "running")))
			}
		}
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	l := placement.NewCapacityReport(c)
	fargate := c.Nodes().Minus(c.Named("huge"))
	if fargate.Len() == 0 || !l.Overloaded().Equal(fargate) {
		t.Errorf("overloaded %v, want %v", l.Overloaded(), fargate)
	}
	e, _ := l.Node(fargate.Names()[0])
	if free := e.Free[corev1.ResourcePods]; free.Sign() >= 0 || e.OtherRequests.Pods().String() != "1" {
		t.Errorf("%v", e)
	}
	huge, _ := l.Node("huge")
	conflicting := 0
	for _, conflict := range huge.Conflicts {
		for _, r := range conflict.Reasons {
			if strings.Contains(r.String(), "port 4317/TCP is taken by ") {
				conflicting++
				break
			}
		}
	}
	if conflicting < 2 || len(huge.DaemonSets) < 30 {
		t.Errorf("%d agents want 4317: %v", conflicting, huge)
	}
}

func corpusDaemonSets(t *testing.T, corpus string) []*appsv1.DaemonSet {
	var all []*appsv1.DaemonSet
	for _, m := range readFolder(t, filepath.Join(corpus, "manifests")) {
		all = append(all, m.DaemonSets...)
	}
	return all
}

func hugeNode(t *testing.T) *corev1.Node {
	return clustertest.Object[*corev1.Node](t, clustertest.Node("huge", "hostname", "cpu:1000", "memory:1000Gi", "pods:1000"))
}

func portsOf(v placement.Verdict) []placement.PortConflict {
	for _, r := range v.Reasons {
		if len(r.Ports) > 0 {
			return r.Ports
		}
	}
	return nil
}
