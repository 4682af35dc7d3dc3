package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// daemonSet is the DaemonSet that is diagnosed.
type daemonSet struct {
	*probe.DaemonSet
	probe probe.Sim
}

func ofDaemonSet(p probe.Sim, d *probe.DaemonSet) (identity, subject) {
	return identity{
		kind: "daemonset", name: d.Key, namespace: d.Object.Namespace,
		deleting: d.Deleting, earlier: d.Earlier, used: d.Used, of: d.Of,
	}, &daemonSet{d, p}
}

func (d *daemonSet) look(see func(facts, string, int32)) {
	for _, r := range d.Rows {
		f, pod := d.facts(&r)
		see(f, r.Node, pod)
	}
}

func (d *daemonSet) facts(r *probe.NodeRow) (facts, int32) {
	pod := d.inTheWay(r)
	f := when(d.Deleting, deleting) | when(r.Wanted, wanted) | when(r.Available && (r.Updated || !d.updates()), upToDate) |
		when(r.Uses || r.Lost && d.Surges, spending)
	if pod != probe.None {
		f |= blocking | when(!d.probe.Pod(pod).Waits, progressing)
	}
	if r.Endless != probe.None && !d.Deleting {
		return f | endless, r.Endless
	}
	return f, pod
}

// updates reports whether the rollout ends only when all pods are updated.
func (d *daemonSet) updates() bool {
	return d.Object.Spec.UpdateStrategy.Type != appsv1.OnDeleteDaemonSetStrategyType
}

// inTheWay returns the pod on the node that does not become what the rollout
// needs, or probe.None.
func (d *daemonSet) inTheWay(r *probe.NodeRow) int32 {
	unavailable := func(id int32) bool { return id != probe.None && !d.probe.Pod(id).Available }
	switch {
	case d.Deleting || !r.Exists:
		return r.Any
	case unavailable(r.Newest):
		return r.Newest
	case r.First != probe.None && d.probe.Pod(r.First).Terminating:
		return r.First
	case unavailable(r.Oldest):
		return r.Oldest
	}
	return probe.None
}

func (d *daemonSet) whole(found bool) (Blocker, string) {
	switch {
	case d.Blind:
		return BlockerEmptySelector, ""
	case d.Denied != "" && !d.Deleting:
		return BlockerFailedCreate, d.Denied
	case d.Invalid || !found: // nothing is blocking
		return BlockerInvalidStrategy, ""
	}
	return "", ""
}

func (d *daemonSet) reference(x *diagnoser) (together, end *rollout.Reference) {
	switch {
	case d.Failure != "" && slices.Contains(x.kinds(), BlockerNodeDeleted):
		return &deletedNodeFailsSurge, nil
	case x.spent() && d.Surges:
		return &maxSurgeUsed, nil
	case x.spent():
		return &maxUnavailableUsed, nil
	}
	return nil, &endsWhenAvailable
}

func (d *daemonSet) clause(o Blocker, of []Wait) string {
	names := nodesOf(of)
	slices.Sort(names)
	text := o.row().nodes
	if o == BlockerNodeDown && d.allTerminating(of) {
		text = strings.Replace(text, "{its pod is|their pods are} unavailable", "{its pod|their pods} cannot terminate", 1)
	}
	return clause(text, names)
}

// allTerminating reports whether the pods of the waits are all terminating.
func (d *daemonSet) allTerminating(of []Wait) bool {
	return !slices.ContainsFunc(of, func(w Wait) bool {
		id := d.probe.FindPod(d.Object.Namespace + "/" + w.Pod)
		return id == probe.None || !d.probe.Pod(id).Terminating
	})
}

func (d *daemonSet) consequence(x *diagnoser) string {
	others := counted(len(x.queued), "node")
	who := notEligible(slices.Concat(x.blockers, x.spenders))
	limit := fmt.Sprintf("%s (%d of %d)", d.limitName(), x.used, x.of)
	switch {
	case x.spent() && len(who) > 0:
		return clause("; %s {is|are} not eligible but still {counts|count} against ", who) + limit + ", which blocks " + others
	case x.spent():
		return fmt.Sprintf("; %s is used up, which blocks %s", limit, others)
	case len(x.queued) > 0:
		return fmt.Sprintf("; the controller's sync fails (%s), which blocks %s", d.Failure, others)
	}
	return ""
}

// notEligible returns the nodes that only count against the update limit, ascending.
func notEligible(list []Wait) []string {
	return where(slices.DeleteFunc(list, func(w Wait) bool { return w.Wanted }))
}

