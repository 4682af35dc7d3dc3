package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// inputs is what the files hold.
type inputs struct {
	cluster *cluster.Cluster // as it is
	apply   []runtime.Object // to be applied
	keys    []string         // of the DaemonSets among them
	places  map[string]place // where they stand
}

// input is one file, read.
type input struct {
	name     string
	text     []byte
	manifest *cluster.Manifest
}

func readInputs(o options, stdin io.Reader, stderr io.Writer) (*inputs, error) {
	world, err := readAll(o.cluster, o.strict, stdin, stderr)
	if err != nil {
		return nil, err
	}
	given, err := readAll(o.files, o.strict, stdin, stderr)
	if err != nil {
		return nil, err
	}
	in := &inputs{places: map[string]place{}}
	if in.cluster, err = merge(world); err != nil {
		return nil, err
	}
	if err := in.take(given, len(o.cluster) == 0); err != nil {
		return nil, err
	}
	if len(given) > 0 && len(in.keys) == 0 {
		return nil, fmt.Errorf("%s: holds no DaemonSet%s", o.files.String(), skipped(given))
	}
	if in.cluster.Nodes().Len() == 0 {
		fmt.Fprintln(stderr, "warning: the cluster has no nodes; -cluster names a file with some")
	}
	return in, nil
}

// take sorts what -f holds into what is applied and, where nothing else says what
// the cluster is, what is there.
func (in *inputs) take(given []input, isCluster bool) error {
	var there []runtime.Object
	for _, file := range given {
		own, err := file.manifest.Cluster()
		if err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		for _, o := range own.Manifest().Objects() {
			if ds, ok := o.(*appsv1.DaemonSet); ok {
				in.keys = append(in.keys, ds.Namespace+"/"+ds.Name)
			} else if isCluster {
				there = append(there, o)
				continue
			}
			in.apply = append(in.apply, o)
		}
		maps.Copy(in.places, places(file.name, file.text))
	}
	var err error
	for _, o := range there { // one by one: a later file's object counts
		if in.cluster, err = in.cluster.With(o); err != nil {
			return err
		}
	}
	return nil
}

// edits are what the flags ask for, in the order apply, edit, delete, do.
func (in *inputs) edits(o options) ([]dryrun.Edit, error) {
	var all []dryrun.Edit
	var errs []error
	if len(in.apply) > 0 {
		all = append(all, dryrun.Apply(in.apply...))
	}
	for _, text := range o.edits {
		edit, err := in.editOf(text)
		all, errs = append(all, edit), append(errs, err)
	}
	for _, key := range o.deletes {
		namespace, name, ok := strings.Cut(key, "/")
		if !ok {
			errs = append(errs, fmt.Errorf("-delete %q: must be namespace/name", key))
		}
		all = append(all, dryrun.Delete(&appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}))
	}
	for _, text := range o.inputs {
		input, err := rollout.ParseInput(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("-do %q: %w", text, err))
			continue
		}
		all = append(all, dryrun.Inputs(input))
	}
	return all, errors.Join(errs...)
}

// readAll reads files one by one, and prints what was dropped on the way.
func readAll(files []string, strict bool, stdin io.Reader, stderr io.Writer) ([]input, error) {
	var all []input
	var opts []cluster.ReadOption
	if strict {
		opts = append(opts, cluster.Strict())
	}
	for _, name := range files {
		text, err := read(name, stdin)
		if err != nil {
			return nil, err // it names the file
		}
		m, err := cluster.ReadManifest(bytes.NewReader(text), opts...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if notes := m.Summary(); notes != "" {
			for line := range strings.Lines(notes) {
				fmt.Fprintf(stderr, "warning: %s: %s\n", name, strings.TrimSuffix(line, "\n"))
			}
		}
		all = append(all, input{name, text, m})
	}
	return all, nil
}

func read(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

// merge makes one cluster; where two files hold the same object, the later one counts.
func merge(files []input) (*cluster.Cluster, error) {
	c, err := cluster.New()
	for _, in := range files {
		own, wrong := in.manifest.Cluster()
		if wrong != nil {
			return nil, fmt.Errorf("%s: %w", in.name, wrong)
		}
		if c, err = c.With(own.Manifest().Objects()...); err != nil {
			return nil, fmt.Errorf("%s: %w", in.name, err)
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
