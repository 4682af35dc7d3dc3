package gen

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

const (
	podsOnNode     = 30
	daemonSets     = 8
	podsOfWorkload = 50
)

var dumpTime = metav1.NewTime(time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC))

// Dump yields the objects of a cluster as an API server holds them: nodes with 20
// labels and 40 images; on each node 30 pods, of eight DaemonSets and of Deployments
// of 50; and their ControllerRevisions, ReplicaSets and budgets. They are valid,
// with every default filled in, and the same for the same number of nodes.
func Dump(nodes int) iter.Seq[runtime.Object] {
	return func(yield func(runtime.Object) bool) {
		deployments := (nodes*(podsOnNode-daemonSets) + podsOfWorkload - 1) / podsOfWorkload
		for i := range daemonSets {
			if !yield(dumpDaemonSet(i, nodes)) || !yield(dumpRevision(i)) {
				return
			}
		}
		for i := range deployments {
			if !yield(dumpDeployment(i)) || !yield(dumpReplicaSet(i)) || !yield(dumpBudget(i)) {
				return
			}
		}
		ordinary := 0
		for i := range nodes {
			if !yield(dumpNode(i)) {
				return
			}
			for k := range podsOnNode {
				owner := k
				if k >= daemonSets {
					owner = daemonSets + ordinary/podsOfWorkload
					ordinary++
				}
				if !yield(dumpPod(i, k, owner)) {
					return
				}
			}
		}
	}
}

// WriteJSON writes the objects as kubectl get -o json does.
func WriteJSON(w io.Writer, objects iter.Seq[runtime.Object]) error {
	if _, err := io.WriteString(w, "{\n    \"apiVersion\": \"v1\",\n    \"items\": ["); err != nil {
		return err
	}
	between := "\n        "
	for o := range objects {
		text, err := json.MarshalIndent(asWire(o), "        ", "    ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", between, text); err != nil {
			return err
		}
		between = ",\n        "
	}
	_, err := io.WriteString(w, "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n")
	return err
}

// WriteYAML writes the objects as kubectl get -o yaml does.
func WriteYAML(w io.Writer, objects iter.Seq[runtime.Object]) error {
	if _, err := io.WriteString(w, "apiVersion: v1\nitems:\n"); err != nil {
		return err
	}
	for o := range objects {
		text, err := yaml.Marshal(asWire(o))
		if err != nil {
			return err
		}
		item := "- " + strings.TrimSuffix(strings.ReplaceAll(string(text), "\n", "\n  "), "  ")
		if _, err := io.WriteString(w, item); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	return err
}

// asWire returns the object with its members sorted, as kubectl prints it.
func asWire(o runtime.Object) map[string]any {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // no object of the model fails
	}
	var wire map[string]any
	if err := json.Unmarshal(text, &wire); err != nil {
		panic(err)
	}
	return wire
}

func dumpUID(kind string, i int) types.UID {
	return types.UID(fmt.Sprintf("%08x-0000-4000-8000-%012x", len(kind), i))
}

func dumpMeta(kind, name string, i int, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: "apps", UID: dumpUID(kind, i), ResourceVersion: fmt.Sprint(1000 + i), Generation: 1,
		CreationTimestamp: dumpTime, Labels: labels,
	}
}

func ownedBy(meta metav1.ObjectMeta, apiVersion, kind, name string, uid types.UID) metav1.ObjectMeta {
	yes := true
	meta.OwnerReferences = []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, UID: uid, Controller: &yes, BlockOwnerDeletion: &yes}}
	return meta
}

