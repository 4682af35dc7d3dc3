package clustertest

import (
	"fmt"
	"slices"
	"strings"
)

// Platform is who made the nodes: it decides about their labels and taints.
type Platform uint8

// The platforms, the plainest first.
const (
	OnPremises Platform = iota // kubeadm, the control plane visible
	EKS                        // Amazon, managed node groups and Karpenter
	GKE                        // Google
	AKS                        // Azure
)

var platformNames = []string{"OnPremises", "EKS", "GKE", "AKS"}

func (p Platform) String() string { return nameOf(platformNames, int(p), "Platform") }

// GoString is the constant's name.
func (p Platform) GoString() string { return "clustertest." + p.String() }

// Shape is what a pool of nodes is for.
type Shape uint8

// The shapes, the plainest first.
const (
	Linux        Shape = iota // amd64
	ControlPlane              // for the cluster's own pods: kubeadm's control plane, AKS's system pool
	ARM                       // Linux on arm64
	Spot                      // may be taken away
	GPU
	Windows
	Virtual // no machine behind it: Fargate, virtual-kubelet, KWOK
)

var shapeNames = []string{"Linux", "ControlPlane", "ARM", "Spot", "GPU", "Windows", "Virtual"}

func (s Shape) String() string { return nameOf(shapeNames, int(s), "Shape") }

// GoString is the constant's name.
func (s Shape) GoString() string { return "clustertest." + s.String() }

func nameOf(names []string, i int, typ string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", typ, i)
}

// model is a kind of pool that a platform has, in words as real nodes of it
// have them: cut down to the labels that manifests select by.
type model struct {
	platform Platform
	shape    Shape
	pool     string
	words    string
}

func (m model) spec(nodes int) NodeSpec {
	words := append(strings.Fields(systems[m.shape]), strings.Fields(m.words)...)
	return Pool(m.pool, nodes, append(words, strings.Fields(regions[m.platform])...)...)
}

const linux = "kubernetes.io/os=linux kubernetes.io/arch=amd64 hostname"

// systems are the words that pools of a shape have everywhere; a model's own override them.
var systems = map[Shape]string{
	Linux: linux, Spot: linux, ControlPlane: linux, GPU: linux,
	ARM:     "kubernetes.io/os=linux kubernetes.io/arch=arm64 hostname",
	Windows: "kubernetes.io/os=windows kubernetes.io/arch=amd64 hostname node.kubernetes.io/windows-build=10.0.20348",
}

var regions = map[Platform]string{
	EKS: "topology.kubernetes.io/region=eu-central-1 topology.kubernetes.io/zone=eu-central-1a|eu-central-1b|eu-central-1c",
	GKE: "topology.kubernetes.io/region=europe-west1 topology.kubernetes.io/zone=europe-west1-b|europe-west1-c|europe-west1-d",
	AKS: "topology.kubernetes.io/region=westeurope topology.kubernetes.io/zone=westeurope-1|westeurope-2|westeurope-3",
}

