// Contrast runs a DaemonSet and a Deployment side by side on a small cluster. It shows
// where their pods run, what scaling means for each, how each is updated, what a
// drained node does to them, and how each is rolled back. -html FILE writes the updates as
// a page to show.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/page"
	"github.com/berthsim/berth/rollout"
)

//go:embed nodes.yaml
var nodes []byte

//go:embed shop.yaml
var shop []byte

const daemonSet, deployment = "shop/log-shipper", "shop/frontend"

func main() {
	html := flag.String("html", "", "write a page to `FILE`")
	flag.Parse()
	p := page.Page{Title: "A DaemonSet and a Deployment are updated"}
	if err := run(os.Stdout, &p); err != nil {
		log.Fatal(err)
	}
	if *html == "" {
		return
	}
	if err := p.WriteFile(*html); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer, updates *page.Page) error {
	m, err := cluster.ReadManifest(bytes.NewReader(append(append(nodes, "---\n"...), shop...)))
	if err != nil {
		return err
	}
	c, err := m.Cluster()
	if err != nil {
		return err
	}
	// A pod takes 2 s to start, 3 s to become ready and 2 s to stop.
	sim, err := rollout.New(c, rollout.Config{Kubelet: rollout.Kubelet{Start: 2 * time.Second, Ready: 3 * time.Second, Stop: 2 * time.Second}})
	if err != nil {
		return err
	}
	s := stage{w, sim, updates}
	for _, act := range []struct {
		title string
		play  func(stage) error
	}{
		{"Placement: one on every node, against as many as are asked for, where the scheduler likes", stage.place},
		{"Scaling: a DaemonSet grows with the nodes, a Deployment with its replicas", stage.scale},
		{"An update: in place, a node at a time, against a second ReplicaSet that grows as the first one shrinks", stage.update},
		{"A drained node: the agent stays, the replicas land elsewhere, as fast as their budget allows", stage.drain},
		{"Rolling back: to a ControllerRevision, against to a ReplicaSet", stage.rollBack},
	} {
		fmt.Fprintf(w, "== %s\n", act.title)
		if err := act.play(s); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

// stage is a simulation and the writer for its output.
type stage struct {
	io.Writer
	*rollout.Sim
	updates *page.Page
}

// settle runs the simulation until nothing happens any more.
func (s stage) settle() {
	for range s.Run(1000) {
	}
}

// pods prints the number of pods of each workload on every node.
func (s stage) pods() {
	for _, key := range []string{daemonSet, deployment} {
		var parts []string
		counts, pending := map[string]int{}, 0
		shown, _ := s.Pods(key)
		for _, p := range shown {
			switch {
			case p.Terminating:
			case p.Bound:
				counts[p.Node]++
			default:
				pending++
			}
		}
		for _, node := range s.Cluster().Nodes().Names() {
			parts = append(parts, fmt.Sprintf("%s %d", node, counts[node]))
		}
		if pending > 0 {
			parts = append(parts, fmt.Sprintf("pending %d", pending))
		}
		fmt.Fprintf(s, "%-16s %s\n", key, strings.Join(parts, ", "))
	}
}

func (s stage) place() error {
	s.settle()
	s.pods()
	return nil
}

func (s stage) scale() error {
	fmt.Fprintf(s, "scale %s to 5: %v\n", daemonSet, s.Inject(rollout.Scale{Key: daemonSet, Replicas: 5}))
	if err := s.Inject(rollout.Scale{Key: deployment, Replicas: 8}); err != nil {
		return err
	}
	s.settle()
	fmt.Fprintf(s, "scale %s to 8:\n", deployment)
	s.pods()
	fmt.Fprint(s, "a fourth node:\n")
	node, _ := s.Cluster().Node("shop-c")
	node.Name = "shop-d"
	node.Labels["kubernetes.io/hostname"] = node.Name
	if err := s.Inject(rollout.ApplyNode{Node: node}); err != nil {
		return err
	}
	s.settle()
	s.pods()
	return nil
}

func (s stage) update() error {
	m := s.Cluster().Manifest()
	ds, d := m.DaemonSets[0], m.Deployments[0]
	ds.Spec.Template.Spec.Containers[0].Image = "cr.fluentbit.io/fluent/fluent-bit:4.0.3"
	d.Spec.Template.Spec.Containers[0].Image = "registry.example.com/shop/frontend:1.5.0"
	if err := s.watch(ds, daemonSet); err != nil {
		return err
	}
	if err := s.watch(d, deployment); err != nil {
		return err
	}
	return s.status()
}

// watch applies an object and draws its rollout.
func (s stage) watch(object runtime.Object, key string) error {
	if err := s.Apply(object); err != nil {
		return err
	}
	course, err := page.Watch(s.Sim, key, 1000)
	if err != nil {
		return err
	}
	s.updates.Rollouts = append(s.updates.Rollouts, course)
	fmt.Fprint(s, course.Timeline)
	return nil
}

func (s stage) status() error {
	for _, key := range []string{daemonSet, deployment} {
		message, _, err := s.RolloutStatus(key)
		if err != nil {
			return err
		}
		fmt.Fprint(s, message)
	}
	return nil
}

func (s stage) drain() error {
	fork := stage{s.Writer, s.Fork(), s.updates}
	if err := fork.Inject(rollout.Drain{Node: "shop-a"}); err != nil {
		return err
	}
	fork.tell(rollout.EventDrainFailed)
	if err := s.Inject(rollout.Drain{Node: "shop-a", IgnoreDaemonSets: true}); err != nil {
		return err
	}
	s.tell(rollout.EventEvicted, rollout.EventEvictionRefused, rollout.EventUnschedulable, rollout.EventBound, rollout.EventDrained)
	s.pods()
	return s.Inject(rollout.EditNode{Node: "shop-a", Edits: []cluster.NodeEdit{cluster.Uncordon()}})
}

// tell runs the simulation and prints the events of some kinds.
func (s stage) tell(kinds ...rollout.EventKind) {
	for events := range s.Run(60) {
		for _, e := range events {
			for _, kind := range kinds {
				if e.Kind == kind {
					fmt.Fprintln(s, e)
				}
			}
		}
	}
}

func (s stage) rollBack() error {
	for _, key := range []string{daemonSet, deployment} {
		if err := s.Inject(rollout.Undo{Key: key}); err != nil {
			return err
		}
	}
	s.settle()
	for _, key := range []string{daemonSet, deployment} {
		history, err := s.History(key)
		if err != nil {
			return err
		}
		for _, r := range history {
			fmt.Fprintf(s, "%s revision %d: %s\n", key, r.Number, r.Name)
		}
	}
	s.pods()
	return s.status()
}
