package rollout

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	_ "github.com/berthsim/berth/internal/seed"
)

// story is a generated scenario: nodes, a configuration, and inputs by tick.
type story struct {
	config Config
	nodes  []*corev1.Node
	others []runtime.Object // pods that no DaemonSet owns, their controller, budgets
	inputs []scheduled
	ticks  int
	sets   []appsv1.DaemonSet
}

// GoString is how rapid shows a story.
func (y *story) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", y.config)
	for _, n := range y.nodes {
		fmt.Fprintf(&b, "node %s %v %v %v\n", n.Name, n.Labels, n.Spec.Taints, n.Status.Allocatable)
	}
	for _, o := range y.others {
		text, _ := json.Marshal(o)
		fmt.Fprintf(&b, "%s\n", text)
	}
	b.WriteString(y.script().String())
	return b.String()
}

// script is what happens in the story; it can be pasted into a scenario.
func (y *story) script() Script {
	var script Script
	for _, in := range y.inputs {
		script = append(script, ScheduledInput{int(in.tick), in.input})
	}
	return script
}

func (y *story) cluster() *cluster.Cluster {
	var objects []runtime.Object
	for _, n := range y.nodes {
		objects = append(objects, n)
	}
	c, err := cluster.New(append(objects, y.others...)...)
	if err != nil {
		panic(err)
	}
	return c
}

func (y *story) sim(t failer) *Sim {
	s, err := New(y.cluster(), y.config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, in := range y.inputs {
		if err := s.At(int(in.tick), in.input); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return s
}

// mood selects what may happen in a story.
type mood int

const (
	calm      mood = iota // updates of the image only
	mixed                 // everything
	drained               // nodes are drained whose pods come and go
	endlessly             // everything, including endless loops: pods that are rejected, or crash after they were ready
)

func stories(m mood) *rapid.Generator[*story] {
	return rapid.Custom(func(t *rapid.T) *story {
		w := &writer{t: t, mood: m, story: &story{}}
		if m == endlessly {
			w.mood, w.endless = mixed, true
		}
		w.begin()
		for range rapid.IntRange(1, 8).Draw(t, "events") {
			w.tick += rapid.IntRange(0, 5).Draw(t, "gap")
			w.happen()
		}
		w.ticks = w.tick + rapid.IntRange(2, 20).Draw(t, "rest")
		return w.story
	})
}

type writer struct {
	*story
	t    *rapid.T
	mood mood
	tick int

	endless bool
}

func ptr[T any](v T) *T { return &v }

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func (w *writer) begin() {
	second := time.Second
	w.config = Config{
		Tick:      pick(w.t, "tick", second, second, 2*second, 5*second),
		Seed:      rapid.Uint64Range(0, 3).Draw(w.t, "seed"),
		PodGC:     pick(w.t, "gc", 0, 0, 3*second),
		NodeGrace: pick(w.t, "grace", 0, 0, 2*second),
		Kubelet: Kubelet{
			Start: pick(w.t, "start", 0, 0, 3*second),
			Ready: pick(w.t, "ready", 0, 0, 2*second),
			Stop:  pick(w.t, "stop", 0, 0, 4*second),
		},
	}
	w.config.Instant = w.config.Seed%2 == 0
	if w.mood == mixed && rapid.IntRange(0, 3).Draw(w.t, "spread") == 0 {
		w.config.Kubelet.Jitter = Jitter{Start: 3 * second, Ready: 4 * second, Stop: 5 * second, PerNode: rapid.Bool().Draw(w.t, "per node"), LongTail: rapid.Bool().Draw(w.t, "tailed")}
	}
	if w.mood == mixed && rapid.Bool().Draw(w.t, "slow") {
		w.config.Kubelet.Timings = []Timing{{Nodes: []string{"n1"}, Start: 2 * second, Ready: 3 * second, Stop: 5 * second}}
	}
	for i := range rapid.IntRange(1, 7).Draw(w.t, "nodes") {
		w.nodes = append(w.nodes, w.node(fmt.Sprintf("n%d", i)))
	}
	if w.mood == drained || w.mood == mixed && rapid.Bool().Draw(w.t, "others") {
		w.populate()
	}
	for _, name := range []string{"agent", "proxy"}[:rapid.IntRange(1, 2).Draw(w.t, "sets")] {
		w.sets = append(w.sets, *w.newSet(name))
		w.apply(len(w.sets) - 1)
	}
}

func (w *writer) node(name string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pool": "a"}}}
	if w.mood == mixed {
		if rapid.IntRange(0, 2).Draw(w.t, "small") > 0 {
			n.Status.Allocatable = corev1.ResourceList{
				corev1.ResourcePods: resource.MustParse(pick(w.t, "places", "1", "3", "9")),
				corev1.ResourceCPU:  resource.MustParse(pick(w.t, "cpu", "1", "2")),
			}
		}
		n.Labels["pool"] = pick(w.t, "pool", "a", "a", "b")
		if rapid.IntRange(0, 6).Draw(w.t, "tainted") == 0 {
			n.Spec.Taints = []corev1.Taint{{Key: "old", Effect: corev1.TaintEffectNoSchedule}}
		}
	}
	return n
}

// populate puts pods of a StatefulSet and of nobody on the nodes, and budgets over them.
func (w *writer) populate() {
	add := func(line string) {
		o, err := parseObject(strings.Fields(line))
		if err != nil {
			panic(err)
		}
		w.others = append(w.others, o)
	}
	add(fmt.Sprintf("statefulset web replicas=%d", rapid.IntRange(0, 3).Draw(w.t, "replicas")))
	for i := range rapid.IntRange(1, 4).Draw(w.t, "pods") {
		add(fmt.Sprintf("pod web-%d on=n%d app=%s %s %s %s", i, rapid.IntRange(0, len(w.nodes)-1).Draw(w.t, "on"), pick(w.t, "app", "web", "agent"),
			pick(w.t, "of", "of=StatefulSet/web", "of=StatefulSet/web", ""), pick(w.t, "state", "", "", "not-ready", "failed", "empty-dir"),
			pick(w.t, "stops", "grace=0", "grace=7", "", "cpu=600m", "cpu=700m priority=7")))
	}
	for i := range rapid.IntRange(0, 2).Draw(w.t, "budgets") {
		add(fmt.Sprintf("budget b%d app=%s %s %s", i, pick(w.t, "over", "web", "agent"), pick(w.t, "amount", "min=0", "min=1", "min=3", "min=50%", "max=1", "max=50%"),
			pick(w.t, "policy", "policy=AlwaysAllow", "policy=IfHealthyBudget", "")))
	}
}

func (w *writer) newSet(name string) *appsv1.DaemonSet {
	app := map[string]string{"app": name}
	ds := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "v0"}}},
			},
			MinReadySeconds: pick[int32](w.t, "min ready", 0, 0, 1, 4),
		},
	}
	if cpu := pick(w.t, "requests", "", "", "600m", "1500m"); cpu != "" && w.mood == mixed {
		ds.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	}
	if w.endless {
		ds.Spec.Template.Spec.PriorityClassName = pick(w.t, "priority", "", "system-node-critical", "system-cluster-critical")
	}
	if rapid.IntRange(0, 5).Draw(w.t, "port") == 0 && w.mood == mixed {
		ds.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}
	}
	if grace := pick[int64](w.t, "grace seconds", -1, -1, 2, 0); grace >= 0 {
		ds.Spec.Template.Spec.TerminationGracePeriodSeconds = &grace
	}
	if limit := pick[int32](w.t, "history", -1, 0, 1); limit >= 0 {
		ds.Spec.RevisionHistoryLimit = &limit
	}
	w.strategy(ds)
	return ds
}

