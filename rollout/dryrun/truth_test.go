package dryrun_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
)

// drawTruth draws a cluster with a rollout in progress, and edits of it.
func drawTruth(t *rapid.T) (dryrun.Config, *cluster.Cluster, []dryrun.Edit) {
	seconds := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Second
	}
	config := dryrun.Config{Limit: 20 * time.Minute, Rollout: rollout.Config{Kubelet: rollout.Kubelet{
		Start: seconds("start", 3), Ready: seconds("ready", 4), Stop: seconds("stop", 3)}}}
	config.Rollout.Instant = rapid.Bool().Draw(t, "instant")
	nodes := rapid.IntRange(2, 4).Draw(t, "nodes")
	w := clustertest.World{clustertest.Pool("n", nodes, "cpu:2", "memory:4Gi", "pods:6", "zone=a|b"), clustertest.DaemonSet("ops/agent", "cpu:500m", "tolerate:*")}
	web := webOf(int32(rapid.IntRange(1, 4).Draw(t, "replicas")), "web:1")
	web.Spec.MinReadySeconds = int32(rapid.IntRange(0, 1).Draw(t, "minReady") * 5)
	if rapid.Bool().Draw(t, "large") {
		web.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse("600m")}
	}
	budget := intstr.FromInt32(int32(rapid.IntRange(0, 3).Draw(t, "budget")))
	pdb := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: policyv1.PodDisruptionBudgetSpec{
		MinAvailable: &budget, Selector: web.Spec.Selector.DeepCopy()}}
	c, err := w.Cluster(t).With(web, pdb)
	if err != nil {
		t.Fatal(err)
	}
	if !rapid.Bool().Draw(t, "manifests alone") {
		c = running(t, c, config.Rollout)
	}
	var edits []dryrun.Edit
	for range rapid.IntRange(1, 2).Draw(t, "edits") {
		edits = append(edits, drawTruthEdit(t, c))
	}
	return config, c, edits
}

// running returns the cluster after some time, with a rollout in progress.
func running(t *rapid.T, c *cluster.Cluster, config rollout.Config) *cluster.Cluster {
	sim, err := rollout.New(c, config)
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(rapid.IntRange(1, 60).Draw(t, "ticks"))
	for range rapid.IntRange(1, 2).Draw(t, "troubles") {
		node := rapid.SampledFrom(c.Nodes().Names()).Draw(t, "troubled")
		trouble := rapid.SampledFrom([]rollout.Input{
			rollout.Resume{Key: "shop/web"}, rollout.Apply{Object: webOf(2, "web:2")}, rollout.Scale{Key: "shop/web", Replicas: 7},
			rollout.NodeDown{Node: node}, rollout.NodeNotReady{Node: node}, rollout.FailPods{Node: node},
		}).Draw(t, "trouble")
		if err := sim.Inject(trouble); err != nil {
			t.Fatal(err)
		}
		sim.Advance(rapid.IntRange(1, 12).Draw(t, "ticks since"))
	}
	return sim.Cluster()
}

func drawTruthEdit(t *rapid.T, c *cluster.Cluster) dryrun.Edit {
	node := rapid.SampledFrom(c.Nodes().Names()).Draw(t, "node")
	agent := func(words ...string) dryrun.Edit {
		return dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", append(words, "tolerate:*")...)))
	}
	slower := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "cpu:500m", "image:agent:2"))
	slower.Spec.MinReadySeconds = 7
	return rapid.SampledFrom([]dryrun.Edit{
		agent("cpu:500m", "image:agent:2"), agent("cpu:500m", "image:agent:2", "max-surge:1"), agent("cpu:1900m"), agent("cpu:500m", "image:agent:2", "max-unavailable:3"), dryrun.Apply(slower),
		dryrun.Apply(webOf(3, "web:3")), dryrun.Apply(webOf(0, "web:1")), dryrun.Restart("shop/web"), dryrun.Restart("shop/web"), dryrun.Restart("ops/agent"),
		dryrun.Delete(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}),
		dryrun.EditNodes(c.Named(node), cluster.Taint("x:NoExecute")), dryrun.EditNodes(c.Named(node), cluster.Cordon()), dryrun.RemoveNodes(c.Named(node)),
		dryrun.Apply(clustertest.Object[*corev1.Node](t, clustertest.Node("new-1", "cpu:2", "memory:4Gi", "pods:6"))),
		dryrun.Inputs(rollout.Drain{Node: node, IgnoreDaemonSets: true}), dryrun.Inputs(rollout.Drain{Node: node}),
		dryrun.Inputs(rollout.NodeDown{Node: node}), dryrun.Inputs(rollout.NodeNotReady{Node: node}), dryrun.Inputs(rollout.DeletePods{Node: node}),
		dryrun.Inputs(rollout.Undo{Key: "shop/web"}), dryrun.Inputs(rollout.Scale{Key: "shop/web", Replicas: 5}), dryrun.Inputs(rollout.CrashLoop{Image: "web:3"}),
	}).Draw(t, "edit")
}

