package placement_test

import (
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/placement"
)

// Every DaemonSet of the corpus is predicted on every node file. Each decision
// agrees with the sets, and each rejected node has reasons.
func TestCorpusEveryDaemonSetOnEveryNodeFile(t *testing.T) {
	corpus := golden.Corpus(t)
	var daemonSets []*appsv1.DaemonSet
	for _, m := range readFolder(t, filepath.Join(corpus, "manifests")) {
		daemonSets = append(daemonSets, m.DaemonSets...)
	}
	counts := map[placement.Decision]int{}
	for _, m := range readFolder(t, filepath.Join(corpus, "nodes")) {
		c, err := m.Cluster()
		if err != nil {
			t.Fatal(err)
		}
		for _, ds := range daemonSets {
			w, err := placement.ForDaemonSet(ds)
			if err != nil {
				continue // the manifest's own test shows that the error is clear
			}
			p := w.Predict(c)
			for v := range p.Verdicts() {
				counts[v.Decision]++
				if p.Eligible().Has(v.Node) != (v.Decision >= placement.Pending) || (len(v.Reasons) == 0) != (v.Decision >= placement.Eligible) {
					t.Errorf("%s: %v", ds.Name, v)
				}
			}
		}
	}
	t.Logf("%d DaemonSets: %v", len(daemonSets), counts)
	if len(daemonSets) < 80 || counts[placement.Placed] == 0 || counts[placement.Pending] == 0 || counts[placement.Kept] == 0 || counts[placement.Excluded] == 0 {
		t.Errorf("a decision was never seen, or DaemonSets are missing: %d, %v", len(daemonSets), counts)
	}
}

// readFolder reads the files of a folder that can be read.
func readFolder(t *testing.T, folder string) []*cluster.Manifest {
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*cluster.Manifest
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := cluster.ReadManifest(f)
		f.Close()
		all = append(all, m)
	}
	return all
}
