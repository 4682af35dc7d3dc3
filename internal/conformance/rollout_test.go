package conformance

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/controllers"
	"github.com/berthsim/berth/rollout"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
)

// Every tick of a generated scenario ends with the same status, history and pods
// in berth as with the real controller, and both created and deleted the same
// pods in it. Where the controller has a choice, it is asked until it makes
// berth's; a choice it never makes is a disagreement.
func TestRolloutsAgree(t *testing.T) {
	census := rolloutPremises()
	check(t, 600, func(t *rapid.T) {
		s := controllers.Scenarios().Draw(t, "scenario")
		order := rapid.SampledFrom([]rollout.Order{rollout.OrderByName, rollout.OrderSeeded}).Draw(t, "order")
		noteRollout(census, s, compareRollout(t, s, order))
	})
	census.report(t, "scenarios")
}

// TestRolloutsAgreeAfterADump starts berth from a dump of a cluster that has settled
// under the real controller.
func TestRolloutsAgreeAfterADump(t *testing.T) {
	check(t, 400, func(t *rapid.T) {
		compareRollout(t, controllers.Handover().Draw(t, "scenario"), rollout.OrderByName)
	})
}

// compareRollout plays the scenario on both sides, on ours from its dump on if it
// has one.
func compareRollout(t failer, s controllers.Scenario, order rollout.Order) controllers.Trace {
	var ours *ourTrace // nil before the dump: then the controller may choose
	play, err := controllers.NewPlay(s, controllers.Options{Draws: 1000, AnyNode: order == rollout.OrderSeeded,
		Accept: func(at controllers.At, did controllers.Did) bool { return ours == nil || ours.accept(at, did) }})
	if err != nil {
		t.Fatalf("driver: %v\n%v", err, s)
	}
	defer play.Stop()
	theirs := playUntil(t, s, play, nil, firstTick(s))
	if ours, err = berthTrace(s, order, play.Objects()); err != nil {
		t.Fatalf("berth: %v\n%v", err, s)
	}
	theirs = playUntil(t, s, play, theirs, s.Ticks)
	for i := range ours.ticks {
		tick := ours.first + i
		if diff := gocmp.Diff(comparable(theirs[tick]), ours.ticks[i], cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("tick %d (-Kubernetes +berth):\n%s\n%v\nKubernetes from tick %d on:\n%v\nberth:\n%v\nevents:\n%s",
				tick, diff, s, ours.first, theirs[ours.first:tick+1], ours.ticks[:i+1], strings.Join(ours.lines, "\n"))
		}
	}
	return theirs
}

func playUntil(t failer, s controllers.Scenario, play *controllers.Play, trace controllers.Trace, end int) controllers.Trace {
	for len(trace) < end {
		tick, err := play.Tick()
		if err != nil {
			t.Fatalf("driver: %v\n%v", err, s)
		}
		trace = append(trace, tick)
	}
	return trace
}

// comparable returns a tick in the terms of berth's events: a lasting error is reported
// once, and an act names the revision. The words of a refusal are left out.
func comparable(tick controllers.Tick) controllers.Tick {
	out := controllers.Tick{DaemonSets: map[string]controllers.Set{}}
	for key, set := range tick.DaemonSets {
		set.Errors, set.NewErrors = set.NewErrors, nil
		set.Created, set.Deleted = withoutHash(set.Created), withoutHash(set.Deleted)
		set.Refused = slices.Repeat([]string{"refused"}, len(set.Refused))
		out.DaemonSets[key] = set
	}
	return out
}

func withoutHash(acts []controllers.Act) []controllers.Act {
	acts = slices.Clone(acts)
	for i := range acts {
		acts[i].Hash = ""
	}
	slices.SortFunc(acts, byNode)
	return acts
}

// ourTrace is a scenario played by berth, in the words of the driver.
type ourTrace struct {
	first int // the driver's tick of our first
	ticks controllers.Trace
	acts  map[controllers.At]*acts
	fails map[string][]failure // by key, in their order
	lines []string
}

// failure is how syncs failed from one on; the same again is not told.
type failure struct {
	since  controllers.At
	detail string
}

type acts struct{ created, deleted []controllers.Act }

// accept: the controller did in a sync what berth did.
func (o *ourTrace) accept(at controllers.At, did controllers.Did) bool {
	at.Tick -= o.first
	want := o.acts[at]
	if want == nil {
		want = &acts{}
	}
	return sameNodes(want.created, did.Created) && sameNodes(want.deleted, did.Deleted) &&
		(did.Failure == "" || did.Failure == o.failure(at))
}

// failure is what was last told of how syncs fail, by the sync at the latest.
func (o *ourTrace) failure(at controllers.At) (detail string) {
	for _, f := range o.fails[at.Key] {
		if cmp.Or(cmp.Compare(f.since.Tick, at.Tick), cmp.Compare(f.since.Round, at.Round)) <= 0 {
			detail = f.detail
		}
	}
	return detail
}

