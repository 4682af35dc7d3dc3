package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/spell"
)

// takeFiles takes the arguments that are files as if -f were before them, and returns
// the others.
func (s *source) takeFiles(args []string) (names []string) {
	for _, arg := range args {
		_, err := os.Stat(arg)
		if arg == "-" || err == nil && slices.Contains(extensions, filepath.Ext(arg)) {
			s.files = append(s.files, arg)
			continue
		}
		names = append(names, arg)
	}
	return names
}

// choose returns the workloads of some kinds that arguments name, or without arguments
// those that -f holds, or else all DaemonSets and Deployments. The word of a kind alone
// names all of it.
func (s *source) choose(w *world, m *cluster.Manifest, args []string, kinds ...string) ([]workload, error) {
	if len(args) == 0 && len(w.dumps) > 0 {
		if given := s.given(w, m, kinds...); len(given) > 0 {
			return given, nil
		}
	}
	if len(args) == 0 {
		return workloads(m, s.namespace, s.labels, kinds[:min(2, len(kinds))]...), nil
	}
	if kind := kindOf(args[0]); len(args) == 1 && slices.Contains(kinds, kind) {
		return workloads(m, s.namespace, s.labels, kind), nil
	}
	return s.named(m, args, kinds...)
}

// given returns the workloads of -f, as they are in the cluster.
func (s *source) given(w *world, m *cluster.Manifest, kinds ...string) (all []workload) {
	in := map[string]bool{}
	for _, file := range w.given {
		for _, load := range workloads(file.manifest, s.namespace, s.labels, kinds...) {
			in[load.key()] = true
		}
	}
	for _, load := range workloads(m, s.namespace, s.labels, kinds...) {
		if in[load.key()] {
			all = append(all, load)
		}
	}
	return all
}

// named returns the workloads that arguments name: "ds/agent web", or as for kubectl
// "ds agent".
func (s *source) named(m *cluster.Manifest, args []string, kinds ...string) ([]workload, error) {
	word := ""
	if len(args) > 1 && kindOf(args[0]) != "" {
		word, args = args[0]+"/", args[1:]
	}
	var all []workload
	var errs []error
	for _, arg := range args {
		n, err := parseName(word+arg, s.namespace)
		if err == nil && n.kind != "" && !slices.Contains(kinds, n.kind) {
			err = fmt.Errorf("%s: must be one of %s", arg, strings.Join(kinds, ", "))
		}
		var load workload
		if err == nil {
			load, err = find(m, n, kinds...)
		}
		all, errs = append(all, load), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// chooseNodes returns the nodes that arguments name, in their order, or that -l selects.
func (s *source) chooseNodes(c *cluster.Cluster, args []string) ([]string, error) {
	if s.selector != "" {
		if len(args) > 0 {
			return nil, errors.New("-l and names of nodes exclude each other")
		}
		nodes, err := c.Select(s.selector)
		if err == nil && nodes.Len() == 0 {
			err = fmt.Errorf("-l %s: no node matches", s.selector)
		}
		return nodes.Names(), err
	}
	if len(args) == 0 {
		return nil, errors.New("which nodes? name some, or select them with -l")
	}
	nodes := make([]string, len(args))
	for i, arg := range args {
		nodes[i] = nodeName(arg)
	}
	_, err := nodesNamed(c, nodes)
	return nodes, err
}

// nodesNamed returns the nodes with some names. The error names the nearest node of each
// that is not there.
func nodesNamed(c *cluster.Cluster, names []string) (cluster.NodeSet, error) {
	var errs []error
	for _, name := range names {
		if _, ok := c.Node(name); !ok {
			errs = append(errs, notFound("node", name, c.Nodes().Names()))
		}
	}
	return c.Named(names...), errors.Join(errs...)
}

// notFound returns the error about a name that is not there, with the nearest one.
func notFound(kind, name string, among []string) error {
	if near := spell.Nearest(name, among); near != "" {
		return fmt.Errorf("%s %q not found: did you mean %s?", kind, name, near)
	}
	return fmt.Errorf("%s %q not found", kind, name)
}

// nodeName returns the name in "n1", "node/n1" or "nodes/n1".
func nodeName(arg string) string {
	for _, kind := range []string{"node/", "nodes/", "no/"} {
		if name, ok := strings.CutPrefix(arg, kind); ok {
			return name
		}
	}
	return arg
}
