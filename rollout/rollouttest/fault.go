package rollouttest

import (
	"reflect"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
)

// allFaults returns the faults that WithFaults draws by default. Those that last end
// again, or not: see endOf.
func allFaults() []rollout.Input {
	edit := func(e cluster.NodeEdit) rollout.Input { return rollout.EditNode{Edits: []cluster.NodeEdit{e}} }
	return []rollout.Input{
		rollout.NodeDown{},
		rollout.NodeNotReady{},
		rollout.PodsNotReady{},
		rollout.FailPods{},
		rollout.DeletePods{},
		edit(cluster.Cordon()),
		edit(cluster.Taint("maintenance:NoSchedule")),
		edit(cluster.Taint("maintenance:NoExecute")), // evicts pods
		rollout.RemoveNode{},
		rollout.ApplyNode{}, // one more node like the others
		rollout.StuckTerminating{},
		rollout.Drain{IgnoreDaemonSets: true, DeleteEmptyDirData: true, Force: true},
		rollout.EvictPods{}, // as an autoscaler does
		rollout.CrashLoop{},
		rollout.NeverReady{},
		rollout.ImagePullFails{},
		rollout.RejectPods{Reason: "OutOfcpu"},
	}
}

// fault is a fault that was drawn.
type fault struct {
	input rollout.Input // complete
	at    int
	lasts int // ticks; 0: it never ends
}

func (f fault) steps() []Step {
	steps := []Step{{f.at, f.input}}
	if end := endOf(f.input); f.lasts > 0 && end != nil {
		steps = append(steps, Step{f.at + f.lasts, end})
	}
	return steps
}

// endOf returns the input that ends a fault, or nil if none does.
func endOf(in rollout.Input) rollout.Input {
	switch x := in.(type) {
	case rollout.NodeDown:
		return rollout.NodeReady(x)
	case rollout.NodeNotReady:
		return rollout.NodeReady{Node: x.Node}
	case rollout.PodsNotReady:
		return rollout.PodsReady(x)
	case rollout.Drain:
		return rollout.EditNode{Node: x.Node, Edits: []cluster.NodeEdit{cluster.Uncordon()}}
	case rollout.EditNode:
		return undone(x)
	case rollout.CrashLoop:
		return rollout.Recover{Image: x.Image, Nodes: x.Nodes}
	case rollout.NeverReady:
		return rollout.Recover(x)
	case rollout.ImagePullFails:
		return rollout.Recover(x)
	case rollout.RejectPods:
		return rollout.Recover{Image: x.Image, Nodes: x.Nodes}
	}
	return nil
}

// undone returns the input that removes the taints and cordons of an edit, or nil if
// there are none.
func undone(x rollout.EditNode) rollout.Input {
	var edits []cluster.NodeEdit
	for _, e := range x.Edits {
		text := e.String()
		taint, tainted := strings.CutPrefix(text, "taint ")
		switch {
		case text == cluster.Cordon().String():
			edits = append(edits, cluster.Uncordon())
		case tainted && !strings.HasSuffix(taint, "-"):
			edits = append(edits, cluster.Untaint(taint))
		}
	}
	if len(edits) == 0 {
		return nil
	}
	return rollout.EditNode{Node: x.Node, Edits: edits}
}

// hasImage reports whether the fault is about pods of one image.
func hasImage(in rollout.Input) bool {
	v := reflect.ValueOf(in)
	return v.Kind() == reflect.Struct && v.FieldByName("Image").IsValid()
}

// filled returns the fault with the fields Node or Nodes, and Image, set where they are
// empty.
func filled(in rollout.Input, node, image string) rollout.Input {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Struct || given(v, "Pod") {
		return in
	}
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	for name, value := range map[string]any{"Node": node, "Nodes": []string{node}, "Image": image} { // any order: each sets another field
		if f := copied.FieldByName(name); f.IsValid() && f.IsZero() && f.Type() == reflect.TypeOf(value) {
			f.Set(reflect.ValueOf(value))
		}
	}
	return copied.Interface().(rollout.Input)
}

// given reports whether a struct has a field of that name that is not empty.
func given(v reflect.Value, name string) bool {
	f := v.FieldByName(name)
	return f.IsValid() && !f.IsZero()
}
