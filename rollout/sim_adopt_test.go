package rollout

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/internal/kube"
)

// dumped returns a simulation of a dump with three nodes, after a change to it. The
// cluster was dumped a minute after it had settled, when the nodes last reported.
func dumped(t *testing.T, change func(*cluster.Manifest)) *Sim {
	t.Helper()
	s := fleet(t, 3, "1")
	m := s.Cluster().Manifest()
	for _, n := range m.Nodes {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.NewTime(s.Time(s.Now() + 60)),
		})
	}
	change(m)
	c, err := cluster.New(m.Objects()...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(c, Config{Instant: true, Start: s.Time(s.Now() + 60)})
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func kindsOf(events []Event) string {
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

func TestWhatADumpMayLookLike(t *testing.T) {
	tests := []struct {
		reason string
		change func(*cluster.Manifest)
		first  string // kinds of the events of the first tick
		state  State  // after ten
	}{
		{"nothing is changed", func(*cluster.Manifest) {}, "", StateDone},
		{"the data of a revision has null times and another order, as older servers wrote it", func(m *cluster.Manifest) {
			r := m.ControllerRevisions[0]
			data := string(r.Data.Raw)
			older := strings.Replace(data, `"metadata":{`, `"metadata":{"creationTimestamp":null,`, 1)
			older = strings.Replace(older, `{"spec":{"template":{"$patch":"replace",`, `{"spec": {"template":{`, 1)
			older = strings.TrimSuffix(older, "}}}") + `},"$patch":"replace"}}}`
			if older == data {
				t.Fatal(data)
			}
			older = strings.Replace(older, `}},"$patch"`, `},"$patch"`, 1)
			r.Data.Raw = []byte(older)
		}, "", StateDone},
		{"the revisions were not dumped", func(m *cluster.Manifest) { m.ControllerRevisions = nil }, "", StateDone},
		{"the revisions were not dumped, and pods have a hash of another version of Kubernetes", func(m *cluster.Manifest) {
			m.ControllerRevisions = nil
			for _, p := range m.Pods {
				p.Labels[hashLabel] = "6d4cf56db6"
				delete(p.Labels, generationLabel)
			}
		}, "", StateDone},
		{"the template was changed and no controller has seen it", func(m *cluster.Manifest) {
			m.DaemonSets[0].Spec.Template.Spec.Containers[0].Image = "v2"
			m.DaemonSets[0].Generation++
			m.DaemonSets[0].Annotations[appsv1.DeprecatedTemplateGeneration] = "2"
		}, "RevisionCreated Deleted Created", StateDone},
		{"a pod has not become ready for long: it does not by itself", func(m *cluster.Manifest) {
			m.Pods[1].Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: m.Pods[1].CreationTimestamp}}
		}, "", StateStuck},
		{"a pod is waiting for its image for long: it does not start by itself", func(m *cluster.Manifest) {
			m.Pods[1].Status.Conditions = m.Pods[1].Status.Conditions[:1]
			m.Pods[1].Status.Phase = corev1.PodPending
		}, "", StateStuck},
		{"a pod is terminating for long: it does not go by itself", func(m *cluster.Manifest) {
			at, grace := metav1.NewTime(m.Pods[1].CreationTimestamp.Add(30*time.Second)), int64(30)
			m.Pods[1].DeletionTimestamp, m.Pods[1].DeletionGracePeriodSeconds = &at, &grace
		}, "", StateDone}, // the status counts it as available
		{"a pod is bound to a node that is not there", func(m *cluster.Manifest) { m.Nodes = m.Nodes[1:] }, "GarbageCollected", StateDone},
		{"a pod has lost its owner", func(m *cluster.Manifest) { m.Pods[0].OwnerReferences = nil }, "Adopted", StateDone},
		{"a pod is another DaemonSet's of the same name", func(m *cluster.Manifest) { m.Pods[0].OwnerReferences[0].UID = "other" }, "Created", StateDone},
		{"a pod has failed", func(m *cluster.Manifest) {
			m.Pods[0].Status.Phase = corev1.PodFailed
			m.Pods[0].Status.Conditions = nil
		}, "Deleted Created", StateDone},
		{"a pod has succeeded", func(m *cluster.Manifest) {
			m.Pods[0].Status.Phase = corev1.PodSucceeded
			m.Pods[0].Status.Conditions = nil
		}, "Deleted Created", StateDone},
		{"a node has two pods: the younger goes", func(m *cluster.Manifest) {
			extra := m.Pods[0].DeepCopy()
			extra.Name, extra.CreationTimestamp = "agent-zzzzz", metav1.NewTime(extra.CreationTimestamp.Add(time.Second))
			m.Pods = append(m.Pods, extra)
		}, "Deleted", StateDone},
		{"two revisions have the same data: the higher stays, and pods get its hash", func(m *cluster.Manifest) {
			twin := m.ControllerRevisions[0].DeepCopy()
			twin.Name, twin.Labels[hashLabel], twin.Revision = "agent-twin", "twin", 7
			m.ControllerRevisions = append(m.ControllerRevisions, twin)
		}, "RevisionDeleted", StateDone},
		{"a revision has no hash label, as from before 1.7", func(m *cluster.Manifest) {
			delete(m.ControllerRevisions[0].Labels, hashLabel)
		}, "", StateDone},
		{"another revision has the name that the next one would have: a collision", func(m *cluster.Manifest) {
			r := m.ControllerRevisions[0]
			r.Data.Raw = []byte(strings.Replace(string(r.Data.Raw), `"v1"`, `"v0"`, 1))
		}, "SyncFailed RevisionCreated", StateDone},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			s := dumped(t, tt.change)
			events := s.Tick()
			if got := kindsOf(events); got != tt.first {
				t.Errorf("the first tick: %s, want %s\n%s", got, tt.first, lines(events))
			}
			stepped(s, 9)
			if got := s.State("default/agent"); got != tt.state {
				t.Errorf("%v, want %v: %v", got, tt.state, shownPods(s, "default/agent"))
			}
		})
	}
}

