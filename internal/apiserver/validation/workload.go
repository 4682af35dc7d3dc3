package validation

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// checkDaemonSet follows the API server (pkg/apis/apps/validation/validation.go:
// ValidateDaemonSet). A missing selector matches no template and is reported only
// there.
func checkDaemonSet(root fieldErrors, ds *appsv1.DaemonSet) {
	checkMeta(root.child("metadata"), &ds.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkDaemonSetSpec(root.child("spec"), &ds.Spec)
}

func checkDaemonSetSpec(at fieldErrors, spec *appsv1.DaemonSetSpec) {
	checkSelector(at.child("selector"), spec.Selector)
	if selector, err := metav1.LabelSelectorAsSelector(spec.Selector); err == nil {
		checkSelected(at.child("template"), selector, &spec.Template)
	}
	checkNotEmpty(at.child("selector"), spec.Selector, "daemonset")
	checkTemplate(at.child("template"), &spec.Template)
	checkRunsForever(at.child("template", "spec"), &spec.Template.Spec, "DaemonSet")
	checkNotNegative(at.child("minReadySeconds"), spec.MinReadySeconds)
	checkDaemonSetStrategy(at.child("updateStrategy"), &spec.UpdateStrategy)
	checkNotNegative(at.child("revisionHistoryLimit"), orZero(spec.RevisionHistoryLimit))
}

// checkDeployment follows ValidateDeployment, as above.
func checkDeployment(root fieldErrors, d *appsv1.Deployment) {
	checkMeta(root.child("metadata"), &d.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkDeploymentSpec(root.child("spec"), &d.Spec)
}

func checkDeploymentSpec(at fieldErrors, spec *appsv1.DeploymentSpec) {
	checkNotNegative(at.child("replicas"), orZero(spec.Replicas))
	checkReplicaTemplate(at, spec.Selector, &spec.Template)
	checkDeploymentStrategy(at.child("strategy"), &spec.Strategy)
	checkNotNegative(at.child("minReadySeconds"), spec.MinReadySeconds)
	checkNotNegative(at.child("revisionHistoryLimit"), orZero(spec.RevisionHistoryLimit))
	if deadline := spec.ProgressDeadlineSeconds; deadline != nil {
		checkNotNegative(at.child("progressDeadlineSeconds"), *deadline)
		if *deadline <= spec.MinReadySeconds {
			at.child("progressDeadlineSeconds").invalid(*deadline, "must be greater than minReadySeconds")
		}
	}
}

// checkReplicaSet follows ValidateReplicaSet, as above.
func checkReplicaSet(root fieldErrors, rs *appsv1.ReplicaSet) {
	checkMeta(root.child("metadata"), &rs.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkReplicaSetSpec(root.child("spec"), &rs.Spec)
}

func checkReplicaSetSpec(at fieldErrors, spec *appsv1.ReplicaSetSpec) {
	checkNotNegative(at.child("replicas"), orZero(spec.Replicas))
	checkNotNegative(at.child("minReadySeconds"), spec.MinReadySeconds)
	checkReplicaTemplate(at, spec.Selector, &spec.Template)
}

// checkReplicaTemplate is the common part of Deployments and ReplicaSets. The
// server's messages name both a deployment here and both a ReplicaSet there. If the
// selector cannot be parsed, the template is not checked.
func checkReplicaTemplate(at fieldErrors, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec) {
	checkRequiredSelector(at.child("selector"), selector, "deployment")
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		at.child("selector").invalid(selector, "invalid label selector")
		return
	}
	checkSelectedBySome(at.child("template"), parsed, template)
	checkTemplate(at.child("template"), template)
	checkRunsForever(at.child("template", "spec"), &template.Spec, "ReplicaSet")
}

// checkStatefulSet follows ValidateStatefulSet, as above. Labels and annotations
// of the template are checked twice.
func checkStatefulSet(root fieldErrors, sts *appsv1.StatefulSet) {
	checkMeta(root.child("metadata"), &sts.ObjectMeta, namespaced, apivalidation.NameIsDNSLabel)
	at := root.child("spec")
	checkStatefulSetSpec(at, &sts.Spec)
	if sts.Spec.ServiceName != "" {
		checkDNSLabel(at.child("serviceName"), sts.Spec.ServiceName)
	}
}

// checkStatefulSetSpec omits the service name, which updates do not check.
func checkStatefulSetSpec(at fieldErrors, spec *appsv1.StatefulSetSpec) {
	checkPodManagement(at.child("podManagementPolicy"), spec.PodManagementPolicy)
	checkStatefulSetStrategy(at.child("updateStrategy"), &spec.UpdateStrategy)
	checkNotNegative(at.child("replicas"), orZero(spec.Replicas))
	checkNotNegative(at.child("minReadySeconds"), spec.MinReadySeconds)
	checkNotNegative(at.child("ordinals.start"), orZero(spec.Ordinals).Start)
	checkRequiredSelector(at.child("selector"), spec.Selector, "statefulset")
	template := at.child("template")
	if selector, err := metav1.LabelSelectorAsSelector(spec.Selector); err != nil {
		at.child("selector").invalid(spec.Selector, "")
	} else {
		checkSelectedBySome(template, selector, &spec.Template)
		checkTemplate(template, &spec.Template)
		checkTemplateMeta(template, &spec.Template)
	}
	checkRunsForever(template.child("spec"), &spec.Template.Spec, "StatefulSet")
}

func checkPodManagement(at fieldErrors, policy appsv1.PodManagementPolicyType) {
	switch policy {
	case "":
		at.required("")
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
	default:
		at.invalid(policy, "must be 'OrderedReady' or 'Parallel'")
	}
}

func checkRequiredSelector(at fieldErrors, selector *metav1.LabelSelector, kind string) {
	if selector == nil {
		at.required("")
		return
	}
	checkSelector(at, selector)
	checkNotEmpty(at, selector, kind)
}

func checkNotEmpty(at fieldErrors, selector *metav1.LabelSelector, kind string) {
	if selector != nil && len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		at.invalid(selector, "empty selector is invalid for "+kind)
	}
}

// checkSelectedBySome accepts a selector that selects everything.
func checkSelectedBySome(at fieldErrors, selector labels.Selector, template *corev1.PodTemplateSpec) {
	if !selector.Empty() {
		checkSelected(at, selector, template)
	}
}

func checkSelected(at fieldErrors, selector labels.Selector, template *corev1.PodTemplateSpec) {
	if !selector.Matches(labels.Set(template.Labels)) {
		at.child("metadata", "labels").invalid(template.Labels, "`selector` does not match template `labels`")
	}
}

// checkRunsForever checks the fields that a controller requires of pods that it
// replaces when they end.
func checkRunsForever(at fieldErrors, spec *corev1.PodSpec, kind string) {
	if spec.RestartPolicy != corev1.RestartPolicyAlways {
		unsupported(at.child("restartPolicy"), spec.RestartPolicy, corev1.RestartPolicyAlways)
	}
	if spec.ActiveDeadlineSeconds != nil {
		at.child("activeDeadlineSeconds").forbidden("activeDeadlineSeconds in " + kind + " is not Supported")
	}
}

// checkControllerRevision follows ValidateControllerRevisionCreate. Data that is not
// serialized yet (Object) is equivalent to its JSON.
func checkControllerRevision(root fieldErrors, revision *appsv1.ControllerRevision) {
	checkMeta(root.child("metadata"), &revision.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkNotNegative(root.child("revision"), revision.Revision)
	at := root.child("data")
	var data any
	switch raw := revision.Data.Raw; {
	case raw == nil && revision.Data.Object == nil:
		at.required("data is mandatory")
	case raw == nil:
	default:
		if err := json.Unmarshal(raw, &data); err != nil {
			at.invalid("<value omitted>", fmt.Sprintf("error parsing data: %v", err))
		} else if data == nil {
			at.required("data is mandatory")
		} else if _, object := data.(map[string]any); !object {
			at.required("data must be a valid JSON object")
		}
	}
}