// byHand is a simulation that is stepped tick by tick and counted.
type byHand struct {
	sim       *rollout.Sim
	start     int
	before    map[string][]rollout.Pod
	events    []rollout.Event
	budgets   map[string][]dryrun.BudgetMoment
	available map[string][]map[string]int // by workload and tick: available pods by node
}

func shownPods(s *rollout.Sim, key string) []rollout.Pod {
	pods, _ := s.Pods(key) // none if the workload is deleted
	return pods
}

func countByHand(t *rapid.T, p *dryrun.Plan, ticks int) *byHand {
	sim, err := p.Sim()
	if err != nil {
		t.Fatal(err)
	}
	h := &byHand{sim: sim, start: sim.Now(), before: map[string][]rollout.Pod{}, available: map[string][]map[string]int{}}
	for _, key := range sim.Keys() {
		h.before[key] = shownPods(sim, key)
		h.available[key] = []map[string]int{up(h.before[key])}
	}
	h.budgets = map[string][]dryrun.BudgetMoment{}
	h.seeBudgets()
	for range ticks {
		happened := len(h.events)
		if h.events = append(h.events, sim.Tick()...); len(h.events) > happened {
			h.seeBudgets()
		}
		for _, key := range slices.Sorted(maps.Keys(h.available)) {
			h.available[key] = append(h.available[key], up(shownPods(sim, key)))
		}
		for _, key := range sim.Keys() {
			if h.available[key] == nil {
				h.available[key] = make([]map[string]int, sim.Now()-h.start)
				h.available[key] = append(h.available[key], up(shownPods(sim, key)))
			}
		}
		if sim.Settled() {
			break
		}
	}
	return h
}

// seeBudgets records the numbers of each budget where they have changed.
func (h *byHand) seeBudgets() {
	for _, b := range h.sim.Cluster().Manifest().PodDisruptionBudgets {
		key, st := b.Namespace+"/"+b.Name, &b.Status
		now := dryrun.BudgetMoment{At: time.Duration(h.sim.Now()-h.start) * time.Second, Healthy: int(st.CurrentHealthy), Desired: int(st.DesiredHealthy), Allowed: int(st.DisruptionsAllowed)}
		if n := len(h.budgets[key]); n > 0 {
			if was := h.budgets[key][n-1]; was.Healthy == now.Healthy && was.Desired == now.Desired && was.Allowed == now.Allowed {
				continue
			}
		}
		h.budgets[key] = append(h.budgets[key], now)
	}
}

// checkBudgets compares the numbers of each budget over time.
func checkBudgets(t *rapid.T, p *dryrun.Plan, h *byHand, seen map[string]int) {
	for _, b := range p.Record().Budgets {
		if !slices.Equal(b.Moments, h.budgets[b.Budget]) {
			t.Fatalf("%s: %v, by hand %v\n%v\n%v", b.Budget, b.Moments, h.budgets[b.Budget], p, rollout.Trace(h.events))
		}
		least := b.Allowed.Before
		for _, m := range h.budgets[b.Budget] {
			least = min(least, m.Allowed)
		}
		if b.Least != least {
			t.Fatalf("%v, by hand at least %d", b, least)
		}
		if len(b.Moments) > 1 {
			seen["a budget that changes"]++
		}
	}
}

