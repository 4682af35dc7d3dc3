package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// deployment is the Deployment that is diagnosed.
type deployment struct {
	*probe.Deployment
	probe   probe.Sim
	current *probe.ReplicaSet // nil if there is none
	name    string            // in inputs
}

func ofDeployment(p probe.Sim, d *probe.Deployment) (identity, subject) {
	x := &deployment{Deployment: d, probe: p, name: d.Key}
	id := identity{kind: "deployment", name: d.Key, namespace: d.Object.Namespace, deleting: d.Deleting, pods: true}
	if p.DaemonSet(d.Key) != nil {
		x.name = id.key()
	}
	for i := range d.Sets { // the limit follows the controller (pkg/controller/deployment/rolling.go: reconcileOldReplicaSets)
		rs := &d.Sets[i]
		id.of += rs.Size
		switch {
		case rs.Current:
			x.current = rs
			id.used = rs.Size - rs.Available
		case rs.Revision > 0:
			id.earlier = append(id.earlier, rs.Revision)
		}
	}
	id.of -= d.Replicas - d.MaxUnavailable
	if x.current == nil {
		id.of = 0
	}
	slices.Sort(id.earlier)
	return id, x
}

// deploymentStuck reports whether the rollout of the Deployment, which is not
// done, does not end: nothing is still to happen to its pods, or what happens
// repeats itself. It finds out in a fork, since the next pod may go to another
// node.
func deploymentStuck(sim *rollout.Sim, d *probe.Deployment) bool {
	switch {
	case d.Syncing:
		return false
	case d.Still:
		return !d.Done
	case !inVain(probe.Of(sim), d):
		return false
	}
	p := probe.Of(sim.Fork())
	p.DropInputs()
	key := kube.DeploymentKind + d.Key
	p.Rest(key)
	still := p.Deployment(key)
	return still != nil && !still.Done && inVain(p, still)
}

// inVain reports whether some pod of the current ReplicaSet fails, and so will the next.
func inVain(p probe.Sim, d *probe.Deployment) bool {
	return slices.ContainsFunc(d.Sets, func(rs probe.ReplicaSet) bool {
		return rs.Current && slices.ContainsFunc(rs.Pods, func(id int32) bool { return p.Pod(id).InVain })
	})
}

func (d *deployment) look(see func(facts, string, int32)) {
	for _, rs := range d.Sets {
		for _, id := range rs.Pods {
			p := d.probe.Pod(id)
			see(d.facts(&p, rs.Current), p.Name, id)
		}
	}
}

func (d *deployment) facts(p *probe.Pod, isNew bool) facts {
	counts := isNew || d.paused()
	switch {
	case d.Deleting:
		return deleting | wanted | blocking
	case p.Terminal:
		return 0
	case d.recreates() && !counts:
		return wanted | blocking
	case p.Terminating:
		return 0
	case !counts:
		return wanted
	case p.Available:
		return wanted | upToDate
	}
	return wanted | blocking | when(!p.Waits, progressing) | when(p.InVain, endless)
}

func (d *deployment) paused() bool { return d.Object.Spec.Paused }

func (d *deployment) recreates() bool {
	return d.Object.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType
}

// recreating reports whether old pods are in the way of new ones.
func (d *deployment) recreating() bool {
	return d.recreates() && !d.paused() && (d.current == nil || len(d.current.Pods) == 0)
}

func (d *deployment) whole(found bool) (Blocker, string) {
	switch {
	case d.SelectsNothing && !d.Deleting:
		return BlockerEmptySelector, ""
	case d.Failure != "" && !d.Deleting:
		return BlockerInvalidStrategy, d.Failure
	case d.Denied != "" && !d.Deleting:
		return BlockerFailedCreate, d.Denied
	case found:
		return "", ""
	case d.paused():
		return BlockerPaused, ""
	}
	return BlockerUnknown, ""
}

func (d *deployment) reference(x *diagnoser) (together, end *rollout.Reference) {
	switch {
	case d.recreating():
		return &recreateWaits, nil
	case x.spent():
		return &newPodsCount, nil
	}
	return nil, &endsWhenComplete
}

func (d *deployment) clause(o Blocker, of []Wait) string {
	row := o.row()
	part := clause(cmp.Or(row.pods, row.nodes), podsOf(of))
	if o == BlockerUnschedulable {
		part += " (" + of[0].Detail + ")"
	}
	return part
}

func (d *deployment) consequence(x *diagnoser) string {
	switch {
	case d.recreating() && x.all == "":
		return "; with Recreate, no new pod is created until they are removed"
	case d.paused() && x.all != BlockerPaused:
		return "; the Deployment is paused"
	case x.spent():
		return fmt.Sprintf("; maxSurge %d and maxUnavailable %d are used up (%d of %d), which blocks %s",
			d.MaxSurge, d.MaxUnavailable, x.used, x.of, counted(len(x.queued), "old pod"))
	}
	return ""
}

