package validation

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/berthsim/berth/internal/kube"
)

// podKind is whose spec is checked. Some rules apply to pods only, because the
// fields of a template get their defaults when a pod is made from it.
type podKind uint8

const (
	aTemplate podKind = iota
	aPod
)

// checkPod follows the API server (pkg/apis/core/validation/validation.go:
// ValidatePodCreate).
func checkPod(root fieldErrors, pod *corev1.Pod) {
	stored := pod.ResourceVersion != ""
	if !stored {
		kube.MergeLabelKeys(pod)
	}
	checkMeta(root.child("metadata"), &pod.ObjectMeta, namespaced, apivalidation.NameIsDNSSubdomain)
	checkPodBody(root, pod)
	if stored {
		return
	}
	spec := root.child("spec")
	if len(pod.Spec.EphemeralContainers) > 0 {
		spec.child("ephemeralContainers").forbidden("cannot be set on create")
	}
	if pod.Spec.NodeName != "" && len(pod.Spec.SchedulingGates) > 0 {
		spec.child("nodeName").forbidden("cannot be set until all schedulingGates have been cleared")
	}
}

// checkPodBody follows validatePodMetadataAndSpec, without the rules for the
// metadata of every kind.
func checkPodBody(root fieldErrors, pod *corev1.Pod) {
	spec := root.child("spec")
	checkPodAnnotations(root.child("metadata", "annotations"), pod.Annotations, &pod.Spec)
	checkPodSpec(spec, &pod.Spec, aPod)
	checkImagesTrimmed(spec.child("containers"), pod.Spec.Containers)
	checkImagesTrimmed(spec.child("initContainers"), pod.Spec.InitContainers)
}

// checkTemplate follows ValidatePodTemplateSpec. Its metadata is reported one
// level too high.
func checkTemplate(at fieldErrors, template *corev1.PodTemplateSpec) {
	checkTemplateMeta(at, template)
	checkPodSpec(at.child("spec"), &template.Spec, aTemplate)
	if len(template.Spec.EphemeralContainers) > 0 {
		at.child("spec", "ephemeralContainers").forbidden("ephemeral containers not allowed in pod template")
	}
}

func checkTemplateMeta(at fieldErrors, template *corev1.PodTemplateSpec) {
	checkLabels(at.child("labels"), template.Labels)
	checkAnnotations(at.child("annotations"), template.Annotations)
	checkPodAnnotations(at.child("annotations"), template.Annotations, &template.Spec)
}

// checkPodAnnotations follows ValidatePodSpecificAnnotations.
func checkPodAnnotations(at fieldErrors, annotations map[string]string, spec *corev1.PodSpec) {
	if value, mirror := annotations[corev1.MirrorPodAnnotationKey]; mirror && spec.NodeName == "" {
		at.key(corev1.MirrorPodAnnotationKey).invalid(value, "must set spec.nodeName if mirror pod annotation is set")
	}
	if _, ok := kube.DeletionCost(annotations); !ok {
		at.key(corev1.PodDeletionCost).invalid(annotations[corev1.PodDeletionCost], "must be a 32bit integer")
	}
}

// checkPodSpec follows ValidatePodSpec.
func checkPodSpec(at fieldErrors, spec *corev1.PodSpec, kind podKind) {
	checkAllContainers(at, spec)
	checkPodResources(at.child("resources"), spec)
	if spec.HostNetwork {
		checkHostNetwork(at, spec, kind)
	}
	checkOneOf(at.child("restartPolicy"), spec.RestartPolicy,
		corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)
	checkLabels(at.child("nodeSelector"), spec.NodeSelector)
	checkAffinity(at.child("affinity"), spec.Affinity)
	checkGates(at.child("schedulingGates"), spec.SchedulingGates)
	checkSpread(at.child("topologySpreadConstraints"), spec.TopologySpreadConstraints)
	checkName(at.child("nodeName"), spec.NodeName)
	if deadline := spec.ActiveDeadlineSeconds; deadline != nil && (*deadline < 1 || *deadline > math.MaxInt32) {
		at.child("activeDeadlineSeconds").invalid(*deadline, validation.InclusiveRangeError(1, math.MaxInt32))
	}
	checkTolerations(at.child("tolerations"), spec.Tolerations)
	checkName(at.child("priorityClassName"), spec.PriorityClassName)
	checkPreemption(at.child("preemptionPolicy"), spec.PreemptionPolicy)
	checkResources(at.child("overhead"), &corev1.ResourceRequirements{Limits: spec.Overhead}, checkContainerResource)
	checkOS(at.child("os"), spec.OS)
}

// checkOS follows validateOS.
func checkOS(at fieldErrors, os *corev1.PodOS) {
	switch {
	case os == nil:
	case os.Name == "":
		at.child("name").required("")
	default:
		checkSupported(at, os.Name, corev1.Linux, corev1.Windows)
	}
}

// checkGates follows validateSchedulingGates.
func checkGates(at fieldErrors, gates []corev1.PodSchedulingGate) {
	known := map[string]bool{}
	for i, gate := range gates {
		checkQualifiedName(at.item(i), gate.Name)
		checkNewName(at.item(i), gate.Name, known)
	}
}

// checkHostNetwork follows validatePodHostNetworkDeps and validateHostUsers. A
// template may leave host ports unset; its pods get them by default.
func checkHostNetwork(at fieldErrors, spec *corev1.PodSpec, kind podKind) {
	for i, c := range spec.Containers {
		for j, port := range c.Ports {
			if port.HostPort != port.ContainerPort && (kind == aPod || port.HostPort != 0) {
				at.child("containers").item(i).child("ports").item(j).child("hostPort").
					invalid(port.HostPort, "must match `containerPort` when `hostNetwork` is true")
			}
		}
	}
	if spec.HostUsers != nil && !*spec.HostUsers {
		at.child("hostNetwork").forbidden("when `hostUsers` is false")
	}
}