// checkZones compares the lowest number of available pods in each zone.
func checkZones(t *rapid.T, p *dryrun.Plan, h *byHand, seen map[string]int) {
	zones := map[string]string{}
	for _, c := range []*cluster.Cluster{p.Before(), p.After()} {
		for node := range c.Nodes().All() {
			if zone := node.Labels["zone"]; zone != "" {
				zones[node.Name] = zone
			}
		}
	}
	for _, a := range p.Availability("zone") {
		worst := -1
		for _, nodes := range h.available[a.Workload][1:] {
			in := map[string]int{}
			for node, pods := range nodes {
				if zones[node] == a.Domain {
					in[node] = pods
				}
			}
			if n := served(a.Workload, in); worst < 0 || n < worst {
				worst = n
			}
		}
		if a.Worst != worst {
			t.Fatalf("%v, by hand at worst %d\n%v\n%v", a, worst, p, rollout.Trace(h.events))
		}
		if a.Worst < a.Before {
			seen["a dip of a zone"]++
		}
	}
}

func up(pods []rollout.Pod) map[string]int {
	nodes := map[string]int{}
	for _, p := range pods {
		if p.Available && !p.Terminating {
			nodes[p.Node]++
		}
	}
	return nodes
}

// served counts what Availability counts: nodes of a DaemonSet, pods of a Deployment.
func served(key string, nodes map[string]int) int {
	n := 0
	for _, pods := range nodes {
		if strings.HasPrefix(key, "daemonset/") {
			pods = 1
		}
		n += pods
	}
	return n
}

// Every number and every disposition of a plan equals a count of the plan's simulation
// by hand, tick by tick. Results of edits agree with the events and the diagnoses.
//
// Mutants seen: evicted pods that stay available; the successor that was made next; a
// Deployment that is stuck anyway always harmless; an endless drain completed; what
// is stuck and no worse taken for worse; pods counted by how they are before and not
// without the edits; a pod missing a tick longer; the last of the worst ticks; pods
// whose template stays never told; tests of a template's minReadySeconds by the
// Deployment's alone.
func TestPlansTellWhatTheirSimulationsDo(t *testing.T) {
	shrunk.Checks(t, 600)
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		config, c, edits := drawTruth(t)
		base, err := dryrun.NewBaseline(c, config)
		if err != nil {
			t.Fatal(err)
		}
		p, err := base.Plan(edits...)
		if err != nil {
			t.Skip(err) // such as two edits that conflict
		}
		none, err := base.Plan()
		if err != nil {
			t.Fatal(err)
		}
		const ticks = 20 * 60
		with, without := countByHand(t, p, ticks), countByHand(t, none, ticks)
		if got, want := fmt.Sprint(p.Trace()), fmt.Sprint(rollout.Trace(with.events)); got != want && with.sim.Settled() {
			t.Fatalf("the plan's events are others:\n%s\n%s", got, want)
		}
		checkAvailability(t, p, with, seen)
		checkZones(t, p, with, seen)
		checkBudgets(t, p, with, seen)
		checkPods(t, p, with, without, seen)
		checkDeployments(t, p, with, seen)
		checkEvictions(t, p, with, without, seen)
		checkOperations(t, p, with, without, seen)
	})
	for _, what := range []string{
		"a dip", "a dip of a Deployment", "a dip of a zone", "a budget that changes", "at worst fewer", "pods created", "pods updated", "pods deleted", "successor", "no node", "Evicted", "Removed", "WithoutNode",
		"Completed", "Refused", "Stuck", "AlreadyStuck", "drained", "a drain that is stuck", "Deployment",
	} {
		if seen[what] == 0 {
			t.Errorf("never seen: %s (%v)", what, seen)
		}
	}
	t.Log(seen)
}

