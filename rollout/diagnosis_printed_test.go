package rollout_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/internal/apiserver/apply"
	. "github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// What is printed for a remedy does what it says when a user types it: the rollout
// ends, in as many ticks. Patches go through YAML. Mutants seen to fail: Diff without
// deletions; a command without its namespace; Undo without its revision.
func TestPrintedRemediesLetTheRolloutEnd(t *testing.T) {
	typed, patches := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := resting(t, Stories(Mixed).Draw(t, "story"))
		for _, key := range s.Keys() {
			x := diagnose(t, s, key)
			if x == nil {
				continue
			}
			for _, r := range append(x.Remedies, x.PartialRemedies...) {
				if r, n, ok := asTyped(t, s, r); ok {
					typed, patches = typed+1, patches+n
					checkRemedy(t, s.Fork(), key, x, r)
				}
			}
		}
	})
	t.Logf("%d remedies typed, %d objects patched", typed, patches)
	if (typed < 20 || patches < 10) && !testing.Short() {
		t.Errorf("only %d remedies typed, %d objects patched", typed, patches)
	}
}

// asTyped returns the remedy with the inputs that its commands make, and how many
// objects they patch; false if a change has no command.
func asTyped(t Failer, s *Sim, r diagnosis.Remedy) (diagnosis.Remedy, int, bool) {
	u := user{t: t, sim: s, live: map[string]runtime.Object{}}
	inputs, ok := u.types(r.Changes)
	r.Inputs = inputs
	return r, len(u.live), ok
}

// user types kubectl commands.
type user struct {
	t    Failer
	sim  *Sim
	live map[string]runtime.Object // what was patched
}

// types returns the inputs of the commands, or false if a change has no command.
func (u *user) types(changes []diagnosis.Change) (inputs []Input, ok bool) {
	for _, c := range changes {
		if c.Command == "" {
			return nil, false
		}
		for _, line := range strings.Split(c.Command, " && ") {
			inputs = append(inputs, u.typesLine(line))
		}
	}
	return inputs, true
}

func (u *user) typesLine(line string) Input {
	line, patch, _ := strings.Cut(line, " -p ")
	words := strings.Fields(line)
	if words[0] != "kubectl" {
		u.t.Fatalf("%s: no kubectl", line)
	}
	flags, args := map[string]string{}, []string{}
	for i := 1; i < len(words); i++ {
		name, value, _ := strings.Cut(words[i], "=")
		switch {
		case words[i] == "-n":
			flags["-n"] = words[i+1]
			i++
		case strings.HasPrefix(name, "--"):
			flags[name] = value
		default:
			args = append(args, words[i])
		}
	}
	_, force := flags["--force"]
	number, _ := strconv.Atoi(flags["--to-revision"] + flags["--replicas"])
	switch command := strings.Join(args[:2], " "); command {
	case "patch node":
		return ApplyNode{u.patched("node/"+args[2], patch).(*corev1.Node)}
	case "patch daemonset", "patch deployment", "patch poddisruptionbudget":
		return Apply{Object: u.patched(args[1]+"/"+flags["-n"]+"/"+args[2], patch)}
	case "delete pod":
		return DeletePods{Pod: flags["-n"] + "/" + args[2], Force: force}
	case "delete node":
		return RemoveNode{Node: args[2]}
	case "rollout undo":
		return Undo{Key: u.key(args[2], flags["-n"]), Revision: int64(number)}
	case "rollout resume":
		return Resume{Key: u.key(args[2], flags["-n"])}
	default:
		switch args[0] {
		case "scale":
			return Scale{Key: u.key(args[1], flags["-n"]), Replicas: int32(number)}
		case "cordon", "uncordon":
			return u.parsed(fmt.Sprintf("edit-node %s: %s", args[1], args[0]))
		case "taint", "label":
			return u.parsed(fmt.Sprintf("edit-node %s: %s %s", args[2], args[0], args[3]))
		}
	}
	u.t.Fatalf("%s: no such command", line)
	return nil
}

func (u *user) parsed(line string) Input {
	in, err := ParseInput(line)
	if err != nil {
		u.t.Fatalf("%s: %v", line, err)
	}
	return in
}

func (u *user) key(object, namespace string) string {
	kind, name, _ := strings.Cut(object, "/")
	return kind + "/" + namespace + "/" + name
}

// patched applies a quoted patch to the object as it is after the earlier ones.
func (u *user) patched(key, patch string) runtime.Object {
	patch = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(patch, "'"), "'"), `'\''`, "'")
	text, err := yaml.JSONToYAML([]byte(patch))
	if err == nil {
		text, err = yaml.YAMLToJSON(text)
	}
	if err != nil {
		u.t.Fatalf("%s: %v", patch, err)
	}
	object, ok := u.live[key]
	if !ok {
		object = probe.Of(u.sim).Object(key)
	}
	object, err = apply.Patch(object, text)
	if err != nil {
		u.t.Fatalf("%s: %v", key, err)
	}
	u.live[key] = object
	return object
}
