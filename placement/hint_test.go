package placement_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/placement"
)

// holds applies a hint through the public API and returns what is wrong with
// it, or "".
func holds(h placement.Hint, before, after *placement.Prediction) string {
	d := placement.Diff(before, after)
	gains := after.Placed().Minus(before.Placed())
	switch {
	case len(h.Steps) == 0 || h.Gains.Len() == 0:
		return "it is empty"
	case !gains.Equal(h.Gains):
		return "it gains " + gains.String()
	case d.Nodes(placement.Eligible, placement.Excluded).Len()+d.Nodes(placement.Eligible, placement.Kept).Len()+d.Nodes(placement.Kept, placement.Excluded).Len() > 0,
		d.Nodes(placement.Placed, placement.Pending).Len() > 0:
		return "it loses: " + d.String()
	}
	return ""
}

// Mutants seen: Gains not compared with the nodes that the hint is for; a
// requirement left out of a term that had no other, which then matched nothing.
func TestHintsDoWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		ds, pod := gen.DaemonSet(t), gen.Pod(t)
		gen.Containers(t, &ds.Spec.Template.Spec)
		gen.Containers(t, &pod.Spec)
		w := daemon(t, ds)
		before := w.Predict(c)
		for _, h := range everyHint(before) {
			changed := ds.DeepCopy()
			changed.Spec.Template.Spec = h.PodSpec(ds.Spec.Template.Spec)
			if wrong := holds(h, before, daemon(t, changed).Predict(applied(t, h, c))); wrong != "" {
				t.Fatalf("%v\n%s", h, wrong)
			}
		}
		before = ordinary(t, pod).Predict(c)
		for _, h := range everyHint(before) {
			changed := pod.DeepCopy()
			changed.Spec = h.PodSpec(pod.Spec)
			if wrong := holds(h, before, ordinary(t, changed).Predict(applied(t, h, c))); wrong != "" {
				t.Fatalf("%v\n%s", h, wrong)
			}
		}
	})
}

func applied(t *rapid.T, h placement.Hint, c *cluster.Cluster) *cluster.Cluster {
	next, err := h.Cluster(c)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// everyHint returns the overall hints and each node's own.
func everyHint(p *placement.Prediction) []placement.Hint {
	hints, _ := p.Hints()
	for v := range p.Verdicts() {
		hints = append(hints, hintsFor(p, v.Node)...)
	}
	return hints
}

func hintsFor(p *placement.Prediction, node string) []placement.Hint {
	hints, err := p.Hints(node)
	if err != nil {
		panic(err) // the node is one of the prediction's
	}
	return hints
}

// Each step of a node's hint is needed: without it the node is not placed.
// Mutants seen: a list of no terms removed along with a label; one untainting
// for each value of a taint; two labels of one key.
func TestHintsHaveNoStepTooMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, ds := draw(t), gen.DaemonSet(t)
		gen.Containers(t, &ds.Spec.Template.Spec)
		before := daemon(t, ds).Predict(c)
		for v := range before.Verdicts() {
			for _, h := range hintsFor(before, v.Node) {
				for i := range h.Steps {
					less := h
					less.Steps = slices.Delete(slices.Clone(h.Steps), i, i+1)
					changed := ds.DeepCopy()
					changed.Spec.Template.Spec = less.PodSpec(ds.Spec.Template.Spec)
					after, err := less.Cluster(c)
					if err != nil {
						t.Fatal(err)
					}
					if daemon(t, changed).Predict(after).Placed().Has(v.Node) {
						t.Fatalf("%v\nwithout %v it is placed too", h, h.Steps[i])
					}
				}
			}
		}
	})
}

