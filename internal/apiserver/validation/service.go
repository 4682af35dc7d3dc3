package validation

import (
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkService follows the API server (pkg/apis/core/validation/validation.go:
// validateService) for the fields that select pods: selector, type and ports. It
// does not check addresses, load balancers and traffic policies.
func checkService(root fieldErrors, service *corev1.Service) {
	checkMeta(root.child("metadata"), &service.ObjectMeta, namespaced, apivalidation.NameIsDNSLabel)
	checkServiceSpec(root.child("spec"), &service.Spec)
}

func checkServiceSpec(at fieldErrors, spec *corev1.ServiceSpec) {
	ports := at.child("ports")
	if len(spec.Ports) == 0 && !isHeadless(spec) && spec.Type != corev1.ServiceTypeExternalName {
		ports.required("")
	}
	checkServicePorts(ports, spec.Ports)
	checkLabels(at.child("selector"), spec.Selector)
	checkOneOf(at.child("type"), spec.Type, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName,
		corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)
	checkNodePorts(ports, spec)
	checkPortsOnce(ports, spec.Ports)
}

// isHeadless follows the API server (pkg/apis/core/validation/validation.go:
// isHeadlessService), which fills clusterIPs from clusterIP first
// (pkg/registry/core/service/storage/storage.go: normalizeClusterIPs).
func isHeadless(spec *corev1.ServiceSpec) bool {
	if len(spec.ClusterIPs) == 0 {
		return spec.ClusterIP == corev1.ClusterIPNone
	}
	return len(spec.ClusterIPs) == 1 && spec.ClusterIPs[0] == corev1.ClusterIPNone
}

// checkServicePorts follows validateServicePort. If there are several ports, each
// needs a name.
func checkServicePorts(at fieldErrors, ports []corev1.ServicePort) {
	names := map[string]bool{}
	for i, port := range ports {
		here := at.item(i)
		switch name := here.child("name"); {
		case port.Name != "":
			checkDNSLabel(name, port.Name)
			checkNewName(name, port.Name, names)
		case len(ports) > 1:
			name.required("")
		}
		here.child("port").invalidFor(port.Port, validation.IsValidPortNum(int(port.Port)))
		checkOneOf(here.child("protocol"), port.Protocol, protocols...)
		checkTargetPort(here.child("targetPort"), port.TargetPort)
		if port.AppProtocol != nil {
			checkQualifiedName(here.child("appProtocol"), *port.AppProtocol)
		}
	}
}

func checkTargetPort(at fieldErrors, port intstr.IntOrString) {
	if port.Type == intstr.String {
		at.invalidFor(port.StrVal, validation.IsValidPortName(port.StrVal))
	} else {
		at.invalidFor(port.IntValue(), validation.IsValidPortNum(port.IntValue()))
	}
}

func checkNodePorts(at fieldErrors, spec *corev1.ServiceSpec) {
	type identity struct {
		protocol corev1.Protocol
		port     int32
	}
	taken := map[identity]bool{}
	for i, port := range spec.Ports {
		if port.NodePort == 0 {
			continue
		}
		here := at.item(i).child("nodePort")
		if spec.Type == corev1.ServiceTypeClusterIP {
			here.forbidden("may not be used when `type` is 'ClusterIP'")
		}
		if id := (identity{port.Protocol, port.NodePort}); taken[id] {
			here.duplicate(port.NodePort)
		} else {
			taken[id] = true
		}
	}
}

func checkPortsOnce(at fieldErrors, ports []corev1.ServicePort) {
	taken := map[corev1.ServicePort]bool{}
	for i, port := range ports {
		id := corev1.ServicePort{Protocol: port.Protocol, Port: port.Port}
		if taken[id] {
			at.item(i).duplicate(id)
		}
		taken[id] = true
	}
}
