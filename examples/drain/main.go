// Drain empties two workers one after the other, as kubectl drain would. It shows what
// drain refuses, what it waits for, and what lets it continue. -html FILE writes a page to
// show.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/page"
	"github.com/berthsim/berth/rollout"
)

//go:embed cluster.yaml
var shop []byte

// story lists the inputs in the notation in which they print, kubectl's command lines
// included.
var story = []struct{ title, input string }{
	{"Drain worker-1", "drain worker-1"},
	{"With the flags that it asks for", "drain worker-1 --ignore-daemonsets --delete-emptydir-data --force"},
	{"Now worker-2: where both are to stay empty there is no room for four", "drain worker-2 --ignore-daemonsets --delete-emptydir-data"},
	{"worker-1 is back", "edit-node worker-1: uncordon"},
}

func main() {
	html := flag.String("html", "", "write a page to `FILE`")
	flag.Parse()
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
	if *html == "" {
		return
	}
	p, err := display()
	if err == nil {
		err = p.WriteFile(*html)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	sim, err := start()
	if err != nil {
		return err
	}
	for _, scene := range story {
		input, err := rollout.ParseInput(scene.input)
		if err != nil {
			return err
		}
		if err := sim.Inject(input); err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s:\n", scene.title)
		for events := range sim.Run(1000) {
			for _, e := range events {
				fmt.Fprintln(w, e)
			}
		}
		show(w, sim)
	}
	return nil
}

// start returns a simulation of the shop that has settled. Pods take a second to start,
// five to become ready, and ten to stop.
func start() (*rollout.Sim, error) {
	m, err := cluster.ReadManifest(bytes.NewReader(shop))
	if err != nil {
		return nil, err
	}
	c, err := m.Cluster()
	if err != nil {
		return nil, err
	}
	sim, err := rollout.New(c, rollout.Config{Kubelet: rollout.Kubelet{Ready: 5 * time.Second, Stop: 10 * time.Second}})
	if err != nil {
		return nil, err
	}
	for range sim.Run(100) {
	}
	return sim, nil
}

// show prints where the agents are and what a drain still waits for.
func show(w io.Writer, sim *rollout.Sim) {
	for _, d := range sim.Drains() {
		fmt.Fprintf(w, "=> %s, since tick %d, waits for\n", rollout.FormatInput(d.Drain), d.Since)
		for _, pod := range d.Pods {
			fmt.Fprintf(w, "   %s: %s\n", pod.Pod, pod.Refused)
		}
	}
	message, _, err := sim.RolloutStatus("monitoring/node-exporter")
	if err != nil {
		message = err.Error() + "\n"
	}
	fmt.Fprintf(w, "=> %s", message)
}

// display returns the story as a page, a scene each minute.
func display() (page.Page, error) {
	p := page.Page{Title: "Two workers are drained"}
	for _, key := range []string{"daemonset/monitoring/node-exporter", "deployment/shop/checkout"} {
		sim, err := start()
		if err != nil {
			return p, err
		}
		for i, scene := range story {
			input, err := rollout.ParseInput(scene.input)
			if err == nil {
				err = sim.At(sim.Now()+1+60*i, input)
			}
			if err != nil {
				return p, err
			}
		}
		course, err := page.Watch(sim, key, 1000)
		if err != nil {
			return p, err
		}
		p.Rollouts = append(p.Rollouts, course)
	}
	return p, nil
}
