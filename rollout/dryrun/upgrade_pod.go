package dryrun

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

const otherEventRemedy = "let alerts and scripts that read the event accept both"

// predict returns the prediction of a DaemonSet on a cluster, or nil if it cannot be
// read.
func (u *upgrade) predict(c *cluster.Cluster, ds *appsv1.DaemonSet) *placement.Prediction {
	w, err := u.config.compile(ds, c.Version())
	if err != nil {
		return nil
	}
	return w.Predict(c)
}

// otherEvent returns how the message of the FailedScheduling event differs, or "".
func (u *upgrade) otherEvent(before, after *placement.Prediction, nodes ...string) string {
	a, failedBefore := before.FailedScheduling(nodes...)
	b, failedAfter := after.FailedScheduling(nodes...)
	if !failedBefore || !failedAfter || a == b {
		return ""
	}
	return u.otherwise(fmt.Sprintf("FailedScheduling says %q", a), fmt.Sprintf("%q", b))
}

// comparePods compares where the next pod of every controller goes. Each is asked about
// as one of its pods made again: all others are where they are.
func (u *upgrade) comparePods() {
	seen := map[string]bool{}
	for _, pod := range borrow.From(u.from).Pods() {
		name := u.makerOf(pod)
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		before, after := remade(u.from, pod), remade(u.to, pod)
		if before == nil || after == nil {
			continue
		}
		u.comparePod(name, before, after)
	}
}

func (u *upgrade) comparePod(name string, before, after *placement.Prediction) {
	if changes := placement.Diff(before, after); !changes.Empty() {
		u.find("OtherNodes", SeverityWarning, name, nil, strings.TrimSuffix(changes.String(), "\n"), "state what the pod needs, so that both releases agree")
	}
	if text := u.otherEvent(before, after); text != "" {
		u.find("OtherEvent", SeverityNote, name, nil, text, otherEventRemedy)
	}
	was, now := before.Ranking(), after.Ranking()
	if a, b := bestOf(was), bestOf(now); len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) {
		u.find("OtherScores", SeverityNote, name, b, fmt.Sprintf("a new pod of it goes to %s, not to %s: %s scores otherwise", either(b), either(a), strings.Join(differing(was, now), ", ")),
			"if the node matters, prefer it in the pod's affinity")
	}
}

// makerOf returns what makes a pod, as "Deployment shop/web": its controller, the
// controller of that if it is known, or the pod itself while it has no node. It returns
// "" for other pods and for pods that no scheduler places.
func (u *upgrade) makerOf(pod *corev1.Pod) string {
	ref := metav1.GetControllerOfNoCopy(pod)
	switch {
	case kube.IsTerminal(pod.Status.Phase) || pod.DeletionTimestamp != nil || kube.IsMirror(pod):
		return ""
	case ref == nil && pod.Spec.NodeName != "":
		return ""
	case ref == nil:
		return nameOf(pod)
	case ref.Kind == "DaemonSet":
		return ""
	}
	if rs, ok := borrow.From(u.from).ReplicaSet(pod.Namespace, ref.Name); ok && ref.Kind == "ReplicaSet" {
		if owner := metav1.GetControllerOfNoCopy(rs); owner != nil {
			ref = owner
		}
	}
	return ref.Kind + " " + pod.Namespace + "/" + ref.Name
}

// remade predicts a pod that is made again, or returns nil if it cannot be read.
func remade(c *cluster.Cluster, pod *corev1.Pod) *placement.Prediction {
	without, err := c.Without(pod)
	if err != nil {
		return nil
	}
	again := c.Version().Default(recreatedPod(pod)).(*corev1.Pod)
	w, err := placement.ForPod(again, placement.Unvalidated())
	if err != nil {
		return nil
	}
	return w.Predict(without)
}

// bestOf returns the nodes of the highest total.
func bestOf(ranking []placement.NodeScore) []string {
	var names []string
	for _, n := range ranking {
		if n.Rank == 1 {
			names = append(names, n.Node)
		}
	}
	return names
}

func either(nodes []string) string { return strings.Join(nodes, " or ") }

// differing returns the plugins whose score of some node differs, in the order of the
// scheduler's profile.
func differing(before, after []placement.NodeScore) []string {
	was := map[string]placement.NodeScore{}
	for _, n := range before {
		was[n.Node] = n
	}
	var plugins []string
	for _, n := range after {
		for _, s := range n.Scores {
			if !slices.Contains(was[n.Node].Scores, s) && !slices.Contains(plugins, s.Plugin) {
				plugins = append(plugins, s.Plugin)
			}
		}
	}
	return plugins
}