func dumpNode(i int) *corev1.Node {
	meta := dumpMeta("Node", fmt.Sprintf("node-%05d", i), i, map[string]string{
		"kubernetes.io/hostname": fmt.Sprintf("node-%05d", i), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"topology.kubernetes.io/zone": fmt.Sprint("zone-", i%3), "topology.kubernetes.io/region": "region-1", "node.kubernetes.io/instance-type": "m5.4xlarge",
	})
	meta.Namespace = ""
	for k := range 14 {
		meta.Labels[fmt.Sprintf("example.com/label-%02d", k)] = fmt.Sprint("value-", (i+k)%7)
	}
	meta.Annotations = map[string]string{"node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true"}
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("110"),
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"), "hugepages-2Mi": resource.MustParse("0"),
	}
	n := &corev1.Node{TypeMeta: metav1.TypeMeta{Kind: "Node", APIVersion: "v1"}, ObjectMeta: meta}
	n.Spec = corev1.NodeSpec{PodCIDR: fmt.Sprintf("10.%d.%d.0/24", i/256, i%256), ProviderID: "example:///" + meta.Name}
	n.Status = corev1.NodeStatus{
		Capacity: capacity, Allocatable: capacity,
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.200.%d.%d", i/256, i%256)}, {Type: corev1.NodeHostName, Address: meta.Name}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
		NodeInfo: corev1.NodeSystemInfo{
			MachineID: string(meta.UID), SystemUUID: string(meta.UID), BootID: string(meta.UID), KernelVersion: "6.1.0", OSImage: "Linux",
			ContainerRuntimeVersion: "containerd://2.0.0", KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64",
		},
	}
	for _, c := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady} {
		status := corev1.ConditionFalse
		if c == corev1.NodeReady {
			status = corev1.ConditionTrue
		}
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: c, Status: status, LastHeartbeatTime: dumpTime, LastTransitionTime: dumpTime, Reason: "Kubelet" + string(c), Message: "kubelet has reported the condition " + string(c)})
	}
	for k := range 40 {
		image := fmt.Sprintf("registry.example.com/team/app-%d", (i+k)%60)
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{Names: []string{image + "@sha256:" + strings.Repeat(fmt.Sprintf("%02x", (i+k)%60), 32), image + ":v1.2.3"}, SizeBytes: int64(1e8 + k)})
	}
	return n
}

// dumpTemplate returns the template of a workload.
func dumpTemplate(workload int) corev1.PodTemplateSpec {
	name := workloadName(workload)
	container := func(name string) corev1.Container {
		c := corev1.Container{
			Name: name, Image: fmt.Sprintf("registry.example.com/team/app-%d:v1.2.3", workload%60), ImagePullPolicy: corev1.PullIfNotPresent,
			TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
			Ports:     []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")}, Limits: corev1.ResourceList{"memory": resource.MustParse("256Mi")}},
		}
		for k := range 5 {
			c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprint("SETTING_", k), Value: fmt.Sprintf("value %d of %s", k, name)})
		}
		c.ReadinessProbe = &corev1.Probe{
			ProbeHandler:   corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromString("http"), Scheme: corev1.URISchemeHTTP}},
			TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3,
		}
		return c
	}
	var grace int64 = 30
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}, Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container("main"), container("side")}, RestartPolicy: corev1.RestartPolicyAlways,
			TerminationGracePeriodSeconds: &grace, DNSPolicy: corev1.DNSClusterFirst, SecurityContext: &corev1.PodSecurityContext{}, SchedulerName: corev1.DefaultSchedulerName,
		},
	}
}

func workloadName(workload int) string {
	if workload < daemonSets {
		return fmt.Sprint("agent-", workload)
	}
	return fmt.Sprintf("app-%04d", workload-daemonSets)
}

func dumpDaemonSet(i, nodes int) *appsv1.DaemonSet {
	template, one, none, limit := dumpTemplate(i), intstr.FromInt32(1), intstr.FromInt32(0), int32(10)
	n := int32(nodes)
	return &appsv1.DaemonSet{
		TypeMeta:   metav1.TypeMeta{Kind: "DaemonSet", APIVersion: "apps/v1"},
		ObjectMeta: dumpMeta("DaemonSet", workloadName(i), i, template.Labels),
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template, RevisionHistoryLimit: &limit,
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &one, MaxSurge: &none}},
		},
		Status: appsv1.DaemonSetStatus{CurrentNumberScheduled: n, DesiredNumberScheduled: n, NumberReady: n, NumberAvailable: n, UpdatedNumberScheduled: n, ObservedGeneration: 1},
	}
}

func dumpRevision(i int) *appsv1.ControllerRevision {
	template := dumpTemplate(i)
	data, err := json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
	if err != nil {
		panic(err)
	}
	labels := map[string]string{"app": workloadName(i), "controller-revision-hash": "6d4f8b7c9"}
	return &appsv1.ControllerRevision{
		TypeMeta:   metav1.TypeMeta{Kind: "ControllerRevision", APIVersion: "apps/v1"},
		ObjectMeta: ownedBy(dumpMeta("ControllerRevision", workloadName(i)+"-6d4f8b7c9", i, labels), "apps/v1", "DaemonSet", workloadName(i), dumpUID("DaemonSet", i)),
		Data:       runtime.RawExtension{Raw: data}, Revision: 1,
	}
}

func dumpDeployment(i int) *appsv1.Deployment {
	template := dumpTemplate(daemonSets + i)
	replicas, limit, deadline, quarter := int32(podsOfWorkload), int32(10), int32(600), intstr.FromString("25%")
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{Kind: "Deployment", APIVersion: "apps/v1"},
		ObjectMeta: dumpMeta("Deployment", workloadName(daemonSets+i), i, template.Labels),
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template, RevisionHistoryLimit: &limit, ProgressDeadlineSeconds: &deadline,
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &quarter, MaxSurge: &quarter}},
		},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas},
	}
}

