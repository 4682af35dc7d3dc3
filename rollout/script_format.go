package rollout

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FormatInput returns the input as one line that ParseInput reads, with the object
// of Apply and ApplyNode as JSON. For every input that Inject accepts, ParseInput
// returns an equal one. It returns an empty line for nil.
func FormatInput(in Input) string {
	switch x := plain(in).(type) {
	case nil:
		return ""
	case Apply:
		return x.script()
	case ApplyNode:
		if x.Node != nil {
			return "apply-node " + compact(x.Node)
		}
	}
	return in.line()
}

// script is line with the object as JSON in place of its key.
func (in Apply) script() string {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			return in.verb() + objectJSON(o.TypeMeta, o.ObjectMeta, o.Spec, o.Status)
		}
	case *appsv1.Deployment:
		if o != nil {
			return in.verb() + "deployment " + objectJSON(o.TypeMeta, o.ObjectMeta, o.Spec, o.Status)
		}
	case *policyv1.PodDisruptionBudget:
		if o != nil {
			return in.verb() + "poddisruptionbudget " + objectJSON(o.TypeMeta, o.ObjectMeta, o.Spec, o.Status)
		}
	}
	if kind, o := policyOf(in.Object); o != nil {
		return in.verb() + kind + " " + compact(o)
	}
	return in.line()
}

// objectJSON returns an object as JSON, without an empty status.
func objectJSON[Spec, Status any](kind metav1.TypeMeta, meta metav1.ObjectMeta, spec Spec, status Status) string {
	printed := struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              Spec    `json:"spec"`
		Status            *Status `json:"status,omitempty"`
	}{kind, meta, spec, &status}
	if compact(status) == compact(*new(Status)) {
		printed.Status = nil
	}
	return compact(printed)
}

func compact(object any) string {
	text, err := json.Marshal(object)
	if err != nil {
		return "{}" // cannot happen: API objects can be marshalled
	}
	return string(text)
}
