package dryrun

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// Admission is the effect of Config.Admit on a DaemonSet. Nodes are names, ascending.
//
// Admission has less effect than one may expect. The DaemonSet controller decides by
// the template, before any admission, where a pod is wanted
// (pkg/controller/daemon/daemon_controller.go: nodeShouldRunDaemonPod). A toleration
// that a webhook adds brings no pod to a tainted node. A nodeSelector that it adds
// leaves pods pending on nodes that still want them. The scheduler sees the admitted
// pod. The simulation of time ignores Admit.
type Admission struct {
	Changes []FieldChange `json:"changes"` // of the pod
	Refused []string      `json:"refused"` // where the pod of the template would be placed but the admitted one is not
	Gained  []string      `json:"gained"`  // where the admitted pod is placed but that of the template would not be
}

// admission is an Admission as sets, with the prediction of the admitted pod.
type admission struct {
	changes           []FieldChange
	lost, gained      cluster.NodeSet
	refused, admitted cluster.NodeSet
	wanted            cluster.NodeSet
	judged            *placement.Prediction
}

// record returns the data of the admission, or nil if there is none.
func (a *admission) record() *Admission {
	if a == nil {
		return nil
	}
	return &Admission{append([]FieldChange{}, a.changes...), a.lost.Names(), a.gained.Names()}
}

// judgeAdmission predicts the admitted pod on the nodes where the template wants one.
func judgeAdmission(admit func(*corev1.Pod), d *daemon, c *cluster.Cluster) (*admission, error) {
	before := d.workload.Pod()
	before.Name = d.object.Name + "-admitted"
	after := before.DeepCopy()
	admit(after)
	a := &admission{changes: fieldChanges("", before, after), wanted: d.Eligible()}
	w, err := placement.ForPod(after)
	if err != nil {
		return nil, fmt.Errorf("the API server would refuse the pod that Admit makes: %w", err)
	}
	alone, err := c.Without(podsOf(d, c)...)
	if err != nil {
		return nil, err
	}
	a.judged = w.Predict(alone)
	a.admitted = a.judged.Placed().And(a.wanted)
	a.refused = a.wanted.Minus(a.admitted)
	a.lost, a.gained = d.Placed().Minus(a.admitted), a.admitted.Minus(d.Placed())
	return a, nil
}

// podsOf returns the DaemonSet's own pods.
func podsOf(d *daemon, c *cluster.Cluster) []runtime.Object {
	var own []runtime.Object
	for _, pod := range borrow.From(c).Pods() {
		if kube.Controls(d.object, "DaemonSet", pod) {
			own = append(own, pod)
		}
	}
	return own
}

// verdict returns the verdict on the admitted pod. It returns false where the template
// alone decides.
func (a *admission) verdict(node string) (placement.Verdict, bool) {
	if a == nil || !a.wanted.Has(node) {
		return placement.Verdict{}, false
	}
	v, ok := a.judged.Verdict(node)
	if v.Decision < placement.Placed {
		v.Decision = placement.Pending
	}
	return v, ok
}
