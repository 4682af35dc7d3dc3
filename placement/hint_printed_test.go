package placement_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/apiserver/apply"
	"github.com/berthsim/berth/internal/gen"
	"github.com/berthsim/berth/placement"
)

// shellUser is a user who types what hints print, with the manifests at hand.
type shellUser struct {
	daemonSet *appsv1.DaemonSet
	nodes     map[string]*corev1.Node
}

// types follows a command. It returns false for a command that it cannot read.
func (u *shellUser) types(command string) bool {
	if rest, ok := strings.CutPrefix(command, "kubectl patch daemonset "+u.daemonSet.Name+" -n "+u.daemonSet.Namespace+" -p '"); ok {
		return u.patches(strings.ReplaceAll(strings.TrimSuffix(rest, "'"), `'\''`, "'"))
	}
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	words = slices.DeleteFunc(words, func(word string) bool { return word == "nodes" || word == "--overwrite" })
	if len(words) < 3 || words[0] != "kubectl" {
		return false
	}
	edit := ""
	if names := words[2:]; words[1] == "taint" || words[1] == "label" {
		edit, words = names[len(names)-1], words[:len(words)-1]
	}
	for _, name := range words[2:] {
		n := u.nodes[name]
		if n == nil {
			return false
		}
		switch words[1] {
		case "cordon", "uncordon":
			n.Spec.Unschedulable = words[1] == "cordon"
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeUnschedulable })
		case "taint":
			removed, ok := strings.CutSuffix(edit, "-")
			if !ok {
				return false
			}
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key+":"+string(t.Effect) == removed })
		case "label":
			if key, value, ok := strings.Cut(edit, "="); ok {
				if n.Labels == nil {
					n.Labels = map[string]string{}
				}
				n.Labels[key] = value
			} else {
				delete(n.Labels, strings.TrimSuffix(edit, "-"))
			}
		}
	}
	return true
}

func (u *shellUser) patches(patch string) bool {
	text, err := yaml.Marshal(u.daemonSet)
	if err != nil {
		return false
	}
	var manifest appsv1.DaemonSet
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		return false
	}
	patched, err := apply.Patch(&manifest, []byte(patch))
	if err != nil {
		return false
	}
	u.daemonSet = patched.(*appsv1.DaemonSet)
	return true
}

// asPrinted follows the commands of a hint and returns what is wrong, or "".
func asPrinted(ds *appsv1.DaemonSet, h placement.Hint, c *cluster.Cluster, before *placement.Prediction) string {
	m := c.Manifest()
	u := shellUser{ds.DeepCopy(), map[string]*corev1.Node{}}
	for _, n := range m.Nodes {
		u.nodes[n.Name] = n
	}
	for _, command := range h.Commands {
		if !u.types(command) {
			return "cannot follow " + command
		}
	}
	after, err := cluster.New(m.Objects()...)
	if err != nil {
		return err.Error()
	}
	w, err := placement.ForDaemonSet(u.daemonSet, placement.Unvalidated())
	if err != nil {
		return err.Error()
	}
	return holds(h, before, w.Predict(after))
}

// A hint's commands, typed with the manifest and the nodes at hand, gain what
// the hint claims and lose nothing. Every hint has commands, unless a node must
// grow or recover. Mutants seen: a step on nodes without its command; a patch
// made without the last step.
func TestHintsWorkAsPrinted(t *testing.T) {
	hints := 0
	rapid.Check(t, func(t *rapid.T) {
		c, ds := draw(t), gen.DaemonSet(t)
		ds.Namespace, ds.Name = "ops", "agent"
		gen.Containers(t, &ds.Spec.Template.Spec)
		before := daemon(t, ds).Predict(c)
		for _, h := range everyHint(before) {
			if len(h.Commands) == 0 {
				if !strings.Contains(h.String(), " more ") && !strings.Contains(h.String(), "ready") && h.Patch != "" {
					t.Fatalf("no command: %v", h)
				}
				continue
			}
			hints++
			if wrong := asPrinted(ds, h, c, before); wrong != "" {
				t.Fatalf("%v\n%s\n%s", h, strings.Join(h.Commands, "\n"), wrong)
			}
		}
	})
	if t.Logf("%d hints", hints); hints < 20 {
		t.Errorf("only %d hints were tried", hints)
	}
}