func (w *writer) strategy(ds *appsv1.DaemonSet) {
	amount := func(label string, from ...string) *intstr.IntOrString {
		v := intstr.Parse(pick(w.t, label, from...))
		return &v
	}
	r := &appsv1.RollingUpdateDaemonSet{}
	strategy := appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: r}
	switch kind := pick(w.t, "strategy", "rolling", "rolling", "surge", "ondelete"); {
	case kind == "surge":
		zero := intstr.FromInt32(0)
		r.MaxSurge, r.MaxUnavailable = amount("surge", "1", "2", "10%", "100%"), &zero
	case kind == "ondelete" && w.mood == mixed:
		strategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
	default:
		r.MaxUnavailable = amount("unavailable", "1", "1", "2", "10%", "50%", "100%")
	}
	ds.Spec.UpdateStrategy = strategy
}

func (w *writer) add(in Input) { w.inputs = append(w.inputs, scheduled{int32(w.tick), in}) }

// where draws nodes for a fault, which are there from the beginning.
func (w *writer) where() []string {
	others := []string{"n0"}
	for i := 1; i < min(3, len(w.nodes)); i++ {
		others = append(others[:i-1], fmt.Sprintf("n%d", i))
	}
	return pick(w.t, "where", nil, []string{"n0"}, others)
}

func (w *writer) apply(i int) { w.add(Apply{Object: w.sets[i].DeepCopy()}) }

func (w *writer) trouble(event int) {
	image, nodes := fmt.Sprintf("v%d", rapid.IntRange(0, 3).Draw(w.t, "bad")), w.where()
	after := pick(w.t, "after", 0, time.Second, 4*time.Second, 700*time.Second)
	if !w.endless {
		after, event = 0, min(event, 22)
	}
	switch event {
	case 21:
		w.add(CrashLoop{image, after, nodes})
	case 22:
		w.add(ImagePullFails{image, nodes})
	case 23:
		w.add(RejectPods{"OutOfcpu", pick(w.t, "only", "", image), nodes})
	}
}

