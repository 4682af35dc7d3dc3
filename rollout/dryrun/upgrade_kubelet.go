package dryrun

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// maxSkew is how many releases a kubelet may be older than the API server
// (kubernetes.io/releases/version-skew-policy).
const maxSkew = 3

// upgradeKubelets upgrades the kubelets that are older than the new release, in
// ascending order of the nodes' names.
func (u *upgrade) upgradeKubelets() error {
	release := borrow.From(u.to).Release()
	sim, err := u.config.simulation(u.to)
	if err != nil {
		return err
	}
	for _, node := range borrow.From(u.to).NodeList() {
		kubelet, ok := kube.ParseRelease(node.Status.NodeInfo.KubeletVersion)
		if !ok {
			continue
		}
		if kubelet > release || kubelet+maxSkew < release {
			u.find("KubeletSkew", SeverityProblem, nameOf(node), []string{node.Name},
				fmt.Sprintf("a kubelet of %s is not supported with an API server of %s: it may be %d releases older, and not newer", kubelet, release, maxSkew),
				"change the kubelet before the control plane")
		}
		if kubelet < release {
			if sim, err = u.upgradeKubelet(sim, node); err != nil {
				return err
			}
		}
	}
	return nil
}

// upgradeKubelet drains a node, sets its kubelet to the new release, and uncordons it
// unless it was cordoned before. It returns the simulation to continue with: another
// one if the drain fails, in which the drain has been given up.
func (u *upgrade) upgradeKubelet(sim *rollout.Sim, node *corev1.Node) (*rollout.Sim, error) {
	ticks := (&Baseline{config: u.config, sim: sim}).ticks()
	if err := sim.Inject(rollout.Drain{Node: node.Name, IgnoreDaemonSets: true, DeleteEmptyDirData: true}); err != nil {
		return nil, err
	}
	var all rollout.Trace
	for events := range sim.Run(ticks) {
		all = append(all, events...)
	}
	if why, remedy := undrained(sim, all, node.Name); why != "" {
		u.find("DrainFails", SeverityProblem, nameOf(node), []string{node.Name}, why, remedy)
		c, err := sim.Cluster().Edit(node.Name, cordonOf(node))
		if err != nil {
			return nil, err
		}
		return u.config.simulation(c)
	}
	if pods := stranded(sim, all); len(pods) > 0 {
		u.find("NoRoom", SeverityWarning, nameOf(node), []string{node.Name}, "while it is drained, no node takes "+strings.Join(pods, ", "), "add a node for the time of the upgrade")
	}
	upgraded, ok := sim.Cluster().Node(node.Name)
	if !ok {
		return sim, nil
	}
	upgraded.Status.NodeInfo.KubeletVersion = "v" + string(u.to.Version()) + ".0"
	if err := sim.Inject(rollout.ApplyNode{Node: upgraded}, rollout.EditNode{Node: node.Name, Edits: []cluster.NodeEdit{cordonOf(node)}}); err != nil {
		return nil, err
	}
	sim.Advance(ticks)
	return sim, nil
}

// cordonOf returns the edit that makes a drained node as schedulable as it was.
func cordonOf(node *corev1.Node) cluster.NodeEdit {
	if node.Spec.Unschedulable {
		return cluster.Cordon()
	}
	return cluster.Uncordon()
}

// undrained returns why the drain of a node has not ended well, and what may help. It
// returns "" if it has.
func undrained(sim *rollout.Sim, all rollout.Trace, node string) (why, remedy string) {
	for _, e := range all {
		if e.Node == node && e.Kind == rollout.EventDrainFailed {
			return e.Detail, "run kubectl drain with the flags that it asks for"
		}
	}
	if x, err := diagnosis.DiagnoseDrain(sim, node); err == nil && x != nil {
		if len(x.Remedies) == 0 {
			return x.Cause, "no single change helps"
		}
		return x.Cause, x.Remedies[0].Description
	}
	if slices.ContainsFunc(sim.Drains(), func(d rollout.DrainStatus) bool { return d.Drain.Node == node }) {
		return "the drain takes longer than Config.Limit", "raise the limit"
	}
	return "", ""
}

// stranded returns the pods that were created during a drain and have no node.
func stranded(sim *rollout.Sim, all rollout.Trace) []string {
	created := map[string]bool{}
	for _, e := range all {
		if e.Kind == rollout.EventCreated {
			created[e.Key+"/"+e.Pod] = true
		}
	}
	var names []string
	for _, key := range sim.Keys() {
		pods, _ := sim.Pods(key)
		for _, p := range pods {
			if !p.Bound && created[key+"/"+p.Name] {
				names = append(names, p.Name+" of "+workloadName(key))
			}
		}
	}
	return names
}
