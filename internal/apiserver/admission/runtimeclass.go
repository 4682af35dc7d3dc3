package admission

import (
	"errors"
	"fmt"

	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/internal/kube"
)

// RuntimeClass (plugin/pkg/admission/runtimeclass/admission.go: Admit, Validate).

var errOverhead = errors.New("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")

// runtimeClass follows prepareObjects. The class is nil if the pod names none.
func (r *request) runtimeClass() (*nodev1.RuntimeClass, *Refusal) {
	name := r.pod.Spec.RuntimeClassName
	if name == nil {
		return nil, nil
	}
	class, ok := r.objects.RuntimeClass(*name)
	if !ok {
		return nil, r.forbid("RuntimeClass "+*name, fmt.Errorf("pod rejected: RuntimeClass %q not found", *name))
	}
	return class, nil
}

// setRuntimeClass follows setOverhead and setScheduling.
func setRuntimeClass(r *request) *Refusal {
	class, refusal := r.runtimeClass()
	if class == nil {
		return refusal
	}
	spec := &r.pod.Spec
	if class.Overhead != nil {
		if len(spec.Overhead) > 0 && !equality.Semantic.DeepEqual(class.Overhead.PodFixed, spec.Overhead) {
			return r.forbid("RuntimeClass "+class.Name, errOverhead)
		}
		spec.Overhead = class.Overhead.PodFixed.DeepCopy()
	}
	if class.Scheduling == nil {
		return nil
	}
	for key, value := range kube.Sorted(class.Scheduling.NodeSelector) {
		if own, ok := spec.NodeSelector[key]; ok && own != value {
			return r.forbid("RuntimeClass "+class.Name, fmt.Errorf(
				"conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", key, value, key, own))
		}
		if spec.NodeSelector == nil {
			spec.NodeSelector = map[string]string{}
		}
		spec.NodeSelector[key] = value
	}
	spec.Tolerations = mergeTolerations(spec.Tolerations, class.Scheduling.Tolerations)
	return nil
}

// checkRuntimeClass follows validateOverhead.
func checkRuntimeClass(r *request) *Refusal {
	class, refusal := r.runtimeClass()
	switch {
	case refusal != nil:
		return refusal
	case class != nil && class.Overhead != nil:
		if !equality.Semantic.DeepEqual(class.Overhead.PodFixed, r.pod.Spec.Overhead) {
			return r.forbid("RuntimeClass "+class.Name, errOverhead)
		}
	case r.pod.Spec.Overhead != nil:
		return r.forbid("", errors.New("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"))
	}
	return nil
}
