// Package kube holds facts about Kubernetes that several of berth's packages need.
// Each file holds one fact and names the upstream function that it follows, in
// k8s.io/kubernetes v1.37.2 unless stated otherwise.
//
// It imports only k8s.io packages and does not know snapshots or simulations.
package kube
