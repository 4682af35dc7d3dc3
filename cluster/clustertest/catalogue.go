package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// platform is the Kubernetes distribution that made the nodes. It determines their
// labels and taints.
type platform uint8

// The platforms, the plainest first.
const (
	onPremises platform = iota // kubeadm, with a visible control plane
	eks                        // Amazon, managed node groups and Karpenter
	gke                        // Google
	aks                        // Azure
)

var platformNames = []string{"OnPremises", "EKS", "GKE", "AKS"}

// poolKind is the purpose of a pool of nodes.
type poolKind uint8

// The kinds, the plainest first.
const (
	linuxPool        poolKind = iota // amd64
	controlPlanePool                 // for the cluster's own pods: kubeadm's control plane, AKS's system pool
	armPool                          // Linux on arm64
	spotPool                         // may be reclaimed
	gpuPool
	windowsPool
	virtualPool // no machine behind it: Fargate, virtual-kubelet, KWOK
)

var poolKindNames = []string{"Linux", "ControlPlane", "ARM", "Spot", "GPU", "Windows", "Virtual"}

// parseNames returns the indices of words in names, in any case.
func parseNames[T ~uint8](what string, names, words []string) (found []T, err error) {
	for _, w := range words {
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, w) })
		if i < 0 {
			err = errors.Join(err, fmt.Errorf("no such %s: %q: must be one of %s", what, w, strings.Join(names, ", ")))
			continue
		}
		found = append(found, T(i))
	}
	return found, err
}

// model is a kind of pool on a platform, in the words of its real nodes, reduced to
// the labels that manifests select by.
type model struct {
	platform platform
	shape    poolKind
	pool     string
	words    string
}

func (m model) spec(nodes int) Spec {
	words := append(strings.Fields(systems[m.shape]), strings.Fields(m.words)...)
	return Pool(m.pool, nodes, append(words, strings.Fields(regions[m.platform])...)...)
}

const linux = "kubernetes.io/os=linux kubernetes.io/arch=amd64 hostname"

// systems are the words that pools of a kind have on every platform. A model's own
// words override them.
var systems = map[poolKind]string{
	linuxPool: linux, spotPool: linux, controlPlanePool: linux, gpuPool: linux,
	armPool:     "kubernetes.io/os=linux kubernetes.io/arch=arm64 hostname",
	windowsPool: "kubernetes.io/os=windows kubernetes.io/arch=amd64 hostname node.kubernetes.io/windows-build=10.0.20348",
}

var regions = map[platform]string{
	eks: "topology.kubernetes.io/region=eu-central-1 topology.kubernetes.io/zone=eu-central-1a|eu-central-1b|eu-central-1c",
	gke: "topology.kubernetes.io/region=europe-west1 topology.kubernetes.io/zone=europe-west1-b|europe-west1-c|europe-west1-d",
	aks: "topology.kubernetes.io/region=westeurope topology.kubernetes.io/zone=westeurope-1|westeurope-2|westeurope-3",
}