func (d *deployment) foreseen(*diagnoser) []Wait { return nil }

func (d *deployment) general(x *diagnoser) (all []candidate, only bool) {
	if x.all == BlockerInvalidStrategy {
		quarter := intstr.FromString("25%")
		return []candidate{d.strategy(RemedyChangeUpdateLimit, "set maxSurge and maxUnavailable to 25%", quarter, quarter)}, true
	}
	if d.paused() {
		all = append(all, d.resume())
	}
	if x.all == BlockerFailedCreate {
		all = append(all, d.readmission(x)...)
	}
	return slices.Concat(all, d.budgets(x), d.fewer(x)), false
}

// readmission returns what may have the API server take the Deployment's pods.
func (d *deployment) readmission(x *diagnoser) []candidate {
	r := &refusedPods{diagnoser: x, Denial: d.Denial, spec: &d.Object.Spec.Template.Spec, missing: d.Replicas + d.MaxSurge}
	r.change = func(does string, change func(*corev1.PodSpec)) candidate {
		return d.changed(RemedyChangeTemplate, does, func(object *appsv1.Deployment) { change(&object.Spec.Template.Spec) })
	}
	return r.candidates()
}

func (d *deployment) resume() candidate {
	return candidate{means: RemedyResume, does: "resume it", inputs: []rollout.Input{rollout.Resume{Key: d.name}}}
}

// budgets returns remedies that delete old pods before new ones are available: as
// few as are enough.
func (d *deployment) budgets(x *diagnoser) (all []candidate) {
	if len(x.queued) == 0 || d.Object.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType {
		return nil
	}
	with := func(n int) candidate {
		return d.strategy(RemedyChangeUpdateLimit, fmt.Sprintf("set maxUnavailable to %d", n), intstr.FromInt(d.MaxSurge), intstr.FromInt(n))
	}
	if c, ok := x.least(d.MaxUnavailable+1, d.Replicas, with); ok {
		all = append(all, c)
	}
	if d.MaxSurge > 0 {
		all = append(all, d.strategy(RemedyReplaceInPlace, "set maxSurge to 0 and maxUnavailable to 1", intstr.FromInt32(0), intstr.FromInt32(1)))
	}
	return all
}

// fewer scales down, by as few replicas as are enough.
func (d *deployment) fewer(x *diagnoser) []candidate {
	if d.paused() {
		return nil
	}
	c, ok := x.least(1, d.Replicas-1, func(less int) candidate {
		n := d.Replicas - less
		return candidate{means: RemedyScaleDown, does: fmt.Sprintf("scale it down to %d", n), inputs: []rollout.Input{rollout.Scale{Key: d.name, Replicas: int32(n)}}}
	})
	if !ok {
		return nil
	}
	return []candidate{c}
}

// undo resumes a paused Deployment first: kubectl refuses to roll it back.
func (d *deployment) undo(revision int64) candidate {
	c := rollBack(d.name, revision)
	if d.paused() {
		return candidate{means: RemedyUndo, does: "resume it, and " + c.does, inputs: append(d.resume().inputs, c.inputs...)}
	}
	return c
}

// strategy applies the Deployment as it is except for its strategy.
func (d *deployment) strategy(m RemedyKind, does string, surge, unavailable intstr.IntOrString) candidate {
	return d.changed(m, does, func(object *appsv1.Deployment) {
		object.Spec.Strategy = appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable},
		}
	})
}

// changed applies a changed copy of the Deployment.
func (d *deployment) changed(m RemedyKind, does string, change func(*appsv1.Deployment)) candidate {
	object := d.Object.DeepCopy()
	change(object)
	return candidate{means: m, does: does, inputs: []rollout.Input{rollout.Apply{Object: object}}}
}

func (d *deployment) against(x *diagnoser, o Blocker, of []Wait) []candidate {
	if o == BlockerUnschedulable {
		return d.places(x, of)
	}
	if does, change := scheduled(o); change != nil {
		return []candidate{d.changed(RemedyChangeTemplate, does, func(object *appsv1.Deployment) { change(&object.Spec.Template.Spec) })}
	}
	elsewhere := edited(of, "cordon %s", cluster.Cordon()).and(x.deletePods(of, false))
	return append(x.repairs(o, of), elsewhere)
}

func (d *deployment) recovered(x *diagnoser, f *rollout.Sim, _ bool) (leaves []string, ok bool) {
	return nil, f.State(x.key()) == rollout.StateDone
}
