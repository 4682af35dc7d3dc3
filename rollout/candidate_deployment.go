package rollout

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
)

// candidates are the remedies for the Deployment as a whole and, of those for
// pods, every way to have one for each obstacle.
func (x *deploymentExam) candidates() []candidate {
	switch {
	case x.d.deleting:
		return ways(obstaclesAmong(x.pods), x.pods, x.against)
	case x.whole == StrategyUnusable:
		quarter := intstr.FromString("25%")
		return []candidate{x.strategy(ChangeBudget, "set maxSurge and maxUnavailable to 25%", quarter, quarter)}
	}
	all := append(x.resume(), x.budgets()...)
	all = append(all, x.fewer()...)
	all = append(all, x.undo()...)
	return append(all, ways(obstaclesAmong(x.pods), x.pods, x.against)...)
}

// name is the Deployment's in inputs.
func (x *deploymentExam) name() string {
	if x.sim.find(x.d.key) != nil {
		return "deployment/" + x.d.key
	}
	return x.d.key
}

func (x *deploymentExam) resume() []candidate {
	if !x.d.object.Spec.Paused {
		return nil
	}
	return []candidate{{ResumeRollout, "resume it", []Input{Resume{x.name()}}}}
}

// budgets let old pods go before new ones are available: as few as will do.
func (x *deploymentExam) budgets() []candidate {
	if len(x.blocked) == 0 || !x.d.rolls() {
		return nil
	}
	surge, unavailable := x.d.budget()
	with := func(n int) candidate {
		return x.strategy(ChangeBudget, fmt.Sprintf("set maxUnavailable to %d", n), intstr.FromInt32(surge), intstr.FromInt32(int32(n)))
	}
	var all []candidate
	if n, ok := x.least(int(unavailable)+1, int(x.d.replicas()), with); ok {
		all = append(all, with(n))
	}
	if surge > 0 {
		all = append(all, x.strategy(ReplaceInstead, "set maxSurge to 0 and maxUnavailable to 1", intstr.FromInt32(0), intstr.FromInt32(1)))
	}
	return all
}

// fewer are as many replicas as will do.
func (x *deploymentExam) fewer() []candidate {
	if x.d.object.Spec.Paused {
		return nil
	}
	n := int(x.d.replicas())
	with := func(less int) candidate {
		return candidate{ScaleDown, fmt.Sprintf("scale it down to %d", n-less), []Input{Scale{x.name(), int32(n - less)}}}
	}
	if less, ok := x.least(1, n-1, with); ok {
		return []candidate{with(less)}
	}
	return nil
}

// least is the smallest number, from low to high, with which the candidate is a
// remedy, if it is one with the greatest. Small ones are tried first.
func (x *deploymentExam) least(low, high int, with func(int) candidate) (int, bool) {
	does := func(n int) bool {
		_, ok := x.try(with(n))
		return ok
	}
	if low > high || !does(high) {
		return 0, false
	}
	for step := 1; low+step-1 < high; step *= 2 {
		if does(low + step - 1) {
			high = low + step - 1
			break
		}
		low += step
	}
	for low < high { // high will do
		if middle := (low + high) / 2; does(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return high, true
}

// undo goes back to the latest of the earlier revisions that lets the rollout end.
func (x *deploymentExam) undo() []candidate {
	var earlier []int64
	for _, slot := range x.d.mine {
		if n := x.sim.sets.at[slot].revision(); n > 0 && slot != x.d.current {
			earlier = append(earlier, n)
		}
	}
	slices.Sort(earlier)
	for _, n := range slices.Backward(earlier) {
		c := candidate{UndoRollout, fmt.Sprintf("roll back to revision %d", n), []Input{Undo{x.name(), n}}}
		if x.d.object.Spec.Paused { // kubectl refuses that
			c = candidate{UndoRollout, "resume it, and " + c.does, []Input{Resume{x.name()}, c.inputs[0]}}
		}
		if _, ok := x.try(c); ok {
			return []candidate{c}
		}
	}
	return nil
}

// strategy applies the Deployment as it is but for its strategy.
func (x *deploymentExam) strategy(m Means, does string, surge, unavailable intstr.IntOrString) candidate {
	d := x.d.object.DeepCopy()
	d.Spec.Strategy = appsv1.DeploymentStrategy{
		Type:          appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable},
	}
	return candidate{m, does, []Input{Apply{Deployment: d}}}
}

// against is what may be done about one obstacle of some pods.
func (x *deploymentExam) against(o Obstacle, of []Culprit) []candidate {
	if o == FitsNowhere {
		return x.places(of)
	}
	return append(x.repairs(o, of), x.elsewhere(of))
}

// elsewhere has the pods made again on other nodes.
func (x *deploymentExam) elsewhere(of []Culprit) candidate {
	cordon := eachNode(of, RepairNodes, "cordon %s", func(n string) Input { return EditNode{n, []cluster.NodeEdit{cluster.Cordon()}} })
	return cordon.and(x.deletePods(of, false))
}
