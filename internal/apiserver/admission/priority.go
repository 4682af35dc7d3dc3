package admission

import (
	"fmt"

	"github.com/berthsim/berth/internal/kube"
)

// setPriority follows Priority (plugin/pkg/admission/priority/admission.go: admitPod).
func setPriority(r *request) *Refusal {
	spec := &r.pod.Spec
	class, ok := kube.ResolvePriorityClass(spec.PriorityClassName, r.objects)
	object := "PriorityClass " + spec.PriorityClassName
	if !ok {
		return r.forbid(object, fmt.Errorf("no PriorityClass with name %v was found", spec.PriorityClassName))
	}
	if class.Name != "" {
		object = "PriorityClass " + class.Name
	}
	spec.PriorityClassName = class.Name
	if spec.Priority != nil && *spec.Priority != class.Value {
		return r.forbid(object, fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; "+
			"priority admission controller computed %d from the given PriorityClass name", *spec.Priority, class.Value))
	}
	spec.Priority = new(class.Value)
	if class.PreemptionPolicy == nil {
		return nil
	}
	if spec.PreemptionPolicy != nil && *spec.PreemptionPolicy != *class.PreemptionPolicy {
		return r.forbid(object, fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; "+
			"priority admission controller computed %s from the given PriorityClass name", *spec.PreemptionPolicy, *class.PreemptionPolicy))
	}
	spec.PreemptionPolicy = new(*class.PreemptionPolicy)
	return nil
}
