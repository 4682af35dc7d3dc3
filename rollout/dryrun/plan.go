package dryrun

import (
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/enum"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Plan is what edits to a cluster would do. It is immutable and safe for concurrent
// use. Where pods are wanted afterwards is worked out DaemonSet by DaemonSet when
// asked for; what becomes of pods, by one simulation of all of them, the first time
// that it is asked for. A nil Plan and the zero one edit nothing in no cluster.
type Plan struct {
	base  *Baseline
	edits []Edit
	*editedCluster
	course func() *course
	whole  func() []Effect
	evict  func() []Eviction
}

// orNothing lets a nil Plan and the zero one edit nothing in no cluster.
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
	empty.once.Do(func() { empty.plan, _ = New(&cluster.Cluster{}) }) // no edit, no mistake
	return empty.plan
}

// Action is what edits do to a DaemonSet's object.
type Action uint8

const (
	ActionNone    Action = iota // nothing
	ActionCreated               // it is new
	ActionChanged               // its spec is another
	ActionDeleted               // it goes
)

var actionNames = enum.Of[Action]("None", "Created", "Changed", "Deleted")

// String is the action in a word.
func (a Action) String() string { return actionNames.String(a) }

// MarshalText makes an action its word in JSON.
func (a Action) MarshalText() ([]byte, error) { return actionNames.MarshalText(a) }

// UnmarshalText reads the word of an action.
func (a *Action) UnmarshalText(text []byte) error { return actionNames.UnmarshalText(a, text) }

// Effect is what a plan does to one DaemonSet.
type Effect struct {
	Key     string // namespace/name
	Action  Action
	Changes placement.Changes // the nodes on which a pod is, or is no longer, wanted, placed, kept

	plan          *Plan
	before, after *daemon
	wrong         error // why there is no prediction
}

// Before is the cluster at rest from which the plan starts.
func (p *Plan) Before() *cluster.Cluster { return p.orNothing().base.cluster }

// After is the cluster with the edits made, before anything in it reacts to them.
func (p *Plan) After() *cluster.Cluster { return p.orNothing().editedCluster.after }

// Edits gives the edits, in the order in which they are made.
func (p *Plan) Edits() []Edit { return slices.Clone(p.orNothing().edits) }

// Select gives the nodes that a label selector in kubectl's notation matches before
// the edits or after them, so that an edit cannot take a node out of a policy's
// sight; each as it is after them, if it still is.
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

// latest gives the nodes as they are after the plan, if they still are.
func (p *Plan) latest(nodes cluster.NodeSet) cluster.NodeSet {
	return p.After().Nodes().And(nodes).Or(nodes)
}

// Effects gives what becomes of every DaemonSet that there is before or after,
// ascending by key. Each costs a prediction, the first time.
func (p *Plan) Effects() []Effect { return slices.Clone(p.orNothing().whole()) }

func (p *Plan) predictAll() []Effect {
	keys := map[string]bool{}
	for _, c := range []*cluster.Cluster{p.Before(), p.After()} {
		for _, ds := range c.Borrow().DaemonSets() {
			keys[keyOf(ds)] = true
		}
	}
	var all []Effect
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		all = append(all, p.effect(key))
	}
	return all
}

// Effect gives what becomes of one DaemonSet; false if there is none before or
// after. It costs a prediction, each time.
func (p *Plan) Effect(key string) (Effect, bool) {
	e := p.orNothing().effect(key)
	return e, e.before != nil || e.after != nil
}

func (p *Plan) effect(key string) Effect {
	e := Effect{Key: key, plan: p, before: p.base.daemons[key]}
	namespace, name := split(key)
	ds, there := p.After().Borrow().DaemonSet(namespace, name)
	switch {
	case !there && e.before != nil:
		e.Action = ActionDeleted
	case !there:
		return e
	case e.before == nil:
		e.Action = ActionCreated
	case ds != e.before.object && !equality.Semantic.DeepEqual(ds.Spec, e.before.object.Spec):
		e.Action = ActionChanged
	}
	if there {
		e.after, e.wrong = p.predict(e, ds)
	}
	e.Changes = placement.Diff(e.before.prediction(), e.after.prediction())
	return e
}

