package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/berthsim/berth/rollout/dryrun"
)

// severities are the values of --fail-on.
var severities = []dryrun.Severity{dryrun.SeverityNote, dryrun.SeverityWarning, dryrun.SeverityProblem}

// atLeast returns the severities from that of --fail-on upwards.
func atLeast(failOn string) ([]dryrun.Severity, error) {
	at := slices.IndexFunc(severities, func(s dryrun.Severity) bool { return strings.EqualFold(string(s), failOn) })
	if at < 0 {
		return nil, fmt.Errorf("--fail-on %s: must be one of note, warning, problem", failOn)
	}
	return severities[at:], nil
}

// addIgnore adds the flag for rules of findings that are not reported.
func addIgnore(flags *pflag.FlagSet, rules *[]string) {
	flags.StringSliceVar(rules, "ignore", nil, "`rules` of findings that are not reported, separated by commas; may be repeated")
}

func newInspectCommand(env environment) *cobra.Command {
	var in source
	var out output
	var t timing
	var ignored []string
	failOn := "problem"
	cmd := &cobra.Command{
		Use:   "inspect [DAEMONSET]...",
		Short: "Find what is going to surprise you about the DaemonSets of a cluster",
		Long: `Find what is going to surprise you about the DaemonSets of a cluster and their
PodDisruptionBudgets, before anything changes: a surge that cannot work, an update limit
that nodes which are not ready use up, a selector that selects nothing, pods that a
rollout deletes for good. Each finding has the field and a remedy.
` + exits("no finding is as severe as --fail-on", "one is"),
		Example: `  # What is wrong with what runs?
  kubectl berth inspect --cluster dump.yaml

  # Findings about manifests of a repository, for code scanning
  kubectl berth inspect -f daemonset.yaml --cluster dump.yaml -o sarif

  # The same without findings that are known
  kubectl berth inspect -f daemonset.yaml --cluster dump.yaml --ignore NoRequests`,
		RunE: func(_ *cobra.Command, args []string) error {
			failing, err := atLeast(failOn)
			if err == nil {
				err = t.check()
			}
			if err != nil {
				return err
			}
			names := in.takeFiles(args)
			cfg := dryrun.Config{Rollout: t.config, Limit: t.limit, Ignore: ignored}
			return respond(env, &in, &out, func(w *world) (answer, error) { return inspect(w, &in, cfg, names, failing) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster; then only these are inspected")
	in.addNamespace(cmd.Flags())
	in.addSelector(cmd.Flags(), "DaemonSets")
	cmd.Flags().StringVar(&failOn, "fail-on", failOn, "least `severity` that ends with 1: note, warning, problem")
	addIgnore(cmd.Flags(), &ignored)
	t.addFlags(cmd.Flags())
	out.addFlag(cmd, "table", "json", "yaml", "junit", "github", "sarif")
	return cmd
}

// levels are the severities in the words of SARIF.
var levels = map[dryrun.Severity]level{dryrun.SeverityNote: levelNote, dryrun.SeverityWarning: levelWarning, dryrun.SeverityProblem: levelError}

func inspect(w *world, in *source, cfg dryrun.Config, args []string, failing []dryrun.Severity) (answer, error) {
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	chosen, err := in.choose(w, c.Manifest(), args, "DaemonSet")
	if err != nil {
		return answer{}, err
	}
	objects := map[string]bool{}
	for _, load := range chosen {
		objects["DaemonSet "+load.meta.GetNamespace()+"/"+load.meta.GetName()] = true
	}
	all, err := dryrun.Inspect(c, cfg)
	if err != nil {
		return answer{}, err
	}
	found := slices.DeleteFunc(all, func(f dryrun.Finding) bool { return strings.HasPrefix(f.Object, "DaemonSet ") && !objects[f.Object] })
	return w.findings(found, failing), nil
}

// findings returns the answer that has findings. It fails if one has a failing severity.
func (w *world) findings(found dryrun.Findings, failing []dryrun.Severity) answer {
	a := answer{data: found}
	var b strings.Builder
	for _, f := range found {
		a.fails = a.fails || slices.Contains(failing, f.Severity)
		a.claims = append(a.claims, w.finding(f))
		fmt.Fprintln(&b, f)
	}
	if len(found) == 0 {
		b.WriteString("No findings.\n")
	}
	a.text = b.String()
	return a
}

// finding returns the claim of a finding.
func (w *world) finding(f dryrun.Finding) claim {
	kind, name, _ := strings.Cut(f.Object, " ")
	at := w.place(strings.ToLower(kind)+"/"+name, f.Path)
	text := f.Message + "\nremedy: " + f.Remedy
	return claim{rule: f.Rule, name: f.Object + " " + f.Rule, subject: f.Object, at: at, text: text, level: levels[f.Severity]}
}
