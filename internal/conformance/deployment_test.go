package conformance

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/rollout"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

// Every tick of a generated scenario ends with the same Deployments, ReplicaSets
// and pods in berth as with the real controllers: statuses with all conditions and
// their times, sizes, annotations and revisions, the pods that each ReplicaSet created
// and deleted, which pods are ready or terminating and on which node, and how often
// containers were restarted. Where Kubernetes leaves a choice open (names, UIDs, one of
// several feasible nodes, the order of pods that no rule orders) the real side gets
// berth's choice. Mutants: deployment_mutants_test.go, among them a deletion order that
// ignores restarts.
func TestDeploymentsAgree(t *testing.T) {
	census := deploymentPremises()
	check(t, 500, func(rt *rapid.T) {
		s := controllers.DeploymentScenarios().Draw(rt, "scenario")
		order := rapid.SampledFrom([]rollout.Order{rollout.OrderByName, rollout.OrderSeeded}).Draw(rt, "order")
		if order == rollout.OrderSeeded {
			withoutAgent(s)
		}
		noteDeployments(census, s, compareDeployments(rt, t, s, order))
	})
	census.report(t, "scenarios")
}

// withoutAgent removes the DaemonSets from the scenario: with OrderSeeded their pods and
// those of Deployments come to the scheduler in an order that berth's events do not
// show.
func withoutAgent(s controllers.Scenario) {
	for tick, inputs := range s.At {
		s.At[tick] = slices.DeleteFunc(inputs, func(in controllers.Input) bool {
			apply, ok := in.(controllers.Apply)
			return ok && apply.DaemonSet != nil
		})
	}
}

// TestDeploymentsAgreeAfterADump starts berth from a dump of a cluster that has settled
// under the real controllers.
func TestDeploymentsAgreeAfterADump(t *testing.T) {
	check(t, 300, func(rt *rapid.T) {
		compareDeployments(rt, t, controllers.DeploymentHandover().Draw(rt, "scenario"), rollout.OrderByName)
	})
}

// compareDeployments plays the scenario on both sides, on ours from its dump on if
// it has one.
func compareDeployments(t failer, outer *testing.T, s controllers.Scenario, order rollout.Order) controllers.Trace {
	ours := &ourDeployments{}
	var theirs controllers.Trace
	var err error
	controllers.InVirtualTime(outer, func() { theirs, err = playBoth(s, order, ours) })
	if err != nil {
		t.Fatalf("%v\n%v", err, s)
	}
	for i := range ours.trace {
		tick := ours.first + i
		if diff := gocmp.Diff(plain(theirs[tick]), ours.trace[i], cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("tick %d (-Kubernetes +berth):\n%s\n%v\nKubernetes from tick %d on:\n%v\nberth:\n%v\nevents:\n%s",
				tick, diff, s, ours.first, theirs[ours.first:tick+1], ours.trace[:i+1], strings.Join(ours.linesUntil(i), "\n"))
		}
	}
	return theirs
}

// playBoth lets the driver play until the dump, berth to the end, and the driver
// follow with berth's choices.
func playBoth(s controllers.Scenario, order rollout.Order, ours *ourDeployments) (theirs controllers.Trace, err error) {
	play, err := controllers.NewPlay(s, controllers.Options{Draws: 1, Choices: ours})
	if err != nil {
		return nil, fmt.Errorf("driver: %w", err)
	}
	defer play.Stop()
	for tick := range s.Ticks {
		if tick == firstTick(s) {
			play.RestartScheduler()
			if err := ours.play(s, order, play.Objects()); err != nil {
				return nil, fmt.Errorf("berth: %w", err)
			}
		}
		end, err := play.Tick()
		if err != nil {
			return nil, fmt.Errorf("driver: %w", err)
		}
		theirs = append(theirs, end)
	}
	return theirs, nil
}

// plain is a tick without what each says in its own words: of the inputs that were
// refused, whosever they were, there is the number.
func plain(tick controllers.Tick) controllers.Tick {
	out := newTick()
	refused := 0
	for _, set := range tick.DaemonSets {
		refused += len(set.Refused)
	}
	for key, d := range tick.Deployments {
		refused += len(d.Refused)
		if d.Refused = nil; d.Annotations != nil || len(d.Errors) > 0 {
			out.Deployments[key] = d
		}
	}
	if refused > 0 {
		out.Deployments[refusals] = controllers.Deployment{Refused: slices.Repeat([]string{"refused"}, refused)}
	}
	for key, rs := range tick.ReplicaSets {
		rs.ByRestarts = false
		out.ReplicaSets[key] = rs
	}
	return out
}