// catalogue is ordered by platform, then by kind of pool.
//
// Sources: nodes as kubectl shows them, in public repositories and issues; kubeadm's
// constants (ControlPlaneTaint, LabelNodeRoleControlPlane). The platforms themselves
// add GKE's taints on ARM and Windows pools and AKS's on spot pools. GPU pools have
// the taint from the guides of NVIDIA and the vendors.
var catalogue = []model{
	{onPremises, linuxPool, "worker", "cpu:8 memory:16Gi"},
	{onPremises, controlPlanePool, "control-plane", "node-role.kubernetes.io/control-plane= node.kubernetes.io/exclude-from-external-load-balancers= taint:node-role.kubernetes.io/control-plane:NoSchedule"},
	{onPremises, armPool, "arm", "cpu:4 memory:8Gi"},
	{onPremises, gpuPool, "gpu", "nvidia.com/gpu.present=true feature.node.kubernetes.io/pci-10de.present=true taint:nvidia.com/gpu=present:NoSchedule cpu:64 memory:512Gi nvidia.com/gpu:4"},
	{onPremises, windowsPool, "windows", "taint:os=windows:NoSchedule cpu:8 memory:32Gi"},
	{onPremises, virtualPool, "kwok", linux + " type=kwok taint:kwok.x-k8s.io/node=fake:NoSchedule cpu:32 memory:256Gi"},

	{eks, linuxPool, "general", "eks.amazonaws.com/nodegroup=general eks.amazonaws.com/capacityType=ON_DEMAND node.kubernetes.io/instance-type=m5.large cpu:1930m memory:7220184Ki pods:29"},
	{eks, armPool, "graviton", "eks.amazonaws.com/nodegroup=graviton eks.amazonaws.com/capacityType=ON_DEMAND node.kubernetes.io/instance-type=m6g.xlarge cpu:3920m memory:14963360Ki pods:58"},
	{eks, spotPool, "spot", "karpenter.sh/nodepool=spot karpenter.sh/capacity-type=spot node.kubernetes.io/instance-type=c6a.large cpu:1930m memory:3229248Ki pods:29"},
	{eks, gpuPool, "gpu", "karpenter.sh/nodepool=gpu karpenter.sh/capacity-type=on-demand node.kubernetes.io/instance-type=p4d.24xlarge nvidia.com/gpu.present=true taint:nvidia.com/gpu=present:NoSchedule cpu:95690m memory:1167634920Ki pods:737 nvidia.com/gpu:8"},
	{eks, windowsPool, "windows", "eks.amazonaws.com/nodegroup=windows eks.amazonaws.com/capacityType=ON_DEMAND node.kubernetes.io/instance-type=m5.xlarge cpu:3920m memory:14Gi pods:18"},
	{eks, virtualPool, "fargate", linux + " eks.amazonaws.com/compute-type=fargate taint:eks.amazonaws.com/compute-type=fargate:NoSchedule cpu:2 memory:15547308Ki pods:1"},

	{gke, linuxPool, "default-pool", "cloud.google.com/gke-nodepool=default-pool cloud.google.com/gke-os-distribution=cos node.kubernetes.io/instance-type=e2-standard-4 cpu:3920m memory:13591740Ki"},
	{gke, armPool, "arm", "cloud.google.com/gke-nodepool=arm cloud.google.com/gke-os-distribution=cos node.kubernetes.io/instance-type=t2a-standard-4 taint:kubernetes.io/arch=arm64:NoSchedule cpu:3920m memory:13591740Ki"},
	{gke, spotPool, "spot", "cloud.google.com/gke-nodepool=spot cloud.google.com/gke-os-distribution=cos cloud.google.com/gke-spot=true node.kubernetes.io/instance-type=e2-standard-2 taint:cloud.google.com/gke-spot=true:NoSchedule cpu:1930m memory:6196948Ki"},
	{gke, gpuPool, "gpu", "cloud.google.com/gke-nodepool=gpu cloud.google.com/gke-os-distribution=cos cloud.google.com/gke-accelerator=nvidia-l4 cloud.google.com/gke-gpu=true node.kubernetes.io/instance-type=g2-standard-8 taint:nvidia.com/gpu=present:NoSchedule cpu:7910m memory:29107528Ki nvidia.com/gpu:1"},
	{gke, windowsPool, "windows", "cloud.google.com/gke-nodepool=windows cloud.google.com/gke-os-distribution=windows_ltsc node.kubernetes.io/instance-type=n2-standard-4 taint:node.kubernetes.io/os=windows:NoSchedule cpu:3920m memory:13Gi"},

	{aks, linuxPool, "user", "kubernetes.azure.com/agentpool=user kubernetes.azure.com/mode=user kubernetes.azure.com/role=agent node.kubernetes.io/instance-type=Standard_D4s_v5 cpu:3860m memory:12880740Ki"},
	{aks, controlPlanePool, "system", "kubernetes.azure.com/agentpool=system kubernetes.azure.com/mode=system kubernetes.azure.com/role=agent node.kubernetes.io/instance-type=Standard_D2s_v5 taint:CriticalAddonsOnly=true:NoSchedule cpu:1900m memory:5368708Ki pods:30"},
	{aks, armPool, "arm", "kubernetes.azure.com/agentpool=arm kubernetes.azure.com/mode=user kubernetes.azure.com/role=agent node.kubernetes.io/instance-type=Standard_D4ps_v5 cpu:3860m memory:12880740Ki"},
	{aks, spotPool, "spot", "kubernetes.azure.com/agentpool=spot kubernetes.azure.com/mode=user kubernetes.azure.com/scalesetpriority=spot node.kubernetes.io/instance-type=Standard_D4s_v5 taint:kubernetes.azure.com/scalesetpriority=spot:NoSchedule cpu:3860m memory:12880740Ki"},
	{aks, gpuPool, "gpu", "kubernetes.azure.com/agentpool=gpu kubernetes.azure.com/mode=user kubernetes.azure.com/accelerator=nvidia node.kubernetes.io/instance-type=Standard_NC6s_v3 taint:sku=gpu:NoSchedule cpu:5840m memory:107Gi nvidia.com/gpu:1"},
	{aks, windowsPool, "win", "kubernetes.azure.com/agentpool=win kubernetes.azure.com/mode=user kubernetes.azure.com/os-sku=Windows2022 node.kubernetes.io/instance-type=Standard_D4s_v5 cpu:3580m memory:12Gi pods:30"},
	{aks, virtualPool, "virtual-node-aci-linux", "hostname kubernetes.azure.com/managed=false type=virtual-kubelet taint:virtual-kubelet.io/provider=azure:NoSchedule cpu:10k memory:4Ti pods:5k"}, // without the label kubernetes.io/os
}

// models returns the models of these platforms and pool kinds. An empty list allows
// all.
func models(platforms []platform, shapes []poolKind) []model {
	var allowed []model
	for _, m := range catalogue {
		if (len(platforms) == 0 || slices.Contains(platforms, m.platform)) && (len(shapes) == 0 || slices.Contains(shapes, m.shape)) {
			allowed = append(allowed, m)
		}
	}
	return allowed
}
