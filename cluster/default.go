package cluster

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/defaults"
)

// Default returns a copy of object with every default that the API server of
// Kubernetes 1.37 fills in, feature gates at their own defaults. It knows the
// kinds of a [Manifest]; of any other it gives a plain copy, and a nil it gives
// back as it is.
//
// A template gets the defaults of a template, a pod those of a pod, and they
// differ: only in a pod do requests follow limits, container ports become host
// ports with hostNetwork, enableServiceLinks is set, pod-level resources follow
// those of the containers, and a negative grace period becomes one second. A
// DaemonSet's revision hash covers its whole template, so a template gets all of
// its defaults and none of a pod's.
//
// Default is idempotent: an object that was stored by a 1.37 API server comes
// back as it is. The cost is that of the deep copy.
//
// What else happens to an object on its way to storage is not a default and is
// not done here:
//
//   - Admission: the priority of a PriorityClass and its preemption policy, the
//     default ServiceAccount and its token volume, LimitRange and RuntimeClass, and
//     the two tolerations of 300 seconds, for not-ready and unreachable nodes, that
//     every ordinary pod gets.
//   - The registry's own bookkeeping: uid, generation, creationTimestamp, an emptied
//     status, QoS class, a DaemonSet's templateGeneration, a service's cluster IPs;
//     fields of disabled features are dropped.
//   - A new pod's matchLabelKeys, in topology spread constraints and in pod
//     (anti-)affinity, turned into label selectors (pkg/registry/core/pod/strategy.go:
//     mutateTopologySpreadConstraints, mutatePodAffinity).
//
// Follows the defaults of each kind, as of pods
// (pkg/apis/core/v1/zz_generated.defaults.go: SetObjectDefaults_Pod), and for
// pods what the registry adds (pkg/api/pod/util.go: DefaultPodLevelResources).
// Nothing of policy/v1 has a default.
func Default[T runtime.Object](object T) T {
	return defaults.Apply(object)
}
