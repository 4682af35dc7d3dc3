package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

func newStuckCommand(env environment) *cobra.Command {
	var in source
	var out output
	var time timing
	cmd := &cobra.Command{
		Use:   "stuck [WORKLOAD]...",
		Short: "Diagnose which rollouts of a cluster are stuck, and what would let them go on",
		Long: `Diagnose which DaemonSets and Deployments of a cluster are stuck: they are not complete,
and time alone does not complete them. Each diagnosis has the cause, the rule of
Kubernetes behind it, the nodes or pods to blame, and remedies that were tried, with
commands. Pods of other owners that fit on no node are listed too.
` + exits("nothing is stuck", "something is"),
		Example: `  # What is stuck?
  kubectl berth stuck --cluster dump.yaml

  # One Deployment, for a program
  kubectl berth stuck deploy/web -n shop --cluster dump.yaml -o json`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := time.check(); err != nil {
				return err
			}
			names := in.takeFiles(args)
			return respond(env, &in, &out, func(w *world) (answer, error) { return stuck(w, &in, &time, names) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster")
	in.addNamespace(cmd.Flags())
	in.addSelector(cmd.Flags(), "workloads")
	time.addFlags(cmd.Flags())
	out.addFlag(cmd, "table", "json", "yaml", "junit", "github", "sarif")
	return cmd
}

// stalled is the answer of stuck in its JSON form.
type stalled struct {
	Version   string                 `json:"version"` // "berth.stuck/v1"
	Diagnoses []*diagnosis.Diagnosis `json:"diagnoses"`
	Pending   []pendingPod           `json:"pending"`
}

type pendingPod struct {
	Pod     string `json:"pod"` // namespace/name
	Message string `json:"message"`
}

func stuck(w *world, in *source, t *timing, names []string) (answer, error) {
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	m := c.Manifest()
	chosen := workloads(m, in.namespace, in.labels, "DaemonSet", "Deployment")
	if len(names) > 0 {
		if chosen, err = in.named(m, names, "DaemonSet", "Deployment"); err != nil {
			return answer{}, err
		}
	}
	sim, err := rollout.New(c, t.config)
	if err != nil {
		return answer{}, err
	}
	sim.Advance(t.ticks())
	s := stalled{Version: "berth.stuck/v1", Diagnoses: []*diagnosis.Diagnosis{}, Pending: []pendingPod{}}
	for _, load := range chosen {
		x, err := diagnosis.Diagnose(sim, load.key())
		if err != nil {
			return answer{}, err
		}
		if x != nil {
			s.Diagnoses = append(s.Diagnoses, x)
		}
	}
	if len(names) == 0 {
		if s.Pending, err = in.pending(c, m); err != nil {
			return answer{}, err
		}
	}
	return s.answer(w, len(chosen)), nil
}

// pending returns the unbound pods that no controller of the simulation owns and that
// fit on no node.
func (in *source) pending(c *cluster.Cluster, m *cluster.Manifest) ([]pendingPod, error) {
	all := []pendingPod{}
	for _, load := range workloads(m, in.namespace, in.labels, "Pod") {
		pod := load.object.(*corev1.Pod)
		if pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil || slices.ContainsFunc(pod.OwnerReferences, simulated) {
			continue
		}
		compiled, err := compile(c, load)
		if err != nil {
			return nil, err
		}
		if message, failed := compiled.Predict(c).FailedScheduling(); failed {
			all = append(all, pendingPod{load.meta.GetNamespace() + "/" + load.meta.GetName(), message})
		}
	}
	return all, nil
}

func simulated(owner metav1.OwnerReference) bool {
	return owner.Kind == "DaemonSet" || owner.Kind == "ReplicaSet"
}

func (s stalled) answer(w *world, asked int) answer {
	a := answer{data: s, fails: len(s.Diagnoses)+len(s.Pending) > 0}
	var b strings.Builder
	for _, x := range s.Diagnoses {
		fmt.Fprintf(&b, "%s\n", x)
		a.claims = append(a.claims, claim{rule: "Stuck", name: x.Key + " completes", subject: x.Key, at: w.place(x.Key, ""), text: x.String(), level: levelError})
	}
	for _, p := range s.Pending {
		fmt.Fprintf(&b, "pod/%s is pending: %s\n  kubectl berth why pod/%s says what would change that\n", p.Pod, p.Message, p.Pod)
		a.claims = append(a.claims, claim{rule: "Pending", name: p.Pod + " is scheduled", subject: "pod/" + p.Pod, at: w.place("pod/"+p.Pod, ""), text: p.Message, level: levelError})
	}
	if !a.fails {
		fmt.Fprintf(&b, "Nothing is stuck: %d DaemonSets and Deployments are complete, or become complete by themselves.\n", asked)
	}
	a.text = b.String()
	return a
}
