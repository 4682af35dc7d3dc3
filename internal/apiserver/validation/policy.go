package validation

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/kube"
)

// checkPodDisruptionBudget follows the API server
// (pkg/apis/policy/validation/validation.go: ValidatePodDisruptionBudget), which
// leaves the metadata to the rules for all kinds
// (k8s.io/apiserver/pkg/registry/rest/create.go: ValidateCreate): any path segment
// is a name.
func checkPodDisruptionBudget(root fieldErrors, budget *policyv1.PodDisruptionBudget) {
	checkAnyMeta(root.child("metadata"), &budget.ObjectMeta, namespaced, isPathSegment)
	checkPodDisruptionBudgetSpec(root.child("spec"), &budget.Spec)
}

// checkPodDisruptionBudgetSpec follows ValidatePodDisruptionBudgetSpec.
func checkPodDisruptionBudgetSpec(at fieldErrors, spec *policyv1.PodDisruptionBudgetSpec) {
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		at.invalid(*spec, "minAvailable and maxUnavailable cannot be both set")
	}
	checkBudget(at.child("minAvailable"), spec.MinAvailable)
	checkBudget(at.child("maxUnavailable"), spec.MaxUnavailable)
	checkSelector(at.child("selector"), spec.Selector)
	if spec.UnhealthyPodEvictionPolicy != nil {
		checkSupported(at.child("unhealthyPodEvictionPolicy"), *spec.UnhealthyPodEvictionPolicy, policyv1.AlwaysAllow, policyv1.IfHealthyBudget)
	}
}

// isPathSegment follows the API server
// (k8s.io/apiserver/pkg/registry/rest/create.go: validatePathSegment), which calls
// functions of apimachinery that were renamed in 1.37.
func isPathSegment(name string, prefix bool) (mistakes []string) {
	if !prefix && (name == "." || name == "..") {
		return []string{fmt.Sprintf("may not be '%s'", name)}
	}
	for _, part := range []string{"/", "%"} {
		if strings.Contains(name, part) {
			mistakes = append(mistakes, fmt.Sprintf("may not contain '%s'", part))
		}
	}
	return mistakes
}

func checkBudget(at fieldErrors, share *intstr.IntOrString) {
	if share != nil {
		checkShare(at, *share)
		checkAtMostAll(at, *share)
	}
}

const (
	systemPrefix        = "system-"
	highestUserPriority = 1_000_000_000
)

// checkPriorityClass follows the API server
// (pkg/apis/scheduling/validation/validation.go: ValidatePriorityClass).
func checkPriorityClass(root fieldErrors, class *schedulingv1.PriorityClass) {
	meta := root.child("metadata")
	checkMeta(meta, &class.ObjectMeta, clusterWide, apivalidation.NameIsDNSSubdomain)
	if strings.HasPrefix(class.Name, systemPrefix) {
		checkSystemClass(meta.child("name"), class)
	} else if class.Value > highestUserPriority {
		root.child("value").forbidden(fmt.Sprintf("maximum allowed value of a user defined priority is %d", highestUserPriority))
	}
	checkPreemption(root.child("preemptionPolicy"), class.PreemptionPolicy)
}

func checkSystemClass(at fieldErrors, class *schedulingv1.PriorityClass) {
	value, known := kube.SystemPriority(class.Name)
	var problem string
	switch {
	case !known:
		problem = fmt.Sprintf("%s is not a known system priority class", class.Name)
	case class.Value != value:
		problem = fmt.Sprintf("value of %s PriorityClass must be %d", class.Name, value)
	case class.GlobalDefault:
		problem = fmt.Sprintf("globalDefault of %s PriorityClass must be false", class.Name)
	default:
		return
	}
	at.forbidden("priority class names with 'system-' prefix are reserved for system use only. error: " + problem)
}

// checkPreemption follows the API server (pkg/apis/core/validation/validation.go:
// ValidatePreemptionPolicy).
func checkPreemption(at fieldErrors, policy *corev1.PreemptionPolicy) {
	if policy != nil {
		checkOneOf(at, *policy, corev1.PreemptLowerPriority, corev1.PreemptNever)
	}
}
