package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout/dryrun"
)

func newUpgradeCommand(env environment) *cobra.Command {
	var in source
	var out output
	var t timing
	var to string
	failOn := "problem"
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Find what an upgrade of Kubernetes changes for a cluster",
		Long: `Find what differs for a cluster when its control plane is upgraded to another release of
Kubernetes: objects that the new API server refuses or stores otherwise, pods that go to
other nodes, other words of events, and restarts that take another course. Kubelets that
are older than the new release are upgraded in a simulation, node by node: drained,
replaced, uncordoned. The release that the cluster has is that of the output of kubectl
version -o yaml in the dump, or --server-version.
` + exits("no finding is as severe as --fail-on", "one is"),
		Example: `  # What changes, and can each node be drained?
  kubectl berth upgrade --cluster dump.yaml --server-version 1.36 --to 1.37

  # Will the manifests of the repository still be accepted?
  kubectl berth upgrade --cluster dump.yaml -f daemonset.yaml --server-version 1.35 --to 1.36 --fail-on warning`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			failing, err := atLeast(failOn)
			if err == nil {
				err = t.check()
			}
			if err != nil {
				return err
			}
			return respond(env, &in, &out, func(w *world) (answer, error) { return w.upgrade(&t, to, failing) })
		},
	}
	in.addFlags(cmd.Flags(), "manifests that will be applied again")
	cmd.Flags().StringVar(&to, "to", "", "`release` of Kubernetes after the upgrade, as in 1.37")
	cmd.Flags().StringVar(&failOn, "fail-on", failOn, "least `severity` that ends with 1: note, warning, problem")
	t.addFlags(cmd.Flags())
	out.addFlag(cmd, "table", "json", "yaml", "junit", "github", "sarif")
	return cmd
}

func (w *world) upgrade(t *timing, to string, failing []dryrun.Severity) (answer, error) {
	if to == "" {
		return answer{}, errors.New("--to: the release after the upgrade is required")
	}
	c := w.cluster
	if len(w.dumps) == 0 {
		var err error
		if c, err = w.whole(); err != nil {
			return answer{}, err
		}
	}
	var applied []runtime.Object
	for _, in := range w.given {
		applied = append(applied, in.manifest.Objects()...)
	}
	found, err := dryrun.Upgrade(c, cluster.Version(release(to)), dryrun.Config{Rollout: t.config, Limit: t.limit}, applied...)
	if err != nil {
		return answer{}, fmt.Errorf("--to %s: %w", to, err)
	}
	return w.findings(found, failing), nil
}
