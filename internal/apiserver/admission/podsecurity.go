package admission

import (
	"fmt"
	"sync"

	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// podSecurity returns the checks of PodSecurity, the API server's own.
var podSecurity = sync.OnceValues(func() (policy.Evaluator, error) {
	return policy.NewEvaluator(policy.DefaultChecks(), nil)
})

// checkPodSecurity follows PodSecurity
// (k8s.io/pod-security-admission/admission/admission.go: ValidatePod, EvaluatePod). A
// label that cannot be read enforces the strictest level.
func checkPodSecurity(r *request) *Refusal {
	if r.namespace == nil {
		return nil
	}
	privileged := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	levels, _ := api.PolicyToEvaluate(r.namespace.Labels, api.Policy{Enforce: privileged, Audit: privileged, Warn: privileged})
	checks, err := podSecurity()
	if err != nil {
		return &Refusal{Message: err.Error()}
	}
	result := policy.AggregateCheckResults(checks.EvaluatePod(levels.Enforce, &r.pod.ObjectMeta, &r.pod.Spec))
	if result.Allowed {
		return nil
	}
	return r.forbid(r.namespaceObject(), fmt.Errorf("violates PodSecurity %q: %s", levels.Enforce.String(), result.ForbiddenDetail()))
}
