package conformance

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/internal/conformance/controllers"
)

// rolloutPremises are what the generated scenarios must reach.
func rolloutPremises() *census {
	return newCensus("rolling", "surge", "on delete", "percentage", "min ready seconds", "grace period",
		"apply", "undo", "delete", "add a node", "remove a node", "edit a node", "node down", "node up", "node not ready", "node ready",
		"pods not ready", "pods ready", "pods fail", "pods deleted", "never ready", "stuck terminating",
		"several syncs in a tick", "a sync fails", "an input is refused", "a pod only kept", "a failed pod in backoff", "a pod beside a terminating one",
		"a revision renumbered", "a revision cleaned up", "ends updated", "ends stuck")
}

// noteRollout counts a premise once for each scenario in which it held.
func noteRollout(total *census, s controllers.Scenario, trace controllers.Trace) {
	c := newCensus()
	defer total.add(c)
	for _, inputs := range s.At {
		for _, in := range inputs {
			noteInput(c, in)
		}
	}
	last := controllers.Set{}
	for _, tick := range trace {
		for _, set := range tick.DaemonSets {
			c.noteIf(len(set.Refused) > 0, "an input is refused")
		}
		now := tick.DaemonSets[daemonSetKeys[0]]
		noteTick(c, last, now)
		last = now
	}
	updated := last.Status.NumberAvailable == last.Status.DesiredNumberScheduled && last.Status.UpdatedNumberScheduled == last.Status.DesiredNumberScheduled
	c.noteIf(updated, "ends updated")
	c.noteIf(!updated, "ends stuck")
}

func noteTick(c *census, last, now controllers.Set) {
	c.noteIf(now.Syncs > 1, "several syncs in a tick")
	c.noteIf(len(now.Errors) > 0, "a sync fails")
	c.noteIf(now.Status.NumberMisscheduled > 0, "a pod only kept")
	c.noteIf(len(now.Revisions) < len(last.Revisions), "a revision cleaned up")
	for _, was := range last.Revisions {
		renumbered := slices.ContainsFunc(now.Revisions, func(r controllers.Revision) bool { return r.Hash == was.Hash && r.Number != was.Number })
		c.noteIf(renumbered, "a revision renumbered")
	}
	for i, p := range now.Pods {
		c.noteIf(p.Phase == "Failed", "a failed pod in backoff")
		c.noteIf(i > 0 && now.Pods[i-1].Node == p.Node && now.Pods[i-1].Terminating, "a pod beside a terminating one")
	}
}

func noteInput(c *census, in controllers.Input) {
	switch in := in.(type) {
	case controllers.Apply:
		c.note("apply")
		noteSpec(c, in.DaemonSet.Spec)
	case controllers.Undo:
		c.note("undo")
	case controllers.Delete:
		c.note("delete")
	case controllers.ApplyNode:
		c.note("add a node")
	case controllers.RemoveNode:
		c.note("remove a node")
	case controllers.EditNode:
		c.note("edit a node")
	case controllers.NodeDown:
		c.note("node down")
	case controllers.NodeUp:
		c.note("node up")
	case controllers.NodeNotReady:
		c.note("node not ready")
	case controllers.NodeReady:
		c.note("node ready")
	case controllers.PodsNotReady:
		c.note("pods not ready")
	case controllers.PodsReady:
		c.note("pods ready")
	case controllers.FailPods:
		c.note("pods fail")
	case controllers.DeletePods:
		c.note("pods deleted")
	case controllers.NeverReady:
		c.note("never ready")
	case controllers.StuckTerminating:
		c.note("stuck terminating")
	}
}

func noteSpec(c *census, spec appsv1.DaemonSetSpec) {
	c.noteIf(spec.MinReadySeconds > 0, "min ready seconds")
	c.noteIf(spec.Template.Spec.TerminationGracePeriodSeconds != nil, "grace period")
	r := spec.UpdateStrategy.RollingUpdate
	if r == nil {
		c.note("on delete")
		return
	}
	c.noteIf(r.MaxSurge != nil, "surge")
	c.noteIf(r.MaxSurge == nil, "rolling")
	c.noteIf(strings.HasSuffix(r.MaxUnavailable.String()+r.MaxSurge.String(), "%"), "percentage")
}