// refusals has the place of a Deployment's key.
const refusals = "inputs"

func newTick() controllers.Tick {
	return controllers.Tick{Deployments: map[string]controllers.Deployment{}, ReplicaSets: map[string]controllers.ReplicaSet{}}
}

// ourDeployments is a scenario played by berth, in the words of the driver.
type ourDeployments struct {
	first   int // the driver's tick of our first
	trace   controllers.Trace
	names   map[controllers.At][]string // of pods, by the sync that made them
	deleted map[string]int              // which of all deletions by ReplicaSets the pod's was, from 1
	nodes   map[string]string
	bound   map[string]int // which of all pods that were bound the pod was, from 1
	uids    map[string]types.UID
	events  []rollout.Event
}

func (o *ourDeployments) play(s controllers.Scenario, order rollout.Order, objects []runtime.Object) error {
	sim, err := simOf(s, order, objects)
	if err != nil {
		return err
	}
	*o = ourDeployments{
		first: firstTick(s), names: map[controllers.At][]string{}, deleted: map[string]int{},
		nodes: map[string]string{}, bound: map[string]int{}, uids: map[string]types.UID{},
	}
	for tick, inputs := range s.At {
		for _, in := range inputs {
			if tick < o.first {
				continue
			}
			if err := sim.At(tick-o.first, berthInput(in)); err != nil {
				return fmt.Errorf("tick %d: %w", tick, err)
			}
		}
	}
	for range s.Ticks - o.first {
		o.tick(sim, sim.Tick())
	}
	return nil
}

// Name returns berth's names for the pods of a sync, and UIDs that ascend in the order
// in which berth deletes them. The UID orders some pods and nothing orders others, so
// only such UIDs leave one possible order. After a dump the UIDs are berth's own, like
// the earlier ones.
func (o *ourDeployments) Name(at controllers.At, n int) (string, types.UID) {
	at.Tick -= o.first
	names := o.names[at]
	if n >= len(names) {
		return "", "" // before the dump, or a pod that berth does not create
	}
	if o.first == 0 {
		return names[n], types.UID(fmt.Sprintf("%06d %s", min(o.Turn(names[n]), 999_999), names[n]))
	}
	return names[n], cmp.Or(o.uids[names[n]], types.UID(names[n]))
}

// Node is where berth has the pod run.
func (o *ourDeployments) Node(pod string) string { return o.nodes[pod] }

// Arrival is by when berth binds the pod: of equal pods the first is the one that came
// first.
func (o *ourDeployments) Arrival(pod string) int { return cmp.Or(o.bound[pod], math.MaxInt) }

// Turn is by when berth deletes the pod.
func (o *ourDeployments) Turn(pod string) int { return cmp.Or(o.deleted[pod], math.MaxInt) }

func (o *ourDeployments) linesUntil(tick int) (lines []string) {
	for _, e := range o.events {
		if e.Tick <= tick {
			lines = append(lines, e.String())
		}
	}
	return lines
}

// tick describes one tick.
func (o *ourDeployments) tick(sim *rollout.Sim, events []rollout.Event) {
	now := newTick()
	o.events = append(o.events, events...)
	for _, e := range events {
		o.note(now, e)
	}
	b := borrow.From(sim.Cluster())
	for _, d := range b.Deployments() {
		key := d.Namespace + "/" + d.Name
		is := now.Deployments[key]
		is.Status, is.Annotations, is.Paused = d.Status, d.Annotations, d.Spec.Paused
		now.Deployments[key] = is
	}
	keys := map[types.UID]string{}
	for _, rs := range b.ReplicaSets() {
		key := rs.Namespace + "/" + rs.Name
		keys[rs.UID] = key
		is := now.ReplicaSets[key]
		is.Status, is.Annotations, is.Replicas, is.MinReady = rs.Status, rs.Annotations, *rs.Spec.Replicas, rs.Spec.MinReadySeconds
		if owner := metav1.GetControllerOf(rs); owner != nil {
			is.Owner = owner.Name
		}
		now.ReplicaSets[key] = is
	}
	o.describePods(now, keys, b.Pods())
	o.trace = append(o.trace, now)
}