// Names of pods never come twice, whatever an adopted pod is called.
func TestNamesAreUnique(t *testing.T) {
	s := dumped(t, func(m *cluster.Manifest) { m.Pods[1].Name = "agent-2222b" })
	if err := s.Apply(fleetSet("v2", "100%")); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range stepped(s, 5) {
		if e.Kind == EventCreated {
			names = append(names, e.Pod)
		}
	}
	names = append(names, "agent-2222b", "agent-22224", "agent-22226")
	slices.Sort(names)
	if len(names) != 6 || len(slices.Compact(names)) != 6 {
		t.Errorf("%v", names)
	}
}

// The start of time is the latest timestamp of a dump.
func TestStartIsTheLatestTimestamp(t *testing.T) {
	late := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", CreationTimestamp: metav1.NewTime(late.Add(-time.Hour))}}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.NewTime(late)}}
	for _, tt := range []struct {
		nodes []runtime.Object
		want  time.Time
	}{{[]runtime.Object{n}, late}, {nil, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		c, err := cluster.New(tt.nodes...)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(c, Config{})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Time(0); !got.Equal(tt.want) {
			t.Errorf("%v, want %v", got, tt.want)
		}
	}
}

// Every manifest of the corpus is adopted, rolls out and is updated without an error.
func TestCorpusRollsOut(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden.Corpus(t), "manifests", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no manifests", err)
	}
	sets := 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := cluster.ReadManifest(f)
		f.Close()
		if err != nil {
			continue // the manifest's own mistakes are for the tests of cluster
		}
		m.Nodes = append(m.Nodes, fleetNodes(4)...)
		c, err := m.Cluster()
		if err != nil {
			continue
		}
		s, err := New(c, Config{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for range s.Run(200) {
		}
		if strings.HasSuffix(file, "/kruise-manager-and-daemon.yaml") {
			// Kustomize adds the prefix of the account later: without it, the pods are refused.
			if st := s.State("system/daemon"); st != StateStuck {
				t.Errorf("%s: %v although the ServiceAccount kruise-daemon does not exist", file, st)
			}
			continue
		}
		for _, ds := range m.DaemonSets {
			sets++
			key := kube.Key(ds)
			if st := s.State(key); st != StateDone {
				t.Errorf("%s %s: %v after %d ticks", file, key, st, s.Now())
			}
		}
		for _, ds := range m.DaemonSets {
			key := kube.Key(ds)
			ds = ds.DeepCopy()
			ds.Spec.Template.Spec.Containers[0].Image += "-next"
			if err := s.Apply(ds); err != nil {
				t.Errorf("%s %s: %v", file, key, err)
			}
		}
		for range s.Run(500) {
		}
		for _, ds := range m.DaemonSets {
			if st := s.State(kube.Key(ds)); st != StateDone {
				t.Errorf("%s %s: updated: %v after %d ticks", file, kube.Key(ds), st, s.Now())
			}
		}
	}
	if sets < 50 {
		t.Errorf("only %d DaemonSets", sets)
	}
	t.Logf("%d DaemonSets", sets)
}

func fleetNodes(n int) []*corev1.Node {
	var nodes []*corev1.Node
	for i := range n {
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name: string(rune('a' + i)), Labels: map[string]string{corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64"},
		}})
	}
	return nodes
}
