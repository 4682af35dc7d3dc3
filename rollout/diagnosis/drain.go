package diagnosis

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// DiagnoseDrain returns why the drain of a node does not end, or nil if it is not
// stuck: there is no drain, or something is still to happen by itself, such as an
// input of the next tick. Inputs of later ticks do not count. It is an error if there
// is no such node. For each remedy tried, a handful, it costs a fork and what happens
// in the fork.
func DiagnoseDrain(sim *rollout.Sim, node string) (*Diagnosis, error) {
	switch {
	case sim == nil:
		return nil, errors.New("no simulation")
	case !probe.Of(sim).KnowsNode(node):
		return nil, fmt.Errorf("nodes %q not found", node)
	case probe.Of(sim).InputDue():
		return nil, nil
	}
	f := sim.Fork()
	probe.Of(f).DropInputs()
	i := draining(f, node)
	if i < 0 || !f.Settled() {
		return nil, nil
	}
	pods := remaining(node, f.Drains()[i].Pods)
	return &Diagnosis{
		Version: version, Key: "node/" + node, Tick: sim.Now(), Cause: drainCause(node, pods), Reference: drainRule(pods),
		Blocking: pods, Alternatives: []Wait{}, Latent: []Wait{}, Queued: []string{},
		Remedies: full(drained(node).remedies(f, pods)), PartialRemedies: []Remedy{},
	}, nil
}

// draining returns the place of the node's drain, or -1.
func draining(sim *rollout.Sim, node string) int {
	return slices.IndexFunc(sim.Drains(), func(d rollout.DrainStatus) bool { return d.Drain.Node == node })
}

// remaining returns what the drain waits for.
func remaining(node string, pods []rollout.RemainingPod) []Wait {
	waits := []Wait{}
	for _, p := range pods {
		w := Wait{Node: node, Pod: p.Pod, Blocker: BlockerTerminating, Wanted: true, BlockedBy: []string{}}
		if p.Refused != "" {
			w.Blocker, w.Detail = BlockerEvictionRefused, p.Refused
		}
		waits = append(waits, w)
	}
	return waits
}

// drainRule returns the rule about a refused pod, if there is one, or about
// terminating pods.
func drainRule(pods []Wait) rollout.Reference {
	if len(among(BlockerEvictionRefused, pods)) > 0 {
		return disruptionBudget
	}
	return kubeletConfirms
}

func drainCause(node string, pods []Wait) string {
	var parts []string
	for _, o := range []Blocker{BlockerEvictionRefused, BlockerTerminating} {
		of := among(o, pods)
		if len(of) == 0 {
			continue
		}
		part := clause(o.row().pods, podsOf(of))
		if o == BlockerEvictionRefused {
			part += ": " + of[0].Detail
		}
		parts = append(parts, strings.TrimSuffix(part, "."))
	}
	return fmt.Sprintf("the drain of node %s is stuck: %s", node, strings.Join(parts, "; "))
}

// drained is the goal that the node of the name is drained.
type drained string

// remedies tries to make nodes and pods ready or to add replicas, so that the budgets
// allow the evictions, and at last to delete the pods, which bypasses the budgets.
func (n drained) remedies(sim *rollout.Sim, pods []Wait) (remedies []Remedy) {
	p := probe.Of(sim)
	candidates := []candidate{
		healAll(p), replaceUnready(p, pods), n.scaleUp(sim, pods), allowUnready(p, pods), n.allowMore(sim, pods), deleteAll(pods, false),
	}
	for _, c := range candidates {
		if r, ok := try(sim, n, c); ok {
			remedies = append(remedies, r)
		}
	}
	if len(remedies) == 0 {
		if r, ok := try(sim, n, deleteAll(pods, true)); ok {
			remedies = append(remedies, r)
		}
	}
	return distinct(remedies)
}

// replaceUnready deletes the pods that a budget counts as not healthy, so that their
// controllers replace them.
func replaceUnready(p probe.Sim, pods []Wait) candidate {
	c := candidate{means: RemedyDeletePods}
	var names []string
	for _, w := range among(BlockerEvictionRefused, pods) {
		refused := p.FindPod(w.Pod)
		if refused == probe.None {
			continue
		}
		for _, id := range p.Guarded(refused) {
			other := p.Pod(id)
			name := other.Namespace + "/" + other.Name
			if other.Ready || other.Terminal || other.Terminating || other.Owner == "" || slices.Contains(names, name) {
				continue
			}
			names = append(names, name)
			c.inputs = append(c.inputs, rollout.DeletePods{Pod: name})
		}
	}
	c.does = "delete " + listed(names) + numbered(", which {is|are} not ready, to have {it|them} replaced", len(names))
	return c
}

// budgets returns the PodDisruptionBudgets of the refused pods, each once.
func budgets(p probe.Sim, pods []Wait) (all []*policyv1.PodDisruptionBudget) {
	for _, w := range among(BlockerEvictionRefused, pods) {
		if id := p.FindPod(w.Pod); id != probe.None {
			for _, b := range p.Budgets(id) {
				if !slices.Contains(all, b) {
					all = append(all, b)
				}
			}
		}
	}
	return all
}