// note keeps what the controllers did. A pod's name begins with its ReplicaSet's.
func (o *ourDeployments) note(now controllers.Tick, e rollout.Event) {
	if strings.HasPrefix(e.Key, "daemonset/") {
		return
	}
	switch e.Kind {
	case rollout.EventInputRefused:
		d := now.Deployments[refusals]
		d.Refused = append(d.Refused, "refused")
		now.Deployments[refusals] = d
	case rollout.EventSyncFailed:
		key := strings.TrimPrefix(e.Key, "deployment/")
		d := now.Deployments[key]
		d.Errors = append(d.Errors, e.Detail)
		now.Deployments[key] = d
	case rollout.EventBound:
		o.nodes[e.Pod], o.bound[e.Pod] = e.Node, len(o.bound)+1
	case rollout.EventCreated, rollout.EventDeleted:
		key := "default/" + e.Pod[:strings.LastIndex(e.Pod, "-")]
		rs := now.ReplicaSets[key]
		if e.Kind == rollout.EventCreated {
			rs.Created++
			at := controllers.At{Tick: e.Tick, Round: e.Round, Key: key}
			o.names[at] = append(o.names[at], e.Pod)
		} else {
			rs.Deleted = append(rs.Deleted, e.Pod)
			slices.Sort(rs.Deleted)
			o.deleted[e.Pod] = len(o.deleted) + 1
		}
		now.ReplicaSets[key] = rs
	}
}

// describePods groups the pods by ReplicaSet. The UID identifies a ReplicaSet: another of
// the same name may exist while the pods of the first still terminate.
func (o *ourDeployments) describePods(now controllers.Tick, keys map[types.UID]string, pods []*corev1.Pod) {
	for _, p := range pods {
		o.uids[p.Name] = p.UID
		owner := metav1.GetControllerOf(p)
		if owner == nil {
			continue
		}
		key, ok := keys[owner.UID]
		if !ok {
			continue // it is gone, and the pod on its way out
		}
		rs := now.ReplicaSets[key]
		ready := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		rs.Pods = append(rs.Pods, controllers.Replica{
			Name: p.Name, Node: p.Spec.NodeName, Phase: string(p.Status.Phase), Ready: ready, Terminating: p.DeletionTimestamp != nil,
			Restarts: controllers.Restarts(p),
		})
		now.ReplicaSets[key] = rs
	}
	for key, rs := range now.ReplicaSets {
		slices.SortFunc(rs.Pods, func(a, b controllers.Replica) int { return strings.Compare(a.Name, b.Name) })
		now.ReplicaSets[key] = rs
	}
}

// deploymentPremises are what the generated scenarios must reach.
func deploymentPremises() *census {
	return newCensus("rolling", "recreate", "percentage", "no surge", "no unavailable", "min ready seconds", "deadline", "grace period", "history limit",
		"apply", "an agent", "undo", "scale", "pause", "resume", "delete", "two Deployments", "orphaned",
		"add a node", "remove a node", "edit a node", "pods not ready", "pods fail", "pods deleted", "never ready", "stuck terminating",
		"crash loop", "image cannot be pulled", "pods rejected", "recovered", "a slow image", "sidecar", "restarts", "restarts of a sidecar", "restarts decide",
		"node down", "node not ready", "an input is refused", "three sizes at once", "a scale in the middle", "terminating replicas", "a pending pod", "a choice among pods to delete",
		"a revision renumbered", "a ReplicaSet cleaned up", "a ReplicaSet without owner", "a ReplicaSet adopted", "deadline exceeded", "paused", "resumed",
		"unavailable", "an annotation copied", "ends complete", "ends in the middle")
}

// noteDeployments counts a premise once for each scenario in which it held.
func noteDeployments(total *census, s controllers.Scenario, trace controllers.Trace) {
	c := newCensus()
	defer total.add(c)
	for _, inputs := range s.At {
		for _, in := range inputs {
			noteDeploymentInput(c, in)
		}
	}
	c.noteIf(slices.ContainsFunc(s.Config.Kubelet.Timings, func(t controllers.Timing) bool { return t.Image != "" }), "a slow image")
	for i, tick := range trace {
		c.noteIf(len(tick.Deployments) > 1, "two Deployments")
		if i > 0 {
			noteSets(c, trace[i-1], tick)
		}
		for _, d := range tick.Deployments {
			noteDeployment(c, d)
		}
	}
	for _, d := range trace[len(trace)-1].Deployments {
		done := d.Status.UpdatedReplicas == d.Status.Replicas && d.Status.UnavailableReplicas == 0
		c.noteIf(done, "ends complete")
		c.noteIf(!done, "ends in the middle")
	}
}

