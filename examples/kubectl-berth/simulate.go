package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// timing is how time passes in a simulation: flags of each command that has one.
type timing struct {
	config rollout.Config
	limit  time.Duration
}

func (t *timing) addFlags(flags *pflag.FlagSet) {
	kubelet := &t.config.Kubelet
	flags.DurationVar(&kubelet.Start, "start", 0, "how long a pod takes from being bound to running")
	flags.DurationVar(&kubelet.Ready, "ready", 0, "how long a pod takes from running to ready")
	flags.DurationVar(&kubelet.Stop, "stop", 0, "how long a pod takes to stop, at most its grace period")
	flags.DurationVar(&t.limit, "limit", 24*time.Hour, "how long rollouts are simulated if they do not complete before")
}

func (t *timing) check() error {
	if t.limit <= 0 {
		return fmt.Errorf("--limit %v: must be more than 0", t.limit)
	}
	return nil
}

// start returns a simulation of the cluster as it is. A cluster of manifests settles
// first: what no controller has ever seen is created.
func (t *timing) start(c *cluster.Cluster) (*rollout.Sim, error) {
	base, err := dryrun.NewBaseline(c, dryrun.Config{Rollout: t.config, Limit: t.limit})
	if err != nil {
		return nil, err
	}
	return rollout.New(base.Cluster(), t.config)
}

// ticks is the limit in ticks.
func (t *timing) ticks() int { return int((t.limit + time.Second - 1) / time.Second) }
