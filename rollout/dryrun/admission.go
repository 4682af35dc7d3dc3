package dryrun

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// Admit changes a pod of a DaemonSet as a mutating webhook would on its way into
// the cluster. The pod is not yet aimed at a node; it must be changed in the same
// way whenever the same pod comes, and without side effects.
//
// What it does matters less than one would think. Where a pod is wanted the
// DaemonSet controller decides by the template, before any admission
// (pkg/controller/daemon/daemon_controller.go: nodeShouldRunDaemonPod): a
// toleration that a webhook adds brings no pod to a tainted node, and a
// nodeSelector that it adds leaves pods pending where they are wanted all the same.
// The scheduler sees what was admitted. The simulation of time does not: it goes on
// as if nothing were changed.
type Admit func(pod *corev1.Pod)

// Admission is the difference that Config.Admit makes to a DaemonSet.
type Admission struct {
	Changes []FieldChange   // of the pod
	Refused cluster.NodeSet // where the pod of the template would be placed and the admitted one is not
	Gained  cluster.NodeSet // where the admitted one is placed and the other would not be

	refused, admitted cluster.NodeSet
	wanted            cluster.NodeSet
	judged            *placement.Prediction
}

// Admission gives the difference that Config.Admit makes after the plan; false
// without Admit, or without the DaemonSet.
func (e Effect) Admission() (Admission, bool) {
	if e.after == nil || e.after.admission == nil {
		return Admission{}, false
	}
	return *e.after.admission, true
}

// judge predicts the pod as it is admitted, on the nodes where the template wants one.
func (admit Admit) judge(d *daemon, c *cluster.Cluster) (*Admission, error) {
	before := d.workload.Pod()
	before.Name = d.object.Name + "-admitted"
	after := before.DeepCopy()
	admit(after)
	a := &Admission{Changes: fieldChanges("", before, after), wanted: d.Eligible()}
	w, err := placement.ForPod(after)
	if err != nil {
		return nil, fmt.Errorf("Admit makes a pod that the API server would refuse: %w", err)
	}
	alone, err := c.Without(podsOf(d, c)...)
	if err != nil {
		return nil, err
	}
	a.judged = w.Predict(alone)
	a.admitted = a.judged.Placed().And(a.wanted)
	a.refused = a.wanted.Minus(a.admitted)
	a.Refused, a.Gained = d.Placed().Minus(a.admitted), a.admitted.Minus(d.Placed())
	return a, nil
}

// podsOf gives the DaemonSet's own pods.
func podsOf(d *daemon, c *cluster.Cluster) []runtime.Object {
	var own []runtime.Object
	for _, pod := range c.Borrow().Pods() {
		if kube.Controls(d.object, "DaemonSet", pod) {
			own = append(own, pod)
		}
	}
	return own
}

// verdict is that of the admitted pod; false where the template has the last word.
func (a *Admission) verdict(node string) (placement.Verdict, bool) {
	if a == nil || !a.wanted.Has(node) {
		return placement.Verdict{}, false
	}
	v, ok := a.judged.Verdict(node)
	if v.Decision < placement.Placed {
		v.Decision = placement.Pending
	}
	return v, ok
}
