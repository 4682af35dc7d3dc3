package rollout

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var emptyDaemonSetStatus = compact(appsv1.DaemonSetStatus{})

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
			return "apply-node " + nodeJSON(x.Node)
		}
	}
	return in.line()
}

// script is line with the object as JSON in place of its key.
func (in Apply) script() string {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			return in.verb() + daemonSetJSON(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			return in.verb() + "deployment " + deploymentJSON(o)
		}
	}
	return in.line()
}

// daemonSetJSON omits an empty status.
func daemonSetJSON(ds *appsv1.DaemonSet) string {
	printed := struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              appsv1.DaemonSetSpec    `json:"spec"`
		Status            *appsv1.DaemonSetStatus `json:"status,omitempty"`
	}{ds.TypeMeta, ds.ObjectMeta, ds.Spec, &ds.Status}
	if text, err := json.Marshal(ds.Status); err == nil && string(text) == emptyDaemonSetStatus {
		printed.Status = nil
	}
	return compact(printed)
}

// deploymentJSON is the same for a Deployment.
func deploymentJSON(d *appsv1.Deployment) string {
	printed := struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              appsv1.DeploymentSpec    `json:"spec"`
		Status            *appsv1.DeploymentStatus `json:"status,omitempty"`
	}{d.TypeMeta, d.ObjectMeta, d.Spec, &d.Status}
	if compact(d.Status) == "{}" {
		printed.Status = nil
	}
	return compact(printed)
}

func nodeJSON(node *corev1.Node) string { return compact(node) }

func compact(object any) string {
	text, err := json.Marshal(object)
	if err != nil {
		return "{}" // cannot happen: API objects can be marshalled
	}
	return string(text)
}
