package placement_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

const (
	defaultLimits = `{kind: LimitRange, apiVersion: v1, metadata: {name: limits, namespace: apps}, spec: {limits: [{type: Container, defaultRequest: {cpu: "3"}, default: {cpu: "3"}}]}}`
	minimum       = `{kind: LimitRange, apiVersion: v1, metadata: {name: limits, namespace: apps}, spec: {limits: [{type: Pod, min: {cpu: 100m}}]}}`
	kata          = `{kind: RuntimeClass, apiVersion: node.k8s.io/v1, metadata: {name: kata}, handler: kata, overhead: {podFixed: {cpu: 1500m}}, scheduling: {nodeSelector: {pool: gpu}}}`
	restricted    = `{kind: Namespace, apiVersion: v1, metadata: {name: apps, labels: {pod-security.kubernetes.io/enforce: restricted}}}`
	selecting     = `{kind: Namespace, apiVersion: v1, metadata: {name: apps, annotations: {scheduler.alpha.kubernetes.io/node-selector: pool=gpu}}}`
	ending        = `{kind: Namespace, apiVersion: v1, metadata: {name: apps}, status: {phase: Terminating}}`
)

// admitting returns two nodes and the objects of a manifest.
func admitting(t *testing.T, text string) *cluster.Cluster {
	t.Helper()
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := clustertest.World{clustertest.Node("big", "cpu:8", "pool=gpu"), clustertest.Node("small", "cpu:2")}.Cluster(t).With(m.Objects()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// agent returns a DaemonSet in the namespace apps, changed.
func agent(t *testing.T, change func(*corev1.PodSpec)) *appsv1.DaemonSet {
	t.Helper()
	ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("apps/agent"))
	if change != nil {
		change(&ds.Spec.Template.Spec)
	}
	return ds
}

func ofClass(name string) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) { spec.RuntimeClassName = &name }
}

// What admission adds to pods or refuses decides about their fit and not about where
// the controller wants them. Mutants seen to fail: Placed without lets; a refused pod
// judged by its room; Placed by the template's requests.
func TestAdmissionDecidesAboutFit(t *testing.T) {
	for _, test := range []struct {
		name, objects string
		change        func(*corev1.PodSpec)
		big, small    string
		table         string // a line
	}{
		{name: "a LimitRange's default request takes room", objects: defaultLimits,
			big: "Placed", small: "Pending: NodeResourcesFit: Insufficient cpu [1 cpu short: requests 3, 2 of 2 free]",
			table: "admission: LimitRanger (LimitRange apps/limits) sets containers[0].resources.requests cpu 3, containers[0].resources.limits cpu 3"},
		{name: "a LimitRange without defaults refuses a pod without requests", objects: minimum,
			big:   `Refused: LimitRanger: pods "agent-xxxxx" is forbidden: minimum cpu usage per Pod is 100m.  No request is specified [LimitRange apps/limits]`,
			small: `Refused: LimitRanger: pods "agent-xxxxx" is forbidden: minimum cpu usage per Pod is 100m.  No request is specified [LimitRange apps/limits]`},
		{name: "a RuntimeClass' overhead takes room, and its selector leaves pods pending", objects: kata, change: ofClass("kata"),
			big: "Placed", small: `Pending: NodeAffinity: node(s) didn't match Pod's node affinity/selector [pool=gpu: the node has no such label]`,
			table: "admission: RuntimeClass (RuntimeClass kata) sets nodeSelector {pool=gpu}, overhead cpu 1500m"},
		{name: "a RuntimeClass that does not exist refuses the pod", objects: kata, change: ofClass("gvisor"),
			big:   `Refused: RuntimeClass: pods "agent-" is forbidden: pod rejected: RuntimeClass "gvisor" not found [RuntimeClass gvisor]`,
			small: `Refused: RuntimeClass: pods "agent-" is forbidden: pod rejected: RuntimeClass "gvisor" not found [RuntimeClass gvisor]`},
		{name: "a namespace's node selector leaves pods pending", objects: selecting,
			big: "Placed", small: `Pending: NodeAffinity: node(s) didn't match Pod's node affinity/selector [pool=gpu: the node has no such label]`,
			table: "admission: PodNodeSelector (Namespace apps) sets nodeSelector {pool=gpu}"},
		{name: "a namespace that ends takes no pods", objects: ending,
			big:   `Refused: NamespaceLifecycle: pods "agent-" is forbidden: unable to create new content in namespace apps because it is being terminated [Namespace apps]`,
			small: `Refused: NamespaceLifecycle: pods "agent-" is forbidden: unable to create new content in namespace apps because it is being terminated [Namespace apps]`},
		{name: "objects of another namespace decide nothing", objects: strings.ReplaceAll(minimum, "apps", "other"), big: "Placed", small: "Placed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, err := placement.ForDaemonSet(agent(t, test.change))
			if err != nil {
				t.Fatal(err)
			}
			p := w.Predict(admitting(t, test.objects))
			for node, want := range map[string]string{"big": test.big, "small": test.small} {
				if v, _ := p.Verdict(node); v.String() != node+": "+want {
					t.Errorf("got  %s\nwant %s: %s", v, node, want)
				}
			}
			if p.Eligible().Len() != 2 {
				t.Errorf("the controller wants pods on %v", p.Eligible())
			}
			if !strings.Contains(p.Table(), test.table) {
				t.Errorf("no line %q in\n%s", test.table, p.Table())
			}
			partition(t, p)
		})
	}
}

