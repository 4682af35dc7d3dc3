package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// World describes a cluster as a list of specs, written by hand or drawn by
// Clusters.
type World []Spec

// Cluster returns the cluster, with defaults filled in. A word that cannot be
// parsed, or an object that the API server would refuse, fails the test.
func (w World) Cluster(t rapid.TB) *cluster.Cluster {
	t.Helper()
	c, err := w.cluster()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

func (w World) cluster() (*cluster.Cluster, error) {
	var m cluster.Manifest
	var errs []error
	for _, spec := range w {
		objects, err := spec.Objects()
		errs = append(errs, err)
		for _, o := range objects {
			switch o := o.(type) {
			case *corev1.Node:
				m.Nodes = append(m.Nodes, o)
			case *corev1.Pod:
				m.Pods = append(m.Pods, o)
			case *appsv1.DaemonSet:
				m.DaemonSets = append(m.DaemonSets, o)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m.Cluster()
}

// String returns the world in the notation, a line for each spec.
func (w World) String() string {
	var b strings.Builder
	for _, spec := range w {
		fmt.Fprintln(&b, spec)
	}
	return b.String()
}

// GoString returns the literal that makes it.
func (w World) GoString() string {
	var b strings.Builder
	b.WriteString("clustertest.World{")
	for _, spec := range w {
		fmt.Fprintf(&b, "\n\t%#v,", spec)
	}
	if len(w) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("}")
	return b.String()
}

// Parse returns the cluster that a text describes, with defaults filled in. A line
// is a node, or another spec preceded by its kind. The words are those of Node,
// Pool, DaemonSet and Pod. # starts a comment line:
//
//	web-1 zone=a disktype=ssd
//	gpu-1 zone=b taint:dedicated=gpu:NoSchedule cordoned
//	pool spot 3 zone=a|b spot=true
//	daemonset monitoring/exporter tolerate:* cpu:100m
//	pod shop/cart node:web-1 running
//
// A node named node, pool, daemonset or pod must be preceded by the kind node. The
// error names every mistake.
func Parse(text string) (*cluster.Cluster, error) {
	w, err := ParseWorld(text)
	if err != nil {
		return nil, err
	}
	return w.cluster()
}

// ParseWorld splits a text into specs as Parse does, without making the cluster. It
// does not check what the words mean; World.Cluster does.
func ParseWorld(text string) (World, error) {
	var w World
	var errs []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		spec, err := parseLine(words)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		w = append(w, spec)
	}
	return w, errors.Join(errs...)
}

func parseLine(words []string) (Spec, error) {
	kind := words[0]
	if !slices.Contains(kinds, kind) {
		return Node(kind, words[1:]...), nil
	}
	if words = words[1:]; len(words) == 0 {
		return Spec{}, fmt.Errorf("%s: want a name", kind)
	}
	switch name := words[0]; kind {
	case pool:
		return parsePool(name, words[1:])
	case daemonSet:
		return DaemonSet(name, words[1:]...), nil
	case pod:
		return Pod(name, words[1:]...), nil
	default:
		return Node(name, words[1:]...), nil
	}
}

func parsePool(name string, words []string) (Spec, error) {
	if len(words) == 0 {
		return Spec{}, fmt.Errorf("pool %s: want the number of nodes", name)
	}
	nodes, err := strconv.Atoi(words[0])
	if err != nil {
		return Spec{}, fmt.Errorf("pool %s: want the number of nodes: %w", name, err)
	}
	return Pool(name, nodes, words[1:]...), nil
}