// foreseen tries a limit that cannot be used up.
func (d *daemonSet) foreseen(x *diagnoser) []Wait {
	if len(x.queued) == 0 || x.all != "" {
		return nil
	}
	f := x.sim.Fork()
	if f.Inject(d.withLimit(intstr.FromInt(d.plenty())).inputs...) != nil {
		return nil
	}
	if x.rest(f); f.State(x.key()) == rollout.StateDone {
		return nil
	}
	known := nodesOf(slices.Concat(x.blockers, x.spenders))
	slices.Sort(known)
	return slices.DeleteFunc(newDiagnoser(f, x.key()).blockers, func(c Wait) bool { return within([]string{c.Node}, known) })
}

// plenty returns a limit that cannot be used up. A percentage can: it is of the
// nodes that want a pod, and others use it too.
func (d *daemonSet) plenty() int { return len(d.Rows) + 1 }

func (d *daemonSet) general(x *diagnoser) (all []candidate, only bool) {
	if x.all == BlockerFailedCreate {
		return d.readmission(x), false
	}
	zero, one := intstr.FromInt32(0), intstr.FromInt32(1)
	if x.all != "" {
		return []candidate{d.strategy(RemedyChangeUpdateLimit, "set maxUnavailable to 1", one, zero)}, true
	}
	if c, ok := d.raise(x); ok {
		all = append(all, c)
	}
	if d.Surges {
		all = append(all, d.strategy(RemedyReplaceInPlace, "set maxSurge to 0 and maxUnavailable to 1", one, zero))
	}
	return all, false
}

// readmission returns what may have the API server take the DaemonSet's pods.
func (d *daemonSet) readmission(x *diagnoser) []candidate {
	r := &refusedPods{diagnoser: x, Denial: d.Denial, spec: &d.Object.Spec.Template.Spec}
	for _, row := range d.Rows {
		if row.Wanted && row.Newest == probe.None && row.Oldest == probe.None {
			r.missing++
		}
	}
	r.change = func(does string, change func(*corev1.PodSpec)) candidate {
		return d.changed(RemedyChangeTemplate, does, func(ds *appsv1.DaemonSet) { change(&ds.Spec.Template.Spec) })
	}
	return r.candidates()
}

// raise finds the smallest limit that lets the rollout get as far as the greatest
// does. It is a percentage if the DaemonSet has one and that is enough.
func (d *daemonSet) raise(x *diagnoser) (candidate, bool) {
	now := d.amount()
	if now == nil || len(x.queued) == 0 {
		return candidate{}, false
	}
	if now.Type == intstr.String {
		percent, _ := strconv.Atoi(strings.TrimSuffix(now.StrVal, "%"))
		c, ok := x.least(percent+1, 100, func(n int) candidate { return d.withLimit(intstr.FromString(strconv.Itoa(n) + "%")) })
		if ok {
			return c, true
		}
	}
	return x.least(x.of+1, d.plenty(), func(n int) candidate { return d.withLimit(intstr.FromInt(n)) })
}

func (d *daemonSet) limitName() string {
	if d.Surges {
		return "maxSurge"
	}
	return "maxUnavailable"
}

// amount returns the limit in the DaemonSet's form, or nil if it has none.
func (d *daemonSet) amount() *intstr.IntOrString {
	r := d.Object.Spec.UpdateStrategy.RollingUpdate
	switch {
	case d.Object.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType || r == nil:
		return nil
	case d.Surges:
		return r.MaxSurge
	}
	return r.MaxUnavailable
}

// withLimit applies the DaemonSet as it is except for its limit.
func (d *daemonSet) withLimit(a intstr.IntOrString) candidate {
	does, zero := fmt.Sprintf("set %s to %v", d.limitName(), &a), intstr.FromInt32(0)
	if d.Surges {
		return d.strategy(RemedyChangeUpdateLimit, does, zero, a)
	}
	return d.strategy(RemedyChangeUpdateLimit, does, a, zero)
}

// strategy applies the DaemonSet as it is except for its strategy.
func (d *daemonSet) strategy(m RemedyKind, does string, unavailable, surge intstr.IntOrString) candidate {
	return d.changed(m, does, func(ds *appsv1.DaemonSet) {
		ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
			Type:          appsv1.RollingUpdateDaemonSetStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &unavailable, MaxSurge: &surge},
		}
	})
}

// changed applies a changed copy of the DaemonSet.
func (d *daemonSet) changed(m RemedyKind, does string, change func(*appsv1.DaemonSet)) candidate {
	ds := d.Object.DeepCopy()
	change(ds)
	return candidate{means: m, does: does, inputs: []rollout.Input{rollout.Apply{Object: ds}}}
}

func (d *daemonSet) undo(revision int64) candidate { return rollBack(d.Key, revision) }

