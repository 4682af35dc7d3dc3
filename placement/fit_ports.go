package placement

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// hostPort is a port of the node that a container takes, its defaults filled in
// (k8s.io/kube-scheduler/framework, HostPortInfo.sanitize).
type hostPort struct {
	ip       string
	protocol corev1.Protocol
	port     int32
}

const everyIP = "0.0.0.0"

// hostPorts gives the ports of a pod's containers and sidecars, each once; a
// plain init container's are free again when the pod runs (pkg/scheduler/util,
// GetHostPorts).
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

// PortClash is a host port that a pod asks for and another pod on the node has.
type PortClash struct {
	Port     int32           `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
	HostIP   string          `json:"hostIP"` // that is asked for; 0.0.0.0 is every address
	Pod      string          `json:"pod"`    // the pod that has it, as namespace/name
	PodIP    string          `json:"podIP"`  // the address on which that pod has it
}

// String names the port and the pod that has it.
func (c PortClash) String() string {
	return fmt.Sprintf("port %d/%s%s is taken by %s%s", c.Port, c.Protocol, on(c.HostIP), c.Pod, on(c.PodIP))
}

func on(ip string) string {
	if ip == everyIP {
		return ""
	}
	return " on " + ip
}

// portUse is a host port that pods on some of 64 nodes have.
type portUse struct {
	hostPort
	nodes   uint64
	holders []holder
}

// holder is a pod that has a host port on a node.
type holder struct {
	load *Load
	node int // of the 64
}

func (u *portUse) on(node int) bool { return u.nodes&(1<<node) != 0 }

// take notes that a pod has a port.
func (b *block) take(p hostPort, l *Load, node int) {
	i := slices.IndexFunc(b.ports, func(u portUse) bool { return u.hostPort == p })
	if i < 0 {
		i, b.ports = len(b.ports), append(b.ports, portUse{hostPort: p})
	}
	u := &b.ports[i]
	u.nodes |= 1 << node
	u.holders = append(u.holders, holder{l, node})
}

// free takes a port from the first pod on the node that has it and is meant;
// false if there is none.
func (b *block) free(p hostPort, node int, meant func(holder) bool) bool {
	at := slices.IndexFunc(b.ports, func(u portUse) bool { return u.hostPort == p })
	if at < 0 {
		return false
	}
	u := &b.ports[at]
	i := slices.IndexFunc(u.holders, func(h holder) bool { return h.node == node && meant(h) })
	if i < 0 {
		return false
	}
	u.holders = slices.Delete(u.holders, i, i+1)
	if !slices.ContainsFunc(u.holders, func(h holder) bool { return h.node == node }) {
		u.nodes &^= 1 << node
	}
	if u.nodes == 0 {
		b.ports = slices.Delete(b.ports, at, at+1)
	}
	return true
}

// taken gives the nodes on which one of the ports is.
func (b *block) taken(wanted []hostPort) uint64 {
	var nodes uint64
	for i := range b.ports {
		for _, p := range wanted {
			if p.clashes(b.ports[i].hostPort) {
				nodes |= b.ports[i].nodes
			}
		}
	}
	return nodes
}

// clashes gives every port of wanted that is taken on a node; of several that
// clash with it those of the first pods by name first.
func (b *block) clashes(wanted []hostPort, node int) []PortClash {
	var all []PortClash
	for _, want := range wanted {
		from := len(all)
		for i := range b.ports {
			u := &b.ports[i]
			if !u.on(node) || !want.clashes(u.hostPort) {
				continue
			}
			for _, h := range u.holders {
				if h.node == node {
					all = append(all, PortClash{want.port, want.protocol, want.ip, h.load.name, u.ip})
				}
			}
		}
		slices.SortStableFunc(all[from:], func(a, b PortClash) int {
			return cmp.Or(cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.PodIP, b.PodIP))
		})
	}
	return all
}
