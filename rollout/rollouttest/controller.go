package rollouttest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Controller is a DaemonSet controller under test: what its reconcile function does
// with what it observes. It is called in every tick, again as long as it does
// something. A controller with state is a closure.
type Controller func(seen Observation) Actions

// Observation is what a controller observes. The controller may keep and modify it.
type Observation struct {
	Now       time.Time                    `json:"now"`
	DaemonSet *appsv1.DaemonSet            `json:"daemonSet"` // never nil
	Hash      string                       `json:"hash"`      // the label controller-revision-hash of new pods: the hash of the DaemonSet's present template
	Nodes     []*corev1.Node               `json:"nodes"`     // ascending by name
	Pods      []*corev1.Pod                `json:"pods"`      // owned by the DaemonSet, terminating pods included: bound before unbound, then the oldest, then by name
	Revisions []*appsv1.ControllerRevision `json:"revisions"` // owned by the DaemonSet, ascending by name; without that of a new template
}

// Actions is what a controller does. The order does not matter: no action is visible
// before the next call.
type Actions struct {
	Create []string `json:"create"` // names of nodes; a pod is created on each
	Delete []string `json:"delete"` // names of pods
}

func (a Actions) empty() bool { return len(a.Create)+len(a.Delete) == 0 }

// sorted returns the same actions, sorted by name.
func (a Actions) sorted() Actions {
	return Actions{slices.Sorted(slices.Values(a.Create)), slices.Sorted(slices.Values(a.Delete))}
}

func (a Actions) equal(b Actions) bool {
	a, b = a.sorted(), b.sorted()
	return slices.Equal(a.Create, b.Create) && slices.Equal(a.Delete, b.Delete)
}

// String returns the actions in one line.
func (a Actions) String() string {
	a = a.sorted()
	var parts []string
	if len(a.Create) > 0 {
		parts = append(parts, "creates on "+strings.Join(a.Create, ", "))
	}
	if len(a.Delete) > 0 {
		parts = append(parts, "deletes "+strings.Join(a.Delete, ", "))
	}
	if len(parts) == 0 {
		return "does nothing"
	}
	return strings.Join(parts, " and ")
}

