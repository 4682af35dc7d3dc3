package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/cluster"
)

func newVersionCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and the releases of Kubernetes whose rules are known",
		Example: "  kubectl berth version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			version := "(devel)"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			_, err := fmt.Fprintf(env.stdout, "berth %s\nKubernetes %v, by default %s\n", version, cluster.Versions(), cluster.Latest)
			return err
		},
	}
}