func dumpReplicaSet(i int) *appsv1.ReplicaSet {
	template, name, replicas := dumpTemplate(daemonSets+i), workloadName(daemonSets+i), int32(podsOfWorkload)
	template.Labels = map[string]string{"app": name, appsv1.DefaultDeploymentUniqueLabelKey: "7c5ddbdf54"}
	return &appsv1.ReplicaSet{
		TypeMeta:   metav1.TypeMeta{Kind: "ReplicaSet", APIVersion: "apps/v1"},
		ObjectMeta: ownedBy(dumpMeta("ReplicaSet", name+"-7c5ddbdf54", i, template.Labels), "apps/v1", "Deployment", name, dumpUID("Deployment", i)),
		Spec:       appsv1.ReplicaSetSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template},
		Status:     appsv1.ReplicaSetStatus{Replicas: replicas, FullyLabeledReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas, ObservedGeneration: 1},
	}
}

func dumpBudget(i int) *policyv1.PodDisruptionBudget {
	name, one := workloadName(daemonSets+i), intstr.FromInt32(1)
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{Kind: "PodDisruptionBudget", APIVersion: "policy/v1"},
		ObjectMeta: dumpMeta("PodDisruptionBudget", name, i, nil),
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}},
		Status:     policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, DisruptionsAllowed: 1, CurrentHealthy: podsOfWorkload, DesiredHealthy: podsOfWorkload - 1, ExpectedPods: podsOfWorkload},
	}
}

// dumpPod returns the k-th pod of a node, of a DaemonSet or of the ReplicaSet of a Deployment.
func dumpPod(node, k, workload int) *corev1.Pod {
	i := node*podsOnNode + k
	template, name := dumpTemplate(workload), workloadName(workload)
	pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}, Spec: template.Spec}
	labels := map[string]string{"app": name}
	if workload < daemonSets {
		labels["controller-revision-hash"], labels["pod-template-generation"] = "6d4f8b7c9", "1"
		pod.ObjectMeta = ownedBy(dumpMeta("Pod", fmt.Sprintf("%s-%05d", name, i), i, labels), "apps/v1", "DaemonSet", name, dumpUID("DaemonSet", workload))
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{fmt.Sprintf("node-%05d", node)}}},
		}}}}}
	} else {
		labels[appsv1.DefaultDeploymentUniqueLabelKey] = "7c5ddbdf54"
		owner := name + "-7c5ddbdf54"
		pod.ObjectMeta = ownedBy(dumpMeta("Pod", fmt.Sprintf("%s-%05d", owner, i), i, labels), "apps/v1", "ReplicaSet", owner, dumpUID("ReplicaSet", workload-daemonSets))
		pod.GenerateName = owner + "-"
	}
	pod.Annotations = template.Annotations
	seconds, yes, priority, preempt, mode, expiry := int64(300), true, int32(0), corev1.PreemptLowerPriority, int32(420), int64(3607)
	s := &pod.Spec
	s.NodeName, s.ServiceAccountName, s.DeprecatedServiceAccount = fmt.Sprintf("node-%05d", node), "default", "default"
	s.EnableServiceLinks, s.Priority, s.PreemptionPolicy = &yes, &priority, &preempt
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		s.Tolerations = append(s.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds})
	}
	volume := fmt.Sprintf("kube-api-access-%05d", i)
	s.Volumes = []corev1.Volume{{Name: volume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{DefaultMode: &mode, Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: &expiry, Path: "token"}},
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
	}}}}}
	for c := range s.Containers {
		s.Containers[c].VolumeMounts = []corev1.VolumeMount{{Name: volume, ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}}
	}
	pod.Status = dumpPodStatus(pod, i)
	return pod
}

func dumpPodStatus(pod *corev1.Pod, i int) corev1.PodStatus {
	ip := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable, StartTime: &dumpTime, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, HostIP: "10.200.0.1", HostIPs: []corev1.HostIP{{IP: "10.200.0.1"}},
	}
	for _, c := range []corev1.PodConditionType{corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: c, Status: corev1.ConditionTrue, LastTransitionTime: dumpTime})
	}
	yes := true
	for _, c := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, ImageID: strings.TrimSuffix(c.Image, ":v1.2.3") + "@sha256:" + strings.Repeat("ab", 32), Ready: true, Started: &yes,
			ContainerID: fmt.Sprintf("containerd://%064x", i), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: dumpTime}},
		})
	}
	return status
}
