package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/kube"
)

// defaultNode sets absent allocatable amounts to the capacity, and rounds both.
func defaultNode(node *corev1.Node) {
	status := &node.Status
	if status.Allocatable == nil {
		status.Allocatable = status.Capacity.DeepCopy()
	}
	roundUp(status.Capacity)
	roundUp(status.Allocatable)
}

// defaultNamespace adds the name of a namespace as a label. A namespace whose name
// is not generated yet gets no label.
func defaultNamespace(ns *corev1.Namespace) {
	defaultTo(&ns.Status.Phase, corev1.NamespaceActive)
	if ns.Name == "" {
		return
	}
	if ns.Labels == nil {
		ns.Labels = make(map[string]string, 1)
	}
	ns.Labels[corev1.LabelMetadataName] = ns.Name
}

func defaultService(service *corev1.Service) {
	spec := &service.Spec
	defaultSessionAffinity(spec)
	defaultTo(&spec.Type, corev1.ServiceTypeClusterIP)
	for i := range spec.Ports {
		defaultServicePort(&spec.Ports[i])
	}
	if externallyAccessible(spec) {
		defaultTo(&spec.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	}
	switch spec.Type {
	case corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeClusterIP:
		defaultPointer(&spec.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	}
	if spec.Type == corev1.ServiceTypeLoadBalancer {
		defaultPointer(&spec.AllocateLoadBalancerNodePorts, true)
		defaultIngress(service.Status.LoadBalancer.Ingress)
	}
}

// defaultSessionAffinity replaces the whole ClientIP configuration if it lacks a
// timeout, and drops the configuration for None.
func defaultSessionAffinity(spec *corev1.ServiceSpec) {
	defaultTo(&spec.SessionAffinity, corev1.ServiceAffinityNone)
	config := spec.SessionAffinityConfig
	switch spec.SessionAffinity {
	case corev1.ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case corev1.ServiceAffinityClientIP:
		if config == nil || config.ClientIP == nil || config.ClientIP.TimeoutSeconds == nil {
			spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{
				ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: new(corev1.DefaultClientIPServiceAffinitySeconds)},
			}
		}
	}
}

func defaultServicePort(port *corev1.ServicePort) {
	defaultTo(&port.Protocol, corev1.ProtocolTCP)
	if port.TargetPort == intstr.FromInt32(0) || port.TargetPort == intstr.FromString("") {
		port.TargetPort = intstr.FromInt32(port.Port)
	}
}

// externallyAccessible follows Kubernetes (pkg/api/v1/service/util.go:
// ExternallyAccessible).
func externallyAccessible(spec *corev1.ServiceSpec) bool {
	switch spec.Type {
	case corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort:
		return true
	case corev1.ServiceTypeClusterIP:
		return len(spec.ExternalIPs) > 0
	}
	return false
}

func defaultIngress(ingress []corev1.LoadBalancerIngress) {
	for i := range ingress {
		if ingress[i].IP != "" {
			defaultPointer(&ingress[i].IPMode, corev1.LoadBalancerIPModeVIP)
		}
	}
}

// defaultLimitRange follows SetDefaults_LimitRangeItem: a maximum of containers is a
// default limit, a default limit a default request, and a minimum the last resort of a
// default request.
func defaultLimitRange(ranges *corev1.LimitRange) {
	for i := range ranges.Spec.Limits {
		item := &ranges.Spec.Limits[i]
		if item.Type == corev1.LimitTypeContainer {
			item.Default = filled(presentList(item.Default), item.Max, kube.AnyResource)
			item.DefaultRequest = filled(presentList(item.DefaultRequest), item.Default, kube.AnyResource)
			item.DefaultRequest = filled(item.DefaultRequest, item.Min, kube.AnyResource)
		}
		for _, list := range [...]corev1.ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
			roundUp(list)
		}
	}
}

// presentList returns the list, or an empty one if it is absent.
func presentList(list corev1.ResourceList) corev1.ResourceList {
	if list == nil {
		return corev1.ResourceList{}
	}
	return list
}
