package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// command is a kubectl command line, as far as --do takes it.
type command struct {
	words     []string // without kubectl, flags and their values
	namespace string
	replicas  string
}

func parseCommand(text string) command {
	var c command
	fields := strings.Fields(strings.TrimPrefix(text, "kubectl "))
	for i := 0; i < len(fields); i++ {
		name, value, given := strings.Cut(fields[i], "=")
		next := func() string {
			if !given && i+1 < len(fields) {
				i++
				return fields[i]
			}
			return value
		}
		switch name {
		case "-n", "--namespace":
			c.namespace = next()
		case "--replicas":
			c.replicas = next()
		default:
			c.words = append(c.words, fields[i])
		}
	}
	return c
}

// commandEdit returns the edit that a kubectl command makes. It returns false for a text
// that is none of cordon, uncordon, taint, label, scale, rollout and delete as kubectl
// has them: the inputs of a simulation have words of their own.
func (in *inputs) commandEdit(text string) (edit dryrun.Edit, ok bool, err error) {
	c := parseCommand(text)
	if len(c.words) < 2 {
		return edit, false, nil
	}
	verb, rest := c.words[0], c.words[1:]
	switch {
	case verb == "cordon" || verb == "uncordon" || verb == "taint" || verb == "label":
		edit, err = in.nodeCommand(verb, rest)
	case verb == "scale" && c.replicas != "":
		edit, err = in.scaleCommand(c, rest)
	case verb == "rollout":
		edit, err = in.rolloutCommand(c, rest)
	case verb == "delete" && (len(rest) > 1 || kindOf(strings.Split(rest[0], "/")[0]) != ""):
		edit, err = in.deleteCommand(c, rest)
	default:
		return edit, false, nil
	}
	return edit, true, err
}

// nodeCommand is kubectl cordon, uncordon, taint node and label node.
func (in *inputs) nodeCommand(verb string, rest []string) (dryrun.Edit, error) {
	var edits []cluster.NodeEdit
	switch verb {
	case "cordon":
		edits = append(edits, cluster.Cordon())
	case "uncordon":
		edits = append(edits, cluster.Uncordon())
	default:
		if name := nodeName(rest[0]); name != rest[0] {
			rest = append([]string{"node", name}, rest[1:]...)
		}
		if len(rest) < 3 || !slices.Contains([]string{"node", "nodes", "no"}, rest[0]) {
			return dryrun.Edit{}, fmt.Errorf("must be %s node NAME and what it gets", verb)
		}
		for _, spec := range rest[2:] {
			if strings.HasPrefix(spec, "--") {
				continue // --overwrite: it always does
			}
			edit, err := cluster.ParseNodeEdit(verb + " " + spec)
			if err != nil {
				return dryrun.Edit{}, err
			}
			edits = append(edits, edit)
		}
		rest = rest[1:2]
	}
	names := make([]string, len(rest))
	for i, arg := range rest {
		names[i] = nodeName(arg)
	}
	nodes, err := nodesNamed(in.cluster, names)
	return dryrun.EditNodes(nodes, edits...), err
}

func (in *inputs) scaleCommand(c command, rest []string) (dryrun.Edit, error) {
	keys, err := in.keysOf(c, rest)
	n, wrong := strconv.ParseInt(c.replicas, 10, 32)
	if err = errors.Join(err, wrong); err != nil {
		return dryrun.Edit{}, err
	}
	var all []rollout.Input
	for _, key := range keys {
		all = append(all, rollout.Scale{Key: key, Replicas: int32(n)})
	}
	return dryrun.Inputs(all...), nil
}

func (in *inputs) rolloutCommand(c command, rest []string) (dryrun.Edit, error) {
	if len(rest) < 2 {
		return dryrun.Edit{}, errors.New("must be rollout restart, undo, pause or resume of KIND/NAME")
	}
	keys, err := in.keysOf(c, rest[1:])
	if err != nil || rest[0] == "restart" {
		return dryrun.Restart(keys...), err
	}
	var all []rollout.Input
	for _, key := range keys {
		switch rest[0] {
		case "undo":
			all = append(all, rollout.Undo{Key: key})
		case "pause":
			all = append(all, rollout.Pause{Key: key})
		case "resume":
			all = append(all, rollout.Resume{Key: key})
		default:
			return dryrun.Edit{}, fmt.Errorf("rollout %s: must be restart, undo, pause or resume", rest[0])
		}
	}
	return dryrun.Inputs(all...), nil
}

func (in *inputs) deleteCommand(c command, rest []string) (dryrun.Edit, error) {
	if kind, _, _ := strings.Cut(rest[0], "/"); slices.Contains([]string{"node", "nodes", "no"}, kind) {
		names := rest
		if kind == rest[0] {
			names = rest[1:]
		}
		for i := range names {
			names[i] = nodeName(names[i])
		}
		nodes, err := nodesNamed(in.cluster, names)
		return dryrun.RemoveNodes(nodes), err
	}
	s := source{namespace: c.namespace}
	loads, err := s.named(in.cluster.Manifest(), rest, "DaemonSet", "Deployment", "Pod")
	if err != nil {
		return dryrun.Edit{}, err
	}
	if loads[0].kind == "Pod" {
		var all []rollout.Input
		for _, load := range loads {
			all = append(all, rollout.DeletePods{Pod: load.meta.GetNamespace() + "/" + load.meta.GetName()})
		}
		return dryrun.Inputs(all...), nil
	}
	object, err := in.workload(loads[0].key())
	return dryrun.Delete(object), err
}

// keysOf returns the keys of the DaemonSets and Deployments that a command names.
func (in *inputs) keysOf(c command, names []string) ([]string, error) {
	s := source{namespace: c.namespace}
	loads, err := s.named(in.cluster.Manifest(), names, "Deployment", "DaemonSet")
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(loads))
	for i, load := range loads {
		keys[i] = load.key()
	}
	return keys, nil
}
