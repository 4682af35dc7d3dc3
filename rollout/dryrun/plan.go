package dryrun

import (
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Plan is what edits to a cluster would do. It is immutable and safe for concurrent
// use. Where pods are wanted afterwards is computed on demand, DaemonSet by DaemonSet.
// What happens to pods is computed on first use, by one simulation of all of them. A
// nil Plan and the zero Plan have no edits and an empty cluster.
type Plan struct {
	base  *Baseline
	edits []Edit
	*editedCluster
	course  func() *course
	whole   func() []effect // of DaemonSets
	effects func() []Effect
	evict   func() []Eviction
	operate func() []Operation
	budgets func() []BudgetCourse
}

// orNothing returns p, or a Plan of no edits to an empty cluster if p is nil or zero.
func (p *Plan) orNothing() *Plan {
	if p == nil || p.base == nil {
		return nothing()
	}
	return p
}

var empty struct {
	once sync.Once
	plan *Plan
}

func nothing() *Plan {
	empty.once.Do(func() { empty.plan, _ = New(&cluster.Cluster{}) }) // no edit, so no error
	return empty.plan
}

// Action is what edits do to the object of a DaemonSet or Deployment.
type Action string

const (
	ActionNone    Action = "None"    // nothing
	ActionCreated Action = "Created" // it is new
	ActionChanged Action = "Changed" // its spec changes
	ActionDeleted Action = "Deleted" // it is deleted
)

// effect is what a plan does to one DaemonSet, computed on demand.
type effect struct {
	key     string // namespace/name
	action  Action
	changes placement.Changes // the nodes where a pod becomes, or is no longer, wanted, placed or kept

	plan          *Plan
	before, after *daemon
	wrong         error // why there is no prediction
}

// Before returns the cluster that the plan starts from.
func (p *Plan) Before() *cluster.Cluster { return p.orNothing().base.cluster }

// After returns the cluster with the edits made, before anything in it reacts to them.
func (p *Plan) After() *cluster.Cluster { return p.orNothing().editedCluster.after }

// Select returns the nodes that a label selector in kubectl's notation matches before
// or after the edits, so that an edit cannot hide a node from a policy. Each node is in
// its state after the edits, if it still exists.
func (p *Plan) Select(selector string) (cluster.NodeSet, error) {
	after, err := p.After().Select(selector)
	if err != nil {
		return cluster.NodeSet{}, err
	}
	before, err := p.Before().Select(selector)
	if err != nil {
		return cluster.NodeSet{}, err
	}
	return p.latest(after.Or(before)), nil
}

// latest returns the nodes in their state after the plan, if they still exist.
func (p *Plan) latest(nodes cluster.NodeSet) cluster.NodeSet {
	return p.After().Nodes().And(nodes).Or(nodes)
}

func (p *Plan) predictAll() []effect {
	keys := map[string]bool{}
	for _, c := range []*cluster.Cluster{p.Before(), p.After()} {
		for _, ds := range borrow.From(c).DaemonSets() {
			keys[kube.Key(ds)] = true
		}
	}
	var all []effect
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		all = append(all, p.effect(key))
	}
	return all
}

func (p *Plan) effect(key string) effect {
	e := effect{key: key, action: ActionNone, plan: p, before: p.base.daemons[key]}
	namespace, name := split(key)
	ds, there := borrow.From(p.After()).DaemonSet(namespace, name)
	switch {
	case !there && e.before != nil:
		e.action = ActionDeleted
	case !there:
		return e
	case e.before == nil:
		e.action = ActionCreated
	case ds != e.before.object && !equality.Semantic.DeepEqual(ds.Spec, e.before.object.Spec):
		e.action = ActionChanged
	}
	if there {
		e.after, e.wrong = p.predict(e, ds)
	}
	e.changes = placement.Diff(e.before.prediction(), e.after.prediction())
	return e
}

