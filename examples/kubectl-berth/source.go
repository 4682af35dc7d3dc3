package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// source is where a command reads objects: the flags that commands share.
type source struct {
	files, kustomize, dumps []string
	recursive, strict       bool
	namespace, selector     string
	allNamespaces           bool
	version                 string

	labels labels.Selector // of selector
}

// addFlags adds the flags of the cluster and, if about says what they hold, of files.
func (s *source) addFlags(flags *pflag.FlagSet, about string) {
	flags.SortFlags = false
	flags.StringArrayVar(&s.dumps, "cluster", nil, "`file` or directory with the cluster as it is (a dump), - for standard input; may be repeated; without it the nodes of -f are the cluster, or else kubectl get reads the current context")
	if about != "" {
		flags.StringArrayVarP(&s.files, "filename", "f", nil, "`file`, directory or quoted glob with "+about+", - for standard input; may be repeated")
		flags.BoolVarP(&s.recursive, "recursive", "R", false, "read everything below the directories of -f")
		flags.StringArrayVarP(&s.kustomize, "kustomize", "k", nil, "`directory` that kubectl kustomize renders, read as -f; may be repeated")
		flags.BoolVar(&s.strict, "strict", false, "unknown and repeated fields are errors, as for kubectl")
	}
	flags.StringVar(&s.version, "server-version", "", "`release` of Kubernetes whose rules apply, as in 1.36; without it that of the cluster if it is known, else "+string(cluster.Latest))
}

// addNamespace adds the flags that say which objects a command is about.
func (s *source) addNamespace(flags *pflag.FlagSet) {
	flags.StringVarP(&s.namespace, "namespace", "n", "", "`namespace` of the objects that it is about; without it all of them")
	flags.BoolVarP(&s.allNamespaces, "all-namespaces", "A", false, "all namespaces, as without -n")
}

func (s *source) addSelector(flags *pflag.FlagSet, what string) {
	flags.StringVarP(&s.selector, "selector", "l", "", "label `selector` of the "+what)
}

func (s *source) check() error {
	var errs []error
	if s.allNamespaces && s.namespace != "" {
		errs = append(errs, errors.New("-A and -n exclude each other"))
	}
	stdin := func(file string) bool { return file == "-" }
	if all := slices.Concat(s.files, s.dumps); slices.ContainsFunc(all, stdin) && len(slices.DeleteFunc(all, stdin)) < len(s.files)+len(s.dumps)-1 {
		errs = append(errs, errors.New("-: standard input can be read only once"))
	}
	var err error
	if s.labels, err = labels.Parse(s.selector); err != nil {
		errs = append(errs, fmt.Errorf("-l %q: %w", s.selector, err))
	}
	return errors.Join(errs...)
}

// world is what a source holds.
type world struct {
	cluster *cluster.Cluster // as it is
	given   []input          // of -f and -k
	dumps   []input          // of --cluster
	notes   []string         // about the answer as a whole
	locator
}

// read reads everything. The world is not nil even if there is an error.
func (s *source) read(env environment) (*world, error) {
	defer env.progress("reading")()
	w := &world{}
	var err error
	if w.dumps, err = s.readDumps(env); err != nil {
		return w, err
	}
	if w.given, err = s.readFiles(env); err != nil {
		return w, err
	}
	w.files = slices.Concat(w.given, w.dumps)
	if len(w.dumps) == 0 {
		w.takeDumps(env)
	}
	if s.namespace != "" {
		s.inNamespace(w.given)
	}
	if len(w.dumps) == 0 && !slices.ContainsFunc(w.given, hasNodes) {
		if w.dumps, err = s.readContext(env); err != nil {
			return w, err
		}
	}
	if w.cluster, err = merge(w.dumps); err != nil {
		return w, err
	}
	if len(w.dumps) == 0 {
		w.cluster = withVersions(w.cluster, w.given)
	}
	w.cluster, err = s.atVersion(w.cluster)
	return w, err
}

