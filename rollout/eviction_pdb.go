package rollout

import (
	"errors"
	"fmt"
	"slices"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// allowance is what the disruption controller computes for a PodDisruptionBudget
// (pkg/controller/disruption/disruption.go: trySync, updatePdbStatus). It is
// computed on demand, and so never lags behind.
type allowance struct {
	expected, desired, healthy, allowed int32
	failure                             error // it cannot be counted: nothing is allowed
}

// allowanceOf computes what a budget allows now.
func (e *evictions) allowanceOf(b *pdb) allowance {
	var a allowance
	err, pods := b.err, e.guarded(b)
	if err == nil {
		a.expected, a.desired, err = e.expect(b, pods)
	}
	if err != nil { // the other numbers stay as they are (pkg/controller/disruption/disruption.go: failSafe)
		return allowance{desired: b.Status.DesiredHealthy, healthy: b.Status.CurrentHealthy, expected: b.Status.ExpectedPods, failure: err}
	}
	for _, id := range pods {
		if p := &e.pods[id]; p.is(isReady) && !p.is(terminating) {
			a.healthy++
		}
	}
	if a.expected > 0 {
		a.allowed = max(0, a.healthy-a.desired)
	}
	return a
}

// expect returns how many pods a budget expects, and how many of them must be
// healthy (getExpectedPodCount).
func (e *evictions) expect(b *pdb, pods []int32) (expected, desired int32, err error) {
	amount := b.Spec.MaxUnavailable
	switch {
	case amount == nil && b.Spec.MinAvailable == nil:
		return 0, 0, nil
	case amount == nil && b.Spec.MinAvailable.Type == intstr.Int:
		return int32(len(pods)), b.Spec.MinAvailable.IntVal, nil
	case amount == nil:
		amount = b.Spec.MinAvailable
	}
	if expected, err = e.scaleOfAll(b.Namespace, pods); err != nil {
		return 0, 0, err
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(amount, int(expected), true)
	if err != nil {
		return 0, 0, err
	}
	if b.Spec.MaxUnavailable != nil {
		return expected, max(0, expected-int32(n)), nil
	}
	return expected, int32(n), nil
}

// scaleOfAll returns the sum of the scales of all controllers of the pods. Pods
// without a controller do not count (getExpectedScale). A Deployment counts once,
// with any number of ReplicaSets. The error is that of the first pod without a scale.
func (e *evictions) scaleOfAll(namespace string, pods []int32) (int32, error) {
	sum, asked, counted := int32(0), map[types.UID]bool{}, map[string]bool{}
	slices.Sort(pods)
	for _, id := range pods {
		ref := e.controllerOf(&e.pods[id])
		if ref == nil || asked[ref.UID] {
			continue
		}
		controller, scale, err := e.scaleOf(namespace, ref, e.podName(id))
		if err != nil {
			return 0, err
		}
		asked[ref.UID] = true
		if !counted[controller] {
			counted[controller] = true
			sum += scale
		}
	}
	return sum, nil
}

// scaleOf returns the controller whose scale counts, and its desired number of
// pods. For a pod of a ReplicaSet that is the ReplicaSet's Deployment, if it has
// one (pkg/controller/disruption/disruption.go: finders).
func (e *evictions) scaleOf(namespace string, ref *metav1.OwnerReference, pod string) (controller string, replicas int32, err error) {
	controller = ref.Kind + "/" + ref.Name
	b := borrow.From(e.cluster)
	switch ref.Kind {
	case "ReplicaSet":
		if rs := e.replicaSets.find(namespace + "/" + ref.Name); rs != nil && kube.RefersTo(ref, rs.object) {
			switch owner := metav1.GetControllerOfNoCopy(rs.object); {
			case owner == nil || owner.Kind != "Deployment":
				return controller, rs.size(), nil
			case rs.deployment != none:
				return "Deployment/" + owner.Name, e.deployments.at[rs.deployment].replicas(), nil
			}
		}
	case "StatefulSet":
		if sts, ok := b.StatefulSet(namespace, ref.Name); ok && kube.RefersTo(ref, sts) {
			return controller, scale(sts.Spec.Replicas), nil
		}
	case "DaemonSet":
		return "", 0, errors.New("daemonsets.apps does not implement the scale subresource")
	case "Job":
		return "", 0, errors.New("jobs.batch does not implement the scale subresource")
	default:
		return "", 0, fmt.Errorf("the scale of %s %q, the controller of pod %q, is not known", ref.Kind, ref.Name, pod)
	}
	return "", 0, fmt.Errorf("found no controllers for pod %q", pod)
}

func scale(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}

// refusal is why an eviction is refused, and whether a retry makes sense.
type refusal struct {
	message string
	again   bool
}

// evictable returns the API server's answer to an eviction
// (pkg/registry/core/pod/storage/eviction.go: EvictionREST.Create). Without words
// it is granted.
func (e *evictions) evictable(p *pod) refusal {
	if p.terminal() || p.phase == pending || p.is(terminating) {
		return refusal{}
	}
	budgets := e.budgetsOf(p)
	switch len(budgets) {
	case 0:
		return refusal{}
	case 1:
	default:
		return refusal{message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."}
	}
	b := budgets[0]
	a := e.allowanceOf(b)
	if !p.is(isReady) {
		policy := b.Spec.UnhealthyPodEvictionPolicy
		if policy != nil && *policy == policyv1.AlwaysAllow || a.healthy >= a.desired && a.desired > 0 {
			return refusal{}
		}
	}
	if a.allowed > 0 {
		return refusal{}
	}
	return refusal{"Cannot evict pod as it would violate the pod's disruption budget. " + a.message(b.Name), true}
}

// message returns the cause in the refusal of an eviction (checkAndDecrement).
func (a *allowance) message(budget string) string {
	text := fmt.Sprintf("The disruption budget %s does not allow evicting pods currently", budget)
	switch {
	case a.failure != nil:
		return text + " because it failed sync: " + a.failure.Error()
	case a.healthy <= a.desired:
		return fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", budget, a.desired, a.healthy)
	}
	return text
}

// countAll returns all budgets as counted does, ascending by namespace and name.
func (e *evictions) countAll() []*policyv1.PodDisruptionBudget {
	if e.store == nil {
		return nil
	}
	var all []*policyv1.PodDisruptionBudget
	index := e.pdbs()
	for i := range index.all {
		all = append(all, e.counted(&index.all[i]))
	}
	return all
}

// counted returns the budget with the status that the disruption controller would
// set now.
func (e *evictions) counted(of *pdb) *policyv1.PodDisruptionBudget {
	a := e.allowanceOf(of)
	b := of.DeepCopy()
	st := &b.Status
	st.DisruptionsAllowed, st.CurrentHealthy, st.DesiredHealthy, st.ExpectedPods = a.allowed, a.healthy, a.desired, a.expected
	c := metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.InsufficientPodsReason,
		ObservedGeneration: b.Generation, LastTransitionTime: e.timestamp(max(0, e.clock)),
	}
	switch {
	case a.failure != nil:
		c.Reason, c.Message, c.ObservedGeneration = policyv1.SyncFailedReason, a.failure.Error(), st.ObservedGeneration
	case a.allowed > 0:
		c.Status, c.Reason = metav1.ConditionTrue, policyv1.SufficientPodsReason
	}
	if a.failure == nil {
		st.ObservedGeneration, st.DisruptedPods = b.Generation, nil
	}
	for i, was := range st.Conditions {
		if was.Type == c.Type {
			if was.Status == c.Status {
				c.LastTransitionTime = was.LastTransitionTime
			}
			st.Conditions[i] = c
			return b
		}
	}
	st.Conditions = append(st.Conditions, c)
	return b
}