// predict judges a DaemonSet after the edits; a known one need not be compiled.
func (p *Plan) predict(e Effect, ds *appsv1.DaemonSet) (*daemon, error) {
	if e.Action == ActionNone {
		return p.base.on(e.before, p.After())
	}
	return p.base.predict(ds, p.After())
}

// Plan is the plan that the effect is of.
func (e Effect) Plan() *Plan { return e.plan }

func (d *daemon) prediction() *placement.Prediction {
	if d == nil {
		return nil
	}
	return d.Prediction
}

// Prediction gives where pods are wanted and placed before the plan and after it;
// nil where there is no such DaemonSet then.
func (e Effect) Prediction() (before, after *placement.Prediction) {
	return e.before.prediction(), e.after.prediction()
}

// Placed gives the nodes that get a running pod after the plan: those of the
// prediction on which an admitted pod fits too.
func (e Effect) Placed() cluster.NodeSet { return e.after.placed() }

// Wanted gives the nodes on which a pod is wanted after the plan.
func (e Effect) Wanted() cluster.NodeSet {
	if e.after == nil {
		return cluster.NodeSet{}
	}
	return e.after.Eligible()
}

func (d *daemon) placed() cluster.NodeSet {
	switch {
	case d == nil:
		return cluster.NodeSet{}
	case d.admission != nil:
		return d.Placed().Minus(d.admission.refused).Or(d.admission.admitted)
	}
	return d.Placed()
}

// Verdict is the verdict after the plan, of the pod as it is admitted; Excluded
// without reasons where there is no such DaemonSet or node then.
func (e Effect) Verdict(node string) placement.Verdict { return e.after.verdict(node) }

func (d *daemon) verdict(node string) placement.Verdict {
	none := placement.Verdict{Node: node}
	if d == nil {
		return none
	}
	if v, ok := d.admission.verdict(node); ok {
		return v
	}
	if v, ok := d.Prediction.Verdict(node); ok {
		return v
	}
	return none
}

// Empty says whether nothing changes: no object of a DaemonSet, no decision on a
// node, and no pod. It runs the simulation.
func (p *Plan) Empty() bool {
	for _, e := range p.orNothing().whole() {
		if !e.Empty() {
			return false
		}
	}
	return len(p.Evictions())+len(p.Deployments()) == 0
}

// Empty says whether the plan does nothing to the DaemonSet and its pods, and no
// node's decision changes. It runs the simulation.
func (e Effect) Empty() bool {
	return e.Action == ActionNone && !e.turns() && e.wrong == nil && e.Pods().Empty()
}

// turns says whether a node's decision changes; that nodes come or go is not enough.
func (e Effect) turns() bool {
	for range e.Changes.All() {
		return true
	}
	return false
}

// Findings gives what Inspect finds about the cluster after the plan and not before:
// what the plan brings. It costs two inspections.
func (p *Plan) Findings() Findings {
	before, _ := Inspect(p.Before())
	after, _ := Inspect(p.After()) // what cannot be read is in the effects
	known := map[string]bool{}
	for _, f := range before {
		known[f.String()] = true
	}
	return slices.DeleteFunc(after, func(f Finding) bool { return known[f.String()] })
}

// Sim gives a simulation at rest with the edits as inputs of its next tick: for
// timeline.Watch, faults that come on top, and all else that package rollout offers. The
// error is an input that is malformed.
func (p *Plan) Sim() (*rollout.Sim, error) {
	p = p.orNothing()
	sim, err := p.base.forked(p.start)
	if err != nil {
		return nil, err
	}
	return sim, sim.Inject(p.inputs...)
}

// forked gives a simulation of the base, or of a cluster that differs from it in
// what is no input.
func (b *Baseline) forked(start *cluster.Cluster) (*rollout.Sim, error) {
	if start != b.cluster {
		return rollout.New(start, b.config.Rollout)
	}
	b.fork.Lock()
	defer b.fork.Unlock()
	return b.sim.Fork(), nil
}

// check says what is wrong with the inputs.
func (p *Plan) check() error {
	_, err := p.Sim()
	return err
}

// named gives nodes of either snapshot, as they are after the plan if they still are.
func (p *Plan) named(names ...string) cluster.NodeSet {
	return p.After().Named(names...).Or(p.Before().Named(names...))
}
