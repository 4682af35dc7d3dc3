package rollout

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

// Sim is one simulation. It adopts the DaemonSets, revisions and pods of the
// cluster: on a settled dump the first tick changes nothing. It is not safe for
// concurrent use; forks are independent of one another. The zero Sim is empty: it
// refuses inputs, and no time passes.
type Sim struct {
	// store holds what an API server and the clock know; the other parts work on it.
	// Each part calls only parts above it in this list, which it names in its fields.
	store

	kubelets  kubelets
	evictions evictions
	scheduler scheduler
	dsc       daemonSetController
	rsc       replicaSetController
	dc        deploymentController
	nlc       nodeLifecycleController

	inputs []scheduled // those still to come, ascending by tick
}

// New returns a simulation of the cluster as it is. The error names every mistake
// in the configuration and every DaemonSet that cannot be read.
func New(c *cluster.Cluster, cfg Config) (*Sim, error) {
	if c == nil {
		return nil, fmt.Errorf("no cluster")
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Tick == 0 {
		cfg.Tick = time.Second
	}
	dumped := latest(c)
	if cfg.Start.IsZero() {
		cfg.Start = dumped
	}
	cfg = cfg.copied()
	s := &Sim{
		store: store{
			config:       cfg,
			virtualClock: newClock(cfg.Start, cfg.Tick),
			nodeTable:    nodeTable{cluster: c},
			health:       newHealthTable(&cfg),
			podTable:     podTable{free: none},
			eventQueue:   eventQueue{podQueue: podQueue{free: none}},
		},
		kubelets: newKubelets(cfg.Kubelet),
	}
	s.connect()
	if err := s.adopt(s.simTimeOf(metav1.NewTime(dumped))); err != nil {
		return nil, err
	}
	return s, nil
}

// connect sets the fields of each part for the parts that it calls.
func (s *Sim) connect() {
	shared, kubelets := &s.store, &s.kubelets
	s.kubelets.store = shared
	s.evictions.store, s.evictions.kubelets = shared, kubelets
	s.scheduler.store, s.scheduler.kubelets, s.scheduler.evictions = shared, kubelets, &s.evictions
	s.dsc.store, s.dsc.kubelets, s.dsc.evictions, s.dsc.scheduler = shared, kubelets, &s.evictions, &s.scheduler
	s.rsc.store, s.rsc.kubelets, s.rsc.scheduler = shared, kubelets, &s.scheduler
	s.dc.store, s.dc.rsc = shared, &s.rsc
	s.nlc.store, s.nlc.kubelets, s.nlc.evictions, s.nlc.dsc = shared, kubelets, &s.evictions, &s.dsc
}

// Fork returns an independent copy: changes to one do not affect the other. It
// copies what is known about nodes and pods, some 100 bytes each. What
// controllers and the scheduler hold between ticks is scratch and is not copied.
func (s *Sim) Fork() *Sim {
	f := &Sim{
		store:     s.store.fork(),
		kubelets:  s.kubelets.fork(),
		evictions: s.evictions.fork(),
		inputs:    slices.Clone(s.inputs),
	}
	f.connect()
	return f
}

// Config returns the configuration of the simulation.
func (s *Sim) Config() Config { return s.config.copied() }

// Now returns the last tick, or -1 before the first.
func (s *Sim) Now() int { return int(s.now) }

// Time returns the virtual time of a tick.
func (s *Sim) Time(tick int) time.Time {
	return time.Unix(s.start+int64(tick)*int64(s.step), 0).UTC()
}
