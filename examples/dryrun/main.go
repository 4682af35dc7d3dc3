// Dryrun shows policy dry runs inside another tool: a pipeline that changes node pools
// asks gate before each change, and makes those that pass. Copy gate and promises.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

//go:embed cluster.yaml
var dump []byte

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	m, err := cluster.ReadManifest(bytes.NewReader(dump))
	if err != nil {
		return err
	}
	c, err := m.Cluster()
	if err != nil {
		return err
	}
	base, err := dryrun.NewBaseline(c, dryrun.Config{Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 5 * time.Second}}})
	if err != nil {
		return err
	}
	pool := base.Cluster().Labeled("pool", "web")
	for _, change := range []struct {
		title string
		edits []dryrun.Edit
	}{
		{"label the pool", []dryrun.Edit{dryrun.EditNodes(pool, cluster.Label("team", "shop"))}},
		{"taint the pool", []dryrun.Edit{dryrun.EditNodes(pool, cluster.Taint("team=shop:NoSchedule"))}},
		{"drain a worker", []dryrun.Edit{dryrun.Inputs(rollout.Drain{Node: "worker-1", IgnoreDaemonSets: true})}},
	} {
		if err := gate(base, change.edits...); err != nil {
			fmt.Fprintf(w, "no: %s: %v\n\n", change.title, err)
			continue
		}
		fmt.Fprintf(w, "yes: %s\n\n", change.title)
	}
	return nil
}

// gate returns an error that says why the edits must not be made: one is a mistake, does
// not complete, or breaks a promise.
func gate(base *dryrun.Baseline, edits ...dryrun.Edit) error {
	plan, err := base.Plan(edits...)
	if err != nil {
		return err
	}
	if err := plan.Err(); err != nil {
		return err
	}
	return plan.Check(promises(base.Cluster())...).Err()
}

// promises are what the team has promised about its agents and its shop.
func promises(c *cluster.Cluster) []dryrun.Policy {
	return []dryrun.Policy{
		dryrun.Covers(c.Nodes()).For("monitoring/agent").WithName("every node is monitored"),
		dryrun.KeepsAvailable("50%", "", 0).For("shop/web").WithName("half of the shop stays open"),
	}
}