func sameNodes(a, b []controllers.Act) bool {
	return slices.EqualFunc(a, b, func(a, b controllers.Act) bool { return a.Node == b.Node })
}

// berthTrace lets berth play the scenario after its dump, or all of it.
func berthTrace(s controllers.Scenario, order rollout.Order, objects []runtime.Object) (*ourTrace, error) {
	sim, err := simOf(s, order, objects)
	if err != nil {
		return nil, err
	}
	o := &ourTrace{first: firstTick(s), acts: map[controllers.At]*acts{}, fails: map[string][]failure{}}
	known := knownNodes(s, objects)
	for tick, inputs := range s.At {
		for _, in := range inputs {
			if tick < o.first {
				continue
			}
			ours, ok := onNodes(berthInput(in), known)
			if !ok {
				continue
			}
			if err := sim.At(tick-o.first, ours); err != nil {
				return nil, err
			}
		}
	}
	for range s.Ticks - o.first {
		o.ticks = append(o.ticks, o.tick(sim, sim.Tick()))
	}
	return o, nil
}

// knownNodes returns the nodes that berth knows at some time: the nodes of the snapshot
// and the nodes that inputs add after it.
func knownNodes(s controllers.Scenario, objects []runtime.Object) map[string]bool {
	known := map[string]bool{}
	for _, o := range objects {
		if n, ok := o.(*corev1.Node); ok {
			known[n.Name] = true
		}
	}
	for tick, inputs := range s.At {
		for _, in := range inputs {
			if add, ok := in.(controllers.ApplyNode); ok && tick >= firstTick(s) {
				known[add.Node.Name] = true
			}
		}
	}
	return known
}

// onNodes limits a fault to known nodes: berth refuses a fault on a node that was removed
// before the dump. It returns false if no node is left. Faults are the inputs that have a
// list of nodes.
func onNodes(in rollout.Input, known map[string]bool) (rollout.Input, bool) {
	limited := reflect.New(reflect.TypeOf(in)).Elem()
	limited.Set(reflect.ValueOf(in))
	field := limited.FieldByName("Nodes")
	if !field.IsValid() || field.IsNil() {
		return in, true
	}
	nodes := slices.DeleteFunc(slices.Clone(field.Interface().([]string)), func(name string) bool { return !known[name] })
	field.Set(reflect.ValueOf(nodes))
	return limited.Interface().(rollout.Input), len(nodes) > 0
}

func firstTick(s controllers.Scenario) int {
	if s.Dump > 0 {
		return s.Dump + 1
	}
	return 0
}

func simOf(s controllers.Scenario, order rollout.Order, objects []runtime.Object) (*rollout.Sim, error) {
	c, err := cluster.New(objects...)
	if err != nil {
		return nil, err
	}
	start := controllers.Start.Add(time.Duration(firstTick(s)) * s.Config.Tick)
	config := rollout.Config{
		Order: order, Instant: true, // as the driver: its nodes' taints and conditions follow at once
		Tick: s.Config.Tick, Start: start, PodGC: s.Config.PodGC, NodeGrace: s.Config.NodeGrace,
		Kubelet: rollout.Kubelet{Start: s.Config.Kubelet.Start, Ready: s.Config.Kubelet.Ready, Stop: s.Config.Kubelet.Stop},
	}
	for _, t := range s.Config.Kubelet.Timings {
		config.Kubelet.Timings = append(config.Kubelet.Timings, rollout.Timing(t))
	}
	return rollout.New(c, config)
}

func berthInput(in controllers.Input) rollout.Input {
	switch in := in.(type) {
	case controllers.Apply:
		if in.Deployment != nil {
			return rollout.Apply{Object: in.Deployment, Unvalidated: in.Unvalidated}
		}
		return rollout.Apply{Object: in.DaemonSet, Unvalidated: in.Unvalidated}
	case controllers.Scale:
		return rollout.Scale{Key: in.Key, Replicas: in.Replicas}
	case controllers.Pause:
		return rollout.Pause(in)
	case controllers.Resume:
		return rollout.Resume(in)
	case controllers.Undo:
		return rollout.Undo(in)
	case controllers.Delete:
		return rollout.Delete{Key: in.Key, Propagation: in.Propagation}
	case controllers.ApplyNode:
		return rollout.ApplyNode(in)
	case controllers.RemoveNode:
		return rollout.RemoveNode(in)
	case controllers.EditNode:
		return rollout.EditNode{Node: in.Node, Edits: berthEdits(in.Edits)}
	case controllers.PodsNotReady:
		return rollout.PodsNotReady(in)
	case controllers.PodsReady:
		return rollout.PodsReady(in)
	case controllers.NodeNotReady:
		return rollout.NodeNotReady{Node: in.Node}
	case controllers.NodeReady:
		return rollout.NodeReady(in)
	case controllers.NodeDown:
		return rollout.NodeDown(in)
	case controllers.NodeUp:
		return rollout.NodeReady(in)
	case controllers.FailPods:
		return rollout.FailPods(in)
	case controllers.DeletePods:
		return rollout.DeletePods{Node: in.Node}
	case controllers.NeverReady:
		return rollout.NeverReady(in)
	case controllers.StuckTerminating:
		return rollout.StuckTerminating(in)
	case controllers.CrashLoop:
		return rollout.CrashLoop(in)
	case controllers.ImagePullFails:
		return rollout.ImagePullFails(in)
	case controllers.RejectPods:
		return rollout.RejectPods(in)
	case controllers.Recover:
		return rollout.Recover(in)
	}
	return nil
}