func (d *daemonSet) against(x *diagnoser, o Blocker, of []Wait) []candidate {
	if o == BlockerEvictionLoop {
		return append(d.endToleration(x, of), removeNodes(of))
	}
	if does, change := scheduled(o); change != nil {
		return []candidate{d.changed(RemedyChangeTemplate, does, func(ds *appsv1.DaemonSet) { change(&ds.Spec.Template.Spec) })}
	}
	if c := x.repairs(o, of); c != nil {
		return c
	}
	all := append([]candidate{x.deletePods(of, false), x.makeRoom(of), x.reserve(of)}, d.hintChanges(x, nodesOf(of))...)
	if o == BlockerNodeResourcesFit || o == BlockerNodePorts {
		all = append(all, x.prioritized(&d.Object.Spec.Template.Spec, func(class, does string) candidate {
			return d.changed(RemedyChangeTemplate, does, func(ds *appsv1.DaemonSet) { setPriorityClass(&ds.Spec.Template.Spec, class) })
		}))
		all = append(all, x.scaleDownOthers(of)...)
	}
	return all
}

// endToleration returns the ways out of a loop of evictions: to take the NoExecute taints
// away, to tolerate them without limit, or not at all.
func (d *daemonSet) endToleration(x *diagnoser, of []Wait) []candidate {
	untaint := candidate{means: RemedyRepairNodes, does: "take the NoExecute taints off " + listed(nodesOf(of))}
	for _, c := range of {
		in := rollout.EditNode{Node: c.Node}
		if node, ok := x.cluster().Node(c.Node); ok {
			for _, t := range node.Spec.Taints {
				if t.Effect == corev1.TaintEffectNoExecute {
					in.Edits = append(in.Edits, cluster.Untaint(t.Key+":"+string(t.Effect)))
				}
			}
		}
		untaint.inputs = append(untaint.inputs, in)
	}
	return []candidate{
		untaint,
		d.changed(RemedyChangeTemplate, "leave out tolerationSeconds", func(ds *appsv1.DaemonSet) {
			for i := range ds.Spec.Template.Spec.Tolerations {
				ds.Spec.Template.Spec.Tolerations[i].TolerationSeconds = nil
			}
		}),
		d.changed(RemedyChangeTemplate, "leave out the tolerations with tolerationSeconds", func(ds *appsv1.DaemonSet) {
			list := &ds.Spec.Template.Spec.Tolerations
			*list = slices.DeleteFunc(*list, func(t corev1.Toleration) bool { return t.TolerationSeconds != nil })
		}),
	}
}

// hintChanges returns the changes to the template or to nodes that make the pod fit on
// the nodes, according to placement: for each group of nodes with equal reasons.
func (d *daemonSet) hintChanges(x *diagnoser, nodes []string) []candidate {
	w := d.Workload
	if d.Surges {
		w = room.WithSurge(w)
	}
	hints, _ := w.Predict(x.cluster()).Hints(nodes...) // it cannot fail: the nodes are the snapshot's
	var template []placement.HintStep
	onNodes := candidate{means: RemedyRepairNodes}
	for _, h := range hints {
		if h.Nodes.Len() == 0 {
			template = merged(template, h.Steps)
		} else {
			onNodes = onNodes.and(x.onNodes(h, h.Nodes.Names()))
		}
	}
	if len(template) == 0 {
		return []candidate{onNodes}
	}
	return []candidate{onNodes, d.changed(RemedyChangeTemplate, stepText(template), func(ds *appsv1.DaemonSet) {
		ds.Spec.Template.Spec = placement.Hint{Steps: template}.PodSpec(ds.Spec.Template.Spec)
	})}
}

// recovered reports whether the rollout has ended, or whether it leaves only nodes that
// are in the way now.
func (d *daemonSet) recovered(x *diagnoser, f *rollout.Sim, settled bool) (leaves []string, ok bool) {
	switch {
	case f.State(x.key()) == rollout.StateDone:
		return nil, stands(probe.Of(f).DaemonSet(x.key()))
	case !settled:
		return nil, false
	}
	then := newDiagnoser(f, x.key())
	leaves = nodesOf(then.blockers)
	return leaves, len(then.queued) == 0 && len(leaves) > 0 && within(leaves, nodesOf(x.blockers))
}

// stands reports whether pods are wanted, and each is there to stay: the status counts
// terminating pods too.
func stands(d *probe.DaemonSet) bool {
	wanting := false
	for _, r := range d.Rows {
		if r.Wanted && r.Newest == probe.None && r.Oldest == probe.None {
			return false
		}
		wanting = wanting || r.Wanted
	}
	return wanting
}
