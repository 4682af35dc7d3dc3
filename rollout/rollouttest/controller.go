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
)

// Controller is somebody else's DaemonSet controller: what its reconcile function
// does with what it finds. It is asked in every tick, again as long as it does
// something, and may remember things from one call to the next.
type Controller interface {
	Sync(seen Observation) Actions
}

// ControllerFunc is a controller that remembers nothing.
type ControllerFunc func(seen Observation) Actions

// Sync calls the function; a nil one does nothing.
func (f ControllerFunc) Sync(seen Observation) Actions {
	if f == nil {
		return Actions{}
	}
	return f(seen)
}

// Observation is what a controller finds. It may keep it and change it.
type Observation struct {
	Now       time.Time
	DaemonSet *appsv1.DaemonSet            // never nil
	Hash      string                       // the label controller-revision-hash of new pods: that of the DaemonSet's template as it is now
	Nodes     []*corev1.Node               // ascending by name
	Pods      []*corev1.Pod                // that the DaemonSet owns, those on their way out included: bound before unbound, then the oldest, then by name
	Revisions []*appsv1.ControllerRevision // that the DaemonSet owns, ascending by name; a new template's is not there yet
}

// Actions is what a controller does: in any order, since nothing of it is seen before
// it is asked again.
type Actions struct {
	Create []string // names of nodes, each of which gets a pod
	Delete []string // names of pods
}

func (a Actions) empty() bool { return len(a.Create)+len(a.Delete) == 0 }

// sorted are the same acts in the order of names.
func (a Actions) sorted() Actions {
	return Actions{slices.Sorted(slices.Values(a.Create)), slices.Sorted(slices.Values(a.Delete))}
}

func (a Actions) equal(b Actions) bool {
	a, b = a.sorted(), b.sorted()
	return slices.Equal(a.Create, b.Create) && slices.Equal(a.Delete, b.Delete)
}

// String is what is done, in one line.
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

// Follows checks that a controller does what Kubernetes' does: in every scene of
// ControllerCases and, if it does there, in scenes drawn at random, shrunk to the
// smallest in which it does not. make gives a new controller for every scene.
//
// Controller and simulation go side by side, sync by sync: the controller is shown
// what Kubernetes' would find and says what it does, which must be what
// Kubernetes' does, or might do where it leaves the order of nodes open; the
// scene then goes on with that. Of several failed pods on a node, of which
// Kubernetes takes any, the first of Observation.Pods goes first.
func Follows(t rapid.TB, make func() Controller) {
	t.Helper()
	if make == nil || make() == nil {
		t.Fatalf("there is no controller")
	}
	wrong := 0
	for _, c := range ControllerCases() {
		if err := follow(t, c.Scenario, make()); err != nil {
			wrong++
			t.Errorf("%v\n%v", c, err)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d claims are wrong", wrong, len(controllerCases))
		return
	}
	rapid.Check(t, func(t *rapid.T) {
		scene := controllerScenes().Draw(t, "scene")
		if err := follow(t, scene, make()); err != nil {
			t.Fatalf("%v", err)
		}
	})
	t.Logf("%d claims hold, and every scene drawn at random", len(controllerCases))
}

// followed is a scene that a controller goes through.
type followed struct {
	scene      Scenario
	start      *cluster.Cluster
	key        string
	controller Controller
	sim        *rollout.Sim // before the tick
	ahead      *rollout.Sim // after it
	events     []rollout.Event
}

// longestScene is for how many ticks a controller is watched.
const longestScene = 300

func follow(t rapid.TB, scene Scenario, c Controller) error {
	t.Helper()
	scene.Config.Order, scene.Config.Choices = rollout.OrderFromScript, nil
	f := &followed{scene: scene, start: scene.start(t), key: scene.key(), controller: c}
	var err error
	if f.sim, err = scene.from(f.start); err != nil {
		t.Fatalf("%v", err)
	}
	for range longestScene {
		settled := f.sim.Settled()
		if err := f.tick(); err != nil || settled {
			return err // the tick after the last one shows that nothing more is done
		}
	}
	return nil
}

// key is that of the scene's DaemonSet.
func (s Scenario) key() string {
	for _, spec := range s.World {
		if d, ok := spec.(clustertest.DaemonSetSpec); ok {
			return d.Key()
		}
	}
	for _, step := range s.Steps {
		if d, ok := step.Do.(clustertest.DaemonSetSpec); ok {
			return d.Key()
		}
	}
	return ""
}

// tick asks the controller in each round of a tick.
func (f *followed) tick() error {
	f.peek(f.sim)
	for round := 1; ; round++ {
		seen, ok := f.seen(round)
		if !ok {
			break
		}
		got := f.controller.Sync(seen)
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

// peek takes the simulation a tick further.
func (f *followed) peek(sim *rollout.Sim) {
	f.sim, f.ahead = sim, sim.Fork()
	f.events = f.ahead.Tick()
}

// acts are what Kubernetes' controller does in a round of the tick.
func (f *followed) acts(round int) Actions {
	var a Actions
	for _, e := range f.events {
		switch {
		case e.Round != round || e.Key != f.key:
		case e.Kind == rollout.EventCreated:
			a.Create = append(a.Create, e.Node)
		case e.Kind == rollout.EventDeleted:
			a.Delete = append(a.Delete, e.Pod)
		}
	}
	return a
}

// seen is what the controller finds in a round; false if there is no DaemonSet.
func (f *followed) seen(round int) (Observation, bool) {
	c := f.sim.Before(round)
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

// rank is the controller's order of pods (pkg/controller/daemon/daemon_controller.go:
// podByCreationTimestampAndPhase).
func rank(a, b *corev1.Pod) int {
	unbound := func(p *corev1.Pod) int {
		if p.Spec.NodeName == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(unbound(a)-unbound(b), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

// identify gives a DaemonSet in words the UID that an API server would have given it.
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

// hash is that of the newest revision, which the tick's first sync may make.
func (f *followed) hash() string {
	newest, hash := int64(-1), ""
	for _, r := range f.ahead.History(f.key) {
		if r.Revision > newest {
			newest, hash = r.Revision, r.Labels[appsv1.ControllerRevisionHashLabelKey]
		}
	}
	return hash
}

// mostWays is how many orders of nodes are tried for one sync.
const mostWays = 2000

// otherwise looks for an order of nodes in which Kubernetes' controller does the
// same in the round, and goes on with it.
func (f *followed) otherwise(round int, got Actions) bool {
	var before, open []rollout.Choice
	for _, c := range f.ahead.Choices() {
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

func took(choices []rollout.Choice) []int {
	script := []int{}
	for _, c := range choices {
		script = append(script, c.Chosen)
	}
	return script
}

// nextChoices are the next ways to make some choices, starting over with those
// behind the one that is made otherwise.
func nextChoices(choices []rollout.Choice) ([]rollout.Choice, bool) {
	next := slices.Clone(choices)
	for i := range slices.Backward(next) {
		if next[i].Chosen++; next[i].Chosen < next[i].Count {
			return next, true
		}
		next[i].Chosen = 0
	}
	return nil, false
}

// replay is the scene up to here, with these choices.
func (f *followed) replay(script []int) {
	f.scene.Config.Choices = script
	again, err := f.scene.from(f.start)
	if err != nil {
		return // cannot be: it was made once
	}
	for again.Now() < f.sim.Now() {
		again.Tick()
	}
	f.peek(again)
}

// freedom says what Kubernetes leaves open in a round.
func (f *followed) freedom(round int) string {
	for _, c := range f.ahead.Choices() {
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
