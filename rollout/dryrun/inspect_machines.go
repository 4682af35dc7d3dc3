package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// inspectSystems finds pods on nodes of another operating system. An image runs on one
// system; the scheduler does not look at spec.os, and the kubelet rejects what does not
// match it (pkg/kubelet/lifecycle/predicate.go: rejectPodAdmissionBasedOnOSField).
func (x *inspector) inspectSystems() {
	by := map[string][]string{}
	for n := range borrow.Nodes(x.prediction.Eligible()) {
		by[systemOf(n)] = append(by[systemOf(n)], n.Name)
	}
	spec := &x.set.Spec.Template.Spec
	own, severity := "", SeverityWarning
	if spec.OS != nil {
		own, severity = string(spec.OS.Name), SeverityProblem
	} else if len(by["linux"]) > 0 {
		own = "linux" // the image of an agent for Windows selects its nodes
	}
	if own == "" {
		return
	}
	for _, system := range []string{"linux", "windows"} {
		if nodes := by[system]; system != own && len(nodes) > 0 {
			x.find("OnOtherSystems", severity, "spec.template.spec.nodeSelector", nodes,
				fmt.Sprintf("nothing keeps the pods off %s, which run %s", kube.FirstNames(nodes), system),
				fmt.Sprintf("add the nodeSelector %s=%s", corev1.LabelOSStable, own))
		}
	}
}

func systemOf(n *corev1.Node) string {
	return cmp.Or(n.Labels[corev1.LabelOSStable], n.Status.NodeInfo.OperatingSystem)
}

// inspectPriority finds agents that tolerate everything, and so are to run everywhere,
// but have the priority of any pod: whoever comes first to a new node takes the room.
func (x *inspector) inspectPriority() {
	spec := &x.set.Spec.Template.Spec
	if everything(spec.Tolerations) < 0 || !requests(spec) || kube.Priority(spec, borrow.From(x.cluster)) > 0 {
		return
	}
	x.find("NoPriority", SeverityWarning, "spec.template.spec.priorityClassName", nil,
		"it tolerates everything, but has no more priority than other pods: on a full node it stays pending",
		"set priorityClassName to "+x.priorityClass())
}

// priorityClass returns the lowest class of the cluster that preempts others, or
// Kubernetes' own for agents.
func (x *inspector) priorityClass() string {
	best, value := "system-node-critical", int32(0)
	for _, c := range borrow.From(x.cluster).PriorityClasses() {
		if never := c.PreemptionPolicy != nil && *c.PreemptionPolicy == corev1.PreemptNever; !never && c.Value > 0 && (value == 0 || c.Value < value) {
			best, value = c.Name, c.Value
		}
	}
	return best
}

// everything returns the index of a toleration of all taints, or -1.
func everything(tolerations []corev1.Toleration) int {
	return slices.IndexFunc(tolerations, func(t corev1.Toleration) bool {
		return t.Key == "" && t.Operator == corev1.TolerationOpExists && t.Effect == ""
	})
}

// inspectRoom finds the DaemonSet that requests most of what a node has too little of for
// all its DaemonSets, even without other pods.
func inspectRoom(c *cluster.Cluster) Findings {
	empty := withoutPods(c)
	report := placement.NewCapacityReport(empty)
	names := report.Overloaded().Names()
	if len(names) == 0 {
		return nil
	}
	var found Findings
	of := map[string]int{} // the finding of a DaemonSet and a resource
	for _, name := range names {
		usage, _ := report.Node(name)
		resource, ok := lacking(&usage)
		if !ok {
			continue
		}
		key, largest := hungriest(&usage, resource), usage.DaemonSetRequests[resource]
		i, known := of[key+" "+string(resource)]
		if !known {
			has := usage.Allocatable[resource]
			i, of[key+" "+string(resource)] = len(found), len(found)
			found = append(found, Finding{"LeavesNoRoom", SeverityProblem, "DaemonSet " + key, "spec.template.spec.containers", nil,
				fmt.Sprintf("the DaemonSets of %s request %s of %s, which has %s: not all of them fit, even without other pods", name, largest.String(), resource, has.String()),
				"request less, or use larger nodes"})
		}
		found[i].Nodes = append(found[i].Nodes, name)
	}
	return found
}

// withoutPods returns the cluster without pods.
func withoutPods(c *cluster.Cluster) *cluster.Cluster {
	var pods []runtime.Object
	for _, p := range borrow.From(c).Pods() {
		pods = append(pods, p)
	}
	empty, err := c.Without(pods...)
	if err != nil {
		return c // cannot be: the pods are the cluster's
	}
	return empty
}

// lacking returns the first resource, by name, whose requests by DaemonSets exceed what
// the node has. A node that states nothing of it is not judged.
func lacking(usage *placement.NodeUsage) (corev1.ResourceName, bool) {
	var all []string
	for name, amount := range usage.DaemonSetRequests { // any order: they are sorted
		if has := usage.Allocatable[name]; !has.IsZero() && amount.Cmp(has) > 0 {
			all = append(all, string(name))
		}
	}
	if len(all) == 0 {
		return "", false
	}
	return corev1.ResourceName(slices.Min(all)), true
}

// hungriest returns the DaemonSet with the largest request of a resource.
func hungriest(usage *placement.NodeUsage, resource corev1.ResourceName) string {
	most := slices.MaxFunc(usage.DaemonSets, func(a, b placement.DaemonSetUsage) int {
		x, y := a.Requests[resource], b.Requests[resource]
		return cmp.Or(x.Cmp(y), strings.Compare(b.DaemonSet, a.DaemonSet))
	})
	return most.DaemonSet
}
