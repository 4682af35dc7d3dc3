package dryrun

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// deploymentInspector looks at one Deployment.
type deploymentInspector struct {
	kubelet    rollout.Kubelet
	cluster    *cluster.Cluster
	deployment *appsv1.Deployment
	found      Findings
}

func inspectDeployment(c *cluster.Cluster, d *appsv1.Deployment, cfg Config) Findings {
	x := &deploymentInspector{kubelet: cfg.Rollout.Kubelet, cluster: c, deployment: d}
	x.inspectSpread()
	x.inspectReturn()
	x.inspectDeadline()
	return x.found
}

func (x *deploymentInspector) find(rule string, severity Severity, path string, nodes []string, message, remedy string) {
	x.found = append(x.found, Finding{rule, severity, nameOf(x.deployment), path, append([]string{}, nodes...), message, remedy})
}

// inspectSpread finds spread constraints that count domains where no pod can run because
// all their nodes are tainted: the smallest count stays 0, and the others may have no
// more than maxSkew (pkg/scheduler/framework/plugins/podtopologyspread/common.go:
// matchNodeInclusionPolicies).
func (x *deploymentInspector) inspectSpread() {
	spec := &x.deployment.Spec.Template.Spec
	w, err := placement.ForPod(&corev1.Pod{ObjectMeta: x.deployment.Spec.Template.ObjectMeta, Spec: *spec}, placement.Unvalidated())
	if err != nil {
		return
	}
	for i := range spec.TopologySpreadConstraints {
		s := &spec.TopologySpreadConstraints[i]
		honors := s.NodeTaintsPolicy != nil && *s.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
		if s.WhenUnsatisfiable != corev1.DoNotSchedule || honors {
			continue
		}
		if closed := closedDomains(x.cluster, w, s.TopologyKey); len(closed) > 0 {
			x.find("SpreadCountsTainted", SeverityWarning, fmt.Sprintf("spec.template.spec.topologySpreadConstraints[%d].nodeTaintsPolicy", i), closed,
				fmt.Sprintf("%s of %s have taints that it does not tolerate, and count as places without a pod: others may have at most %d", s.TopologyKey, kube.FirstNames(closed), s.MaxSkew),
				"set nodeTaintsPolicy to Honor")
		}
	}
}

// closedDomains returns the nodes of the domains in which only taints keep the pod off
// every node.
func closedDomains(c *cluster.Cluster, w *placement.Workload, key string) []string {
	closed, open := map[string][]string{}, map[string]bool{}
	var domains []string
	for n := range borrow.Nodes(c.Nodes()) {
		domain, ok := n.Labels[key]
		if !ok {
			continue
		}
		if !open[domain] && closed[domain] == nil {
			domains = append(domains, domain)
		}
		v := w.Check(n)
		switch {
		case v.Decision == placement.Eligible:
			open[domain] = true
		case !slices.ContainsFunc(v.Reasons, func(r placement.FilterReason) bool { return len(r.Taints) == 0 }):
			closed[domain] = append(closed[domain], n.Name)
		}
	}
	var names []string
	for _, domain := range domains {
		if !open[domain] {
			names = append(names, closed[domain]...)
		}
	}
	slices.Sort(names)
	return names
}

// inspectReturn finds pods that tolerate everything, also a cordon: after a drain they
// may come back to the node.
func (x *deploymentInspector) inspectReturn() {
	tolerations := x.deployment.Spec.Template.Spec.Tolerations
	cordon := corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	i := slices.IndexFunc(tolerations, func(t corev1.Toleration) bool { return kube.Tolerates(&t, &cordon) })
	if i < 0 {
		return
	}
	var drained []string
	for n := range borrow.Nodes(x.cluster.Nodes()) {
		if n.Spec.Unschedulable {
			drained = append(drained, n.Name)
		}
	}
	x.find("ReturnsToDrained", SeverityWarning, fmt.Sprintf("%s[%d]", tolerationsPath, i), drained,
		"it tolerates the cordon of a node: pods that a drain evicts may come back to the same node", "tolerate only the taints that are meant, or leave it out")
}

// inspectDeadline finds pods that cannot become ready before the deadline: a rollout is
// then reported as failed although it goes on
// (pkg/controller/deployment/util/deployment_util.go: DeploymentTimedOut).
func (x *deploymentInspector) inspectDeadline() {
	spec := &x.deployment.Spec
	if spec.ProgressDeadlineSeconds == nil {
		return
	}
	takes, deadline := x.kubelet.Start+x.kubelet.Ready, time.Duration(*spec.ProgressDeadlineSeconds)*time.Second
	slowest := time.Duration(0)
	for i := range spec.Template.Spec.Containers {
		c := &spec.Template.Spec.Containers[i]
		slowest = max(slowest, initialDelay(c.StartupProbe)+initialDelay(c.ReadinessProbe))
	}
	if takes = max(takes, slowest); takes < deadline {
		return
	}
	x.find("DeadlineTooShort", SeverityProblem, "spec.progressDeadlineSeconds", nil,
		fmt.Sprintf("a pod is ready after %v at the earliest, and the deadline is %v: each rollout exceeds it", takes, deadline),
		fmt.Sprintf("set progressDeadlineSeconds to more than %d", int(takes.Seconds())))
}

func initialDelay(p *corev1.Probe) time.Duration {
	if p == nil {
		return 0
	}
	return time.Duration(p.InitialDelaySeconds) * time.Second
}
