package diagnosis

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/apply"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Change is an input of a remedy as a change to one object.
type Change struct {
	Object  string `json:"object"`            // "daemonset/namespace/name", "node/name", ...
	Patch   string `json:"patch,omitempty"`   // a strategic merge patch in JSON, if the command is kubectl patch
	Command string `json:"command,omitempty"` // the kubectl command; empty if none makes the change, such as starting a kubelet
}

// printer turns inputs into changes. Its own inputs are made from what it prints, so
// that a remedy is tried as printed.
type printer struct {
	probe probe.Sim
	live  map[string]runtime.Object // after the changes so far
}

// printed returns the inputs and the changes that they make.
func printed(sim *rollout.Sim, inputs []rollout.Input) ([]rollout.Input, []Change) {
	p := printer{probe.Of(sim), map[string]runtime.Object{}}
	tried, changes := make([]rollout.Input, len(inputs)), make([]Change, len(inputs))
	for i, in := range inputs {
		tried[i], changes[i] = p.change(in)
	}
	return tried, changes
}

func (p *printer) change(in rollout.Input) (rollout.Input, Change) {
	switch in := in.(type) {
	case rollout.Apply:
		return p.apply(in)
	case rollout.ApplyNode:
		return p.applyNode(in)
	case rollout.EditNode:
		return in, Change{Object: "node/" + in.Node, Command: editCommand(in)}
	case rollout.RemoveNode:
		return in, Change{Object: "node/" + in.Node, Command: "kubectl delete node " + in.Node}
	case rollout.NodeReady:
		return in, Change{Object: "node/" + in.Node}
	case rollout.PodsReady:
		return in, Change{Object: "node/" + in.Node}
	case rollout.DeletePods:
		c := command("delete pod", in.Pod)
		if in.Force {
			c += " --force"
		}
		return in, Change{Object: "pod/" + in.Pod, Command: c}
	case rollout.Undo:
		return in, Change{Object: p.kind(in.Key), Command: fmt.Sprintf("%s --to-revision=%d", p.command("rollout undo", in.Key), in.Revision)}
	case rollout.Scale:
		return in, Change{Object: p.kind(in.Key), Command: fmt.Sprintf("%s --replicas=%d", p.command("scale", in.Key), in.Replicas)}
	case rollout.Resume:
		return in, Change{Object: p.kind(in.Key), Command: p.command("rollout resume", in.Key)}
	case rollout.Pause:
		return in, Change{Object: p.kind(in.Key), Command: p.command("rollout pause", in.Key)}
	case rollout.Recover:
		return in, Change{Object: "image/" + in.Image}
	}
	return in, Change{}
}

// kind returns the key with its kind.
func (p *printer) kind(key string) string {
	if full, err := p.probe.Find(key); err == nil {
		return full
	}
	return key
}

// command returns a kubectl command about a DaemonSet or Deployment.
func (p *printer) command(verb, key string) string {
	kind, name, _ := strings.Cut(p.kind(key), "/")
	namespace, name, _ := strings.Cut(name, "/")
	return fmt.Sprintf("kubectl %s %s/%s -n %s", verb, kind, name, namespace)
}

// command returns a kubectl command about the object of a key, namespace/name.
func command(verb, key string) string {
	namespace, name, _ := strings.Cut(key, "/")
	return fmt.Sprintf("kubectl %s %s -n %s", verb, name, namespace)
}

// apply returns the input with the patched object.
func (p *printer) apply(in rollout.Apply) (rollout.Input, Change) {
	meta, ok := in.Object.(metav1.Object)
	if !ok {
		return in, Change{}
	}
	kind, scope := kindOf(in.Object), ""
	c := Change{Object: kind + "/" + meta.GetName()}
	if ns := meta.GetNamespace(); ns != "" {
		c.Object, scope = kind+"/"+ns+"/"+meta.GetName(), " -n "+ns
	}
	if _, ok := in.Object.(*corev1.ServiceAccount); ok && p.probe.Object(c.Object) == nil {
		c.Command = "kubectl create serviceaccount " + meta.GetName() + scope
		return in, c
	}
	object, patch := p.patch(c.Object, in.Object)
	if object == nil {
		return in, c
	}
	c.Patch = patch
	c.Command = fmt.Sprintf("kubectl patch %s %s%s -p %s", kind, meta.GetName(), scope, quoted(patch))
	return rollout.Apply{Object: object, Unvalidated: in.Unvalidated}, c
}

// applyNode returns the input with the patched node. A new node, or one of another
// size, is no patch.
func (p *printer) applyNode(in rollout.ApplyNode) (rollout.Input, Change) {
	c := Change{Object: "node/" + in.Node.Name}
	live, _ := p.probe.Object(c.Object).(*corev1.Node)
	if live == nil || !equality.Semantic.DeepEqual(live.Status, in.Node.Status) {
		return in, c
	}
	object, patch := p.patch(c.Object, in.Node)
	if object == nil {
		return in, c
	}
	c.Patch = patch
	c.Command = fmt.Sprintf("kubectl patch node %s -p %s", in.Node.Name, quoted(patch))
	return rollout.ApplyNode{Node: object.(*corev1.Node)}, c
}

// patch returns the patch from the live object to the given one, and what it makes of
// the live object after the changes so far; nil if there is none.
func (p *printer) patch(key string, to runtime.Object) (runtime.Object, string) {
	live := p.probe.Object(key)
	if live == nil {
		return nil, ""
	}
	patch, err := apply.Diff(live, to)
	if err != nil {
		return nil, ""
	}
	if earlier, ok := p.live[key]; ok {
		live = earlier
	}
	object, err := apply.Patch(live, patch)
	if err != nil {
		return nil, ""
	}
	p.live[key] = object
	return object, string(patch)
}

func kindOf(object runtime.Object) string {
	switch object.(type) {
	case *appsv1.DaemonSet:
		return "daemonset"
	case *appsv1.Deployment:
		return "deployment"
	case *policyv1.PodDisruptionBudget:
		return "poddisruptionbudget"
	case *corev1.Namespace:
		return "namespace"
	case *corev1.LimitRange:
		return "limitrange"
	case *corev1.ResourceQuota:
		return "resourcequota"
	case *corev1.ServiceAccount:
		return "serviceaccount"
	}
	return "object"
}

// quoted quotes a word for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// editCommand returns the command for edits of a node, joined if there are several.
func editCommand(in rollout.EditNode) string {
	var all []string
	for _, e := range in.Edits {
		c := nodeCommand(in.Node, e)
		if c == "" {
			return ""
		}
		all = append(all, c)
	}
	return strings.Join(all, " && ")
}

func nodeCommand(node string, e cluster.NodeEdit) string {
	verb, rest, _ := strings.Cut(e.String(), " ")
	switch verb {
	case "cordon", "uncordon":
		return "kubectl " + verb + " " + node
	case "taint":
		return "kubectl taint nodes " + node + " " + rest
	case "label":
		return "kubectl label nodes " + node + " " + rest + " --overwrite"
	}
	return ""
}
