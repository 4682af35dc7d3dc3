package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/berthsim/berth/cluster"
)

// dumpKinds are the kinds that affect an answer.
const dumpKinds = "nodes,namespaces,pods,daemonsets,controllerrevisions,deployments,replicasets,statefulsets,services,poddisruptionbudgets,priorityclasses,serviceaccounts,limitranges,resourcequotas,runtimeclasses"

// input is one file, read.
type input struct {
	name     string
	text     []byte // nil if it can be read again
	manifest *cluster.Manifest
}

func (s *source) readDumps(env environment) ([]input, error) {
	files, err := expand(s.dumps, true)
	if err != nil {
		return nil, err
	}
	return s.readAll(env, files)
}

// readFiles reads -f and -k.
func (s *source) readFiles(env environment) ([]input, error) {
	files, err := expand(s.files, s.recursive)
	if err != nil {
		return nil, err
	}
	all, err := s.readAll(env, files)
	if err != nil {
		return nil, err
	}
	for _, dir := range s.kustomize {
		text, err := env.kubectl("kustomize", dir)
		if err != nil {
			return nil, fmt.Errorf("kubectl kustomize %s: %w", dir, err)
		}
		in, err := s.readText(env, dir, text)
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

func (s *source) readAll(env environment, files []string) ([]input, error) {
	var all []input
	for _, name := range files {
		in, err := s.readOne(env, name)
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

func (s *source) readOne(env environment, name string) (input, error) {
	if name == "-" {
		text, err := io.ReadAll(env.stdin)
		if err != nil {
			return input{}, err
		}
		return s.readText(env, name, text)
	}
	f, err := os.Open(name)
	if err != nil {
		return input{}, err // it names the file
	}
	defer f.Close()
	in, err := s.readStream(env, name, f)
	return in, err
}

func (s *source) readText(env environment, name string, text []byte) (input, error) {
	in, err := s.readStream(env, name, bytes.NewReader(text))
	in.text = text
	return in, err
}

// readStream reads a file and prints what was dropped.
func (s *source) readStream(env environment, name string, r io.Reader) (input, error) {
	var opts []cluster.ReadOption
	if s.strict {
		opts = append(opts, cluster.Strict())
	}
	m, err := cluster.ReadManifest(r, opts...)
	if err != nil {
		return input{}, inFile{name, err}
	}
	for line := range strings.Lines(m.Summary()) {
		fmt.Fprintln(env.stderr, printable("warning: "+name+": "+strings.TrimSuffix(line, "\n")))
	}
	return input{name: name, manifest: m}, nil
}

// readContext reads the cluster of the current context. It starts kubectl, which only
// reads, and says so.
func (s *source) readContext(env environment) ([]input, error) {
	context, err := env.kubectl("config", "current-context")
	if err != nil {
		return nil, fmt.Errorf("no --cluster, no nodes in -f, and no current context: %w", err)
	}
	name := "context " + strings.TrimSpace(string(context))
	fmt.Fprintf(env.stderr, "reading %s with kubectl get and kubectl version, which change nothing\n", printable(name))
	text, err := env.kubectl("get", dumpKinds, "--all-namespaces", "-o", "json")
	if err != nil {
		return nil, fmt.Errorf("%s: kubectl get: %w", name, err)
	}
	in, err := s.readText(env, name, text)
	if err != nil {
		return nil, err
	}
	in.text = []byte{} // no place in it is a place in a file
	version, err := env.kubectl("version", "-o", "json")
	if err != nil {
		return []input{in}, nil // the rules are those of the newest release, and outputs say so
	}
	release, err := s.readText(env, name, version)
	if err == nil {
		in.manifest.Version = release.manifest.Version
	}
	return []input{in}, err
}

// merge merges files into one cluster. If two hold the same object, the later one wins.
func merge(files []input) (*cluster.Cluster, error) {
	c := new(cluster.Cluster)
	for i, in := range files {
		own, wrong := in.manifest.Cluster()
		switch {
		case wrong != nil:
			return nil, inFile{in.name, wrong}
		case i == 0: // with its version
			c = own
			continue
		}
		with, err := c.With(own.Manifest().Objects()...)
		if err != nil {
			return nil, inFile{in.name, err}
		}
		c = with
	}
	return withVersions(c, files[min(1, len(files)):]), nil
}

// withVersions returns the cluster with the last known release that files tell.
func withVersions(c *cluster.Cluster, files []input) *cluster.Cluster {
	for _, in := range files {
		if in.manifest.Version == "" {
			continue
		}
		if known, err := c.WithVersion(in.manifest.Version); err == nil {
			c = known
		}
	}
	return c
}