func checkAvailability(t *rapid.T, p *dryrun.Plan, h *byHand, seen map[string]int) {
	told := map[string]bool{}
	for _, a := range p.Availability("") {
		told[a.Workload] = true
		counts := h.available[a.Workload]
		if counts == nil {
			t.Fatalf("%v: there is no such workload\n%v", a, p)
		}
		worst, at := -1, 0
		for tick, nodes := range counts[1:] {
			if n := served(a.Workload, nodes); worst < 0 || n < worst {
				worst, at = n, tick+1
			}
		}
		want := dryrun.Availability{Workload: a.Workload, Before: served(a.Workload, counts[0]), Worst: worst, At: time.Duration(at) * time.Second,
			After: served(a.Workload, counts[len(counts)-1])}
		if a != want {
			t.Fatalf("%v, by hand\n%v\n%v\n%v", a, want, p, rollout.Trace(h.events))
		}
		if a.Worst < a.Before {
			seen["a dip"]++
			if strings.HasPrefix(a.Workload, "deployment/") {
				seen["a dip of a Deployment"]++
			}
		}
	}
	for _, e := range p.Effects() {
		delete(told, e.Key)
	}
	for key := range told {
		if strings.HasPrefix(key, "daemonset/") { // to a Deployment an input may be refused
			t.Fatalf("something happens to %s, and no effect tells it\n%v", key, p)
		}
	}
}

// final returns the pods of a workload at the end.
func (h *byHand) final(key string) map[string][]rollout.Pod { return perNode(shownPods(h.sim, key)) }

func perNode(pods []rollout.Pod) map[string][]rollout.Pod {
	by := map[string][]rollout.Pod{}
	for _, p := range pods {
		by[p.Node] = append(by[p.Node], p)
	}
	return by
}

func podList(pods []rollout.Pod) string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Name)
	}
	return strings.Join(all, " ")
}

// checkPods compares the sets of Pods with the pods before and after, and MinAvailable
// with the count of each tick.
func checkPods(t *rapid.T, p *dryrun.Plan, with, without *byHand, seen map[string]int) {
	for _, e := range p.Effects() {
		key := e.Key
		if !strings.HasPrefix(key, "daemonset/") {
			continue
		}
		before, after, otherwise := perNode(with.before[key]), with.final(key), without.final(key)
		pods := e.Pods
		for set, ok := range map[string]func(node string) bool{
			"created":   func(n string) bool { return len(before[n]) == 0 && len(after[n]) > 0 },
			"deleted":   func(n string) bool { return len(before[n]) > 0 && len(after[n]) == 0 },
			"updated":   func(n string) bool { return len(before[n]) > 0 && len(after[n]) > 0 && !overlap(before[n], after[n]) },
			"recreated": func(n string) bool { return len(before[n]) > 0 && len(after[n]) > 0 && !overlap(before[n], after[n]) },
			"dropped":   func(n string) bool { return len(before[n]) > 0 && len(after[n]) == 0 },
			"outdated":  func(n string) bool { return overlap(before[n], after[n]) },
		} {
			nodes := map[string][]string{"created": pods.Created, "deleted": pods.Deleted, "updated": pods.Updated, "recreated": pods.Recreated,
				"dropped": pods.Dropped, "outdated": pods.Outdated}[set]
			seen["pods "+set] += len(nodes)
			for _, n := range nodes {
				if !ok(n) {
					t.Fatalf("%s: %s on %s: had %s, has %s\n%v", e.Key, set, n, podList(before[n]), podList(after[n]), p)
				}
			}
		}
		touched := slices.Concat(pods.Created, pods.Deleted, pods.Updated, pods.Recreated, pods.Dropped, pods.Outdated)
		for n := range after {
			if same := len(after[n]) > 0 && len(otherwise[n]) > 0 && after[n][0].Hash == otherwise[n][0].Hash; !same && !overlap(before[n], after[n]) && !slices.Contains(touched, n) {
				t.Fatalf("%s: a new pod on %s that would not be there without the edits is not told\n%v", e.Key, n, p)
			}
		}
		for n := range before {
			if !overlap(before[n], after[n]) && overlap(before[n], otherwise[n]) && !slices.Contains(touched, n) {
				t.Fatalf("%s: that the pod on %s goes, which would stay without the edits, is not told\n%v", e.Key, n, p)
			}
		}
		checkWorst(t, p, e, with, without, seen)
	}
}