// predict predicts a DaemonSet after the edits. A known one need not be compiled.
// DaemonSets that are edited together are judged together. One whose pods may preempt
// others is judged with what the simulation leaves of those.
func (p *Plan) predict(e effect, ds *appsv1.DaemonSet) (*daemon, error) {
	if e.action == ActionNone {
		return e.before.on(p.judged()), nil
	}
	d, err := p.base.predict(ds, p.judged())
	if err == nil && d.mayPreempt() && slices.ContainsFunc(p.course().trace, isPreemption) {
		d = d.on(p.course().cluster())
	}
	return d, err
}

func isPreemption(e rollout.Event) bool { return e.Kind == rollout.EventPreempted }

// mayPreempt reports whether the DaemonSet has a pending pod on a node with a pod of
// lower priority.
func (d *daemon) mayPreempt() bool {
	b := borrow.From(d.cluster)
	priority := kube.Priority(&d.object.Spec.Template.Spec, b)
	for node := range borrow.Nodes(d.Eligible().Minus(d.Placed())) {
		position, _ := b.Position(node.Name)
		lower := func(pod *corev1.Pod) bool { return kube.RunningPriority(&pod.Spec, b) < priority }
		if slices.ContainsFunc(b.PodsOn(position), lower) {
			return true
		}
	}
	return false
}

func (d *daemon) prediction() *placement.Prediction {
	if d == nil {
		return nil
	}
	return d.Prediction
}

// placed returns the nodes that get a running pod after the plan.
func (e effect) placed() cluster.NodeSet { return e.after.placed() }

// wanted returns the nodes where a pod is wanted after the plan.
func (e effect) wanted() cluster.NodeSet {
	if e.after == nil {
		return cluster.NodeSet{}
	}
	return e.after.Eligible()
}

func (d *daemon) placed() cluster.NodeSet {
	if d == nil {
		return cluster.NodeSet{}
	}
	return d.Placed()
}

// verdict returns the verdict after the plan. It is Excluded
// without reasons if the DaemonSet or the node does not exist then.
func (d *daemon) verdict(node string) placement.Verdict {
	none := placement.Verdict{Node: node}
	if d == nil {
		return none
	}
	if v, ok := d.Prediction.Verdict(node); ok {
		return v
	}
	return none
}

// empty reports whether the plan changes neither the DaemonSet, nor its pods and their
// readiness, nor the decision about any node. It runs the simulation.
func (e effect) empty() bool {
	return e.action == ActionNone && !e.turns() && e.wrong == nil && !e.touched()
}

// turns reports whether a node's decision changes. Added or removed nodes alone do not
// count.
func (e effect) turns() bool {
	for range e.changes.All() {
		return true
	}
	return false
}

// newFindings returns what Inspect finds after the plan and not before. It costs an
// inspection, and another one once for all plans of a Baseline.
func (p *Plan) newFindings() Findings {
	before := p.base.findings()
	after, _ := Inspect(p.After(), Config{Ignore: p.base.config.Ignore}) // DaemonSets that cannot be read are in the effects
	known := map[string]bool{}
	for _, f := range before {
		known[f.String()] = true
	}
	return slices.DeleteFunc(after, func(f Finding) bool { return known[f.String()] })
}

// Sim returns a simulation of the cluster with the edits as inputs of its next tick.
// Use it for timeline.Watch, for additional faults, and for everything else in package
// rollout. It returns an error if an input is malformed.
func (p *Plan) Sim() (*rollout.Sim, error) {
	p = p.orNothing()
	sim, err := p.base.forked(p.start)
	if err != nil {
		return nil, err
	}
	return sim, sim.Inject(p.inputs...)
}

// forked returns a simulation of the baseline, or of a cluster that differs from it by
// edits that are no inputs.
func (b *Baseline) forked(start *cluster.Cluster) (*rollout.Sim, error) {
	if start != b.cluster {
		return b.config.simulation(start)
	}
	b.fork.Lock()
	defer b.fork.Unlock()
	return b.sim.Fork(), nil
}

// check returns an error if an input is malformed.
func (p *Plan) check() error {
	_, err := p.Sim()
	return err
}

// named returns nodes of either snapshot by name, in their state after the plan if they
// still exist.
func (p *Plan) named(names ...string) cluster.NodeSet {
	return p.After().Named(names...).Or(p.Before().Named(names...))
}
