// Stuck lets six rollouts get stuck; two make no pods at all. It prints why, applies the
// cheapest remedy of each diagnosis, and runs the rollout to its end.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
)

//go:embed cluster.yaml
var nodes []byte

//go:embed agents.yaml
var agents []byte

//go:embed shop.yaml
var shop []byte

//go:embed policies.yaml
var policies []byte

//go:embed refused.yaml
var refused []byte

const exporter, shipper, checkout = "monitoring/node-exporter", "logging/log-shipper", "shop/checkout"

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	c, err := store()
	if err != nil {
		return err
	}
	found, err := dryrun.Inspect(c, dryrun.Config{})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Before anything happens:\n%s", found)

	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		return err
	}
	settle(sim)
	for _, story := range []struct {
		title, key, image string
		before            []rollout.Input
	}{
		{"The shop closes, and the tills are switched off", exporter, "quay.io/prometheus/node-exporter:v1.9.1",
			[]rollout.Input{rollout.NodeDown{Node: "till-1"}, rollout.NodeDown{Node: "till-2"}}},
		{"It opens again, and log-shipper is updated with surge", shipper, "cr.fluentbit.io/fluent/fluent-bit:4.0.1",
			[]rollout.Input{rollout.NodeReady{Node: "till-1"}, rollout.NodeReady{Node: "till-2"}}},
		{"An image that never becomes ready", exporter, "quay.io/prometheus/node-exporter:v1.10.0-rc",
			[]rollout.Input{rollout.NeverReady{Image: "quay.io/prometheus/node-exporter:v1.10.0-rc"}}},
		{"A Deployment that fills its nodes and may not miss a pod", checkout, "registry.example.com/shop/checkout:2026.11.2", nil},
	} {
		fmt.Fprintf(w, "\n%s:\n", story.title)
		if err := sim.Inject(story.before...); err != nil {
			return err
		}
		settle(sim)
		if err := update(sim, story.key, story.image); err != nil {
			return err
		}
		settle(sim)
		if err := cure(w, sim, story.key); err != nil {
			return err
		}
	}
	return makeNoPods(w, sim)
}

// makeNoPods applies DaemonSets whose pods the API server refuses.
func makeNoPods(w io.Writer, sim *rollout.Sim) error {
	m, err := cluster.ReadManifest(bytes.NewReader(refused))
	if err != nil {
		return err
	}
	for _, ds := range m.DaemonSets {
		fmt.Fprintf(w, "\n%s/%s makes no pods:\n", ds.Namespace, ds.Name)
		if err := sim.Apply(ds); err != nil {
			return err
		}
		settle(sim)
		if err := cure(w, sim, ds.Namespace+"/"+ds.Name); err != nil {
			return err
		}
	}
	return nil
}

// cure prints why the rollout is stuck and applies the cheapest remedy.
func cure(w io.Writer, sim *rollout.Sim, key string) error {
	printStatus(w, sim, key)
	x, err := diagnosis.Diagnose(sim, key)
	switch {
	case err != nil:
		return err
	case x == nil:
		return fmt.Errorf("%s is %v", key, sim.State(key))
	}
	fmt.Fprint(w, x)
	if len(x.Remedies) == 0 {
		return fmt.Errorf("%s: no remedy", key)
	}
	cheapest := x.Remedies[0]
	fmt.Fprintf(w, "=> %s\n", cheapest.Description)
	if err := sim.Inject(cheapest.Inputs...); err != nil {
		return err
	}
	settle(sim)
	printStatus(w, sim, key)
	return nil
}

// printStatus prints what kubectl rollout status would.
func printStatus(w io.Writer, sim *rollout.Sim, key string) {
	message, _, err := sim.RolloutStatus(key)
	if err != nil {
		message = fmt.Sprintf("error: %v\n", err)
	}
	fmt.Fprint(w, message)
}

// update changes the image of the DaemonSet or Deployment.
func update(sim *rollout.Sim, key, image string) error {
	m := sim.Cluster().Manifest()
	for _, ds := range m.DaemonSets {
		if ds.Namespace+"/"+ds.Name == key {
			ds.Spec.Template.Spec.Containers[0].Image = image
			return sim.Apply(ds)
		}
	}
	for _, d := range m.Deployments {
		if d.Namespace+"/"+d.Name == key {
			d.Spec.Template.Spec.Containers[0].Image = image
			return sim.Apply(d)
		}
	}
	return fmt.Errorf("no %s", key)
}

func settle(sim *rollout.Sim) {
	for range sim.Run(1000) {
	}
}

func store() (*cluster.Cluster, error) {
	all := bytes.Join([][]byte{nodes, agents, shop, policies}, []byte("\n---\n"))
	m, err := cluster.ReadManifest(bytes.NewReader(all))
	if err != nil {
		return nil, err
	}
	return m.Cluster()
}
