package dryrun_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// An applied node keeps a status that the manifest leaves out, and takes a status that
// it has.
func TestApplyOfANodeKeepsItsStatus(t *testing.T) {
	c := agents(t, 2)
	bare := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n01", Labels: map[string]string{"pool": "b"}}}
	p := plan(t, c, dryrun.Apply(bare))
	before, _ := c.Node("n01")
	after, ok := p.After().Node("n01")
	for i := range after.Status.Conditions { // the kubelet reports on
		after.Status.Conditions[i].LastHeartbeatTime = before.Status.Conditions[i].LastHeartbeatTime
	}
	if !ok || after.Labels["pool"] != "b" || len(after.Status.Allocatable) == 0 || fmt.Sprint(after.Status) != fmt.Sprint(before.Status) {
		t.Errorf("after: %v", after)
	}
	if len(bare.Status.Allocatable) > 0 {
		t.Error("the argument was changed")
	}
	small := clustertest.Object[*corev1.Node](t, clustertest.Node("n01", "pool=a", "cpu:1"))
	after, _ = plan(t, c, dryrun.Apply(small)).After().Node("n01")
	if cpu := after.Status.Allocatable.Cpu(); cpu.Value() != 1 {
		t.Errorf("%v cpu, want 1", cpu)
	}
	new := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n03"}}
	if after, ok := plan(t, c, dryrun.Apply(new)).After().Node("n03"); !ok || len(after.Status.Allocatable) > 0 {
		t.Errorf("a new node: %v", after)
	}
}

// All mistakes are reported, whichever edit has them.
func TestAllMistakesOfAPlan(t *testing.T) {
	c := agents(t, 1)
	moved := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent"))
	moved.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "other"}}
	moved.Spec.Template.Labels = moved.Spec.Selector.MatchLabels
	nameless := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent"))
	nameless.Name = ""
	_, err := dryrun.New(c, dryrun.Apply(moved, nameless, nil), dryrun.Delete(nameless), dryrun.Edit{}, dryrun.RemoveNodes(cluster.NodeSet{}),
		dryrun.EditNodes(c.Nodes()), dryrun.EditNodes(cluster.NodeSet{}, cluster.Cordon()))
	if err == nil {
		t.Fatal("no mistake")
	}
	want := []string{
		`DaemonSet ops/agent: spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable`,
		"DaemonSet ops/: metadata.name: Required value", "object 2: is nil", "object 0: DaemonSet: metadata.name: is required", "the zero Edit edits nothing", "RemoveNodes: there is no node in the set",
		"EditNodes: no edit of n01", "EditNodes: cordon: there is no node in the set",
	}
	lines := strings.Split(err.Error(), "\n")
	for i, w := range want {
		if i >= len(lines) || !strings.HasPrefix(lines[i], w) {
			t.Errorf("mistake %d is not %q:\n%v", i, w, err)
			break
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d mistakes, want %d:\n%v", len(lines), len(want), err)
	}
	if _, err := dryrun.New(c, dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "image:other")))); err != nil {
		t.Errorf("the same selector: %v", err)
	}
}

// A deleted pod goes. Of evicted pods the one with the highest priority gets the room.
func TestWhichPodGetsTheRoom(t *testing.T) {
	world := clustertest.World{clustertest.Node("n1", "cpu:4"), clustertest.Node("n2", "cpu:2")}
	for _, priorities := range [][]int32{{0, 1}, {1, 0}, {5, 7}, {-1, 0}, {3, 2}} {
		var objects []runtime.Object
		for i, priority := range priorities {
			pod := replicaPod(t, fmt.Sprintf("shop/web-%d", i), "node:n1", "cpu:2")
			if pod.Spec.Priority = &priority; priority == 0 {
				pod.Spec.Priority = nil
			}
			objects = append(objects, pod)
		}
		c := with(t, world, objects...)
		first := 0
		if priorities[1] > priorities[0] {
			first = 1
		}
		evictions := plan(t, c, dryrun.RemoveNodes(c.Named("n1"))).Evictions()
		for i, e := range evictions {
			if want := map[bool]string{true: "n2"}[i == first]; e.NewNode != want || (e.Unschedulable == "") != (i == first) {
				t.Errorf("priorities %v: %v, want %q", priorities, e, want)
			}
		}
		deleted := plan(t, c, dryrun.Delete(objects[0])).Evictions()
		if len(deleted) != 1 || deleted[0].Pod != "shop/web-0" || deleted[0].Disposition != dryrun.DispositionRemoved || deleted[0].Cause != "the pod is deleted" || deleted[0].After != 0 {
			t.Errorf("deleted: %v", deleted)
		}
	}
}

