package placement

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
)

// notModelled returns the fields of the pod spec that affect scheduling but
// that berth ignores, each with its path and the scheduler's plugins that read
// it, in the order of the spec.
func (w *Workload) notModelled() []string {
	w = w.orNothing()
	path := "spec."
	if w.daemonSet != nil {
		path = "spec.template.spec."
	}
	spec := &w.pod.Spec
	var all []string
	note := func(field, what string) { all = append(all, path+field+": "+what) }
	for i := range spec.Volumes {
		if kind := placedVolume(&spec.Volumes[i]); kind != "" {
			note(fmt.Sprintf("volumes[%d].%s", i, kind), "where the volume can be attached (VolumeBinding, VolumeZone, NodeVolumeLimits, VolumeRestrictions)")
		}
	}
	if len(spec.ResourceClaims) > 0 {
		note("resourceClaims", "which nodes have the devices (DynamicResources)")
	}
	if spec.HostNetwork && spec.HostUsers != nil && !*spec.HostUsers {
		note("hostUsers", "which nodes declare user namespaces in the host network (NodeDeclaredFeatures)")
	}
	if slices.ContainsFunc(slices.Concat(spec.InitContainers, spec.Containers), needsFeature) {
		note("containers", "which nodes declare what restartPolicyRules or bindMountOptions need (NodeDeclaredFeatures)")
	}
	if len(spec.SchedulingGates) > 0 {
		note("schedulingGates", "the pod waits until they are gone (SchedulingGates)")
	}
	if kube.HasField(spec, "SchedulingGroup") {
		note("schedulingGroup", "pods that are placed together (GangScheduling)")
	}
	if name := spec.SchedulerName; name != "" && name != corev1.DefaultSchedulerName {
		note("schedulerName", "another scheduler than the default one places the pod")
	}
	if spec.RuntimeClassName != nil && spec.Overhead == nil {
		note("runtimeClassName", "the overhead and the nodes of the class, which a pod gets when it is made (RuntimeClass)")
	}
	return all
}

// placedVolume returns the field of a volume that not every node can have, or
// "".
func placedVolume(v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return "persistentVolumeClaim"
	case v.Ephemeral != nil:
		return "ephemeral"
	case v.CSI != nil:
		return "csi"
	case v.GCEPersistentDisk != nil:
		return "gcePersistentDisk"
	case v.AWSElasticBlockStore != nil:
		return "awsElasticBlockStore"
	case v.AzureDisk != nil:
		return "azureDisk"
	case v.Cinder != nil:
		return "cinder"
	case v.ISCSI != nil:
		return "iscsi"
	case v.RBD != nil:
		return "rbd"
	}
	return ""
}

// needsFeature follows component-helpers/nodedeclaredfeatures/features: restartallcontainers, volumebindmountoptions.
func needsFeature(c corev1.Container) bool {
	return slices.ContainsFunc(c.RestartPolicyRules, func(r corev1.ContainerRestartRule) bool {
		return r.Action == corev1.ContainerRestartRuleActionRestartAllContainers
	}) || slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return kube.HasField(&m, "BindMountOptions") })
}

// NotModelled returns what affects scheduling but was ignored, for the workload
// and the snapshot: fields of the admitted pod's spec, each with its path and the
// scheduler's plugins that read it, in the order of the spec; a missing PriorityClass
// where the cluster has none; the ResourceQuotas that count a new pod; and pods with a
// nominated node, since no room is kept free for them. It is empty for most pods.
// Extenders and other profiles are not listed.
func (p *Prediction) NotModelled() []string {
	p = p.orNothing()
	all := p.scheduled().notModelled()
	b := borrow.From(p.cluster)
	pod := p.given.pod
	if name := pod.Spec.PriorityClassName; name != "" && pod.Spec.Priority == nil && !kube.HasPriorityClass(name, b) && p.refused() == nil {
		all = append(all, "PriorityClass "+name+": is not in the cluster; an API server would refuse the pod")
	}
	if !p.given.entry.stored {
		for _, quota := range b.ResourceQuotasIn(pod.Namespace) {
			all = append(all, "ResourceQuota "+kube.Key(quota)+": it may refuse some of the pods")
		}
	}
	if n := nominated(b); n > 0 {
		all = append(all, fmt.Sprintf("%d waiting pods: the room on the nodes that are nominated for them is taken for free", n))
	}
	return all
}

// nominated counts the pods that wait for their victims to terminate.
func nominated(b *snapshot.Snapshot) int {
	n := 0
	for _, pod := range b.Pods() {
		if pod.Spec.NodeName == "" && pod.Status.NominatedNodeName != "" && counts(pod) {
			n++
		}
	}
	return n
}
