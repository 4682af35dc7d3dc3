// Logcollector predicts which of twelve nodes a log collector runs on, why the other
// nodes get none, and what one more toleration or label would change. Copy it, and use
// your own manifests.
package main

import (
	_ "embed"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

//go:embed logcollector.yaml
var manifests string

//go:embed nodes.yaml
var nodes string

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(out io.Writer) error {
	m, err := cluster.ReadManifest(strings.NewReader(manifests + nodes))
	if err != nil {
		return err
	}
	c, err := m.Cluster()
	if err != nil {
		return err
	}
	ds := m.DaemonSets[0]
	today, err := predict(ds, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/%s: %v\n\n", ds.Namespace, ds.Name, today)
	fmt.Fprintln(out, today.Table())
	return whatIf(out, ds, c, today)
}

func predict(ds *appsv1.DaemonSet, c *cluster.Cluster) (*placement.Prediction, error) {
	w, err := placement.ForDaemonSet(ds)
	if err != nil {
		return nil, err
	}
	return w.Predict(c), nil
}

// whatIf tries one change to the DaemonSet and one to the cluster.
func whatIf(out io.Writer, ds *appsv1.DaemonSet, c *cluster.Cluster, today *placement.Prediction) error {
	tolerant := ds.DeepCopy()
	spec := &tolerant.Spec.Template.Spec
	spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
		Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "gpu", Effect: corev1.TaintEffectNoSchedule,
	})
	after, err := predict(tolerant, c)
	if err != nil {
		return err
	}
	report(out, "with the toleration dedicated=gpu:NoSchedule", today, after)

	external, err := c.Select("node.example.com/logging=external")
	if err != nil {
		return err
	}
	labelled, err := c.EditAll(external, cluster.Unlabel("node.example.com/logging"))
	if err != nil {
		return err
	}
	if after, err = predict(ds, labelled); err != nil {
		return err
	}
	report(out, "without the label node.example.com/logging", today, after)
	return nil
}

func report(out io.Writer, change string, before, after *placement.Prediction) {
	fmt.Fprintf(out, "%s: %d nodes wanted, was %d; gained %v, lost %v\n", change, after.Eligible().Len(), before.Eligible().Len(),
		after.Eligible().Minus(before.Eligible()), before.Eligible().Minus(after.Eligible()))
}
