package rollout

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// deploy applies a Deployment in which only the named fields change.
func (g *stage) deploy(d *datadriven.TestData) error {
	name := "web"
	d.MaybeScanArgs(g.t, "name", &name)
	if g.webs[name] == nil {
		g.webs[name] = webDeployment(name, "v1", 3)
		g.webs[name].Spec.Template.Spec.Containers[0].Resources.Requests = nil
	}
	web := g.webs[name]
	for _, a := range d.CmdArgs {
		if err := changeDeployment(web, a.Key, strings.Join(a.Vals, ",")); err != nil {
			return err
		}
	}
	return g.sim.Inject(Apply{Object: web, Unvalidated: d.HasArg("unvalidated")})
}

func changeDeployment(d *appsv1.Deployment, key, value string) error {
	spec := &d.Spec.Template.Spec
	n, _ := strconv.ParseInt(value, 10, 32)
	n32, amount := int32(n), intstr.Parse(value)
	label, rest, _ := strings.Cut(value, "=")
	switch key {
	case "name", "unvalidated":
	case "image":
		spec.Containers[0].Image = value
	case "replicas":
		d.Spec.Replicas = &n32
		if value == "" {
			d.Spec.Replicas = nil
		}
	case "unavailable":
		rollingDeployment(d).MaxUnavailable = &amount
	case "surge":
		rollingDeployment(d).MaxSurge = &amount
	case "strategy":
		d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.DeploymentStrategyType(value)}
	case "min-ready":
		d.Spec.MinReadySeconds = n32
	case "deadline":
		d.Spec.ProgressDeadlineSeconds = &n32
	case "history":
		d.Spec.RevisionHistoryLimit = &n32
	case "grace":
		spec.TerminationGracePeriodSeconds = &n
	case "cost":
		d.Spec.Template.Annotations = map[string]string{corev1.PodDeletionCost: value}
	case "on":
		spec.NodeSelector = map[string]string{label: rest}
	case "cpu":
		spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(value)}
	case "port":
		spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: n32, HostPort: n32}}
	case "label":
		d.Spec.Template.Labels = map[string]string{label: rest}
	default:
		return fmt.Errorf("deploy %s?", key)
	}
	return nil
}

func rollingDeployment(d *appsv1.Deployment) *appsv1.RollingUpdateDeployment {
	u := &d.Spec.Strategy
	u.Type = appsv1.RollingUpdateDeploymentStrategyType
	if u.RollingUpdate == nil {
		u.RollingUpdate = &appsv1.RollingUpdateDeployment{}
	}
	return u.RollingUpdate
}

func (g *stage) deploymentStatus(key string, st *appsv1.DeploymentStatus) string {
	var b strings.Builder
	leaving := int32(-1)
	if st.TerminatingReplicas != nil {
		leaving = *st.TerminatingReplicas
	}
	fmt.Fprintf(&b, "replicas %d updated %d ready %d available %d unavailable %d terminating %d observed %d\n",
		st.Replicas, st.UpdatedReplicas, st.ReadyReplicas, st.AvailableReplicas, st.UnavailableReplicas, leaving, st.ObservedGeneration)
	for _, c := range st.Conditions {
		fmt.Fprintf(&b, "%s %s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	message, _, err := g.sim.RolloutStatus(key)
	if err != nil {
		message = err.Error() + "\n"
	}
	fmt.Fprintf(&b, "%stick %d %v\n", message, g.sim.Now(), g.sim.State(key))
	return b.String()
}
