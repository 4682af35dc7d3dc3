package propertycheck

import (
	"fmt"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
)

const key = "monitoring/node-exporter"

// exporter is the team's manifest, as it is applied to their clusters.
func exporter(t rapid.TB) clustertest.Spec {
	t.Helper()
	file, err := os.Open("node-exporter.yaml")
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer file.Close()
	manifest, err := cluster.ReadManifest(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return clustertest.Given(manifest.DaemonSets[0])
}

// It covers every Linux machine, whatever pools are added and however they are tainted.
func TestCoversEveryLinuxMachine(t *testing.T) {
	scenarios := rollouttest.Scenarios(exporter(t),
		rollouttest.WithWorlds(clustertest.Clusters()),
		rollouttest.WithFaults(3,
			rollout.ApplyNode{}, // one more node
			rollout.EditNode{Edits: []cluster.NodeEdit{cluster.Cordon()}},
			rollout.EditNode{Edits: []cluster.NodeEdit{cluster.Taint("maintenance:NoSchedule")}},
			rollout.EditNode{Edits: []cluster.NodeEdit{cluster.Taint("maintenance:NoExecute")}},
			rollout.Drain{IgnoreDaemonSets: true, DeleteEmptyDirData: true, Force: true}))
	machines := "kubernetes.io/os=linux,eks.amazonaws.com/compute-type notin (fargate),type notin (virtual-kubelet,kwok)"
	rollouttest.Explore(t, scenarios, rollouttest.Covered(key, machines))
}

// No four faults in a row leave fewer than 90 % available for more than five
// minutes, an update in the middle or not.
func TestFourFaults(t *testing.T) {
	scenarios := rollouttest.Scenarios(exporter(t),
		rollouttest.WithWorlds(clustertest.Clusters(clustertest.WithPools("Linux", "ARM"), clustertest.WithNodes(40, 50), clustertest.WithHealthyNodes())),
		rollouttest.WithFaults(4),
		rollouttest.WithinTicks(600))
	rollouttest.Explore(t, scenarios, rollouttest.NeverBelow(key, "90%").LongerThan(5*time.Minute))
}

// A bad image never takes down more than one zone.
func TestBadImageTakesOneZone(t *testing.T) {
	oneZone(t, exporter(t))
}

// oneZone explores an update to an image that never gets ready, on clusters of
// up to ten nodes in three zones.
func oneZone(t rapid.TB, exporter clustertest.Spec) {
	t.Helper()
	const bad = "quay.io/prometheus/node-exporter:v1.13.0-bad"
	scenarios := rollouttest.Scenarios(exporter,
		rollouttest.WithWorlds(clustertest.Clusters(
			clustertest.WithPlatforms("GKE", "EKS", "AKS"), clustertest.WithPools("Linux"),
			clustertest.WithNodes(3, 10), clustertest.WithHealthyNodes())),
		rollouttest.WithUpdates(),
		rollouttest.WithSteps(
			rollouttest.Step{At: 0, Do: rollout.NeverReady{Image: bad}},
			rollouttest.Step{At: 0, Do: exporter.With("image:" + bad)}))
	rollouttest.Explore(t, scenarios, rollouttest.Always("at most one zone is without an exporter", darkZones))
}

func darkZones(m *rollouttest.Observed) error {
	c, dark := m.Sim().Cluster(), []string(nil)
	zones := c.LabelValues("topology.kubernetes.io/zone")
	if len(zones) < 2 {
		return rollouttest.ErrNoPremise
	}
	for _, zone := range zones {
		if m.Available(key).And(c.Labeled("topology.kubernetes.io/zone", zone)).Len() == 0 {
			dark = append(dark, zone)
		}
	}
	if len(dark) > 1 {
		return fmt.Errorf("no exporter is available in %v", dark)
	}
	return nil
}