// A plan with Deployments reports what happens to each, with all its pods in one line.
func TestPlansTellOfDeployments(t *testing.T) {
	c := agents(t, 3)
	web, api := webOf(2, "web:1"), webOf(5, "api:1")
	api.Name = "api"
	for _, test := range []struct {
		edit  dryrun.Edit
		lines []string
		total string
	}{
		{dryrun.Apply(web), []string{"+ Deployment shop/web: created\n    pods: 2 created; Done"}, "2 of Deployments created"},
		{dryrun.Apply(web, api), []string{"+ Deployment shop/api: created\n    pods: 5 created; Done", "+ Deployment shop/web: created\n    pods: 2 created; Done"},
			"7 of Deployments created"},
	} {
		p := plan(t, c, test.edit)
		text := p.String()
		for _, line := range test.lines {
			if strings.Count(text, "\n"+line+"\n") != 1 {
				t.Errorf("%q is not in\n%s", line, text)
			}
		}
		if !strings.Contains(text, "plan: pods: "+test.total+"; 1 DaemonSets of 1 untouched") || strings.Count(text, "+ Deployment") != len(test.lines) || empty(p) {
			t.Errorf("%q is not in\n%s", test.total, text)
		}
	}
}

// If a rollout does not complete, the record lists the nodes that wait. It also lists what
// a webhook changes in a pod.
func TestRecordsOfWhatDoesNotEnd(t *testing.T) {
	for _, n := range []int{1, 2, 7} {
		config := dryrun.Config{Rollout: rollout.Config{Admit: func(pod *corev1.Pod) { pod.Spec.DNSPolicy = corev1.DNSDefault }}}
		c := agents(t, n)
		base, err := dryrun.NewBaseline(c, config)
		if err != nil {
			t.Fatal(err)
		}
		huge := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "on:pool=a", "cpu:64", fmt.Sprintf("max-unavailable:%d", n)))
		p, err := base.Plan(dryrun.Apply(huge))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var r dryrun.Record
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		e := r.Effects[0]
		if e.Rollout == nil || e.Rollout.Completes || e.Rollout.State != "Stuck" || len(e.Rollout.Waiting) != n || !strings.HasPrefix(e.Rollout.Waiting[0], "n01: Unschedulable") {
			t.Errorf("%d nodes: %+v", n, e.Rollout)
		}
		if a := e.Admission; a == nil || len(a.Changes) != 1 || len(a.Refused) != 0 || len(a.Gained) != 0 {
			t.Errorf("%d nodes: %+v", n, a)
		}
		want := `    admission changes the pod
      spec.dnsPolicy: "ClusterFirst" -> "Default"
`
		if text := p.String(); !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// The plan reports a limit that is too short.
func TestAPlanThatIsNotOverSaysSo(t *testing.T) {
	config := dryrun.Config{Limit: 30 * time.Second, Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 10 * time.Second}}}
	for n, over := range map[int]bool{1: true, 2: true, 7: false} {
		base, err := dryrun.NewBaseline(agents(t, n), config)
		if err != nil {
			t.Fatal(err)
		}
		p, err := base.Plan(dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "on:pool=a", "image:agent:2"))))
		if err != nil {
			t.Fatal(err)
		}
		const note = "note: the rollouts that the edits cause have not completed after 30s\n"
		if text := p.String(); strings.Contains(text, note) == over {
			t.Errorf("%d nodes, over %v:\n%s", n, over, text)
		}
	}
}

