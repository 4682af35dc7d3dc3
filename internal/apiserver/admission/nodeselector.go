package admission

import (
	"errors"

	"k8s.io/apimachinery/pkg/labels"
)

// The annotations of a namespace that hold a node selector for its pods.
const (
	NodeSelectorAnnotation        = "scheduler.alpha.kubernetes.io/node-selector" // PodNodeSelector
	ProjectNodeSelectorAnnotation = "openshift.io/node-selector"                  // OriginPodNodeEnvironment
)

// setNodeSelector follows PodNodeSelector
// (plugin/pkg/admission/podnodeselector/admission.go: Admit). It names the pod by its
// name, which is not generated yet.
func setNodeSelector(r *request) *Refusal {
	selector, refusal := r.namespaceSelector(NodeSelectorAnnotation)
	if refusal != nil {
		return refusal
	}
	if refusal := r.conflict(selector, "pod node label selector conflicts with its namespace node label selector"); refusal != nil {
		return refusal
	}
	r.pod.Spec.NodeSelector = labels.Merge(selector, r.pod.Spec.NodeSelector)
	return nil
}

// checkNodeSelector follows PodNodeSelector's Validate, without a whitelist.
func checkNodeSelector(r *request) *Refusal {
	selector, refusal := r.namespaceSelector(NodeSelectorAnnotation)
	if refusal != nil {
		return refusal
	}
	return r.conflict(selector, "pod node label selector conflicts with its namespace node label selector")
}

// setProjectNodeSelector follows OpenShift's plugin
// scheduling.openshift.io/OriginPodNodeEnvironment, which runs after those of
// Kubernetes and before webhooks, and does nothing where the namespace has the annotation
// of PodNodeSelector.
func setProjectNodeSelector(r *request) *Refusal {
	selector, refusal := r.projectSelector()
	if refusal == nil && selector != nil {
		r.pod.Spec.NodeSelector = labels.Merge(selector, r.pod.Spec.NodeSelector)
	}
	return refusal
}

// checkProjectNodeSelector follows the same plugin's Validate: it refuses what a webhook
// made of the selector.
func checkProjectNodeSelector(r *request) *Refusal {
	selector, refusal := r.projectSelector()
	if refusal != nil {
		return refusal
	}
	if len(labels.Merge(selector, r.pod.Spec.NodeSelector)) != len(r.pod.Spec.NodeSelector) {
		return r.forbidByName(errors.New("pod node label selector does not extend project node label selector"))
	}
	return nil
}

func (r *request) projectSelector() (labels.Set, *Refusal) {
	if _, has := r.annotations()[NodeSelectorAnnotation]; has {
		return nil, nil
	}
	selector, refusal := r.namespaceSelector(ProjectNodeSelectorAnnotation)
	if refusal != nil {
		return nil, refusal
	}
	return selector, r.conflict(selector, "pod node label selector conflicts with its project node label selector")
}

// namespaceSelector returns the selector in an annotation of the namespace. One that
// cannot be parsed refuses every pod, with the error of the parser.
func (r *request) namespaceSelector(annotation string) (labels.Set, *Refusal) {
	selector, err := labels.ConvertSelectorToLabelsMap(r.annotations()[annotation])
	if err != nil {
		return nil, &Refusal{Object: r.namespaceObject(), Message: err.Error()}
	}
	return selector, nil
}

func (r *request) conflict(selector labels.Set, reason string) *Refusal {
	if labels.Conflicts(selector, r.pod.Spec.NodeSelector) {
		return r.forbidByName(errors.New(reason))
	}
	return nil
}

// forbidByName refuses the pod by its name, which it lacks before it is generated.
func (r *request) forbidByName(reason error) *Refusal {
	name := r.named
	if name == r.pod.GenerateName {
		name = ""
	}
	return &Refusal{Object: r.namespaceObject(), Message: forbidden(name, reason.Error())}
}