// catalogue is ordered by platform, then by shape.
//
// Sources: nodes as kubectl shows them, in public repositories and issues;
// kubeadm's constants (ControlPlaneTaint, LabelNodeRoleControlPlane); GKE's
// taints of ARM and Windows pools and AKS's of spot pools are put on by the
// platforms themselves; GPU pools have the taint of NVIDIA's and the vendors' guides.
var catalogue = []model{
	{OnPremises, Linux, "worker", "cpu:8 memory:16Gi"},
	{OnPremises, ControlPlane, "control-plane", "node-role.kubernetes.io/control-plane= node.kubernetes.io/exclude-from-external-load-balancers= taint:node-role.kubernetes.io/control-plane:NoSchedule"},
	{OnPremises, ARM, "arm", "cpu:4 memory:8Gi"},
	{OnPremises, GPU, "gpu", "nvidia.com/gpu.present=true feature.node.kubernetes.io/pci-10de.present=true taint:nvidia.com/gpu=present:NoSchedule cpu:64 memory:512Gi nvidia.com/gpu:4"},
	{OnPremises, Windows, "windows", "taint:os=windows:NoSchedule cpu:8 memory:32Gi"},
	{OnPremises, Virtual, "kwok", linux + " type=kwok taint:kwok.x-k8s.io/node=fake:NoSchedule cpu:32 memory:256Gi"},

	{EKS, Linux, "general", "eks.amazonaws.com/nodegroup=general eks.amazonaws.com/capacityType=ON_DEMAND node.kubernetes.io/instance-type=m5.large cpu:1930m memory:7220184Ki pods:29"},
	{EKS, ARM, "graviton", "eks.amazonaws.com/nodegroup=graviton eks.amazonaws.com/capacityType=ON_DEMAND node.kubernetes.io/instance-type=m6g.xlarge cpu:3920m memory:14963360Ki pods:58"},
	{EKS, Spot, "spot", "karpenter.sh/nodepool=spot karpenter.sh/capacity-type=spot node.kubernetes.io/instance-type=c6a.large cpu:1930m memory:3229248Ki pods:29"},
	{EKS, GPU, "gpu", "karpenter.sh/nodepool=gpu karpenter.sh/capacity-type=on-demand node.kubernetes.io/instance-type=p4d.24xlarge nvidia.com/gpu.present=true taint:nvidia.com/gpu=present:NoSchedule cpu:95690m memory:1167634920Ki pods:737 nvidia.com/gpu:8"},
	{EKS, Windows, "windows", "eks.amazonaws.com/nodegroup=windows eks.amazonaws.com/capacityType=ON_DEMAND node.kubernetes.io/instance-type=m5.xlarge cpu:3920m memory:14Gi pods:18"},
	{EKS, Virtual, "fargate", linux + " eks.amazonaws.com/compute-type=fargate taint:eks.amazonaws.com/compute-type=fargate:NoSchedule cpu:2 memory:15547308Ki pods:1"},

	{GKE, Linux, "default-pool", "cloud.google.com/gke-nodepool=default-pool cloud.google.com/gke-os-distribution=cos node.kubernetes.io/instance-type=e2-standard-4 cpu:3920m memory:13591740Ki"},
	{GKE, ARM, "arm", "cloud.google.com/gke-nodepool=arm cloud.google.com/gke-os-distribution=cos node.kubernetes.io/instance-type=t2a-standard-4 taint:kubernetes.io/arch=arm64:NoSchedule cpu:3920m memory:13591740Ki"},
	{GKE, Spot, "spot", "cloud.google.com/gke-nodepool=spot cloud.google.com/gke-os-distribution=cos cloud.google.com/gke-spot=true node.kubernetes.io/instance-type=e2-standard-2 taint:cloud.google.com/gke-spot=true:NoSchedule cpu:1930m memory:6196948Ki"},
	{GKE, GPU, "gpu", "cloud.google.com/gke-nodepool=gpu cloud.google.com/gke-os-distribution=cos cloud.google.com/gke-accelerator=nvidia-l4 cloud.google.com/gke-gpu=true node.kubernetes.io/instance-type=g2-standard-8 taint:nvidia.com/gpu=present:NoSchedule cpu:7910m memory:29107528Ki nvidia.com/gpu:1"},
	{GKE, Windows, "windows", "cloud.google.com/gke-nodepool=windows cloud.google.com/gke-os-distribution=windows_ltsc node.kubernetes.io/instance-type=n2-standard-4 taint:node.kubernetes.io/os=windows:NoSchedule cpu:3920m memory:13Gi"},

	{AKS, Linux, "user", "kubernetes.azure.com/agentpool=user kubernetes.azure.com/mode=user kubernetes.azure.com/role=agent node.kubernetes.io/instance-type=Standard_D4s_v5 cpu:3860m memory:12880740Ki"},
	{AKS, ControlPlane, "system", "kubernetes.azure.com/agentpool=system kubernetes.azure.com/mode=system kubernetes.azure.com/role=agent node.kubernetes.io/instance-type=Standard_D2s_v5 taint:CriticalAddonsOnly=true:NoSchedule cpu:1900m memory:5368708Ki pods:30"},
	{AKS, ARM, "arm", "kubernetes.azure.com/agentpool=arm kubernetes.azure.com/mode=user kubernetes.azure.com/role=agent node.kubernetes.io/instance-type=Standard_D4ps_v5 cpu:3860m memory:12880740Ki"},
	{AKS, Spot, "spot", "kubernetes.azure.com/agentpool=spot kubernetes.azure.com/mode=user kubernetes.azure.com/scalesetpriority=spot node.kubernetes.io/instance-type=Standard_D4s_v5 taint:kubernetes.azure.com/scalesetpriority=spot:NoSchedule cpu:3860m memory:12880740Ki"},
	{AKS, GPU, "gpu", "kubernetes.azure.com/agentpool=gpu kubernetes.azure.com/mode=user kubernetes.azure.com/accelerator=nvidia node.kubernetes.io/instance-type=Standard_NC6s_v3 taint:sku=gpu:NoSchedule cpu:5840m memory:107Gi nvidia.com/gpu:1"},
	{AKS, Windows, "win", "kubernetes.azure.com/agentpool=win kubernetes.azure.com/mode=user kubernetes.azure.com/os-sku=Windows2022 node.kubernetes.io/instance-type=Standard_D4s_v5 cpu:3580m memory:12Gi pods:30"},
	{AKS, Virtual, "virtual-node-aci-linux", "hostname kubernetes.azure.com/managed=false type=virtual-kubelet taint:virtual-kubelet.io/provider=azure:NoSchedule cpu:10k memory:4Ti pods:5k"}, // without the label kubernetes.io/os
}

// models are those of the catalogue that the platforms and shapes allow; none
// given allows all.
func models(platforms []Platform, shapes []Shape) []model {
	var allowed []model
	for _, m := range catalogue {
		if (len(platforms) == 0 || slices.Contains(platforms, m.platform)) && (len(shapes) == 0 || slices.Contains(shapes, m.shape)) {
			allowed = append(allowed, m)
		}
	}
	return allowed
}
