// Dryrun says where the DaemonSets of a manifest would run on the nodes of a
// cluster dump, before anybody applies them:
//
//	kubectl get nodes,pods,priorityclasses -A -o yaml > dump.yaml
//	dryrun -f daemonset.yaml -cluster dump.yaml -expect 'kubernetes.io/os=linux'
//
// It ends with 0 when every DaemonSet was predicted and every expectation
// holds, with 1 when an expectation fails, with 2 on bad input.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

const (
	exitHolds = iota
	exitFails
	exitBadInput
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program without its surroundings.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitHolds
	}
	var r report
	if err == nil {
		r, err = predict(o, stdin, stderr)
	}
	if err == nil {
		err = r.print(stdout, o.output)
	}
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "dryrun:", err)
		return exitBadInput
	case r.Failed():
		return exitFails
	}
	return exitHolds
}

type options struct {
	files   list
	cluster list
	expect  list
	output  string
}

// list is a flag that can be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("dryrun", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Var(&o.files, "f", "`file` with the DaemonSets, - for standard input; may be repeated")
	flags.Var(&o.cluster, "cluster", "`file` with nodes and pods, - for standard input; may be repeated; without it the nodes are those of -f")
	flags.Var(&o.expect, "expect", "label `selector` of nodes that must get a pod of every DaemonSet; may be repeated")
	flags.StringVar(&o.output, "o", "table", "`format` of the output: table or json")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var errs []error
	if flags.NArg() > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	if len(o.files) == 0 {
		errs = append(errs, errors.New("-f is required: the file with the DaemonSets"))
	}
	if o.output != "table" && o.output != "json" {
		errs = append(errs, fmt.Errorf("-o %s: must be table or json", o.output))
	}
	return o, errors.Join(errs...)
}

// predict reads the input and predicts every DaemonSet of -f, which takes the
// place of what the cluster holds under its name.
func predict(o options, stdin io.Reader, stderr io.Writer) (report, error) {
	world, err := readAll(o.cluster, stdin, stderr)
	if err != nil {
		return report{}, err
	}
	given, err := readAll(o.files, stdin, stderr)
	if err != nil {
		return report{}, err
	}
	c, err := merge(append(world, given...))
	if err != nil {
		return report{}, err
	}
	if c.Nodes().Len() == 0 {
		fmt.Fprintln(stderr, "warning: the cluster has no nodes; -cluster names a file with some")
	}
	r := report{Version: 1}
	for _, in := range given {
		for _, ds := range in.manifest.DaemonSets {
			w, err := placement.ForDaemonSet(ds)
			if err != nil {
				return report{}, fmt.Errorf("%s: %w", in.file, err)
			}
			if err := r.add(ds.Namespace+"/"+ds.Name, w.Predict(c), c, o.expect); err != nil {
				return report{}, err
			}
		}
	}
	if len(r.DaemonSets) == 0 {
		return report{}, fmt.Errorf("%s: holds no DaemonSet%s", o.files.String(), skipped(given))
	}
	return r, nil
}

// input is one file, read.
type input struct {
	file     string
	manifest *cluster.Manifest
}

// readAll reads files one by one, and prints what was dropped on the way.
func readAll(files []string, stdin io.Reader, stderr io.Writer) ([]input, error) {
	var all []input
	for _, name := range files {
		m, err := read(name, stdin)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, w := range m.Warnings {
			fmt.Fprintf(stderr, "warning: %s: %v\n", name, w)
		}
		all = append(all, input{name, m})
	}
	return all, nil
}

func read(name string, stdin io.Reader) (*cluster.Manifest, error) {
	if name == "-" {
		return cluster.ReadManifest(stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return cluster.ReadManifest(f)
}

// merge makes one cluster; where two files hold the same object, the later one counts.
func merge(inputs []input) (*cluster.Cluster, error) {
	c, err := cluster.New()
	for _, in := range inputs {
		own, wrong := in.manifest.Cluster()
		if wrong != nil {
			return nil, fmt.Errorf("%s: %w", in.file, wrong)
		}
		if c, err = c.With(own.Manifest().Objects()...); err != nil {
			return nil, fmt.Errorf("%s: %w", in.file, err)
		}
	}
	return c, err
}

// skipped tells what was in the files in place of a DaemonSet.
func skipped(inputs []input) string {
	var lines []string
	for _, in := range inputs {
		for _, s := range in.manifest.Skipped {
			lines = append(lines, s.String())
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "; skipped:\n  " + strings.Join(lines, "\n  ")
}
