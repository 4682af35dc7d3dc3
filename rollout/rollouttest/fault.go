package rollouttest

import (
	"fmt"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

// Fault is something that happens to a node or to the pods on it.
type Fault uint8

// The faults, and in brackets what ends them; those without an end just happen.
const (
	NodeIsDown      Fault = iota // [back up]
	NodeIsNotReady               // [ready again]
	PodsAreNotReady              // [ready again]
	PodsFail
	PodsAreDeleted
	NodeIsCordoned // [uncordoned]
	NodeIsTainted  // maintenance:NoSchedule [taken off]
	NodeIsDrained  // maintenance:NoExecute, which turns pods out [taken off]
	NodeIsRemoved
	NodeAdded // one more, like others
	PodsStick // terminating ones never go
)

var faultNames = []string{
	"NodeIsDown", "NodeIsNotReady", "PodsAreNotReady", "PodsFail", "PodsAreDeleted", "NodeIsCordoned", "NodeIsTainted",
	"NodeIsDrained", "NodeIsRemoved", "NodeAdded", "PodsStick",
}

// AllFaults are all kinds of faults.
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

// GoString is the constant's name.
func (f Fault) GoString() string { return "rollouttest." + f.String() }

// fault is one that was drawn.
type fault struct {
	kind  Fault
	node  string
	at    int
	lasts int // ticks; 0 is for good
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
		return rollout.NodeDown{Node: n}, rollout.NodeUp{Node: n}
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
	case NodeIsDrained:
		return edit(n, cluster.Taint("maintenance:NoExecute")), edit(n, cluster.Untaint("maintenance:NoExecute"))
	case PodsStick:
		return rollout.StuckTerminating{Node: n}, nil
	}
	return rollout.RemoveNode{Node: f.node}, nil
}

func edit(node string, e cluster.NodeEdit) rollout.Input {
	return rollout.EditNode{Node: node, Edits: []cluster.NodeEdit{e}}
}
