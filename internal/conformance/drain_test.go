package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubectl/pkg/drain"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/rollout"
)

// A PodDisruptionBudget allows what the disruption controller writes into its status,
// with the same message if it cannot count pods. Seen to fail: a scale that counts a
// controller once for each of its pods.
func TestBudgetsAreCounted(t *testing.T) {
	census := newCensus("a number of minAvailable", "a percentage of minAvailable", "maxUnavailable", "failed sync", "allowed", "nothing allowed", "pods of nobody")
	check(t, 1500, func(t *rapid.T) {
		w := drawOccupied(t)
		sim, err := rollout.New(w.cluster(t), rollout.Config{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		ours := sim.Cluster().Manifest().PodDisruptionBudgets[0].Status
		for try := 1; ; try++ {
			theirs, err := upstream.Disruptions(w.budget, sim.Time(0), w.objects...)
			if err != nil {
				t.Fatalf("driver: %v", err)
			}
			a, b := numbers(&theirs), numbers(&ours)
			if a == b {
				break
			}
			if try == 40 || !strings.Contains(a, "SyncFailed") { // of several pods without a scale it names any
				t.Fatalf("Kubernetes %s\nberth      %s\n%s", a, b, shown(w.budget))
			}
		}
		census.cases++
		spec := w.budget.Spec
		census.noteIf(spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.Int, "a number of minAvailable")
		census.noteIf(spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.String, "a percentage of minAvailable")
		census.noteIf(spec.MaxUnavailable != nil, "maxUnavailable")
		census.noteIf(strings.Contains(numbers(&ours), "SyncFailed"), "failed sync")
		census.noteIf(ours.DisruptionsAllowed > 0, "allowed")
		census.noteIf(ours.DisruptionsAllowed == 0, "nothing allowed")
		census.noteIf(slices.ContainsFunc(w.pods, func(p *corev1.Pod) bool { return len(p.OwnerReferences) == 0 }), "pods of nobody")
	})
	census.report(t, "budgets")
}

func numbers(s *policyv1.PodDisruptionBudgetStatus) string {
	text := fmt.Sprintf("expected %d desired %d healthy %d allowed %d", s.ExpectedPods, s.DesiredHealthy, s.CurrentHealthy, s.DisruptionsAllowed)
	for _, c := range s.Conditions {
		text += fmt.Sprintf(" %s=%s %s %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return text
}

// A drain takes the pods that kubectl takes, and refuses and warns in its words.
// Seen to fail: judge lets what has ended go before it asks for mirrors.
func TestDrainsChooseAsKubectl(t *testing.T) {
	census := newCensus("refused", "drained", "a warning", "DaemonSet-managed", "local storage", "declare no controller", "not found", "several mistakes")
	check(t, 3000, func(t *rapid.T) {
		w := drawOccupied(t)
		in := rollout.Drain{
			Node: "n1", IgnoreDaemonSets: rapid.Bool().Draw(t, "ignore"), DeleteEmptyDirData: rapid.Bool().Draw(t, "delete"),
			Force: rapid.Bool().Draw(t, "force"), DisableEviction: true,
		}
		took, warnings, wrong := kubectl(t, in, w)
		sim, err := rollout.New(w.cluster(t), rollout.Config{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		if err := sim.Inject(in); err != nil {
			t.Fatalf("%v", err)
		}
		var ours, ourWarnings, ourMistakes []string
		for _, e := range sim.Tick() {
			_, warning, _ := strings.Cut(e.Detail, "; Warning: ")
			switch {
			case e.Kind == rollout.EventDeletedByUser:
				ours = append(ours, e.Pod)
			case e.Kind == rollout.EventInputApplied && warning != "":
				ourWarnings = strings.Split(warning, "; ")
			case e.Kind == rollout.EventDrainFailed:
				ourMistakes = append(ourMistakes, e.Detail)
			}
		}
		if wrong != nil {
			took = nil
		}
		if a, b := fmt.Sprint(took), fmt.Sprint(ours); a != b {
			t.Fatalf("%v: kubectl takes %s, berth %s", rollout.FormatInput(in), a, b)
		}
		slices.Sort(warnings)
		slices.Sort(ourWarnings)
		if a, b := fmt.Sprint(warnings), fmt.Sprint(ourWarnings); a != b {
			t.Fatalf("%v:\nkubectl warns %s\nberth warns   %s", rollout.FormatInput(in), a, b)
		}
		if (wrong != nil) != (ourMistakes != nil) {
			t.Fatalf("%v: kubectl says %v, berth %v", rollout.FormatInput(in), wrong, ourMistakes)
		}
		for _, err := range wrong {
			if !strings.Contains(ourMistakes[0], err.Error()) {
				t.Fatalf("%v: kubectl says %v\nberth says %s", rollout.FormatInput(in), err, ourMistakes[0])
			}
		}
		census.cases++
		all := fmt.Sprint(wrong, warnings)
		census.noteIf(wrong != nil, "refused")
		census.noteIf(wrong == nil, "drained")
		census.noteIf(len(warnings) > 0, "a warning")
		census.noteIf(len(wrong) > 1, "several mistakes")
		for _, words := range []string{"DaemonSet-managed", "local storage", "declare no controller", "not found"} {
			census.noteIf(strings.Contains(all, words), words)
		}
	})
	census.report(t, "drains")
}

// kubectl asks kubectl's own helper which pods go.
func kubectl(t failer, in rollout.Drain, w *occupied) (took, warnings []string, wrong []error) {
	var objects []runtime.Object
	for _, p := range w.pods {
		if p.Spec.NodeName == in.Node { // the fake server knows no field selector
			objects = append(objects, p)
		}
	}
	objects = append(objects, w.daemonSet)
	helper := drain.Helper{
		Ctx: context.Background(), Client: fake.NewClientset(objects...), Force: in.Force,
		IgnoreAllDaemonSets: in.IgnoreDaemonSets, DeleteEmptyDirData: in.DeleteEmptyDirData, GracePeriodSeconds: -1,
	}
	list, errs := helper.GetPodsForDeletion(in.Node)
	if list == nil {
		t.Fatalf("driver: %v", errors.Join(errs...))
	}
	for _, p := range list.Pods() {
		took = append(took, p.Name)
	}
	slices.Sort(took)
	if text := list.Warnings(); text != "" {
		warnings = strings.Split(text, "; ")
	}
	return took, warnings, errs
}

// occupied is a node with pods of every kind of controller, and a budget over them.
type occupied struct {
	pods      []*corev1.Pod
	budget    *policyv1.PodDisruptionBudget
	daemonSet *appsv1.DaemonSet
	objects   []runtime.Object // all but nodes and the budget
}

func (w *occupied) cluster(t failer) *cluster.Cluster {
	objects := append([]runtime.Object{w.budget}, w.objects...)
	for _, n := range []string{"n1", "n2"} {
		objects = append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n}})
	}
	c, err := cluster.New(objects...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

func draw[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func at[T any](v T) *T { return &v }

func drawOccupied(t *rapid.T) *occupied {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)}
	}
	app := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app.MatchLabels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "web"}}}}
	replicas := func(label string) *int32 { return at(rapid.Int32Range(0, 5).Draw(t, label)) }
	w := &occupied{daemonSet: &appsv1.DaemonSet{ObjectMeta: meta("agent"), Spec: appsv1.DaemonSetSpec{Selector: app, Template: template}}}
	deployment := &appsv1.Deployment{ObjectMeta: meta("shop"), Spec: appsv1.DeploymentSpec{Replicas: replicas("deployment"), Selector: app, Template: template}}
	owned := &appsv1.ReplicaSet{ObjectMeta: meta("shop-1"), Spec: appsv1.ReplicaSetSpec{Replicas: replicas("its set"), Selector: app, Template: template}}
	owned.OwnerReferences = controlledBy("Deployment", draw(t, "its deployment", "shop", "shop", "gone"))
	free := &appsv1.ReplicaSet{ObjectMeta: meta("free"), Spec: appsv1.ReplicaSetSpec{Replicas: replicas("set"), Selector: app, Template: template}}
	stateful := &appsv1.StatefulSet{ObjectMeta: meta("db"), Spec: appsv1.StatefulSetSpec{Replicas: replicas("stateful"), Selector: app, Template: template}}
	w.objects = []runtime.Object{w.daemonSet, deployment, owned, free, stateful}
	kinds := draw(t, "kinds", 2, 4, 7)
	for i := range rapid.IntRange(0, 6).Draw(t, "pods") {
		p := drawPod(t, meta(fmt.Sprintf("pod-%d", i)), kinds)
		w.pods, w.objects = append(w.pods, p), append(w.objects, p)
	}
	amount := intstr.Parse(draw(t, "amount", "0", "1", "2", "3", "30%", "50%", "100%"))
	w.budget = &policyv1.PodDisruptionBudget{ObjectMeta: meta("budget")}
	w.budget.Spec.Selector = draw(t, "selector", app, app, app, &metav1.LabelSelector{}, nil)
	if rapid.Bool().Draw(t, "max") {
		w.budget.Spec.MaxUnavailable = &amount
	} else {
		w.budget.Spec.MinAvailable = &amount
	}
	return w
}

