// Package kube is the one home of facts about Kubernetes that several of berth's
// packages need. Each file holds one fact and names the upstream function that it
// follows, in k8s.io/kubernetes v1.37.2 unless it says otherwise.
//
// It imports k8s.io packages only, and knows nothing of snapshots or simulations.
package kube