// A budget that needs a scale can never be computed for the pods of a DaemonSet. A
// budget with a number of pods can, but nothing consults it.
func TestBudgetsOverDaemonPodsAreFound(t *testing.T) {
	one, half := intstr.FromInt32(1), intstr.FromString("50%")
	for _, test := range []struct {
		spec policyv1.PodDisruptionBudgetSpec
		want string
	}{
		{policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one}, "maxUnavailable 1"},
		{policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &half}, "maxUnavailable 50%"},
		{policyv1.PodDisruptionBudgetSpec{MinAvailable: &half}, "minAvailable 50%"},
		{policyv1.PodDisruptionBudgetSpec{MinAvailable: &one}, "neither a rollout of DaemonSet ops/agent nor kubectl drain asks it"},
	} {
		test.spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "agent"}}
		budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: "all"}, Spec: test.spec}
		other := budget.DeepCopy()
		other.Namespace = "elsewhere"
		found, err := dryrun.Inspect(with(t, clustertest.World{clustertest.Node("n1"), clustertest.DaemonSet("ops/agent", "cpu:1")}, budget, other), dryrun.Config{})
		if err != nil || len(found) != 1 || !strings.Contains(found[0].Message, test.want) || !strings.Contains(found[0].Object, "ops/all") {
			t.Errorf("%v, %v, want one with %q", found, err, test.want)
		}
	}
}

// Dead nodes use up maxUnavailable if there are as many as it allows and another node
// is to be updated: a simulated rollout does not begin.
func TestDeadNodesUseUpTheBudget(t *testing.T) {
	for _, test := range []struct{ dead, alive, budget, want int }{
		{0, 3, 1, 0}, {1, 3, 1, 1}, {1, 3, 2, 0}, {2, 3, 2, 2}, {2, 3, 1, 2}, {6, 3, 7, 0}, {7, 3, 7, 7}, {1, 0, 1, 0}, {3, 0, 1, 0}, {3, 1, 3, 3}, {3, 3, 1, 3},
	} {
		agent := clustertest.DaemonSet("ops/agent", "cpu:1", fmt.Sprintf("max-unavailable:%d", test.budget))
		var names []string
		w := clustertest.World{agent}
		for i := range test.dead + test.alive {
			names = append(names, fmt.Sprintf("n%d", i))
			w = append(w, clustertest.Node(names[i]))
		}
		sim, err := rollout.New(w.Cluster(t), rollout.Config{})
		if err != nil {
			t.Fatal(err)
		}
		sim.Advance(100)
		for _, name := range names[:test.dead] {
			if err := sim.Inject(rollout.NodeDown{Node: name}); err != nil {
				t.Fatal(err)
			}
		}
		sim.Advance(1000)
		c := sim.Cluster()
		found, err := dryrun.Inspect(c, dryrun.Config{})
		if err != nil {
			t.Fatal(err)
		}
		dead := 0
		for _, f := range found {
			if f.Rule == "UpdateLimitUsedUp" {
				dead = len(f.Nodes)
				if want := fmt.Sprintf("(%d of %d)", test.dead, test.budget); !strings.Contains(f.Message, want) || !strings.Contains(f.String(), fmt.Sprintf("maxUnavailable to %d", test.dead+1)) {
					t.Errorf("%+v: %v", test, f)
				}
			}
		}
		if dead != test.want {
			t.Errorf("%+v: %d dead nodes: %v", test, dead, found)
		}
		e, _ := plan(t, c, dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent.With("image:agent:2")))).Effect("ops/agent")
		begins := c.Named(e.Pods.Updated...).And(c.Named(names[test.dead:]...)).Len() > 0
		if test.alive > 0 && begins != (test.want == 0) {
			t.Errorf("%+v: a rollout begins: %v", test, begins)
		}
	}
}

// A request or a limit of a container or of the whole pod counts as a request.
func TestAnyRequestIsARequest(t *testing.T) {
	cpu := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
	for _, asks := range []corev1.ResourceRequirements{{}, {Requests: cpu}, {Limits: cpu}, {Requests: cpu, Limits: cpu}} {
		for _, where := range []string{"pod", "first", "second", "init"} {
			ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent"))
			spec := &ds.Spec.Template.Spec
			spec.Containers = append(spec.Containers, corev1.Container{Name: "second", Image: "x"})
			spec.InitContainers = []corev1.Container{{Name: "init", Image: "x"}}
			switch where {
			case "pod":
				spec.Resources = &asks
			case "first":
				spec.Containers[0].Resources = asks
			case "second":
				spec.Containers[1].Resources = asks
			case "init":
				spec.InitContainers[0].Resources = asks
			}
			found, err := dryrun.Inspect(with(t, clustertest.World{clustertest.Node("n1")}, ds), dryrun.Config{})
			if err != nil {
				t.Fatal(err)
			}
			none := slices.ContainsFunc(found, func(f dryrun.Finding) bool { return f.Rule == "NoRequests" })
			if want := len(asks.Requests)+len(asks.Limits) == 0; none != want {
				t.Errorf("%s: %v: %v", where, asks, found)
			}
		}
	}
}