// takeDumps takes files of -f that are dumps as the cluster: nodes with workloads that an
// API server has stored.
func (w *world) takeDumps(env environment) {
	w.given = slices.DeleteFunc(w.given, func(in input) bool {
		stored := func(load workload) bool { return load.meta.GetUID() != "" }
		dump := hasNodes(in) && slices.ContainsFunc(workloads(in.manifest, "", labels.Everything(), "DaemonSet", "Deployment", "Pod"), stored)
		if dump {
			fmt.Fprintln(env.stderr, printable(in.name+": is a dump, and read as the cluster, as with --cluster"))
			w.dumps = append(w.dumps, in)
		}
		return dump
	})
}

func hasNodes(in input) bool { return len(in.manifest.Nodes) > 0 }

// atVersion returns the cluster with the release that --server-version names: 1.36,
// v1.36 or v1.36.2.
func (s *source) atVersion(c *cluster.Cluster) (*cluster.Cluster, error) {
	if s.version == "" {
		return c, nil
	}
	c, err := c.WithVersion(cluster.Version(release(s.version)))
	if err != nil {
		return nil, fmt.Errorf("--server-version %s: %w", s.version, err)
	}
	return c, nil
}

// release returns the minor release of a version: 1.36 for v1.36.2.
func release(version string) string {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// whole returns the cluster with the objects of -f and -k added.
func (w *world) whole() (*cluster.Cluster, error) {
	c := w.cluster
	for _, in := range w.given {
		own, err := in.manifest.Cluster()
		if err != nil {
			return nil, inFile{in.name, err}
		}
		if c, err = c.With(own.Manifest().Objects()...); err != nil {
			return nil, inFile{in.name, err}
		}
	}
	return c, nil
}

// warnings returns the claims of fields that were dropped.
func (w *world) warnings() []claim {
	var all []claim
	for _, in := range w.given {
		for _, e := range in.manifest.Warnings {
			all = append(all, ofManifest(e, in.name, "DroppedField", levelWarning))
		}
	}
	return all
}

// changes returns the objects of -f to apply. If nothing else describes the cluster, it
// applies DaemonSets and Deployments, and adds the others to the cluster: later files
// replace objects of earlier ones.
func (w *world) changes(s *source) ([]runtime.Object, error) {
	var apply, there []runtime.Object
	for _, in := range w.given {
		own, err := in.manifest.Cluster()
		if err != nil {
			return nil, inFile{in.name, err}
		}
		if len(w.dumps) == 0 {
			there = append(there, slices.DeleteFunc(own.Manifest().Objects(), isWorkload)...)
		}
		for _, o := range in.manifest.Objects() { // as written: an apply keeps what a manifest does not state
			if len(w.dumps) == 0 && !isWorkload(o) || !s.labels.Matches(labels.Set(o.(metav1.Object).GetLabels())) {
				continue
			}
			if err := s.mismatch(o); err != nil {
				return nil, inFile{in.name, err}
			}
			apply = append(apply, o)
		}
	}
	var err error
	for _, o := range there { // one by one: the object of a later file wins
		if w.cluster, err = w.cluster.With(o); err != nil {
			return nil, err
		}
	}
	return apply, nil
}

// isWorkload reports whether the object is a DaemonSet or Deployment.
func isWorkload(o runtime.Object) bool {
	switch o.(type) {
	case *appsv1.DaemonSet, *appsv1.Deployment:
		return true
	}
	return false
}

// inNamespace puts objects that name no namespace into that of -n, as kubectl does.
func (s *source) inNamespace(files []input) {
	l := locator{files: files}
	for _, in := range files {
		for _, o := range in.manifest.Objects() {
			meta := o.(metav1.Object)
			absent := l.place(kindName(o)+"/"+meta.GetName(), "").file != ""
			if absent && meta.GetNamespace() == metav1.NamespaceDefault {
				meta.SetNamespace(s.namespace)
			}
		}
	}
}

// kindName returns the kind of an object in lower case.
func kindName(o runtime.Object) string {
	_, kind, _ := strings.Cut(fmt.Sprintf("%T", o), ".")
	return strings.ToLower(kind)
}

// mismatch returns kubectl's error about an object in another namespace than that of -n.
func (s *source) mismatch(o runtime.Object) error {
	in := o.(metav1.Object).GetNamespace()
	if s.namespace == "" || in == "" || in == s.namespace {
		return nil
	}
	return fmt.Errorf("the namespace from the provided object %q does not match the namespace %q. You must pass '--namespace=%s' to perform this operation", in, s.namespace, in)
}
