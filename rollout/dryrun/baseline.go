package dryrun

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/internal/span"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Config configures plans. The zero Config is that of package rollout: pods take no
// time, and a tick is a second.
type Config struct {
	Rollout rollout.Config // how time and machines behave; without Kubelet a duration in a plan is a number of waves
	// Limit is the duration after which the simulation stops if it has not settled, and
	// above which Inspect reports a rollout as too long. The default is 24 h.
	Limit time.Duration
	// Settle lets the cluster settle before the edits are made. Without it a plan
	// starts from the cluster as it is. A cluster of manifests always settles first:
	// one where no controller has ever seen a DaemonSet or Deployment, and where at
	// least one has no pods yet.
	Settle bool
	// Ignore lists rules of findings that Inspect and plans do not report.
	Ignore []string
}

// Baseline is a cluster that plans start from, and the simulation of that cluster
// without edits. Every DaemonSet is compiled and predicted once, and the cluster
// simulated once, whatever the number of plans. It is safe for concurrent use.
type Baseline struct {
	config  Config
	given   *cluster.Cluster
	cluster *cluster.Cluster // where plans start
	daemons map[string]*daemon
	settled settledStart

	fork sync.Mutex // guards sim
	sim  *rollout.Sim

	baseline func() *course
	print    func() string
	findings func() Findings // of the cluster where plans start
}

// daemon is a DaemonSet on a snapshot.
type daemon struct {
	cluster  *cluster.Cluster
	object   *appsv1.DaemonSet // the snapshot's own
	workload *placement.Workload
	*placement.Prediction
}

// settledStart is what happened until the cluster had settled.
type settledStart struct {
	created, deleted int
	unsettled        bool
}

// NewBaseline returns the Baseline for plans on a cluster. It costs a few µs per pod. It
// returns an error for a DaemonSet or a configuration that cannot be read.
func NewBaseline(c *cluster.Cluster, cfg Config) (*Baseline, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	sim, err := cfg.simulation(c)
	if err != nil {
		return nil, err
	}
	b := &Baseline{config: cfg, given: c, cluster: c, sim: sim, daemons: map[string]*daemon{}}
	if cfg.Settle || unborn(c, sim) {
		b.settle()
	}
	b.baseline = sync.OnceValue(func() *course {
		sim, _ := b.forked(b.cluster) // a fork cannot fail
		return b.run(sim)
	})
	b.print = sync.OnceValue(func() string { return fingerprintOf(c) })
	b.findings = sync.OnceValue(func() Findings {
		found, _ := Inspect(b.cluster, Config{}) // a DaemonSet that cannot be read is an error of NewBaseline
		return found
	})
	var errs []error
	for _, ds := range borrow.From(b.cluster).DaemonSets() {
		d, err := b.predict(ds, b.cluster)
		if err != nil {
			errs = append(errs, fmt.Errorf("DaemonSet %s: %w", kube.Key(ds), err))
			continue
		}
		d.Placed() // also computes what all pods use
		b.daemons[kube.Key(ds)] = d
	}
	return b, errors.Join(errs...)
}

// withDefaults returns the configuration with its limit set, or an error if the limit
// cannot be meant or a rule does not exist.
func (cfg Config) withDefaults() (Config, error) {
	if cfg.Limit == 0 {
		cfg.Limit = 24 * time.Hour
	}
	if err := span.Check("Config.Limit", cfg.Limit); err != nil {
		return cfg, err
	}
	return cfg, checkIgnored(cfg.Ignore)
}

// simulation returns a simulation of a cluster. A node that does not state its
// allocatable resources has room for no pod, as in the scheduler, which reads a missing
// value as zero (pkg/scheduler/framework/types.go: NewResource). rollout.New alone
// would leave room for all pods on such a node.
func (cfg Config) simulation(c *cluster.Cluster) (*rollout.Sim, error) {
	if c != nil {
		var closed []runtime.Object
		b := borrow.From(c)
		for i := range b.Len() {
			if node := b.At(i); len(node.Status.Allocatable) == 0 {
				closed = append(closed, withoutRoom(node))
			}
		}
		if len(closed) > 0 {
			var err error
			if c, err = c.With(closed...); err != nil {
				return nil, err
			}
		}
	}
	return rollout.New(c, cfg.Rollout)
}

// withoutRoom returns the node with room for no pod if it does not state its
// allocatable resources.
func withoutRoom(node *corev1.Node) *corev1.Node {
	if len(node.Status.Allocatable) > 0 {
		return node
	}
	node = node.DeepCopy()
	node.Status.Allocatable = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}
	return node
}

// unborn reports whether the cluster is one of manifests: no controller has ever seen a
// DaemonSet or Deployment, and at least one has no pods yet. In a dump of a running
// cluster the status of the objects shows that a controller has seen them.
func unborn(c *cluster.Cluster, sim *rollout.Sim) bool {
	empty := false
	b := borrow.From(c)
	for _, ds := range b.DaemonSets() {
		if ds.Status.ObservedGeneration > 0 {
			return false
		}
		pods, _ := sim.Pods(kube.DaemonSetKey(kube.Key(ds)))
		empty = empty || len(pods) == 0 && wantsPods(ds, c)
	}
	for _, d := range b.Deployments() {
		if d.Status.ObservedGeneration > 0 {
			return false
		}
		pods, _ := sim.Pods(kube.DeploymentKey(kube.Key(d)))
		empty = empty || len(pods) == 0 && (d.Spec.Replicas == nil || *d.Spec.Replicas > 0)
	}
	return empty
}

