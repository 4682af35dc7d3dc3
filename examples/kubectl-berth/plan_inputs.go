package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// inputs is what a plan is made from.
type inputs struct {
	*world
	apply []runtime.Object // to be applied
	keys  []string         // of the DaemonSets among them
}

func (o *options) inputs(env environment, w *world) (*inputs, error) {
	in := &inputs{world: w}
	w.files = w.given // a place in a dump is no place where people edit
	var err error
	if in.apply, err = w.changes(&o.source); err != nil {
		return nil, err
	}
	for _, object := range in.apply {
		if ds, ok := object.(*appsv1.DaemonSet); ok {
			in.keys = append(in.keys, cmp.Or(ds.Namespace, metav1.NamespaceDefault)+"/"+ds.Name)
		}
	}
	switch {
	case len(o.expect) > 0 && len(in.keys) == 0:
		return nil, fmt.Errorf("%s: holds no DaemonSet, which --expect is about%s", strings.Join(o.files, ","), skipped(w.given))
	case len(in.apply)+len(o.edits)+len(o.deletes)+len(o.inputTexts) == 0 && len(w.given) == 0:
		return nil, fmt.Errorf("%s: is the cluster: what is to be done? -f has objects to apply, or else --edit, --delete or --do", strings.Join(o.files, ","))
	case len(w.given) > 0 && len(in.apply) == 0:
		return nil, fmt.Errorf("%s: holds no DaemonSet or other object to apply%s", strings.Join(o.files, ","), skipped(w.given))
	}
	w.notes = append(deciding(w.dumps), deciding(w.given)...)
	if w.cluster.Nodes().Len() == 0 {
		fmt.Fprintln(env.stderr, "warning: the cluster has no nodes; --cluster names a file with some")
	}
	return in, nil
}

// edits returns the edits of the flags, in the order apply, edit, delete, do.
func (in *inputs) edits(o *options) ([]dryrun.Edit, error) {
	var all []dryrun.Edit
	var errs []error
	if len(in.apply) > 0 {
		all = append(all, dryrun.Apply(in.stated(in.apply)...))
	}
	for _, text := range o.edits {
		edit, err := in.editOf(text)
		all, errs = append(all, edit), append(errs, err)
	}
	for _, key := range o.deletes {
		object, err := in.workload(key)
		all, errs = append(all, dryrun.Delete(object)), append(errs, err)
	}
	for _, text := range o.inputTexts {
		if keys, ok := strings.CutPrefix(text, "restart "); ok {
			all = append(all, dryrun.Restart(strings.Fields(keys)...))
			continue
		}
		if edit, ok, err := in.commandEdit(text); ok {
			if err != nil {
				errs = append(errs, fmt.Errorf("--do %q: %w", text, err))
			}
			all = append(all, edit)
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