func overlap(a, b []rollout.Pod) bool {
	return slices.ContainsFunc(a, func(p rollout.Pod) bool {
		return slices.ContainsFunc(b, func(q rollout.Pod) bool { return p.Name == q.Name })
	})
}

func checkWorst(t *rapid.T, p *dryrun.Plan, e dryrun.Effect, with, without *byHand, seen map[string]int) {
	key := e.Key
	if with.available[key] == nil {
		return
	}
	first, last := up(with.before[key]), up(shownPods(without.sim, key))
	_, prediction := e.Prediction()
	var lasting []string
	for n, pods := range perNode(with.before[key]) {
		live := slices.ContainsFunc(pods, func(p rollout.Pod) bool { return !p.Terminating })
		if live && first[n]+last[n] > 0 && prediction.Eligible().Has(n) {
			lasting = append(lasting, n)
		}
	}
	worst := len(lasting)
	for _, nodes := range with.available[key][1:] {
		n := 0
		for _, node := range lasting {
			if nodes[node] > 0 {
				n++
			}
		}
		worst = min(worst, n)
	}
	if e.Rollout == nil {
		return
	}
	if up, of := e.Rollout.MinAvailable, e.Rollout.Available; up != worst || of != len(lasting) {
		t.Fatalf("%s: at worst %d of %d, by hand %d of %d\n%v\n%v", e.Key, up, of, worst, len(lasting), p, rollout.Trace(with.events))
	}
	if worst < len(lasting) {
		seen["at worst fewer"]++
	}
}

func checkDeployments(t *rapid.T, p *dryrun.Plan, h *byHand, seen map[string]int) {
	for _, d := range p.Effects() {
		_, ok := strings.CutPrefix(d.Key, "deployment/")
		if !ok {
			continue
		}
		seen["Deployment"]++
		want := map[rollout.EventKind][]string{}
		for _, e := range h.events {
			if e.Key == d.Key {
				want[e.Kind] = append(want[e.Kind], e.Pod)
			}
		}
		for kind, got := range map[rollout.EventKind][]string{
			rollout.EventCreated: d.Pods.Created, rollout.EventDeleted: d.Pods.Deleted, rollout.EventEvicted: d.Pods.Evicted, rollout.EventPreempted: d.Pods.Preempted,
		} {
			if slices.Sort(want[kind]); !slices.Equal(got, want[kind]) {
				t.Fatalf("%v: %v %v, by hand %v\n%v", d, kind, got, want[kind], p)
			}
		}
		if state := h.sim.State(d.Key).String(); d.Rollout != nil && d.Rollout.State != state {
			t.Fatalf("%v: %+v, by hand %s\n%v", d, d.Rollout, state, p)
		}
	}
}

