package dryrun_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/rollout/dryrun"
)

// corpusNodes returns every real node, each with a unique name.
func corpusNodes(t *testing.T, dir string) []runtime.Object {
	known := map[string]bool{}
	var nodes []runtime.Object
	for _, m := range corpusManifests(t, filepath.Join(dir, "nodes")) {
		for _, n := range m.Nodes {
			if !known[n.Name] {
				known[n.Name] = true
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

func corpusManifests(t *testing.T, dir string) map[string]*cluster.Manifest {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*cluster.Manifest{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := cluster.ReadManifest(f); err == nil {
			all[filepath.Base(file)] = m
		}
		f.Close()
	}
	return all
}

// Real DaemonSets on real nodes have few findings, and each is true: for every rule the
// findings are checked against the manifests.
func TestCorpusFindings(t *testing.T) {
	dir := golden.Corpus(t)
	nodes := corpusNodes(t, dir)
	sets := 0
	found := map[string]int{}
	for file, m := range corpusManifests(t, filepath.Join(dir, "manifests")) {
		m.Nodes, m.Pods = nil, nil
		for _, n := range nodes {
			m.Nodes = append(m.Nodes, n.(*corev1.Node))
		}
		c, err := m.Cluster()
		if err != nil {
			continue
		}
		sets += len(m.DaemonSets)
		all, err := dryrun.Inspect(c, dryrun.Config{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, f := range all {
			found[f.Rule]++
			checkFinding(t, file, m, f)
		}
	}
	t.Log(sets, "DaemonSets:", found)
	if found["NoRequests"] == 0 || found["OnVirtualNodes"] == 0 || found["SelectsNothing"] == 0 {
		t.Errorf("%d DaemonSets: %v", sets, found)
	}
}

// checkFinding looks for the reason of a finding in the manifest.
func checkFinding(t *testing.T, file string, m *cluster.Manifest, f dryrun.Finding) {
	for _, ds := range m.DaemonSets {
		if !strings.HasSuffix(f.Object, "/"+ds.Name) {
			continue
		}
		spec := &ds.Spec.Template.Spec
		ok := true
		switch f.Rule {
		case "OnVirtualNodes", "NoPriority":
			ok = slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == "" && t.Operator == "Exists" })
		case "NoRequests":
			for _, c := range spec.Containers {
				ok = ok && len(c.Resources.Requests) == 0 && len(c.Resources.Limits) == 0
			}
		case "OnOtherSystems":
			ok = spec.NodeSelector["kubernetes.io/os"] == ""
		case "LeavesNoRoom":
			ok = wants(t, f.Message)
		case "SelectsNothing":
			ok = spec.NodeSelector != nil || spec.Affinity != nil
		case "PreferenceIgnored":
			ok = len(spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0
		case "IgnoredSeconds", "UpdateLimitUsedUp", "PDB":
		default:
			ok = false // the corpus has no known case of this rule
		}
		if !ok {
			t.Errorf("%s: %v", file, f)
		}
	}
}

var amounts = regexp.MustCompile(`request (\S+) of (\S+), which has (\S+):`)

// wants reports whether the message says that more is requested than there is.
func wants(t *testing.T, message string) bool {
	m := amounts.FindStringSubmatch(message)
	if m == nil {
		return false
	}
	requested, err := resource.ParseQuantity(m[1])
	has, wrong := resource.ParseQuantity(m[3])
	if err != nil || wrong != nil {
		t.Fatal(message, err, wrong)
	}
	return requested.Cmp(has) > 0
}
