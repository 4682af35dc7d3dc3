// Rollingupdate updates the image of a DaemonSet on a cluster of ten nodes, two slow
// and one dead. It draws the update as a picture, and prints what other values of
// maxUnavailable would have taken. -html FILE writes a page to show.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/page"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/timeline"
)

func main() {
	html := flag.String("html", "", "write a page to `FILE`")
	flag.Parse()
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
	if *html == "" {
		return
	}
	p, err := show()
	if err == nil {
		err = p.WriteFile(*html)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	sim, err := outage()
	if err != nil {
		return err
	}
	update := exporter("exporter:1.1")
	fmt.Fprintln(w, "What would the update take?")
	estimates, err := sim.Estimate(update, 1000,
		rollout.UpdateLimit{MaxUnavailable: "1"}, rollout.UpdateLimit{MaxUnavailable: "2"},
		rollout.UpdateLimit{MaxUnavailable: "50%"}, rollout.UpdateLimit{MaxSurge: "2"})
	if err != nil {
		return err
	}
	for _, e := range estimates {
		fmt.Fprintln(w, " ", e)
	}

	fmt.Fprintln(w, "\nAs it is, with maxUnavailable 1, the dead node has the budget:")
	if err := sim.Apply(update); err != nil {
		return err
	}
	picture, err := timeline.Watch(sim, "default/exporter", 8)
	if err != nil {
		return err
	}
	fmt.Fprint(w, picture)
	waits, err := diagnosis.Waiting(sim, "default/exporter")
	if err != nil {
		return err
	}
	for _, wait := range waits[:3] {
		fmt.Fprintln(w, wait)
	}

	fmt.Fprintln(w, "\nUntil it comes back:")
	if err := sim.Inject(rollout.NodeReady{Node: "node-5"}); err != nil {
		return err
	}
	picture, err = timeline.Watch(sim, "default/exporter", 1000)
	if err != nil {
		return err
	}
	fmt.Fprint(w, picture)
	message, _, err := sim.RolloutStatus("default/exporter")
	fmt.Fprint(w, message)
	return err
}

// show returns the update as a page: stuck on the dead node, which comes back after 20 s.
func show() (page.Page, error) {
	p := page.Page{Title: "An update past a dead node"}
	sim, err := outage()
	if err != nil {
		return p, err
	}
	if err := sim.Apply(exporter("exporter:1.1")); err != nil {
		return p, err
	}
	stuck := sim.Fork()
	stuck.Advance(1000)
	x, err := diagnosis.Diagnose(stuck, "default/exporter")
	if err != nil {
		return p, err
	}
	p.Diagnoses = append(p.Diagnoses, x)
	if err := sim.At(sim.Now()+20, rollout.NodeReady{Node: "node-5"}); err != nil {
		return p, err
	}
	course, err := page.Watch(sim, "default/exporter", 1000)
	p.Rollouts = append(p.Rollouts, course)
	return p, err
}

// outage returns a running DaemonSet with one node that fails.
func outage() (*rollout.Sim, error) {
	nodes, err := pool(10)
	if err != nil {
		return nil, err
	}
	sim, err := rollout.New(nodes, rollout.Config{Kubelet: rollout.Kubelet{
		Ready: 2 * time.Second, Stop: time.Second,
		Timings: []rollout.Timing{{Nodes: []string{"node-3", "node-7"}, Ready: 6 * time.Second, Stop: 3 * time.Second}},
	}})
	if err != nil {
		return nil, err
	}
	if err := sim.Apply(exporter("exporter:1.0")); err != nil {
		return nil, err
	}
	for range sim.Run(100) {
	}
	err = sim.Inject(rollout.NodeDown{Node: "node-5"})
	for range sim.Run(100) { // until the node is Unknown
	}
	return sim, err
}

func pool(n int) (*cluster.Cluster, error) {
	var nodes []runtime.Object
	for i := range n {
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i)}})
	}
	return cluster.New(nodes...)
}

func exporter(image string) *appsv1.DaemonSet {
	labels := map[string]string{"app": "exporter"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "exporter"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Containers:  []corev1.Container{{Name: "exporter", Image: image}},
					Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
				},
			},
		},
	}
}