// checkEvictions finds, for each pod, the event that removed it, and the events that
// created, bound and readied its successor.
func checkEvictions(t *rapid.T, p *dryrun.Plan, with, without *byHand, seen map[string]int) {
	for _, e := range p.Evictions() {
		seen[string(e.Disposition)]++
		_, pod, _ := strings.Cut(e.Pod, "/")
		left := first(with.events, func(x rollout.Event) bool {
			return x.Pod == pod && x.Node == e.Node && slices.Contains([]rollout.EventKind{rollout.EventEvicted, rollout.EventPreempted, rollout.EventDeletedByUser, rollout.EventGarbageCollected}, x.Kind)
		})
		if e.Disposition == dryrun.DispositionWithoutNode {
			if left != nil {
				t.Fatalf("%v, and yet %v", e, left)
			}
			continue
		}
		if left == nil || e.After != time.Duration(left.Tick-with.start-1)*time.Second {
			t.Fatalf("%v, by hand %v\n%v", e, left, rollout.Trace(with.events))
		}
		if e.Successor == "" {
			continue
		}
		seen["successor"]++
		if want := heir(with.events, left); want != e.Successor {
			t.Fatalf("%v, by hand %s\n%v", e, want, rollout.Trace(with.events))
		}
		kind := func(k rollout.EventKind) *rollout.Event {
			return first(with.events, func(x rollout.Event) bool { return x.Pod == e.Successor && x.Kind == k })
		}
		if kind(rollout.EventCreated) == nil {
			t.Fatalf("%v: nobody made that pod\n%v", e, rollout.Trace(with.events))
		}
		switch bound := kind(rollout.EventBound); {
		case bound == nil:
			seen["no node"]++
			if e.NewNode != "" || e.Unschedulable == "" || e.Missing != nil {
				t.Fatalf("%v: it is not bound", e)
			}
			continue
		case bound.Node != e.NewNode:
			t.Fatalf("%v: it is bound to %s", e, bound.Node)
		}
		ready := kind(rollout.EventReady)
		if d, ok := minReadyOf(p, "shop/web"); ok && d > 0 {
			ready = kind(rollout.EventAvailable)
		}
		switch {
		case ready == nil && e.Missing != nil, ready != nil && e.Missing == nil,
			ready != nil && *e.Missing != time.Duration(max(0, ready.Tick-left.Tick))*time.Second:
			t.Fatalf("%v: left %v, ready %v", e, left, ready)
		}
	}
	for _, x := range with.events { // all are listed
		if x.Kind != rollout.EventEvicted || strings.HasPrefix(x.Key, "daemonset/") {
			continue
		}
		anyway := first(without.events, func(y rollout.Event) bool {
			return y.Pod == x.Pod && y.Node == x.Node && y.Kind != rollout.EventNotReady && y.Kind != rollout.EventInputApplied
		})
		had := slices.ContainsFunc(with.before[x.Key], func(p rollout.Pod) bool {
			return p.Name == x.Pod && p.Node == x.Node && p.Bound && !p.Terminating && p.Phase == "Running"
		})
		told := slices.ContainsFunc(p.Evictions(), func(e dryrun.Eviction) bool { return strings.HasSuffix(e.Pod, "/"+x.Pod) })
		if had && anyway == nil && !told && x.Key != "" && firstLeft(with.events, x.Pod).Kind == rollout.EventEvicted {
			t.Fatalf("%v is not told\n%v", x, p)
		}
	}
}

// heir returns the n-th pod created if the given pod was the n-th of its Deployment to
// leave. If the heir left before it was available, it returns the heir's heir.
func heir(events []rollout.Event, left *rollout.Event) string {
	var gone, made []string
	ready := map[string]bool{}
	for _, e := range events {
		switch {
		case e.Key != left.Key || e.Pod == "":
		case e.Kind == rollout.EventCreated:
			made = append(made, e.Pod)
		case e.Kind == rollout.EventAvailable || e.Kind == rollout.EventReady:
			ready[e.Pod] = true
		case slices.Contains([]rollout.EventKind{rollout.EventEvicted, rollout.EventPreempted, rollout.EventDeletedByUser, rollout.EventGarbageCollected, rollout.EventDeleted, rollout.EventFailed}, e.Kind) &&
			!slices.Contains(gone, e.Pod):
			gone = append(gone, e.Pod)
		}
	}
	pod := left.Pod
	for {
		i := slices.Index(gone, pod)
		if i < 0 || i >= len(made) {
			return pod
		}
		if pod = made[i]; ready[pod] {
			return pod
		}
	}
}

func firstLeft(events []rollout.Event, pod string) rollout.Event {
	return *first(events, func(x rollout.Event) bool {
		return x.Pod == pod && slices.Contains([]rollout.EventKind{rollout.EventEvicted, rollout.EventPreempted, rollout.EventDeletedByUser, rollout.EventGarbageCollected, rollout.EventDeleted}, x.Kind)
	})
}

