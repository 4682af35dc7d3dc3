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
	"os"
	"strings"

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
	os.Exit(run(os.Args[1:], newEnvironment()))
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
		fmt.Fprintln(env.stderr, "berth: refused:", printable(err.Error()))
		return exitFails
	default:
		fmt.Fprintln(env.stderr, "berth:", printable(err.Error()))
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
	root.SetFlagErrorFunc(twoDashes)
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.AddCommand(
		newPlanCommand(env), newRolloutCommand(env), newDrainCommand(env), newWhyCommand(env), newWhereCommand(env), newStuckCommand(env),
		newInspectCommand(env), newUpgradeCommand(env), newOverheadCommand(env), newDiffCommand(env), newPlayCommand(env), newVersionCommand(env),
	)
	return root
}

// twoDashes names the flag that an argument with one dash may mean.
func twoDashes(cmd *cobra.Command, err error) error {
	_, arg, _ := strings.Cut(err.Error(), " in -")
	name, _, _ := strings.Cut(arg, "=")
	if cmd.Name() == "diff" && strings.HasSuffix(err.Error(), "in -f") {
		return fmt.Errorf("%w: diff compares two dumps; kubectl berth plan -f FILE says what a file would change", err)
	}
	if cmd.Flags().Lookup(name) != nil {
		return fmt.Errorf("%w: did you mean --%s?", err, name)
	}
	return err
}

// noArgs refuses arguments of a command whose files come with flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: unexpected argument %q: -f FILE and --cluster FILE name files", cmd.Name(), args[0])
	}
	return nil
}

// exits is the end of each help: what the exit status means.
func exits(holds, fails string) string {
	return "\nThe exit status is 0 if " + holds + ", 1 if " + fails + ", and 2 on bad input."
}

// respond runs a command: it reads, has the command answer, and prints.
func respond(env environment, in *source, out *output, to func(*world) (answer, error)) error {
	if err := errors.Join(in.check(), out.check()); err != nil {
		return err
	}
	w, err := in.read(env)
	var a answer
	if err == nil {
		stop := env.progress("working")
		a, err = to(w)
		stop()
	}
	if err != nil {
		return errors.Join(out.printMistakes(env, err), err)
	}
	a.claims = append(a.claims, w.warnings()...)
	return out.print(env, a)
}
