package dryrun

import (
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// Inspect returns findings about every DaemonSet of the cluster, with its
// PodDisruptionBudgets, and about every Deployment, before any change. A rollout that
// takes longer than Config.Limit is a finding; Config.Rollout.Kubelet sets how long pods
// take, and its Timings are ignored. Rules in Config.Ignore are not reported, nor those
// that the annotation berth.dev/ignore-findings of an object lists, separated by commas.
// It costs a prediction per DaemonSet, another with surge, the reasons of the nodes in
// findings, and a simulation that passes no time if a DaemonSet has minReadySeconds. The
// error lists DaemonSets that cannot be read; the findings about the others are returned
// all the same.
func Inspect(c *cluster.Cluster, cfg Config) (Findings, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	var all Findings
	var errs []error
	now := sync.OnceValues(func() (*rollout.Sim, error) { return cfg.simulation(c) })
	room := inspectRoom(c)
	for _, ds := range borrow.From(c).DaemonSets() {
		x, err := inspect(c, cluster.Default(ds), cfg, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("DaemonSet %s: %w", kube.Key(ds), err))
			continue
		}
		for _, f := range room {
			if f.Object == nameOf(ds) {
				x.found = append(x.found, f)
			}
		}
		all = append(all, heard(x.found, ds, nameOf(ds), cfg)...)
	}
	for _, d := range borrow.From(c).Deployments() {
		all = append(all, heard(inspectDeployment(c, cluster.Default(d), cfg), d, nameOf(d), cfg)...)
	}
	all.sort()
	return all, errors.Join(errs...)
}

// inspector looks at one DaemonSet.
type inspector struct {
	limit      time.Duration
	kubelet    rollout.Kubelet
	cluster    *cluster.Cluster
	set        *appsv1.DaemonSet
	workload   *placement.Workload
	prediction *placement.Prediction
	runs       map[string]bool // nodes with a pod of the DaemonSet
	now        func() (*rollout.Sim, error)
	found      Findings
}

func inspect(c *cluster.Cluster, ds *appsv1.DaemonSet, cfg Config, now func() (*rollout.Sim, error)) (*inspector, error) {
	w, err := cfg.compile(ds, c.Version())
	if err != nil {
		return nil, err
	}
	x := &inspector{limit: cfg.Limit, kubelet: cfg.Rollout.Kubelet, cluster: c, set: ds, workload: w, prediction: w.Predict(c), runs: map[string]bool{}, now: now}
	for _, p := range borrow.From(c).Pods() {
		if kube.Controls(ds, "DaemonSet", p) {
			x.runs[p.Spec.NodeName] = true
		}
	}
	x.inspectNodes()
	x.inspectBudget()
	x.inspectTemplate()
	x.inspectDisruption()
	return x, nil
}

// find adds a finding about the DaemonSet.
func (x *inspector) find(rule string, severity Severity, path string, nodes []string, message, remedy string) {
	x.found = append(x.found, Finding{rule, severity, nameOf(x.set), path, append([]string{}, nodes...), message, remedy})
}

// rolls returns the update strategy, or nil if updates wait for users.
func (x *inspector) rolls() *appsv1.RollingUpdateDaemonSet {
	if x.set.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return nil
	}
	return x.set.Spec.UpdateStrategy.RollingUpdate
}

// scaled returns an amount of the nodes that want a pod, rounded up, or 0 if there is
// no amount.
func (x *inspector) scaled(amount *intstr.IntOrString) int {
	if amount == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(amount, x.prediction.Eligible().Len(), true)
	if err != nil {
		return 0
	}
	return n
}