// wantsPods reports whether any node wants a pod of the DaemonSet.
func wantsPods(ds *appsv1.DaemonSet, c *cluster.Cluster) bool {
	w, err := placement.ForDaemonSet(ds, placement.Unvalidated(), placement.AtVersion(c.Version()))
	return err == nil && w.Predict(c).Eligible().Len() > 0
}

// settle runs the simulation until nothing happens any more.
func (b *Baseline) settle() {
	happened := false
	for events := range b.sim.Run(b.ticks()) {
		for _, e := range events {
			switch e.Kind {
			case rollout.EventCreated:
				b.settled.created++
			case rollout.EventDeleted:
				b.settled.deleted++
			}
		}
		happened = true
	}
	b.settled.unsettled = !b.sim.Settled()
	if happened {
		b.cluster = b.sim.Cluster()
	}
}

// ticks returns Config.Limit in ticks.
func (b *Baseline) ticks() int {
	tick := b.sim.Config().Tick
	return int(min(b.config.Limit/max(tick, time.Second), 1<<30))
}

// predict compiles and predicts a DaemonSet of a snapshot.
func (b *Baseline) predict(ds *appsv1.DaemonSet, on *cluster.Cluster) (*daemon, error) {
	w, err := b.config.compile(ds, on.Version())
	if err != nil {
		return nil, err
	}
	return &daemon{on, ds, w, w.Predict(on)}, nil
}

// compile compiles a DaemonSet that is stored, whose pods the configured API server
// of the release admits.
func (cfg Config) compile(ds *appsv1.DaemonSet, v cluster.Version) (*placement.Workload, error) {
	opts := []placement.Option{placement.Unvalidated(), placement.AtVersion(v)}
	if off := cfg.Rollout.DisableAdmissionPlugins; len(off) > 0 {
		opts = append(opts, placement.WithoutAdmission(off...))
	}
	w, err := placement.ForDaemonSet(ds, opts...)
	if err != nil {
		return nil, err
	}
	return room.WithWebhooks(w, cfg.Rollout.Admit), nil
}

// on returns a compiled DaemonSet on another snapshot.
func (d *daemon) on(c *cluster.Cluster) *daemon {
	return &daemon{c, d.object, d.workload, d.workload.Predict(c)}
}

// orNothing returns b, or a Baseline of the empty cluster if b is nil or zero.
func (b *Baseline) orNothing() *Baseline {
	if b == nil || b.sim == nil {
		return nothing().base
	}
	return b
}

// Cluster returns the cluster that plans start from. It is the given cluster unless
// that had to settle first (Config.Settle).
func (b *Baseline) Cluster() *cluster.Cluster { return b.orNothing().cluster }

// Plan returns the plan of the edits, made one after the other at one time. It costs as
// much as making the edits; their effects are computed on demand. The error lists every
// mistake in the edits. If all of them are updates that the API server refuses, for which
// errors.Is finds ErrRefused, the plan is not nil: it is that of everything else, and its
// Operations have the refusals.
func (b *Baseline) Plan(edits ...Edit) (*Plan, error) {
	b = b.orNothing()
	d := &editedCluster{now: b.sim.Time(b.sim.Now() + 1), given: b.given, start: b.cluster, after: b.cluster}
	var errs []error
	for _, e := range edits {
		if e.do == nil {
			errs = append(errs, errors.New("the zero Edit edits nothing: use a function such as Apply"))
			continue
		}
		from := len(d.inputs)
		d.denied = append(d.denied, nil)
		errs = append(errs, e.do(d))
		d.parts = append(d.parts, d.inputs[from:len(d.inputs):len(d.inputs)])
	}
	p := &Plan{base: b, edits: slices.Clone(edits), editedCluster: d}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(append(d.errs, errs...)...)
	}
	p.course = sync.OnceValue(p.simulate)
	p.whole = sync.OnceValue(p.predictAll)
	p.effects = sync.OnceValue(p.findEffects)
	p.evict = sync.OnceValue(p.findEvictions)
	p.operate = sync.OnceValue(p.operations)
	p.budgets = sync.OnceValue(p.findBudgets)
	if d.opaque {
		if err := p.check(); err != nil {
			return nil, err
		}
		d.after = p.course().cluster()
	}
	return p, errors.Join(d.errs...)
}

// New returns the plan of a single set of edits on a cluster. It is NewBaseline and
// Plan with the zero Config.
func New(c *cluster.Cluster, edits ...Edit) (*Plan, error) {
	b, err := NewBaseline(c, Config{})
	if err != nil {
		return nil, err
	}
	return b.Plan(edits...)
}
