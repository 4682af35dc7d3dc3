package dryrun

import (
	"errors"
	"fmt"
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
// PodDisruptionBudgets, before any change. A rollout that takes longer than Config.Limit
// is a finding; Config.Rollout.Kubelet sets how long pods take, and its Timings are
// ignored. It costs a prediction per DaemonSet, another with surge, and the reasons of
// the nodes in findings. The error lists DaemonSets that cannot be read; the findings
// about the others are returned all the same.
func Inspect(c *cluster.Cluster, cfg Config) (Findings, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	var all Findings
	var errs []error
	for _, ds := range borrow.From(c).DaemonSets() {
		x, err := inspect(c, cluster.Default(ds), cfg)
		if err != nil {
			errs = append(errs, fmt.Errorf("DaemonSet %s: %w", kube.Key(ds), err))
			continue
		}
		all = append(all, x.found...)
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
	found      Findings
}

func inspect(c *cluster.Cluster, ds *appsv1.DaemonSet, cfg Config) (*inspector, error) {
	w, err := cfg.compile(ds, c.Version())
	if err != nil {
		return nil, err
	}
	x := &inspector{limit: cfg.Limit, kubelet: cfg.Rollout.Kubelet, cluster: c, set: ds, workload: w, prediction: w.Predict(c), runs: map[string]bool{}}
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
