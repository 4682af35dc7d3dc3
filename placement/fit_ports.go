package placement

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// hostPort is a port of the node that a container takes, its defaults filled in
// (k8s.io/kube-scheduler/framework/types.go: HostPortInfo.sanitize).
type hostPort struct {
	ip       string
	protocol corev1.Protocol
	port     int32
}

const everyIP = "0.0.0.0"

// hostPorts gives the ports of a pod's containers and sidecars, each once; a
// plain init container's are free again when the pod runs
// (pkg/scheduler/util/utils.go: GetHostPorts).
func hostPorts(spec *corev1.PodSpec) []hostPort {
	var ports []hostPort
	for i := range spec.InitContainers {
		if isSidecar(&spec.InitContainers[i]) {
			ports = appendPorts(ports, &spec.InitContainers[i])
		}
	}
	for i := range spec.Containers {
		ports = appendPorts(ports, &spec.Containers[i])
	}
	return ports
}

func isSidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func appendPorts(ports []hostPort, c *corev1.Container) []hostPort {
	for _, p := range c.Ports {
		if p.HostPort <= 0 {
			continue
		}
		h := hostPort{cmp.Or(p.HostIP, everyIP), cmp.Or(p.Protocol, corev1.ProtocolTCP), p.HostPort}
		if !slices.Contains(ports, h) {
			ports = append(ports, h)
		}
	}
	return ports
}

// clashes says whether a node can give only one of the two: an address clashes
// with itself and with all of them (HostPortInfo.CheckConflict).
func (p hostPort) clashes(q hostPort) bool {
	return p.port == q.port && p.protocol == q.protocol && (p.ip == q.ip || p.ip == everyIP || q.ip == everyIP)
}

// PortConflict is a host port that a pod asks for and another pod on the node has.
type PortConflict struct {
	Port     int32           `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
	HostIP   string          `json:"hostIP"` // that is asked for; 0.0.0.0 is every address
	Pod      string          `json:"pod"`    // the pod that has it, as namespace/name
	PodIP    string          `json:"podIP"`  // the address on which that pod has it
}

// String names the port and the pod that has it.
func (c PortConflict) String() string {
	return fmt.Sprintf("port %d/%s%s is taken by %s%s", c.Port, c.Protocol, on(c.HostIP), c.Pod, on(c.PodIP))
}

func on(ip string) string {
	if ip == everyIP {
		return ""
	}
	return " on " + ip
}
