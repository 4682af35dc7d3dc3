// Kubectl-berth is a kubectl plug-in that answers from files, without touching a
// cluster, where pods run and what a change would do:
//
//	go install github.com/berthsim/berth/examples/kubectl-berth@latest
//	kubectl berth plan --cluster dump.yaml -f daemonset.yaml --policy policies.yaml
//
// The help of each command has examples and the exit status.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/rollout/dryrun"
)

// The exit status of every command.
const (
	exitHolds = iota
	exitFails
	exitBadInput
)

func main() {
	os.Exit(run(os.Args[1:], environment{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

// environment is what the program has from outside, so that tests run it without.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// errFails is the error of a command that has printed an answer which is a failure.
var errFails = errors.New("the answer is a failure")

// run is the program without its environment. It returns the exit status.
func run(args []string, env environment) int {
	root := newCommand(env)
	root.SetArgs(args)
	switch err := root.Execute(); {
	case err == nil:
		return exitHolds
	case errors.Is(err, errFails):
		return exitFails
	case errors.Is(err, dryrun.ErrRefused):
		fmt.Fprintln(env.stderr, "berth: refused:", err)
		return exitFails
	default:
		fmt.Fprintln(env.stderr, "berth:", err)
		return exitBadInput
	}
}

func newCommand(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "kubectl-berth",
		Short:         "Predict where pods run and what a change to a cluster would do",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl berth"},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.AddCommand(newPlanCommand(env))
	return root
}