// allowUnready lets pods that are not ready be evicted whatever their budget says.
func allowUnready(p probe.Sim, pods []Wait) candidate {
	policy := policyv1.AlwaysAllow
	return changeBudgets(budgets(p, pods), "set unhealthyPodEvictionPolicy of %s to AlwaysAllow",
		func(b *policyv1.PodDisruptionBudget) { b.Spec.UnhealthyPodEvictionPolicy = &policy })
}

// allowMore lets more pods be unavailable: as few as are enough.
func (n drained) allowMore(sim *rollout.Sim, pods []Wait) candidate {
	const most = 3
	all := budgets(probe.Of(sim), pods)
	for more := 1; more <= most; more++ {
		amount := intstr.FromInt(more)
		c := changeBudgets(all, fmt.Sprintf("set maxUnavailable of %%s to %d, which lets more pods be unavailable at a time", more),
			func(b *policyv1.PodDisruptionBudget) { b.Spec.MinAvailable, b.Spec.MaxUnavailable = nil, &amount })
		if _, ok := try(sim, n, c); ok {
			return c
		}
	}
	return candidate{}
}

// changeBudgets applies changed copies of the budgets.
func changeBudgets(all []*policyv1.PodDisruptionBudget, does string, change func(*policyv1.PodDisruptionBudget)) candidate {
	c := candidate{means: RemedyChangePDB}
	var names []string
	for _, b := range all {
		b = b.DeepCopy()
		change(b)
		names = append(names, "poddisruptionbudget/"+b.Namespace+"/"+b.Name)
		c.inputs = append(c.inputs, rollout.Apply{Object: b})
	}
	c.does = fmt.Sprintf(does, listed(names))
	return c
}

// scaleUp adds replicas to the Deployments whose pods are refused: as few as are enough.
func (n drained) scaleUp(sim *rollout.Sim, pods []Wait) candidate {
	const most = 3
	p := probe.Of(sim)
	var owners []string
	for _, w := range among(BlockerEvictionRefused, pods) {
		id := p.FindPod(w.Pod)
		if id == probe.None {
			continue
		}
		if owner := p.Pod(id).Owner; strings.HasPrefix(owner, kube.DeploymentKind) && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	for more := 1; more <= most; more++ {
		c := candidate{means: RemedyScaleUp}
		var words []string
		for _, key := range owners {
			replicas := p.Deployment(key).Replicas + more
			words = append(words, fmt.Sprintf("scale %s up to %d", key, replicas))
			c.inputs = append(c.inputs, rollout.Scale{Key: key, Replicas: int32(replicas)})
		}
		c.does = strings.Join(words, ", ")
		if _, ok := try(sim, n, c); ok {
			return c
		}
	}
	return candidate{}
}

// rest returns the tick when the node was drained, or 0 if it was not.
func (n drained) rest(f *rollout.Sim) probe.Outcome {
	const patience = 1000 // ticks with events
	var o probe.Outcome
	seen := 0
	for events := range f.Run(math.MaxInt) {
		for i := range events {
			switch e := &events[i]; {
			case e.Kind == rollout.EventInputRefused:
				o.Refused = true
				return o
			case e.Kind == rollout.EventDrained && e.Node == string(n):
				o.Last = e.Tick
			}
		}
		if seen++; o.Last > 0 || seen == patience {
			break
		}
	}
	return o
}

func (n drained) reached(f *rollout.Sim, o probe.Outcome) (leaves []string, ok bool) {
	return nil, o.Last > 0 && draining(f, string(n)) < 0
}

func deleteAll(pods []Wait, force bool) candidate {
	names := podsOf(pods)
	c := candidate{means: RemedyDeletePods, does: "delete " + listed(names)}
	if len(among(BlockerEvictionRefused, pods)) > 0 {
		c.means, c.does = RemedyBypassPDB, c.does+", bypassing PodDisruptionBudgets: fewer pods than required stay available"
	}
	if force {
		c.does += " with --force"
	}
	for _, name := range names {
		c.inputs = append(c.inputs, rollout.DeletePods{Pod: name, Force: force})
	}
	return c
}

// healAll returns the candidate that makes all nodes and pods ready.
func healAll(p probe.Sim) candidate {
	c := candidate{means: RemedyRepairNodes}
	var names []string
	for _, n := range p.Nodes() {
		var in rollout.Input
		switch {
		case n.Down, n.Unready:
			in = rollout.NodeReady{Node: n.Name}
		case n.PodsUnready:
			in = rollout.PodsReady{Node: n.Name}
		default:
			continue
		}
		names = append(names, n.Name)
		c.inputs = append(c.inputs, in)
	}
	c.does = "make the pods on " + listed(names) + " ready"
	return c
}
