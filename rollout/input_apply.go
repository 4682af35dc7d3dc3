package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/kube"
)

// Apply is kubectl apply of a *appsv1.DaemonSet, *appsv1.Deployment or
// *policyv1.PodDisruptionBudget, or of an object that decides about new pods: a
// *corev1.Namespace, LimitRange, ResourceQuota or ServiceAccount. It is created, or its
// spec, labels and annotations are replaced. Defaults are filled in and mistakes refused. Unvalidated skips both
// for an object that an API server has already accepted, but a Deployment gets its
// defaults all the same. A Deployment without spec.replicas keeps the present number
// of replicas. A paused Deployment stays paused until Resume.
type Apply struct {
	Object      runtime.Object `json:"object"`
	Unvalidated bool           `json:"unvalidated,omitzero"`
}

// Undo is kubectl rollout undo: the template of a revision is restored. Revision
// 0 is the one before the current revision.
type Undo struct {
	Key      string `json:"key"`
	Revision int64  `json:"revision,omitzero"`
}

// Delete deletes a DaemonSet or a Deployment. Propagation decides what happens to
// its pods and revisions, as in kubectl delete --cascade: Background, the default,
// deletes them after it, Foreground before it, and Orphan leaves them without an
// owner.
type Delete struct {
	Key         string                     `json:"key"`
	Propagation metav1.DeletionPropagation `json:"propagation,omitzero"`
}

var propagations = []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan}

func (in Apply) line() string {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			return in.verb() + kube.Key(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			return in.verb() + "deployment " + kube.Key(o)
		}
	case *policyv1.PodDisruptionBudget:
		if o != nil {
			return in.verb() + "poddisruptionbudget " + kube.Key(o)
		}
	}
	if kind, o := policyOf(in.Object); o != nil {
		return in.verb() + kind + " " + policyKey(o)
	}
	return "apply nothing"
}

// key returns the key of the object with its kind.
func (in Apply) key() string {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		return kube.DaemonSetKind + kube.Key(o)
	case *appsv1.Deployment:
		return kube.DeploymentKind + kube.Key(o)
	}
	return ""
}

func (in Apply) verb() string {
	if in.Unvalidated {
		return "apply unvalidated "
	}
	return "apply "
}

func (in Undo) line() string {
	if in.Revision == 0 {
		return "undo " + word(in.Key)
	}
	return fmt.Sprintf("undo %s to %d", word(in.Key), in.Revision)
}

func (in Delete) line() string {
	line := "delete " + word(in.Key)
	if in.Propagation == "" {
		return line
	}
	return line + " " + strings.ToLower(string(in.Propagation))
}

func (in Apply) check() error {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			return in.checkDaemonSet(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			return in.checkDeployment(o)
		}
	case *policyv1.PodDisruptionBudget:
		if o != nil {
			return in.checkNamed(o)
		}
	case nil, *corev1.Namespace, *corev1.LimitRange, *corev1.ResourceQuota, *corev1.ServiceAccount:
		if _, p := policyOf(o); p != nil {
			return in.checkNamed(p)
		}
	default:
		return fmt.Errorf("%T: must be a *DaemonSet or *Deployment of apps/v1, a *PodDisruptionBudget of policy/v1, or a *Namespace, *LimitRange, *ResourceQuota or *ServiceAccount of v1", o)
	}
	return errors.New("no object")
}

// checkSelectorUpdate refuses a change of the selector, in the words of the API
// server (pkg/apis/apps/validation/validation.go: ValidateDaemonSetUpdate;
// pkg/registry/apps/deployment/strategy.go: ValidateUpdate).
func checkSelectorUpdate(in Input, old, wish *metav1.LabelSelector) error {
	if a, ok := in.(Apply); !ok || a.Unvalidated {
		return nil
	}
	return apivalidation.ValidateImmutableField(wish, old, field.NewPath("spec", "selector")).ToAggregate()
}

func (in Undo) check() error {
	if in.Revision < 0 {
		return errors.Join(checkKey(in.Key), fmt.Errorf("unable to find specified revision %d in history", in.Revision))
	}
	return checkKey(in.Key)
}

func (in Delete) check() error {
	var err error
	if in.Propagation != "" && !slices.Contains(propagations, in.Propagation) {
		err = fmt.Errorf("propagation %q: must be Background, Foreground or Orphan", in.Propagation)
	}
	return errors.Join(checkKey(in.Key), err)
}

// prepared drops the fields whose feature gates are off in the release. The defaults
// of the kinds are the same in all releases.
func (in Apply) prepared(release kube.Release) Apply {
	if in.Object == nil || in.Unvalidated || release.Rules() == kube.LatestRelease {
		return in
	}
	in.Object = in.Object.DeepCopyObject()
	defaults.DropDisabled(release, in.Object, nil)
	return in
}

func (in Apply) copied() Input {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			in.Object = in.defaultDaemonSet(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			in.Object = in.defaultDeployment(o)
		}
	case *policyv1.PodDisruptionBudget:
		if o != nil {
			in.Object = defaultBudget(o)
		}
	}
	if kind, o := policyOf(in.Object); o != nil {
		in.Object = defaultPolicy(kind, o)
	}
	return in
}

func (in Apply) apply(s *Sim) {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		in.applyDaemonSet(s, o)
	case *appsv1.Deployment:
		in.applyDeployment(s, o)
	case *policyv1.PodDisruptionBudget:
		in.applyBudget(s, o)
	}
	if _, o := policyOf(in.Object); o != nil {
		in.applyPolicy(s, o)
	}
}

func (in Undo) apply(s *Sim) {
	switch d, deployed := s.target(in, in.Key); {
	case d != nil:
		in.undoDaemonSet(s, d)
	case deployed != nil:
		in.undoDeployment(s, deployed)
	}
}

func (in Delete) apply(s *Sim) {
	switch d, deployed := s.target(in, in.Key); {
	case d != nil:
		in.deleteDaemonSet(s, d)
	case deployed != nil:
		in.deleteDeployment(s, deployed)
	}
}
