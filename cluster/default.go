package cluster

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/apiserver/defaults"
)

// Default returns a copy of object with every default that the API server of
// Kubernetes 1.37 fills in, with feature gates at their own defaults. It knows the
// kinds of a [Manifest]. An object of any other kind is only copied, and nil is
// returned as it is.
//
// The defaults of a template and of a pod differ. Only in a pod do requests follow
// limits, do container ports become host ports with hostNetwork, is
// enableServiceLinks set, do pod-level resources follow the containers' resources, and
// does a negative grace period become one second. The revision hash of a DaemonSet
// covers its whole template, so a template gets all of its own defaults and none of
// a pod's.
//
// Default is idempotent: an object that was stored by a 1.37 API server is returned
// unchanged. The cost is that of the deep copy.
//
// Default does not do what else happens to an object before it is stored:
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
// Default follows the defaulting function of each kind, for example of pods
// (pkg/apis/core/v1/zz_generated.defaults.go: SetObjectDefaults_Pod), and for pods
// what the registry adds (pkg/api/pod/util.go: DefaultPodLevelResources). No kind of
// policy/v1 has defaults.
func Default[T runtime.Object](object T) T {
	return defaults.Apply(object)
}
