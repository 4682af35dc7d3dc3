package admission

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
)

// ServiceAccount (plugin/pkg/admission/serviceaccount/admission.go: Admit, Validate),
// without the token volume and the annotation kubernetes.io/enforce-mountable-secrets.

// setServiceAccount follows Admit.
func setServiceAccount(r *request) *Refusal {
	if kube.IsMirror(r.pod) {
		return checkServiceAccount(r)
	}
	spec := &r.pod.Spec
	if spec.ServiceAccountName == "" {
		spec.ServiceAccountName, spec.DeprecatedServiceAccount = "default", "default"
	}
	account, refusal := r.serviceAccount()
	if refusal != nil {
		return refusal
	}
	if len(spec.ImagePullSecrets) == 0 {
		spec.ImagePullSecrets = append([]corev1.LocalObjectReference{}, account.ImagePullSecrets...)
	}
	return checkServiceAccount(r)
}

// checkServiceAccount follows Validate.
func checkServiceAccount(r *request) *Refusal {
	switch {
	case kube.IsMirror(r.pod) && r.pod.Spec.ServiceAccountName != "":
		return r.forbid("", errors.New("a mirror pod may not reference service accounts"))
	case kube.IsMirror(r.pod):
		return nil
	case r.pod.Spec.ServiceAccountName == "":
		return r.forbid("", fmt.Errorf("no service account specified for pod %s/%s", r.pod.Namespace, r.pod.Name))
	}
	_, refusal := r.serviceAccount()
	return refusal
}

// serviceAccount follows getServiceAccount.
func (r *request) serviceAccount() (*corev1.ServiceAccount, *Refusal) {
	namespace, name := r.pod.Namespace, r.pod.Spec.ServiceAccountName
	account, ok := r.objects.ServiceAccount(namespace, name)
	if !ok {
		return nil, r.forbid("ServiceAccount "+namespace+"/"+name, fmt.Errorf(
			"error looking up service account %s/%s: serviceaccount %q not found", namespace, name, name))
	}
	return account, nil
}