// A rollout is counted in waves of as many nodes as maxUnavailable or maxSurge allows
// at once. Without a rollout there are none.
func TestWavesAreCounted(t *testing.T) {
	for _, test := range []struct {
		nodes int
		words []string
		want  string
	}{
		{1, nil, ""}, {6, nil, ""}, {7, nil, "at least 1m10s, 7 waves of 10s"}, {7, []string{"max-unavailable:2"}, ""},
		{13, []string{"max-unavailable:2"}, "at least 1m10s, 7 waves of 10s"}, {12, []string{"max-surge:2"}, ""}, {13, []string{"max-surge:2"}, "7 waves of 10s"},
		{13, []string{"on-delete"}, ""}, {0, nil, ""},
	} {
		w := clustertest.World{clustertest.DaemonSet("ops/agent", append(test.words, "cpu:1m", "min-ready:10s")...)}
		for i := range test.nodes {
			w = append(w, clustertest.Node(fmt.Sprintf("n%d", i)))
		}
		found, err := dryrun.Inspect(w.Cluster(t), dryrun.Config{Limit: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range found {
			if f.Rule == "TakesTooLong" {
				got = f.Message
			}
		}
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%d nodes, %v: %v, want %q", test.nodes, test.words, found, test.want)
		}
	}
}

// More replicas than a simulation can hold are an error, whatever owns them.
func TestTooManyReplicas(t *testing.T) {
	c := clustertest.World{clustertest.Pool("n", 1)}.Cluster(t)
	many := int32(200_001)
	meta := metav1.ObjectMeta{Namespace: "shop", Name: "web"}
	web := webOf(many, "web:1")
	for _, o := range []runtime.Object{
		web,
		&appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Replicas: &many, Selector: web.Spec.Selector, Template: web.Spec.Template}},
		&appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &many, Selector: web.Spec.Selector, Template: web.Spec.Template}},
	} {
		if _, err := dryrun.New(c, dryrun.Apply(o)); err == nil || !strings.Contains(err.Error(), "shop/web: spec.replicas 200001: berth accepts at most 200000") {
			t.Errorf("%T: %v", o, err)
		}
	}
}

// What the API server refuses of an edit is an operation that is refused, in its words,
// and an error for which errors.Is finds ErrRefused. The plan is that of everything else.
func TestAnUpdateThatIsRefusedIsAnOperation(t *testing.T) {
	c := with(t, clustertest.World{clustertest.Pool("n", 2, "cpu:4"), clustertest.DaemonSet("ops/agent")}, webOf(2, "web:1"))
	base, err := dryrun.NewBaseline(c, dryrun.Config{})
	if err != nil {
		t.Fatal(err)
	}
	other := webOf(2, "web:1")
	other.Spec.Selector.MatchLabels["tier"], other.Spec.Template.Labels["tier"] = "x", "x"
	agent := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "image:agent:2"))
	p, err := base.Plan(dryrun.Apply(other, agent), dryrun.EditNodes(base.Cluster().Named("n-1"), cluster.Label("a", "b")))
	if !errors.Is(err, dryrun.ErrRefused) || p == nil {
		t.Fatalf("%v, %v", err, p)
	}
	operations := p.Operations()
	const words = `Deployment shop/web: spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable`
	if o := operations[0]; o.State != dryrun.OperationRefused || !slices.Equal(o.Reasons, []string{words}) || o.Reasons[0] != err.Error() {
		t.Errorf("%v\n%v", o, err)
	}
	if o := operations[1]; o.State != dryrun.OperationCompleted {
		t.Errorf("%v", o)
	}
	e, _ := p.Effect("ops/agent")
	if text, err := json.Marshal(p); err != nil || len(e.Pods.Updated) != 2 || !strings.Contains(string(text), `"state":"Refused"`) {
		t.Errorf("%v %v\n%s", e, err, text)
	}
	if p, err := base.Plan(dryrun.Apply(other), dryrun.Edit{}); err == nil || p != nil {
		t.Errorf("with another mistake: %v, %v", err, p)
	}
}