func berthEdits(edits []string) []cluster.NodeEdit {
	var out []cluster.NodeEdit
	for _, edit := range edits {
		verb, arg, _ := strings.Cut(edit, " ")
		rest, remove := strings.CutSuffix(arg, "-")
		switch key, value, _ := strings.Cut(arg, "="); {
		case verb == "cordon":
			out = append(out, cluster.Cordon())
		case verb == "uncordon":
			out = append(out, cluster.Uncordon())
		case verb == "label" && remove:
			out = append(out, cluster.Unlabel(rest))
		case verb == "label":
			out = append(out, cluster.Label(key, value))
		case remove:
			out = append(out, cluster.Untaint(rest))
		default:
			out = append(out, cluster.Taint(arg))
		}
	}
	return out
}

// tick describes one tick.
func (o *ourTrace) tick(sim *rollout.Sim, events []rollout.Event) controllers.Tick {
	sets := map[string]*controllers.Set{}
	set := func(key string) *controllers.Set {
		if sets[key] == nil {
			sets[key] = &controllers.Set{}
		}
		return sets[key]
	}
	for _, e := range events {
		o.lines = append(o.lines, e.String())
		o.note(set, e)
	}
	o.finish(sim.Now(), sets)
	for _, s := range sets {
		s.Created, s.Deleted = withoutHash(s.Created), withoutHash(s.Deleted)
	}
	for _, key := range daemonSetKeys {
		if object, err := sim.Object("daemonset/" + key); err == nil {
			describeSet(sim, object.(*appsv1.DaemonSet), set(key))
		}
	}
	tick := controllers.Tick{DaemonSets: map[string]controllers.Set{}}
	for key, s := range sets {
		tick.DaemonSets[key] = *s
	}
	return tick
}

// daemonSetKeys are those of the generated scenarios.
var daemonSetKeys = []string{"default/agent", "default/proxy"}

func (o *ourTrace) note(set func(string) *controllers.Set, e rollout.Event) {
	key := strings.TrimPrefix(e.Key, "daemonset/")
	at := controllers.At{Tick: e.Tick, Round: e.Round, Key: key}
	switch e.Kind {
	case rollout.EventInputRefused:
		s := set(key)
		s.Refused = append(s.Refused, "refused")
	case rollout.EventSyncFailed:
		s := set(key)
		s.Errors = append(s.Errors, e.Detail)
		o.fails[key] = append(o.fails[key], failure{at, e.Detail})
	case rollout.EventCreated, rollout.EventDeleted:
		if o.acts[at] == nil {
			o.acts[at] = &acts{}
		}
		a := controllers.Act{Node: e.Node, Revision: e.Revision}
		if e.Kind == rollout.EventCreated {
			o.acts[at].created = append(o.acts[at].created, a)
		} else {
			o.acts[at].deleted = append(o.acts[at].deleted, a)
		}
	}
}

// finish collects what the syncs of a tick did, in their order.
func (o *ourTrace) finish(tick int, sets map[string]*controllers.Set) {
	for _, key := range daemonSetKeys {
		for round := 1; round <= 50; round++ {
			did := o.acts[controllers.At{Tick: tick, Round: round, Key: key}]
			if did == nil {
				continue
			}
			slices.SortFunc(did.created, byNode) // as the driver does, for accept
			slices.SortFunc(did.deleted, byNode)
			if sets[key] == nil {
				sets[key] = &controllers.Set{}
			}
			sets[key].Created = append(sets[key].Created, did.created...)
			sets[key].Deleted = append(sets[key].Deleted, did.deleted...)
			sets[key].Syncs++
		}
	}
}

func byNode(a, b controllers.Act) int {
	return cmp.Or(strings.Compare(a.Node, b.Node), cmp.Compare(a.Revision, b.Revision))
}

func describeSet(sim *rollout.Sim, ds *appsv1.DaemonSet, set *controllers.Set) {
	key := "daemonset/" + ds.Namespace + "/" + ds.Name
	history, _ := sim.History(key)
	pods, _ := sim.Pods(key)
	set.Status = ds.Status
	for _, r := range history {
		set.Revisions = append(set.Revisions, controllers.Revision{Number: r.Number, Hash: r.Hash})
	}
	for _, p := range pods {
		set.Pods = append(set.Pods, controllers.Pod{
			Node: p.Node, Hash: p.Hash, Phase: string(p.Phase), Bound: p.Bound, Ready: p.Ready, Terminating: p.Terminating,
		})
	}
}