func minReadyOf(p *dryrun.Plan, key string) (int32, bool) {
	for _, d := range p.After().Manifest().Deployments {
		if d.Namespace+"/"+d.Name == key {
			return d.Spec.MinReadySeconds, true
		}
	}
	return 0, false
}

func first(events []rollout.Event, is func(rollout.Event) bool) *rollout.Event {
	for i := range events {
		if is(events[i]) {
			return &events[i]
		}
	}
	return nil
}

// lessThan reports whether a stuck workload is worse off in the first simulation than
// in the second: pods wait for their turn that do not wait in the second, or, for a
// DaemonSet, a node that wants a pod in both has an available one only in the second.
func lessThan(with, without *rollout.Sim, key string) bool {
	if !diagnosed(with, key) {
		return false
	}
	turns := func(s *rollout.Sim) (n int) {
		for _, w := range waits(s, key) {
			if w.Blocker == diagnosis.BlockerQueued || w.Blocker == diagnosis.BlockerUpdateLimit {
				n++
			}
		}
		return n
	}
	if turns(with) > turns(without) {
		return true
	}
	is, was := up(shownPods(with, key)), up(shownPods(without, key))
	for _, w := range waits(with, key) {
		if strings.HasPrefix(key, "daemonset/") && is[w.Node] == 0 && was[w.Node] > 0 {
			return true
		}
	}
	return strings.HasPrefix(key, "deployment/") && len(waits(with, key)) > len(waits(without, key))
}

func diagnosed(s *rollout.Sim, key string) bool {
	x, _ := diagnosis.Diagnose(s, key)
	return x != nil
}

func waits(s *rollout.Sim, key string) []diagnosis.Wait {
	all, _ := diagnosis.Waiting(s, key)
	return all
}

// checkOperations compares each edit's result with the end of the simulation.
func checkOperations(t *rapid.T, p *dryrun.Plan, with, without *byHand, seen map[string]int) {
	fails := false
	for i, o := range p.Operations() {
		seen[string(o.State)]++
		fails = fails || o.Fails()
		stuck, worse := false, false
		for _, key := range o.Touched {
			if diagnosed(with.sim, key) {
				stuck = true
				worse = worse || !diagnosed(without.sim, key)
			}
		}
		drains := false
		if node, ok := strings.CutPrefix(o.Edit, "drain "); ok {
			node, _, _ = strings.Cut(node, " ")
			drained := first(with.events, func(e rollout.Event) bool { return e.Kind == rollout.EventDrained && e.Node == node })
			refused := first(with.events, func(e rollout.Event) bool { return e.Kind == rollout.EventDrainFailed && e.Node == node })
			drains = drained == nil && refused == nil
			if drained != nil {
				seen["drained"]++
			}
			if x, _ := diagnosis.DiagnoseDrain(with.sim, node); drains && x != nil {
				seen["a drain that is stuck"]++
				stuck, worse = true, true
			}
			if len(p.Operations()) == 1 && (refused != nil) != (o.State == dryrun.OperationRefused) {
				t.Fatalf("%v: refused: %v", o, refused)
			}
		}
		switch o.State {
		case dryrun.OperationCompleted:
			if stuck || drains {
				t.Fatalf("edit %d: %v, and yet it is stuck\n%v\n%v", i, o, p, rollout.Trace(with.events))
			}
		case dryrun.OperationStuck:
			if !stuck {
				t.Fatalf("edit %d: %v, and yet nothing is\n%v\n%v", i, o, p, rollout.Trace(with.events))
			}
		case dryrun.OperationAlreadyStuck:
			for _, key := range o.Touched {
				worse = worse || lessThan(with.sim, without.sim, key)
			}
			if !stuck || worse {
				t.Fatalf("edit %d: %v, and yet it is worse than without\n%v", i, o, p)
			}
		case dryrun.OperationRunning:
			if with.sim.Settled() {
				t.Fatalf("edit %d: %v, and yet everything has settled\n%v", i, o, p)
			}
		}
	}
	if (p.Err() != nil) != fails {
		t.Fatalf("an error: %v, and the operations fail: %v", p.Err(), fails)
	}
}
