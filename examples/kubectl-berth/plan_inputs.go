package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// inputs is the content of the files.
type inputs struct {
	cluster *cluster.Cluster // as it is
	apply   []runtime.Object // to be applied
	keys    []string         // of the DaemonSets among them
	places  map[string]place // their positions in the files
	notes   []string         // objects in the files that affect the result but are ignored
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
	switch {
	case len(o.expect) > 0 && len(in.keys) == 0:
		return nil, fmt.Errorf("%s: holds no DaemonSet, which --expect is about%s", strings.Join(o.files, ","), skipped(given))
	case len(given) > 0 && len(in.apply) == 0:
		return nil, fmt.Errorf("%s: holds no DaemonSet or other object to apply%s", strings.Join(o.files, ","), skipped(given))
	}
	in.notes = append(deciding(world), deciding(given)...)
	if in.cluster.Nodes().Len() == 0 {
		fmt.Fprintln(stderr, "warning: the cluster has no nodes; --cluster names a file with some")
	}
	return in, nil
}

// take sorts the objects of -f into those to apply and, if nothing else describes the
// cluster, those that already exist.
func (in *inputs) take(given []input, isCluster bool) error {
	var there []runtime.Object
	for _, file := range given {
		own, err := file.manifest.Cluster()
		if err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		for _, o := range own.Manifest().Objects() {
			switch x := o.(type) {
			case *appsv1.DaemonSet:
				in.keys = append(in.keys, x.Namespace+"/"+x.Name)
			case *appsv1.Deployment:
			default:
				if isCluster {
					there = append(there, o)
					continue
				}
			}
			in.apply = append(in.apply, o)
		}
		maps.Copy(in.places, places(file.name, file.text))
	}
	var err error
	for _, o := range there { // one by one: the object of a later file wins
		if in.cluster, err = in.cluster.With(o); err != nil {
			return err
		}
	}
	return nil
}

// edits returns the edits of the flags, in the order apply, edit, delete, do.
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
		object, err := in.workload(key)
		all, errs = append(all, dryrun.Delete(object)), append(errs, err)
	}
	for _, text := range o.inputs {
		if keys, ok := strings.CutPrefix(text, "restart "); ok {
			all = append(all, dryrun.Restart(strings.Fields(keys)...))
			continue
		}
		input, err := rollout.ParseInput(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--do %q: %w", text, err))
			continue
		}
		all = append(all, dryrun.Inputs(input))
	}
	return all, errors.Join(errs...)
}

// workload returns the DaemonSet or Deployment of a key from the cluster and -f.
func (in *inputs) workload(key string) (runtime.Object, error) {
	parts := strings.Split(key, "/")
	kind := ""
	if len(parts) == 3 {
		kind, parts = parts[0], parts[1:]
	}
	if len(parts) != 2 || kind != "" && kind != "daemonset" && kind != "deployment" {
		return &appsv1.DaemonSet{}, fmt.Errorf("--delete %q: must be namespace/name, or with daemonset/ or deployment/ before it", key)
	}
	meta := metav1.ObjectMeta{Namespace: parts[0], Name: parts[1]}
	var daemon, deployed bool
	for _, o := range slices.Concat(in.cluster.Manifest().Objects(), in.apply) {
		if x, ok := o.(metav1.Object); ok && x.GetNamespace() == meta.Namespace && x.GetName() == meta.Name {
			switch o.(type) {
			case *appsv1.DaemonSet:
				daemon = true
			case *appsv1.Deployment:
				deployed = true
			}
		}
	}
	if kind == "deployment" || kind == "" && deployed && !daemon {
		return &appsv1.Deployment{ObjectMeta: meta}, nil
	}
	return &appsv1.DaemonSet{ObjectMeta: meta}, nil
}

// decides states what the kinds that the model ignores would decide.
var decides = map[string]string{
	"HorizontalPodAutoscaler":          "how many replicas there are",
	"MutatingWebhookConfiguration":     "what pods are like",
	"ValidatingWebhookConfiguration":   "whether objects are let in",
	"ValidatingAdmissionPolicy":        "whether objects are let in",
	"ValidatingAdmissionPolicyBinding": "whether objects are let in",
	"PersistentVolumeClaim":            "on which nodes pods may run",
	"PersistentVolume":                 "on which nodes pods may run",
	"StorageClass":                     "on which nodes pods may run",
	"Job":                              "whether its pods come again",
	"CronJob":                          "whether its pods come again",
	"ReplicationController":            "whether its pods come again",
}

// deciding returns a note for each ignored object in the files that would affect the
// result.
func deciding(files []input) []string {
	var notes []string
	for _, in := range files {
		counts := map[string]int{}
		for _, s := range in.manifest.Skipped {
			if object := strings.Fields(s.Object); len(object) > 1 && decides[object[1]] != "" { // after the apiVersion
				counts[object[1]]++
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(counts)) {
			notes = append(notes, fmt.Sprintf("%s: %d of kind %s are not looked at: they decide %s", in.name, counts[kind], kind, decides[kind]))
		}
	}
	return notes
}

// readAll reads files one by one, and prints what was dropped.
func readAll(files []string, strict bool, stdin io.Reader, stderr io.Writer) ([]input, error) {
	var all []input
	var opts []cluster.ReadOption
	if strict {
		opts = append(opts, cluster.Strict())
	}
	for _, name := range files {
		text, err := read(name, stdin)
		if err != nil {
			return nil, err // the error names the file
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

// merge merges the files into one cluster. If two files hold the same object, the later
// one wins.
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

// skipped returns what the files contained instead of a DaemonSet.
func skipped(inputs []input) string {
	var lines []string
	for _, in := range inputs {
		for _, s := range in.manifest.Skipped {
			lines = append(lines, s.Error())
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "; skipped:\n  " + strings.Join(lines, "\n  ")
}