func noteDeployment(c *census, d controllers.Deployment) {
	c.noteIf(len(d.Refused) > 0, "an input is refused")
	c.noteIf(d.Status.TerminatingReplicas != nil && *d.Status.TerminatingReplicas > 0, "terminating replicas")
	for _, condition := range d.Status.Conditions {
		switch condition.Reason {
		case "ProgressDeadlineExceeded":
			c.note("deadline exceeded")
		case "DeploymentPaused":
			c.note("paused")
		case "DeploymentResumed":
			c.note("resumed")
		case "MinimumReplicasUnavailable":
			c.note("unavailable")
		}
	}
}

func noteSets(c *census, before, now controllers.Tick) {
	const revision, desired = "deployment.kubernetes.io/revision", "deployment.kubernetes.io/desired-replicas"
	active := map[string]int{}
	for key, rs := range now.ReplicaSets {
		was, there := before.ReplicaSets[key]
		if rs.Replicas > 0 {
			active[rs.Owner]++
		}
		c.noteIf(there && was.Annotations[revision] != "" && rs.Annotations[revision] != was.Annotations[revision], "a revision renumbered")
		c.noteIf(rs.Annotations != nil && rs.Owner == "", "a ReplicaSet without owner")
		c.noteIf(there && was.Annotations != nil && was.Owner == "" && rs.Owner != "", "a ReplicaSet adopted")
		c.noteIf(rs.Annotations["team"] != "", "an annotation copied")
		c.noteIf(len(rs.Deleted) > 0 && len(rs.Pods) > 0, "a choice among pods to delete")
		scaled := there && was.Annotations[desired] != rs.Annotations[desired] && rs.Replicas > 0
		c.noteIf(scaled && active[rs.Owner] > 1, "a scale in the middle")
		c.noteIf(rs.ByRestarts, "restarts decide")
		for _, p := range rs.Pods {
			c.noteIf(p.Node == "" && !p.Terminating, "a pending pod")
			c.noteIf(p.Restarts["main"] > 0, "restarts")
			c.noteIf(p.Restarts["side"] > 0, "restarts of a sidecar")
		}
	}
	for _, n := range active {
		c.noteIf(n > 2, "three sizes at once")
	}
	for key, was := range before.ReplicaSets {
		owner := before.Deployments["default/"+was.Owner]
		_, stays := now.Deployments["default/"+was.Owner]
		c.noteIf(now.ReplicaSets[key].Annotations == nil && was.Annotations != nil && stays && len(owner.Status.Conditions) > 0, "a ReplicaSet cleaned up")
	}
}

func noteDeploymentInput(c *census, in controllers.Input) {
	switch in := in.(type) {
	case controllers.Apply:
		if in.DaemonSet != nil {
			c.note("an agent")
			return
		}
		c.note("apply")
		noteDeploymentSpec(c, in.Deployment.Spec)
	case controllers.Scale:
		c.note("scale")
	case controllers.Pause:
		c.note("pause")
	case controllers.Resume:
		c.note("resume")
	case controllers.Delete:
		c.note("delete")
		c.noteIf(in.Propagation == metav1.DeletePropagationOrphan, "orphaned")
	case controllers.CrashLoop:
		c.note("crash loop")
	case controllers.ImagePullFails:
		c.note("image cannot be pulled")
	case controllers.RejectPods:
		c.note("pods rejected")
	case controllers.Recover:
		c.note("recovered")
	default:
		noteInput(c, in)
	}
}

func noteDeploymentSpec(c *census, spec appsv1.DeploymentSpec) {
	c.noteIf(spec.MinReadySeconds > 0, "min ready seconds")
	c.noteIf(spec.ProgressDeadlineSeconds != nil, "deadline")
	c.noteIf(spec.RevisionHistoryLimit != nil, "history limit")
	c.noteIf(spec.Template.Spec.TerminationGracePeriodSeconds != nil, "grace period")
	c.noteIf(len(spec.Template.Spec.InitContainers) > 0, "sidecar")
	r := spec.Strategy.RollingUpdate
	if r == nil {
		c.note("recreate")
		return
	}
	c.note("rolling")
	c.noteIf(strings.HasSuffix(r.MaxUnavailable.String()+r.MaxSurge.String(), "%"), "percentage")
	c.noteIf(strings.HasPrefix(r.MaxSurge.String(), "0"), "no surge")
	c.noteIf(strings.HasPrefix(r.MaxUnavailable.String(), "0"), "no unavailable")
}
