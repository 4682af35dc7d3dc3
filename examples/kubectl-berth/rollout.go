package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/page"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
	"github.com/berthsim/berth/rollout/timeline"
)

// rolloutOptions are the flags of rollout.
type rolloutOptions struct {
	source
	output
	timing
	images  []string
	compare []string
	limits  []rollout.UpdateLimit // of compare
}

func newRolloutCommand(env environment) *cobra.Command {
	var o rolloutOptions
	cmd := &cobra.Command{
		Use:   "rollout [WORKLOAD]...",
		Short: "Simulate the rollout of a changed DaemonSet or Deployment, tick by tick",
		Long: `Simulate the rollout of the DaemonSets and Deployments of -f, or of WORKLOAD with another
image, or as kubectl rollout restart would do it: how long it takes, how many pods stay
available, a picture with a column for each second, and if it gets stuck why, and what
would let it end. --compare tries other update limits.

In a picture capital letters are new pods: W waits, R runs, M is ready for less than
minReadySeconds, A is available, F failed, T terminates; s is an old pod with a new one
beside it, - is a node without a pod.
` + exits("every rollout completes", "one is refused, stuck or not complete at --limit"),
		Example: `  # A changed DaemonSet, with pods that take 20 s to become ready
  kubectl berth rollout -f daemonset.yaml --cluster dump.yaml --ready 20s

  # Another image
  kubectl berth rollout deploy/web -n shop --image web=web:2 --cluster dump.yaml

  # What would other update limits take?
  kubectl berth rollout ds/log-collector --ready 20s --compare maxUnavailable=1 --compare maxUnavailable=25% --compare maxSurge=1 --cluster dump.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			args, err := kubectlWord(args)
			if err == nil {
				err = o.check(args)
			}
			if err != nil {
				return err
			}
			return respond(env, &o.source, &o.output, func(w *world) (answer, error) { return o.simulate(env, w, args) })
		},
	}
	flags := cmd.Flags()
	o.source.addFlags(flags, "the changed DaemonSets and Deployments")
	o.addNamespace(flags)
	o.addSelector(flags, "workloads of -f")
	flags.StringArrayVar(&o.images, "image", nil, "`container=image` that WORKLOAD gets, as kubectl set image; * is every container; may be repeated")
	flags.StringArrayVar(&o.compare, "compare", nil, "`limit` to try: maxUnavailable=25%, maxSurge=1 or both with a comma; may be repeated")
	o.timing.addFlags(flags)
	o.addFlag(cmd, "table", "json", "yaml", "html")
	return cmd
}

// kubectlWord takes kubectl's "restart" from before the workloads, and says which command
// answers what its other words ask.
func kubectlWord(args []string) ([]string, error) {
	if len(args) < 2 {
		return args, nil
	}
	switch args[0] {
	case "restart":
		return args[1:], nil
	case "status":
		return nil, errors.New("rollout status: kubectl berth stuck WORKLOAD reports whether it is stuck, and why")
	case "undo", "pause", "resume":
		return nil, fmt.Errorf("rollout %s: kubectl berth plan --do 'rollout %s %s' says what it would do", args[0], args[0], args[1])
	}
	return args, nil
}

func (o *rolloutOptions) check(args []string) error {
	errs := []error{o.timing.check(), o.output.check()}
	if files := len(o.files) + len(o.kustomize); files > 0 == (len(args) > 0) {
		errs = append(errs, errors.New("what is rolled out? -f has changed objects, or else name WORKLOADs"))
	}
	for _, text := range o.compare {
		limit, err := parseLimit(text)
		o.limits, errs = append(o.limits, limit), append(errs, err)
	}
	return errors.Join(errs...)
}

// parseLimit parses "maxUnavailable=1,maxSurge=25%".
func parseLimit(text string) (limit rollout.UpdateLimit, err error) {
	for _, part := range strings.Split(text, ",") {
		name, amount, _ := strings.Cut(part, "=")
		switch {
		case name == "maxUnavailable" && amount != "":
			limit.MaxUnavailable = amount
		case name == "maxSurge" && amount != "":
			limit.MaxSurge = amount
		default:
			return limit, fmt.Errorf("--compare %q: must be maxUnavailable=AMOUNT or maxSurge=AMOUNT, or both with a comma", text)
		}
	}
	return limit, nil
}

// courses is the answer of rollout in its JSON form.
type courses struct {
	Version  string   `json:"version"` // "berth.rollouts/v1"
	Rollouts []rolled `json:"rollouts"`
}

// rolled is the simulated rollout of a workload.
type rolled struct {
	Workload  string               `json:"workload"`
	Estimate  rollout.Estimate     `json:"estimate"`
	Compared  []rollout.Estimate   `json:"compared"`
	Timeline  *timeline.Timeline   `json:"timeline"`
	Status    string               `json:"status"` // as kubectl rollout status prints it
	Diagnosis *diagnosis.Diagnosis `json:"diagnosis,omitempty"`

	course page.Rollout
}

func (o *rolloutOptions) simulate(env environment, w *world, args []string) (answer, error) {
	edit, keys, err := o.change(w, args)
	if err != nil {
		return answer{}, err
	}
	base, err := dryrun.NewBaseline(w.cluster, dryrun.Config{Rollout: o.config, Limit: o.limit})
	if err != nil {
		return answer{}, err
	}
	plan, err := base.Plan(edit)
	if err != nil {
		return answer{}, err
	}
	r := courses{Version: "berth.rollouts/v1", Rollouts: []rolled{}}
	for _, key := range keys {
		one, err := o.one(plan, key)
		if err != nil {
			return answer{}, err
		}
		r.Rollouts = append(r.Rollouts, one)
	}
	return r.answer(env.width), nil
}

// change returns what is changed, and the keys of the workloads that it changes.
func (o *rolloutOptions) change(w *world, args []string) (dryrun.Edit, []string, error) {
	if len(args) > 0 {
		return o.changeNamed(w, args)
	}
	objects, err := w.changes(&o.source)
	var keys []string
	for _, object := range objects {
		switch x := object.(type) {
		case *appsv1.DaemonSet:
			keys = append(keys, "daemonset/"+x.Namespace+"/"+x.Name)
		case *appsv1.Deployment:
			keys = append(keys, "deployment/"+x.Namespace+"/"+x.Name)
		}
	}
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("%s: holds no DaemonSet or Deployment%s", strings.Join(slices.Concat(o.files, o.kustomize), ","), skipped(w.given))
	}
	return dryrun.Apply(w.stated(objects)...), keys, err
}

func (o *rolloutOptions) changeNamed(w *world, args []string) (dryrun.Edit, []string, error) {
	loads, err := o.named(w.cluster.Manifest(), args, "DaemonSet", "Deployment")
	if err != nil {
		return dryrun.Edit{}, nil, err
	}
	var keys []string
	var changed []runtime.Object
	for _, load := range loads {
		keys = append(keys, load.key())
		object, err := withImages(load, o.images)
		if err != nil {
			return dryrun.Edit{}, nil, err
		}
		changed = append(changed, object)
	}
	if len(o.images) == 0 {
		return dryrun.Restart(keys...), keys, nil
	}
	return dryrun.Apply(changed...), keys, nil
}

// withImages returns the workload with other images, as kubectl set image sets them.
func withImages(load workload, images []string) (runtime.Object, error) {
	object := load.object.DeepCopyObject()
	var spec *corev1.PodSpec
	switch x := object.(type) {
	case *appsv1.DaemonSet:
		spec = &x.Spec.Template.Spec
	case *appsv1.Deployment:
		spec = &x.Spec.Template.Spec
	}
	for _, text := range images {
		name, image, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--image %q: must be CONTAINER=IMAGE", text)
		}
		found := false
		for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
			for i := range list {
				if name == "*" || list[i].Name == name {
					list[i].Image, found = image, true
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("--image %q: %s has no container %q", text, load.key(), name)
		}
	}
	return object, nil
}

// one simulates the rollout of a workload of the plan.
func (o *rolloutOptions) one(plan *dryrun.Plan, key string) (rolled, error) {
	r := rolled{Workload: key, Compared: []rollout.Estimate{}}
	before, err := rollout.New(plan.Before(), o.config)
	if err != nil {
		return r, err
	}
	object, err := objectOf(plan, key)
	if err != nil {
		return r, err
	}
	own, err := before.Estimate(object, o.ticks())
	if err != nil {
		return r, err
	}
	r.Estimate = own[0]
	if len(o.limits) > 0 {
		if r.Compared, err = before.Estimate(object, o.ticks(), o.limits...); err != nil {
			return r, err
		}
	}
	sim, err := plan.Sim()
	if err != nil {
		return r, err
	}
	if r.course, err = page.Watch(sim, key, o.ticks()); err != nil {
		return r, err
	}
	r.Timeline = r.course.Timeline
	last, err := endOf(sim, key)
	r.Status, r.Diagnosis = last.Status, last.Diagnosis
	return r, err
}

// objectOf returns the workload as the plan changes it.
func objectOf(plan *dryrun.Plan, key string) (runtime.Object, error) {
	for _, load := range workloads(plan.After().Manifest(), "", labels.Everything(), "DaemonSet", "Deployment") {
		if load.key() == key {
			return load.object, nil
		}
	}
	return nil, fmt.Errorf("%s: not found", key)
}

func (r courses) answer(width int) answer {
	a := answer{data: r, page: r.page()}
	var b strings.Builder
	for i, one := range r.Rollouts {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(one.text(width))
		a.fails = a.fails || one.Estimate.State != rollout.StateDone
	}
	a.text = b.String()
	return a
}

func (r rolled) text(width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n", r.Estimate)
	for _, e := range r.Compared {
		fmt.Fprintf(&b, "  %v\n", e)
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", r.Timeline.Text(width), r.Status)
	if r.Diagnosis != nil {
		b.WriteString(r.Diagnosis.String())
	}
	return b.String()
}
