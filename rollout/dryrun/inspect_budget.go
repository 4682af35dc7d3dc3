package dryrun

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

func (x *inspector) inspectBudget() {
	r := x.rolls()
	if r == nil {
		return
	}
	surge, unavailable := x.scaled(r.MaxSurge), x.scaled(r.MaxUnavailable)
	if surge == 0 && unavailable == 0 {
		unavailable = 1 // (pkg/controller/daemon/update.go: updatedDesiredNodeCounts)
	}
	if surge == 0 {
		x.inspectDead(unavailable)
		x.inspectRounding(r.MaxUnavailable, unavailable)
		x.inspectSoon(unavailable)
	}
	x.inspectTime(max(surge, unavailable))
}

// inspectDead finds nodes that use up maxUnavailable. A node that is Unknown uses a
// unit of it from the start of the rollout, even if it wants no pod but still has the
// old one (pkg/controller/daemon/update.go: rollingUpdate).
func (x *inspector) inspectDead(limit int) {
	var dead []string
	for n := range borrow.Nodes(x.prediction.Eligible().Or(x.prediction.Kept())) {
		if kube.NodeReady(n) == corev1.ConditionUnknown && (x.runs[n.Name] || x.tolerates(n.Name)) {
			dead = append(dead, n.Name)
		}
	}
	if len(dead) < limit || x.prediction.Eligible().Minus(x.cluster.Named(dead...)).Len() == 0 { // no node waits for them
		return
	}
	x.find("UpdateLimitUsedUp", SeverityProblem, strategyPath+"maxUnavailable", dead,
		fmt.Sprintf("not ready: %s, which use all of maxUnavailable (%d of %d): a rollout does not begin", kube.FirstNames(dead), len(dead), limit),
		fmt.Sprintf("repair or remove them, or set maxUnavailable to %d", len(dead)+1))
}

// inspectSoon finds pods that are ready for less than minReadySeconds. They are not
// available, and an update replaces all of them at once
// (pkg/controller/daemon/update.go: rollingUpdate).
func (x *inspector) inspectSoon(limit int) {
	if x.set.Spec.MinReadySeconds == 0 || len(x.runs) == 0 {
		return
	}
	sim, err := x.now()
	if err != nil {
		return
	}
	pods, err := sim.Pods("daemonset/" + kube.Key(x.set))
	if err != nil {
		return
	}
	var soon []string
	for _, p := range pods {
		if p.Ready && !p.Available && !p.Terminating {
			soon = append(soon, p.Node)
		}
	}
	if len(soon) <= limit {
		return
	}
	slices.Sort(soon)
	x.find("UpdatesTooSoon", SeverityWarning, "spec.minReadySeconds", soon,
		fmt.Sprintf("the pods on %s are ready for less than %d s: an update now replaces all of them at once, whatever maxUnavailable is", kube.FirstNames(soon), x.set.Spec.MinReadySeconds),
		"wait until kubectl rollout status reports the last update as complete")
}

// tolerates reports whether the node would still want a pod with the taints of a node
// that is not ready.
func (x *inspector) tolerates(node string) bool {
	tainted, err := x.cluster.Edit(node, cluster.NotReady())
	if err != nil {
		return false
	}
	n, ok := tainted.Node(node)
	return ok && x.workload.Check(n).Decision == placement.Eligible
}

// inspectRounding finds percentages that round up to all nodes.
func (x *inspector) inspectRounding(amount *intstr.IntOrString, limit int) {
	wanted := x.prediction.Eligible().Len()
	if amount == nil || amount.Type != intstr.String || amount.StrVal == "100%" || wanted < 2 || limit < wanted {
		return
	}
	x.find("RoundsUpToAll", SeverityWarning, strategyPath+"maxUnavailable", nil,
		fmt.Sprintf("%s of %d nodes rounds up to %d: all pods go at once", amount.StrVal, wanted, limit),
		"set a number, or a smaller percentage")
}

// inspectTime finds rollouts that take too long. It counts waves: each takes as long as
// a pod takes to stop, start, become ready and stay ready.
func (x *inspector) inspectTime(limit int) {
	wanted := x.prediction.Eligible().Len()
	if wanted == 0 || limit == 0 {
		return
	}
	wave := time.Duration(x.set.Spec.MinReadySeconds)*time.Second + x.kubelet.Start + x.kubelet.Ready + x.kubelet.Stop
	waves := (wanted + limit - 1) / limit
	takes := time.Duration(waves) * wave
	if takes <= x.limit {
		return
	}
	remedy := "lower minReadySeconds"
	if fit := int(x.limit / wave); fit > 0 {
		remedy = fmt.Sprintf("allow %d at a time, or lower minReadySeconds", (wanted+fit-1)/fit)
	}
	x.find("TakesTooLong", SeverityWarning, "spec.minReadySeconds", nil,
		fmt.Sprintf("a rollout takes at least %v, %d waves of %v, longer than %v", takes, waves, wave, x.limit), remedy)
}