func (w *writer) drain(node string) Drain {
	flag := func(name string) bool { return rapid.IntRange(0, 3).Draw(w.t, name) > 0 }
	return Drain{
		Node: node, IgnoreDaemonSets: flag("ignore"), DeleteEmptyDirData: flag("delete"), Force: flag("force"), DisableEviction: !flag("evict"),
		GracePeriodSeconds: pick[*int64](w.t, "grace period", nil, nil, new(int64(0)), new(int64(2))),
		Timeout:            pick(w.t, "timeout", 0, 0, 3*time.Second, 11*time.Second),
		PodSelector:        pick(w.t, "selector", "", "", "app in (web)"),
	}
}

func (w *writer) happen() {
	i := rapid.IntRange(0, len(w.sets)-1).Draw(w.t, "which")
	if w.mood == calm || w.mood == mixed && rapid.IntRange(0, 2).Draw(w.t, "update") == 0 {
		w.sets[i].Spec.Template.Spec.Containers[0].Image = fmt.Sprintf("v%d", rapid.IntRange(0, 3).Draw(w.t, "image"))
		w.apply(i)
		return
	}
	most := 7
	if w.mood == drained {
		most = len(w.nodes) - 1
	}
	node := fmt.Sprintf("n%d", rapid.IntRange(0, most).Draw(w.t, "node"))
	spec := &w.sets[i].Spec
	key := "default/" + w.sets[i].Name
	event := rapid.IntRange(0, 24).Draw(w.t, "event")
	if w.mood == drained {
		event = pick(w.t, "event", 19, 19, 19, 20, 10, 11, 11, 14)
	}
	switch event {
	case 21, 22, 23:
		w.trouble(event)
	case 24:
		w.add(Recover{pick(w.t, "only", "", "v1", "v2"), w.where()})
	case 19:
		w.add(w.drain(node))
	case 20:
		w.add(EvictPods{node})
	case 0:
		w.strategy(&w.sets[i])
		w.apply(i)
	case 1:
		spec.MinReadySeconds = pick[int32](w.t, "min ready", 0, 2, 5)
		w.apply(i)
	case 2:
		spec.Template.Spec.NodeSelector = pick(w.t, "on", nil, map[string]string{"pool": "a"}, map[string]string{"pool": "b"})
		w.apply(i)
	case 3:
		spec.Template.Spec.Tolerations = pick(w.t, "tolerates", nil, []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			[]corev1.Toleration{{Key: "new", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: pick(w.t, "seconds", ptr[int64](-2), ptr[int64](0), ptr[int64](3), nil)}})
		w.apply(i)
	case 4:
		w.add(Undo{Key: key})
	case 5:
		w.add(NeverReady{Image: fmt.Sprintf("v%d", rapid.IntRange(1, 3).Draw(w.t, "bad")), Nodes: pick(w.t, "where", nil, []string{"n0"})})
	case 6:
		w.add(NodeDown{node})
	case 7:
		w.add(NodeReady{node})
	case 8:
		w.add(NodeNotReady{Node: node, Why: pick(w.t, "why", "", NotReadyNetwork, NotReadyRuntime, NotReadyStorage, NotReadyShutdown)})
	case 9:
		w.add(NodeReady{node})
	case 10:
		w.add(PodsNotReady{node})
	case 11:
		w.add(PodsReady{node})
	case 12:
		w.add(RemoveNode{node})
	case 13:
		w.add(ApplyNode{w.node(node)})
	case 14:
		if rapid.Bool().Draw(w.t, "one pod") {
			name := "default/" + pick(w.t, "pod", "agent-22224", "agent-22225", "proxy-22224")
			w.add(DeletePods{Pod: name, Force: rapid.Bool().Draw(w.t, "force")})
			return
		}
		w.add(DeletePods{Node: node})
	case 15:
		w.add(StuckTerminating{node})
	case 16:
		for range rapid.IntRange(1, 4).Draw(w.t, "times") {
			w.add(FailPods{node})
			w.tick++
		}
	case 17:
		edit := pick(w.t, "edit", cluster.Taint("new=x:NoSchedule"), cluster.Taint("new=x:NoExecute"), cluster.Untaint("new"),
			cluster.Label("pool", "b"), cluster.Label("pool", "a"), cluster.Cordon(), cluster.Uncordon())
		w.add(EditNode{node, []cluster.NodeEdit{edit}})
	case 18:
		w.add(Delete{key, pick(w.t, "propagation", propagations...)})
		w.tick += rapid.IntRange(0, 6).Draw(w.t, "until it is back")
		w.apply(i)
	}
}