func controlledBy(kind, name string) []metav1.OwnerReference {
	version := "apps/v1"
	if kind == "Job" {
		version = "batch/v1"
	}
	return []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: name, UID: types.UID(name), Controller: at(true)}}
}

func drawPod(t *rapid.T, meta metav1.ObjectMeta, kinds int) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: meta, Spec: corev1.PodSpec{NodeName: draw(t, "node", "n1", "n1", "n2"), Containers: []corev1.Container{{Name: "main", Image: "web"}}}}
	p.Labels = map[string]string{"app": draw(t, "app", "web", "web", "other")}
	owners := [][2]string{{"StatefulSet", "db"}, {"ReplicaSet", "shop-1"}, {"ReplicaSet", "free"}, {}, {"DaemonSet", "agent"}, {"Job", "once"}, {"DaemonSet", "gone"}}
	if o := rapid.SampledFrom(owners[:kinds]).Draw(t, "owner"); o[0] != "" {
		p.OwnerReferences = controlledBy(o[0], o[1])
	}
	p.Status.Phase = draw(t, "phase", corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodPending, corev1.PodFailed, corev1.PodSucceeded)
	if ready := draw(t, "ready", corev1.ConditionTrue, corev1.ConditionTrue, corev1.ConditionFalse); p.Status.Phase == corev1.PodRunning {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	}
	switch draw(t, "extra", 0, 0, 0, 1, 2, 3) {
	case 1:
		p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	case 2:
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
	}
	return p
}