// Every DaemonSet of the corpus on every node file: each hint, applied to the
// manifest and the nodes, does what it says, and an API server would take it.
func TestHintsOnTheCorpus(t *testing.T) {
	corpus := golden.Corpus(t)
	clusters := map[string]*cluster.Cluster{}
	files, _ := filepath.Glob(filepath.Join(corpus, "nodes", "*"))
	for _, file := range files {
		if c, err := readFile(t, file).Cluster(); err == nil {
			clusters[filepath.Base(file)] = c
		}
	}
	manifests, _ := filepath.Glob(filepath.Join(corpus, "manifests", "*"))
	pairs, hints, printed, silent := 0, 0, 0, 0
	for _, file := range manifests {
		for _, ds := range readFile(t, file).DaemonSets {
			w, err := placement.ForDaemonSet(ds)
			if err != nil {
				continue
			}
			for name, c := range clusters {
				pairs++
				before := w.Predict(c)
				found := everyHint(before)
				hints += len(found)
				if len(found) == 0 && before.Placed().Len() < c.Nodes().Len() {
					silent++
				}
				for i, h := range found {
					wrong := tryOn(ds, h, c, before)
					if wrong == "" && len(h.Commands) > 0 && ds.Namespace != "" && i%8 == 0 {
						printed++
						wrong = asPrinted(ds, h, c, before)
					}
					if wrong != "" {
						t.Errorf("%s %s on %s: %v\n%s", filepath.Base(file), ds.Name, name, h, wrong)
					}
				}
			}
		}
	}
	t.Logf("%d pairs, %d hints, %d tried as printed, %d pairs without one although a node gets no pod", pairs, hints, printed, silent)
	if len(clusters) < 15 || pairs < 1000 || hints < 1000 || printed < hints/10 || silent > pairs/100 {
		t.Errorf("%d clusters, %d pairs, %d hints, %d printed, %d silent", len(clusters), pairs, hints, printed, silent)
	}
}

func tryOn(ds *appsv1.DaemonSet, h placement.Hint, c *cluster.Cluster, before *placement.Prediction) string {
	changed := cluster.Default(ds)
	changed.Spec.Template.Spec = h.PodSpec(changed.Spec.Template.Spec)
	w, err := placement.ForDaemonSet(changed)
	if err != nil {
		return err.Error()
	}
	after, err := h.Cluster(c)
	if err != nil {
		return err.Error()
	}
	return holds(h, before, w.Predict(after))
}

func readFile(t *testing.T, file string) *cluster.Manifest {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, _ := cluster.ReadManifest(f) // what could be read
	return m
}

