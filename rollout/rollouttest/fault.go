package rollouttest

import (
	"fmt"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

// Fault is something that happens to a node or to the pods on it.
type Fault uint8

// The faults. Brackets hold what ends a fault; the others are single events.
const (
	NodeIsDown      Fault = iota // [back up]
	NodeIsNotReady               // [ready again]
	PodsAreNotReady              // [ready again]
	PodsFail
	PodsAreDeleted
	NodeIsCordoned // [uncordoned]
	NodeIsTainted  // maintenance:NoSchedule [taint removed]
	NodeIsEmptied  // maintenance:NoExecute, which evicts pods [taint removed]
	NodeIsRemoved
	NodeAdded         // one more node like the others
	PodsStick         // terminating pods never end
	NodeIsDrained     // kubectl drain, which skips pods of DaemonSets [uncordoned]
	PodsAreEvicted    // through the eviction API, as by an autoscaler
	PodsCrash         // those of one image on the node, repeatedly [no longer crash]
	PodsAreNeverReady // new pods of one image on the node [become ready]
	ImageIsMissing    // an image that the kubelet of the node pulls [available]
	PodsAreRejected   // by the kubelet of the node: OutOfcpu [no longer rejected]
)

var faultNames = []string{
	"NodeIsDown", "NodeIsNotReady", "PodsAreNotReady", "PodsFail", "PodsAreDeleted", "NodeIsCordoned", "NodeIsTainted",
	"NodeIsEmptied", "NodeIsRemoved", "NodeAdded", "PodsStick", "NodeIsDrained", "PodsAreEvicted",
	"PodsCrash", "PodsAreNeverReady", "ImageIsMissing", "PodsAreRejected",
}

// AllFaults returns all kinds of faults.
func AllFaults() []Fault {
	all := make([]Fault, len(faultNames))
	for i := range all {
		all[i] = Fault(i)
	}
	return all
}

func (f Fault) String() string {
	if int(f) < len(faultNames) {
		return faultNames[f]
	}
	return fmt.Sprintf("Fault(%d)", uint8(f))
}

// GoString returns the name of the constant.
func (f Fault) GoString() string { return "rollouttest." + f.String() }

// fault is a fault that was drawn.
type fault struct {
	kind  Fault
	node  string
	image string // empty if the fault is not about an image
	at    int
	lasts int // ticks; 0: it never ends
}

func (f fault) steps() []Step {
	begins, ends := f.inputs()
	steps := []Step{{f.at, begins}}
	if f.lasts > 0 && ends != nil {
		steps = append(steps, Step{f.at + f.lasts, ends})
	}
	return steps
}

func (f fault) inputs() (begins, ends rollout.Input) {
	switch n := f.node; f.kind {
	case NodeIsDown:
		return rollout.NodeDown{Node: n}, rollout.NodeReady{Node: n}
	case NodeIsNotReady:
		return rollout.NodeNotReady{Node: n}, rollout.NodeReady{Node: n}
	case PodsAreNotReady:
		return rollout.PodsNotReady{Node: n}, rollout.PodsReady{Node: n}
	case PodsFail:
		return rollout.FailPods{Node: n}, nil
	case PodsAreDeleted:
		return rollout.DeletePods{Node: n}, nil
	case NodeIsCordoned:
		return edit(n, cluster.Cordon()), edit(n, cluster.Uncordon())
	case NodeIsTainted:
		return edit(n, cluster.Taint("maintenance:NoSchedule")), edit(n, cluster.Untaint("maintenance:NoSchedule"))
	case NodeIsEmptied:
		return edit(n, cluster.Taint("maintenance:NoExecute")), edit(n, cluster.Untaint("maintenance:NoExecute"))
	case PodsStick:
		return rollout.StuckTerminating{Node: n}, nil
	case NodeIsDrained:
		return rollout.Drain{Node: n, IgnoreDaemonSets: true, DeleteEmptyDirData: true, Force: true}, edit(n, cluster.Uncordon())
	case PodsAreEvicted:
		return rollout.EvictPods{Node: n}, nil
	case NodeIsRemoved:
		return rollout.RemoveNode{Node: n}, nil
	}
	return f.input()
}

// input returns the inputs that start and end a fault of starting pods.
func (f fault) input() (begins, ends rollout.Input) {
	there := []string{f.node}
	ends = rollout.Recover{Image: f.image, Nodes: there}
	switch f.kind {
	case PodsCrash:
		return rollout.CrashLoop{Image: f.image, Nodes: there}, ends
	case PodsAreNeverReady:
		return rollout.NeverReady{Image: f.image, Nodes: there}, ends
	case ImageIsMissing:
		return rollout.ImagePullFails{Image: f.image, Nodes: there}, ends
	}
	return rollout.RejectPods{Reason: "OutOfcpu", Image: f.image, Nodes: there}, ends
}

// aboutImage reports whether the fault affects pods of one image.
func (f Fault) aboutImage() bool {
	return f == PodsCrash || f == PodsAreNeverReady || f == ImageIsMissing || f == PodsAreRejected
}

func edit(node string, e cluster.NodeEdit) rollout.Input {
	return rollout.EditNode{Node: node, Edits: []cluster.NodeEdit{e}}
}