// Follows checks that a controller does what the Kubernetes controller does. It runs
// one scenario for each rule of that controller. If the controller passes, it runs random scenarios, and
// shrinks a failure to the smallest scenario that shows it. It calls make for every scenario.
//
// Controller and simulation run side by side, sync by sync. The controller gets what
// the Kubernetes controller would observe and returns its actions. These must be the
// actions of Kubernetes, or possible ones where Kubernetes leaves the order of nodes
// open; the scenario then continues with them. Of several failed pods on a node Kubernetes
// deletes any. Follows expects the first of Observation.Pods to be deleted first.
func Follows(t rapid.TB, make func() Controller) {
	t.Helper()
	if make == nil || make() == nil {
		t.Fatalf("there is no controller")
	}
	wrong := 0
	for _, c := range cases() {
		if err := follow(t, c.scenario, make()); err != nil {
			wrong++
			t.Errorf("%v\n%v", c, err)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d claims are wrong", wrong, len(controllerCases))
		return
	}
	rapid.Check(t, func(t *rapid.T) {
		scenario := controllerScenarios().Draw(t, "scenario")
		if err := follow(t, scenario, make()); err != nil {
			t.Fatalf("%v", err)
		}
	})
	t.Logf("%d claims hold, and every scenario drawn at random", len(controllerCases))
}

// followed is a scenario that a controller runs through.
type followed struct {
	scenario   Scenario
	start      *cluster.Cluster
	key        string
	controller Controller
	sim        *rollout.Sim // before the tick
	ahead      *rollout.Sim // after it
	events     []rollout.Event
}

// longestRun is the number of ticks for which a controller is observed.
const longestRun = 300

func follow(t rapid.TB, scenario Scenario, c Controller) error {
	t.Helper()
	scenario.Config.Order, scenario.Config.Choices = rollout.OrderFromScript, nil
	f := &followed{scenario: scenario, start: scenario.start(t), key: scenario.key(), controller: c}
	var err error
	if f.sim, err = scenario.from(f.start); err != nil {
		t.Fatalf("%v", err)
	}
	for range longestRun {
		settled := f.sim.Settled()
		if err := f.tick(); err != nil || settled {
			return err // the tick after the last shows that nothing more is done
		}
	}
	return nil
}

// key returns the key of the scenario's DaemonSet.
func (s Scenario) key() string {
	specs := slices.Clone(s.World)
	for _, step := range s.Steps {
		if spec, ok := step.Do.(clustertest.Spec); ok {
			specs = append(specs, spec)
		}
	}
	for _, spec := range specs {
		for range objectsOf[*appsv1.DaemonSet](spec) {
			return spec.Names()[0]
		}
	}
	return ""
}

// tick calls the controller in each round of a tick.
func (f *followed) tick() error {
	f.peek(f.sim)
	for round := 1; ; round++ {
		seen, ok := f.seen(round)
		if !ok {
			break
		}
		got := f.controller(seen)
		if !got.equal(f.acts(round)) && !f.otherwise(round, got) {
			return f.disagrees(round, got)
		}
		if got.empty() {
			break
		}
	}
	f.sim = f.ahead
	return nil
}

// peek steps the simulation by one tick.
func (f *followed) peek(sim *rollout.Sim) {
	f.sim, f.ahead = sim, sim.Fork()
	f.events = f.ahead.Tick()
}

// acts returns the actions of the Kubernetes controller in a round of the tick.
func (f *followed) acts(round int) Actions {
	var a Actions
	for _, e := range f.events {
		switch {
		case e.Round != round || e.Key != kube.DaemonSetKey(f.key):
		case e.Kind == rollout.EventCreated:
			a.Create = append(a.Create, e.Node)
		case e.Kind == rollout.EventDeleted:
			a.Delete = append(a.Delete, e.Pod)
		}
	}
	return a
}

// seen returns what the controller observes in a round, or false if there is no
// DaemonSet.
func (f *followed) seen(round int) (Observation, bool) {
	c := probe.Before(f.sim, round)
	namespace, name, _ := strings.Cut(f.key, "/")
	m := c.Manifest()
	i := slices.IndexFunc(m.DaemonSets, func(ds *appsv1.DaemonSet) bool { return ds.Namespace == namespace && ds.Name == name })
	if i < 0 {
		return Observation{}, false
	}
	seen := Observation{Now: f.sim.Time(f.sim.Now() + 1), DaemonSet: m.DaemonSets[i], Nodes: m.Nodes, Hash: f.hash()}
	for _, pod := range m.Pods {
		if kube.Controls(seen.DaemonSet, "DaemonSet", pod) {
			seen.Pods = append(seen.Pods, pod)
		}
	}
	for _, r := range m.ControllerRevisions {
		if kube.Controls(seen.DaemonSet, "DaemonSet", r) {
			seen.Revisions = append(seen.Revisions, r)
		}
	}
	slices.SortStableFunc(seen.Pods, rank)
	seen.identify()
	return seen, true
}

// rank is the order in which the controller sorts pods
// (pkg/controller/daemon/daemon_controller.go: podByCreationTimestampAndPhase).
func rank(a, b *corev1.Pod) int {
	unbound := func(p *corev1.Pod) int {
		if p.Spec.NodeName == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(unbound(a)-unbound(b), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

// identify sets the UID that an API server would have set on a DaemonSet described in
// words.
func (s *Observation) identify() {
	if s.DaemonSet.UID != "" {
		return
	}
	s.DaemonSet.UID = types.UID(kube.Key(s.DaemonSet))
	for _, pod := range s.Pods {
		metav1.GetControllerOfNoCopy(pod).UID = s.DaemonSet.UID
	}
	for _, r := range s.Revisions {
		metav1.GetControllerOfNoCopy(r).UID = s.DaemonSet.UID
	}
}

// hash returns the hash of the newest revision, which the tick's first sync may create.
func (f *followed) hash() string {
	newest, hash := int64(-1), ""
	history, _ := f.ahead.History(kube.DaemonSetKey(f.key)) // a deleted DaemonSet has none
	for _, r := range history {
		if r.Number > newest {
			newest, hash = r.Number, r.Hash
		}
	}
	return hash
}

// mostWays is the number of node orders that are tried for one sync.
const mostWays = 2000

// otherwise looks for an order of nodes in which the Kubernetes controller does the
// same in the round. If there is one, the scenario continues with it.
func (f *followed) otherwise(round int, got Actions) bool {
	var before, open []probe.Choice
	for _, c := range probe.Choices(f.ahead) {
		switch {
		case c.Tick < f.ahead.Now() || c.Round < round:
			before = append(before, c)
		case c.Round == round:
			open = append(open, c)
		}
	}
	if len(open) == 0 || ways(open) > mostWays {
		return false
	}
	sim, script, more := f.sim, took(before), true
	for now := open; more; {
		if f.replay(append(slices.Clone(script), took(now)...)); f.acts(round).equal(got) {
			return true
		}
		now, more = nextChoices(now)
	}
	f.peek(sim)
	return false
}

func took(choices []probe.Choice) []int {
	script := []int{}
	for _, c := range choices {
		script = append(script, c.Chosen)
	}
	return script
}

// nextChoices returns the next combination of choices. It advances one choice and
// resets the choices after it.
func nextChoices(choices []probe.Choice) ([]probe.Choice, bool) {
	next := slices.Clone(choices)
	for i := range slices.Backward(next) {
		if next[i].Chosen++; next[i].Chosen < next[i].Count {
			return next, true
		}
		next[i].Chosen = 0
	}
	return nil, false
}

// replay repeats the scenario up to the current tick with these choices.
func (f *followed) replay(script []int) {
	f.scenario.Config.Choices = script
	again, err := f.scenario.from(f.start)
	if err != nil {
		return // cannot happen: the same input was accepted before
	}
	for again.Now() < f.sim.Now() {
		again.Tick()
	}
	f.peek(again)
}

// freedom returns what Kubernetes leaves open in a round.
func (f *followed) freedom(round int) string {
	for _, c := range probe.Choices(f.ahead) {
		if c.Tick == f.ahead.Now() && c.Round == round {
			return fmt.Sprintf(", or on any other %d of %d nodes", c.Pick, c.Candidates)
		}
	}
	return ""
}

func (f *followed) disagrees(round int, got Actions) error {
	var b strings.Builder
	fmt.Fprintf(&b, "tick %d", f.ahead.Now())
	if round > 1 {
		fmt.Fprintf(&b, ", sync %d", round)
	}
	fmt.Fprintf(&b, ": it %v, Kubernetes %v%s\n", got, f.acts(round), f.freedom(round))
	for _, e := range f.events {
		fmt.Fprintf(&b, "\t%v\n", e)
	}
	return errors.New(strings.TrimSuffix(b.String(), "\n"))
}