// partition checks that each node is in one set, which is that of its verdict.
func partition(t *testing.T, p *placement.Prediction) {
	t.Helper()
	for v := range p.Verdicts() {
		for d, set := range map[placement.Decision]cluster.NodeSet{
			placement.Excluded: p.Excluded(), placement.Kept: p.Kept(), placement.Refused: p.Refused(),
			placement.Pending: p.Pending(), placement.Placed: p.Placed(),
		} {
			if set.Has(v.Node) != (v.Decision == d) {
				t.Errorf("%v; %v has %v", v, d, set)
			}
		}
	}
}

// A pod is placed as the API server stores it; a stored one is not admitted again.
func TestPodsAreAdmittedOnce(t *testing.T) {
	c := admitting(t, selecting)
	pod := clustertest.Object[*corev1.Pod](t, clustertest.Pod("apps/web"))
	eligible := func(pod *corev1.Pod, opts ...placement.Option) string {
		w, err := placement.ForPod(pod, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(w.Predict(c).Eligible().Names(), " ")
	}
	stored := pod.DeepCopy()
	stored.ResourceVersion = "7"
	got := []string{eligible(pod), eligible(stored), eligible(pod, placement.Unvalidated()), eligible(pod, placement.WithoutAdmission("PodNodeSelector"))}
	if want := []string{"big", "big small", "big small", "big small"}; !slices.Equal(got, want) {
		t.Errorf("eligible: %q, want %q", got, want)
	}
}

// A pod with a mistake is scheduled where neither admission nor validation is wanted.
// The mutant seen to fail: the API server asked nevertheless.
func TestUnvalidatedPodsWithoutAdmissionAreNotRefused(t *testing.T) {
	c := admitting(t, defaultLimits)
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "Not A Name", Image: "i"}}}
	one, labels := int32(1), map[string]string{"app": "web"}
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = "apps", "web"
	d.Spec.Replicas, d.Spec.Selector = &one, &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels, d.Spec.Template.Spec = labels, spec
	for _, test := range []struct {
		opts  []placement.Option
		bound int
	}{
		{[]placement.Option{placement.Unvalidated()}, 0}, // a stored controller's pods are new
		{[]placement.Option{placement.Unvalidated(), placement.WithoutAdmission("LimitRanger")}, 0},
		{[]placement.Option{placement.Unvalidated(), placement.WithoutAdmission()}, 1},
	} {
		out, err := placement.Replicas(c, d, 1, test.opts...)
		if err != nil || len(out.Bound) != test.bound {
			t.Errorf("%v %v, want %d bound", out, err, test.bound)
		}
		ds := agent(t, func(own *corev1.PodSpec) { *own = spec })
		w, err := placement.ForDaemonSet(ds, test.opts...)
		if err != nil {
			t.Fatal(err)
		}
		if p := w.Predict(c); p.Placed().Len() != 2*test.bound {
			t.Errorf("%s: want %d", p.Table(), 2*test.bound)
		}
	}
}

func TestAdmittedReturnsTheStoredPodOrTheRefusal(t *testing.T) {
	w, err := placement.ForDaemonSet(agent(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	pod, err := w.Predict(admitting(t, defaultLimits)).Admitted()
	if err != nil || pod.Spec.Containers[0].Resources.Limits.Cpu().String() != "3" {
		t.Errorf("%v, %v", pod, err)
	}
	p := w.Predict(admitting(t, restricted))
	if _, err = p.Admitted(); err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted:latest"`) || p.String() != err.Error() {
		t.Errorf("%v; %v", err, p)
	}
	if message, failed := p.FailedScheduling(); failed {
		t.Errorf("a pod that does not exist is not scheduled: %s", message)
	}
	off, err := placement.ForDaemonSet(agent(t, nil), placement.WithoutAdmission())
	if err != nil {
		t.Fatal(err)
	}
	if got := off.Predict(admitting(t, restricted)).Placed().Len(); got != 2 {
		t.Errorf("without admission %d nodes", got)
	}
	if _, err := placement.ForDaemonSet(agent(t, nil), placement.WithoutAdmission("PodSecurty")); err == nil {
		t.Error("a plugin that does not exist")
	}
}

// A change of the namespace is a change of decisions.
func TestDiffTellsRefusedPods(t *testing.T) {
	w, err := placement.ForDaemonSet(agent(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	before, after := w.Predict(admitting(t, selecting)), w.Predict(admitting(t, minimum))
	d := placement.Diff(before, after)
	if got := d.Nodes(placement.Placed, placement.Refused).Names(); !slices.Equal(got, []string{"big"}) {
		t.Errorf("refused: %v", got)
	}
	back := placement.Diff(after, before)
	if got := back.Nodes(placement.Refused, placement.Pending).Names(); !slices.Equal(got, []string{"small"}) {
		t.Errorf("pending: %v", got)
	}
	if text := d.String(); !strings.Contains(text, "+++ 0 placed, 2 refused of 2 nodes\n! newly refused: big small\n") && !strings.Contains(text, "! newly refused: big\n") {
		t.Errorf("%s", text)
	}
	var form struct{ After struct{ Refused int } }
	if text, err := json.Marshal(d); err != nil || json.Unmarshal(text, &form) != nil || form.After.Refused != 2 {
		t.Errorf("%v %v", form, err)
	}
}

// The capacity report counts what admission adds, and no pod that it refuses.
func TestCapacityCountsAdmittedPods(t *testing.T) {
	for objects, want := range map[string]string{defaultLimits: "3", minimum: "0", kata: "0"} {
		c, err := admitting(t, objects).With(agent(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		n, _ := placement.NewCapacityReport(c).Node("big")
		if cpu := n.DaemonSetRequests[corev1.ResourceCPU]; cpu.String() != want {
			t.Errorf("%s: %s cpu", objects, cpu.String())
		}
	}
}
