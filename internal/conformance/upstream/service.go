package upstream

import (
	_ "unsafe" // for linkname

	"k8s.io/kubernetes/pkg/apis/core"
	servicestorage "k8s.io/kubernetes/pkg/registry/core/service/storage"
)

//go:linkname patchAllocatedValues k8s.io/kubernetes/pkg/registry/core/service/storage.patchAllocatedValues
func patchAllocatedValues(after servicestorage.After, before servicestorage.Before)

//go:linkname normalizeClusterIPs k8s.io/kubernetes/pkg/registry/core/service/storage.normalizeClusterIPs
func normalizeClusterIPs(after servicestorage.After, before servicestorage.Before)

// KeepAllocated does what the storage of services does to an update before its
// strategy sees it (pkg/registry/core/service/storage/storage.go: beginUpdate).
func KeepAllocated(updated, old *core.Service) {
	after, before := servicestorage.After{Service: updated}, servicestorage.Before{Service: old}
	normalizeClusterIPs(servicestorage.After{Service: old}, servicestorage.Before{})
	patchAllocatedValues(after, before)
	normalizeClusterIPs(after, before)
}
