package main

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

func newOverheadCommand(env environment) *cobra.Command {
	var in source
	var out output
	of := ""
	cmd := &cobra.Command{
		Use:   "overhead",
		Short: "Show what DaemonSets request of nodes, what is left, and how many more pods fit",
		Long: `Show what all DaemonSets together request of each group of nodes, what is left, and the
smallest node that takes them. Each DaemonSet may fit alone while all together do not.
With --of it shows how many more pods like that of a workload fit, and on which nodes.
-o wide has a line for each node.
` + exits("all DaemonSets fit (with --of: one more pod fits)", "they do not"),
		Example: `  # What do the agents cost, and what is left?
  kubectl berth overhead --cluster dump.yaml

  # How many more pods of the shop fit?
  kubectl berth overhead --of deploy/web -n shop --cluster dump.yaml`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return respond(env, &in, &out, func(w *world) (answer, error) { return overhead(w, &in, of) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster")
	in.addNamespace(cmd.Flags())
	cmd.Flags().StringVar(&of, "of", "", "`workload` or pod: how many more like its pods fit")
	out.addFlag(cmd, "table", "wide", "json", "yaml")
	return cmd
}

func overhead(w *world, in *source, of string) (answer, error) {
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	report := placement.NewCapacityReport(c)
	if of != "" {
		load, err := in.oneOf(c.Manifest(), of)
		if err != nil {
			return answer{}, err
		}
		return howMany(c, report, load)
	}
	a := answer{text: report.String() + "\n\n" + report.Table(), wide: usageRows(report), data: report}
	a.fails = report.Overloaded().Len()+report.Conflicting().Len() > 0
	return a, nil
}

func (s *source) oneOf(m *cluster.Manifest, name string) (workload, error) {
	all, err := s.named(m, []string{name}, "Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Pod")
	if err != nil {
		return workload{}, err
	}
	return all[0], nil
}

// usageRows returns a line for each node and resource that DaemonSets request.
func usageRows(report *placement.CapacityReport) string {
	var b strings.Builder
	rows := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(rows, "NODE\tRESOURCE\tALLOCATABLE\tDAEMONSETS\tOTHERS\tFREE")
	for u := range report.Nodes() {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourcePods} {
			if _, ok := u.DaemonSetRequests[name]; !ok {
				continue
			}
			amount := func(list corev1.ResourceList) string { q := list[name]; return q.String() }
			fmt.Fprintf(rows, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Node, name, amount(u.Allocatable), amount(u.DaemonSetRequests), amount(u.OtherRequests), amount(u.Free))
		}
	}
	rows.Flush()
	return b.String()
}

// room is the answer of overhead --of in its JSON form.
type room struct {
	Version  string   `json:"version"` // "berth.room/v1"
	Workload string   `json:"workload"`
	Fit      int      `json:"fit"`
	Nodes    []roomOn `json:"nodes"` // in the order in which the scheduler would come to them
	Then     string   `json:"then"`  // why no more fit
}

type roomOn struct {
	Node string `json:"node"`
	Fit  int    `json:"fit"`
}

// mostReplicas is the limit of placement.Replicas.
const mostReplicas = 200_000

// howMany places pods until none fits any more.
func howMany(c *cluster.Cluster, report *placement.CapacityReport, load workload) (answer, error) {
	compiled, err := compile(c, load)
	if err != nil {
		return answer{}, err
	}
	pod := compiled.Pod()
	replicas := int32(min(slots(report)+1, mostReplicas))
	labels := pod.Labels
	if len(labels) == 0 {
		labels = map[string]string{"berth": "more"}
	}
	more := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: load.meta.GetNamespace(), Name: load.meta.GetName() + "-more"},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: pod.Annotations}, Spec: pod.Spec},
		},
	}
	placed, err := placement.Replicas(c, more, 1, placement.Unvalidated())
	if err != nil {
		return answer{}, err
	}
	return roomAnswer(load, placed), nil
}

// slots returns how many more pods nodes take by number.
func slots(report *placement.CapacityReport) int {
	n := 0
	for u := range report.Nodes() {
		free := u.Free[corev1.ResourcePods]
		n = min(n+int(max(0, free.Value())), math.MaxInt32)
	}
	return n
}

func roomAnswer(load workload, placed placement.ReplicaPlacement) answer {
	r := room{Version: "berth.room/v1", Workload: load.key(), Fit: len(placed.Bound), Nodes: []roomOn{}}
	at := map[string]int{}
	for _, p := range placed.Bound {
		i, ok := at[p.Node]
		if !ok {
			i, at[p.Node] = len(r.Nodes), len(r.Nodes)
			r.Nodes = append(r.Nodes, roomOn{Node: p.Node})
		}
		r.Nodes[i].Fit++
	}
	if len(placed.Pending) > 0 {
		r.Then = placed.Pending[0].Message
	}
	var b, wide strings.Builder
	fmt.Fprintf(&b, "%d more pods of %s fit, on %d nodes\n", r.Fit, r.Workload, len(r.Nodes))
	if r.Then != "" {
		fmt.Fprintf(&b, "then: %s\n", r.Then)
	}
	rows := tabwriter.NewWriter(&wide, 0, 0, 3, ' ', 0)
	fmt.Fprintln(rows, "NODE\tFIT")
	for _, on := range r.Nodes {
		fmt.Fprintf(rows, "%s\t%d\n", on.Node, on.Fit)
	}
	rows.Flush()
	return answer{text: b.String(), wide: wide.String() + b.String(), data: r, fails: r.Fit == 0}
}
