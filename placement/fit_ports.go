package placement

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// hostPort is a port of the node that a container uses, with defaults filled in
// (k8s.io/kube-scheduler/framework/types.go: HostPortInfo.sanitize).
type hostPort struct {
	ip       string
	protocol corev1.Protocol
	port     int32
}

const everyIP = "0.0.0.0"

// hostPorts returns the ports of a pod's containers and sidecars, each once.
// The ports of a plain init container are free again when the pod runs
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

// overlaps reports whether the two ports conflict on one node. An address
// conflicts with itself and with 0.0.0.0 (HostPortInfo.CheckConflict).
func (p hostPort) overlaps(q hostPort) bool {
	return p.port == q.port && p.protocol == q.protocol && (p.ip == q.ip || p.ip == everyIP || q.ip == everyIP)
}

// PortConflict is a host port that a pod requests and another pod on the node
// uses.
type PortConflict struct {
	Port     int32           `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
	HostIP   string          `json:"hostIP"` // the requested address; 0.0.0.0 is every address
	Pod      string          `json:"pod"`    // the pod that uses it, as namespace/name
	PodIP    string          `json:"podIP"`  // the address that the other pod uses
}

// text returns the port and the pod that uses it.
func (c PortConflict) text() string {
	return fmt.Sprintf("port %d/%s%s is taken by %s%s", c.Port, c.Protocol, on(c.HostIP), c.Pod, on(c.PodIP))
}

func on(ip string) string {
	if ip == everyIP {
		return ""
	}
	return " on " + ip
}
