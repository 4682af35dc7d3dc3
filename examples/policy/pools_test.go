package policy

import (
	"flag"
	"os"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout/dryrun"
)

var broken = flag.Bool("broken", false, "test the pull request that breaks a promise")

func TestPools(t *testing.T) {
	file := "pools.yaml"
	if *broken {
		file = "pull-request.yaml"
	}
	if err := check(t, file).Err(); err != nil {
		t.Fatal(err)
	}
}

// check returns the report on what the pools file would do to the cluster.
func check(t testing.TB, file string) dryrun.Report {
	t.Helper()
	c := dump(t)
	plan, err := dryrun.New(c, edits(t, c, file)...)
	if err != nil {
		t.Fatal(err)
	}
	gpu, err := plan.Select("nvidia.com/gpu.present=true")
	if err != nil {
		t.Fatal(err)
	}
	linux, err := plan.Select("kubernetes.io/os=linux")
	if err != nil {
		t.Fatal(err)
	}
	return plan.Check(
		dryrun.Covers(gpu).For("monitoring/dcgm-exporter", "kube-system/nvidia-device-plugin").WithName("every GPU node is watched and its GPUs are offered"),
		dryrun.AtLeast("90%", "topology.kubernetes.io/zone", linux).For("monitoring/node-exporter"),
		dryrun.Within(10*time.Minute, "50%"),
		dryrun.Reschedules(),
	)
}

func dump(t testing.TB) *cluster.Cluster {
	t.Helper()
	f, err := os.Open("cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := cluster.ReadManifest(f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pool is an entry of the pools file.
type pool struct {
	Pool   string
	Labels map[string]string
	Taints []string // in kubectl's notation
}

func edits(t testing.TB, c *cluster.Cluster, file string) []dryrun.Edit {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var pools []pool
	if err := yaml.UnmarshalStrict(text, &pools); err != nil {
		t.Fatal(file, err)
	}
	var all []dryrun.Edit
	for _, p := range pools {
		var changes []cluster.NodeEdit
		for key, value := range p.Labels {
			changes = append(changes, cluster.Label(key, value))
		}
		for _, taint := range p.Taints {
			changes = append(changes, cluster.Taint(taint))
		}
		all = append(all, dryrun.EditNodes(c.Labeled("example.com/pool", p.Pool), changes...))
	}
	return all
}
