package validation

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// checkSpread follows validateTopologySpreadConstraints.
func checkSpread(at fieldErrors, constraints []corev1.TopologySpreadConstraint) {
	for i, c := range constraints {
		here := at.item(i)
		checkPositive(here.child("maxSkew"), c.MaxSkew)
		if c.TopologyKey == "" {
			here.child("topologyKey").required("can not be empty")
		}
		checkSupported(here.child("whenUnsatisfiable"), c.WhenUnsatisfiable, corev1.DoNotSchedule, corev1.ScheduleAnyway)
		if repeated(c, constraints[i+1:]) {
			here.child("{topologyKey, whenUnsatisfiable}").duplicate(fmt.Sprintf("{%v, %v}", c.TopologyKey, c.WhenUnsatisfiable))
		}
		checkMinDomains(here.child("minDomains"), c.MinDomains, c.WhenUnsatisfiable)
		checkInclusion(here.child("nodeAffinityPolicy"), c.NodeAffinityPolicy)
		checkInclusion(here.child("nodeTaintsPolicy"), c.NodeTaintsPolicy)
		checkLabelKeys(here, c.MatchLabelKeys, nil, c.LabelSelector)
		checkSelector(here.child("labelSelector"), c.LabelSelector)
	}
}

func repeated(c corev1.TopologySpreadConstraint, later []corev1.TopologySpreadConstraint) bool {
	return slices.ContainsFunc(later, func(other corev1.TopologySpreadConstraint) bool {
		return other.TopologyKey == c.TopologyKey && other.WhenUnsatisfiable == c.WhenUnsatisfiable
	})
}

func checkMinDomains(at fieldErrors, domains *int32, action corev1.UnsatisfiableConstraintAction) {
	if domains == nil {
		return
	}
	checkPositive(at, *domains)
	if action != corev1.DoNotSchedule {
		at.invalid(*domains, fmt.Sprintf("can only use minDomains if whenUnsatisfiable=%s, not %s", corev1.DoNotSchedule, action))
	}
}

func checkInclusion(at fieldErrors, policy *corev1.NodeInclusionPolicy) {
	if policy != nil {
		checkSupported(at, *policy, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
	}
}

// checkLabelKeys follows ValidateMatchLabelKeysAndMismatchLabelKeys. A key occurs
// twice in the selector if the server merged it into a selector that already had it.
// That is reported at an index of the constraint or term itself.
func checkLabelKeys(at fieldErrors, match, mismatch []string, selector *metav1.LabelSelector) {
	checkLabelKeyList(at.child("matchLabelKeys"), match, selector)
	checkLabelKeyList(at.child("mismatchLabelKeys"), mismatch, selector)
	for _, key := range repeatedKeys(selector) {
		if i := lastIndex(match, key); i >= 0 {
			at.item(i).invalid(key, "exists in both matchLabelKeys and labelSelector")
		}
	}
	for i, key := range match {
		if slices.Contains(mismatch, key) {
			at.child("matchLabelKeys").item(i).invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys")
		}
	}
}

func checkLabelKeyList(at fieldErrors, keys []string, selector *metav1.LabelSelector) {
	if len(keys) > 0 && selector == nil {
		at.forbidden("must not be specified when labelSelector is not set")
		return
	}
	for i, key := range keys {
		checkLabelKey(at.item(i), key)
	}
}

// repeatedKeys returns the key of each expression whose key is also in a label or in
// an earlier expression.
func repeatedKeys(selector *metav1.LabelSelector) []string {
	if selector == nil {
		return nil
	}
	var repeated []string
	for i, e := range selector.MatchExpressions {
		_, before := selector.MatchLabels[e.Key]
		before = before || slices.ContainsFunc(selector.MatchExpressions[:i], func(other metav1.LabelSelectorRequirement) bool {
			return other.Key == e.Key
		})
		if before {
			repeated = append(repeated, e.Key)
		}
	}
	return repeated
}

func lastIndex(list []string, item string) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == item {
			return i
		}
	}
	return -1
}
