package dryrun

import (
	"slices"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/placement"
)

// Admission is what the API server makes of the new pods of a DaemonSet: what the
// LimitRanges, the RuntimeClass, the namespace and other objects of the cluster and
// rollout.Config.Admit change in them, or why it refuses them. Nodes are names,
// ascending.
//
// Admission has less effect than one may expect. The DaemonSet controller decides by
// the template, before any admission, where a pod is wanted
// (pkg/controller/daemon/daemon_controller.go: nodeShouldRunDaemonPod). A toleration
// that is added brings no pod to a tainted node. A nodeSelector that is added leaves
// pods pending on nodes that still want them. The scheduler sees the admitted pod.
type Admission struct {
	Changes []FieldChange           `json:"changes"`           // of the pod
	Refusal *placement.FilterReason `json:"refusal,omitempty"` // why the API server refuses the pod; nil if it does not
	Refused []string                `json:"refused"`           // where the pod of the template would be placed but the admitted one is not
	Gained  []string                `json:"gained"`            // where the admitted pod is placed but that of the template would not be
}

// admission returns what admission does to the DaemonSet's pods, or nil if it does
// nothing.
func (d *daemon) admission() *Admission {
	changes, refusal := d.admitted(), d.refusal()
	if len(changes) == 0 && refusal == nil {
		return nil
	}
	a := &Admission{Changes: changes, Refusal: refusal, Refused: []string{}, Gained: []string{}}
	w, err := placement.ForDaemonSet(d.object, placement.Unvalidated(), placement.WithoutAdmission())
	if err != nil { // cannot be: it was compiled before
		return a
	}
	alone := w.Predict(d.cluster).Placed()
	a.Refused, a.Gained = alone.Minus(d.Placed()).Names(), d.Placed().Minus(alone).Names()
	return a
}

// refusal returns why the API server refuses the DaemonSet's pods, or nil.
func (d *daemon) refusal() *placement.FilterReason {
	for _, node := range d.Refused().Names() {
		if v, _ := d.Verdict(node); len(v.Reasons) > 0 {
			return &v.Reasons[0]
		}
	}
	return nil
}

// trivial has the changes that admission makes to every pod that leaves these fields unset.
var trivial = []FieldChange{
	{Path: "spec.preemptionPolicy", To: `"PreemptLowerPriority"`}, {Path: "spec.priority", To: "0"},
	{Path: "spec.serviceAccount", To: `"default"`}, {Path: "spec.serviceAccountName", To: `"default"`},
}

// admitted returns what admission changes in the pod, beyond what it does in every
// cluster.
func (d *daemon) admitted() []FieldChange {
	after, err := d.Admitted()
	if err != nil {
		return []FieldChange{}
	}
	before := d.workload.Pod()
	before.Name, before.GenerateName = after.Name, after.GenerateName
	if plain, refusal := borrow.Admit(&cluster.Cluster{}, before, 0, nil); refusal == nil {
		before = plain
	}
	changes := append([]FieldChange{}, fieldChanges("", before, after)...)
	return slices.DeleteFunc(changes, func(c FieldChange) bool { return slices.Contains(trivial, c) })
}