// Mutants seen: losses not looked at; the term picked that needs most changes;
// no hint shortened; the container port left unchanged on the host's network.
func TestHintsInWords(t *testing.T) {
	m, err := cluster.ReadManifest(strings.NewReader(manifest))
	if err != nil {
		t.Fatal(err)
	}
	busy := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "busy"}, Spec: corev1.PodSpec{NodeName: "web-1", Containers: []corev1.Container{
		{Name: "c", Image: "i", Ports: []corev1.ContainerPort{{ContainerPort: 9100, HostPort: 9100}}},
	}}}
	m.Pods = append(m.Pods, busy)
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	for name, pool := range map[string]string{"gpu-1": "gpu", "web-1": "web"} {
		if c, err = c.Edit(name, cluster.Label("pool", pool)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		reason string
		change func(*corev1.PodSpec)
		node   string
		want   []string
	}{
		{"a taint", func(*corev1.PodSpec) {}, "gpu-1", []string{
			"tolerate dedicated=gpu:NoSchedule: gains gpu-1",
			"taint dedicated:NoSchedule- on gpu-1: gains gpu-1"}},
		{"a node that is placed needs none", func(*corev1.PodSpec) {}, "web-1", nil},
		{"a misspelt key", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"kubernetes.io/oss": "linux"} }, "web-1", []string{
			"kubernetes.io/os=linux in place of kubernetes.io/oss=linux at spec.template.spec.nodeSelector[kubernetes.io/oss]: gains web-1",
			"label kubernetes.io/oss=linux on web-1: gains web-1"}},
		{"a value that no node has", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"kubernetes.io/os": "windows"} }, "web-1", []string{
			"kubernetes.io/os=linux in place of kubernetes.io/os=windows at spec.template.spec.nodeSelector[kubernetes.io/os]: gains web-1"}},
		{"a value that another node has", func(s *corev1.PodSpec) {
			s.NodeSelector = map[string]string{"pool": "web"}
			s.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		}, "gpu-1", []string{
			"leave out pool=web at spec.template.spec.nodeSelector[pool]: gains gpu-1",
			"label pool=web on gpu-1: gains gpu-1"}},
		{"too much cpu", func(s *corev1.PodSpec) { request(s, "4500m") }, "web-1", []string{
			"request 4 cpu in place of 4500m at spec.template.spec.containers[0]: gains web-1",
			"500m more cpu on web-1: gains web-1"}},
		{"two things at once", func(s *corev1.PodSpec) { request(s, "9") }, "gpu-1", []string{
			"tolerate dedicated=gpu:NoSchedule, request 8 cpu in place of 9 at spec.template.spec.containers[0]: gains gpu-1",
			"taint dedicated:NoSchedule-, 1 more cpu on gpu-1: gains gpu-1"}},
		{"the larger of two requests", func(s *corev1.PodSpec) {
			s.Containers = append(s.Containers, *s.Containers[0].DeepCopy(), *s.Containers[0].DeepCopy())
			s.Containers[1].Name, s.Containers[2].Name = "large", "small"
			s.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")}
			s.Containers[1].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}
			s.Containers[2].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
		}, "web-1", []string{
			"request 2500m cpu in place of 3 at spec.template.spec.containers[1]: gains web-1",
			"500m more cpu on web-1: gains web-1"}},
		{"what only the node, only the pod, and either can change: the pod's change is preferred", func(s *corev1.PodSpec) {
			s.NodeSelector = map[string]string{"kubernetes.io/os": "windows"}
			s.Containers[0].Resources.Limits = corev1.ResourceList{"example.com/gpu": resource.MustParse("1")}
		}, "gpu-1", []string{
			"tolerate dedicated=gpu:NoSchedule, leave out kubernetes.io/os=windows at spec.template.spec.nodeSelector[kubernetes.io/os], 1 more example.com/gpu on gpu-1: gains gpu-1"}},
		{"the nearer of two terms", func(s *corev1.PodSpec) {
			s.NodeSelector = nil
			s.Affinity = terms(
				[]corev1.NodeSelectorRequirement{require("a", "In", "1"), require("b", "Exists")},
				[]corev1.NodeSelectorRequirement{require("kubernetes.io/os", "Exists"), require("c", "Gt", "3")})
		}, "web-1", []string{
			"leave out c Gt (3) at spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1].matchExpressions[1]: gains web-1",
			"label c=4 on web-1: gains web-1"}},
		{"a label that meets two requirements", func(s *corev1.PodSpec) {
			s.NodeSelector = nil
			s.Affinity = terms([]corev1.NodeSelectorRequirement{require("a", "Exists"), require("a", "NotIn", ""), require("a", "In", "1", "2")})
		}, "web-1", []string{
			"leave out a Exists at spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0], " +
				"leave out a In (1, 2) at spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[2]: gains web-1",
			"label a=1 on web-1: gains web-1"}},
		{"a port that is taken, on the host's network", func(s *corev1.PodSpec) {
			s.HostNetwork = true
			s.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 9100}}
		}, "web-1", []string{"9101 in place of 9100 at spec.template.spec.containers[0].ports[0].hostPort: gains web-1"}},
	} {
		ds := m.DaemonSets[0].DeepCopy()
		test.change(&ds.Spec.Template.Spec)
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range hintsFor(w.Predict(c), test.node) {
			if wrong := tryOn(ds, h, c, w.Predict(c)); wrong != "" {
				t.Errorf("%s: %v: %s", test.reason, h, wrong)
			}
			got = append(got, h.String())
			if text, err := json.Marshal(h); err != nil || !strings.Contains(string(text), `"gains":["`) {
				t.Errorf("%s: %s, %v", test.reason, text, err)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.reason, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// A node that the snapshot does not have is an error. The hints of the other
// nodes are there.
func TestHintsReportUnknownNodes(t *testing.T) {
	c := clustertest.World{clustertest.Node("n1", "cordoned")}.Cluster(t)
	w, err := placement.ForPod(clustertest.Object[*corev1.Pod](t, clustertest.Pod("shop/web")))
	if err != nil {
		t.Fatal(err)
	}
	hints, err := w.Predict(c).Hints("n2", "n1", "n3")
	if len(hints) == 0 || err == nil || err.Error() != "node \"n2\" is not in the cluster\nnode \"n3\" is not in the cluster" {
		t.Errorf("%v, %v", hints, err)
	}
}

func require(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorRequirement {
	return corev1.NodeSelectorRequirement{Key: key, Operator: operator, Values: values}
}

func terms(terms ...[]corev1.NodeSelectorRequirement) *corev1.Affinity {
	required := &corev1.NodeSelector{}
	for _, t := range terms {
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, corev1.NodeSelectorTerm{MatchExpressions: t})
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: required}}
}

func request(spec *corev1.PodSpec, cpu string) {
	spec.Containers[0].Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse(cpu)}
}
