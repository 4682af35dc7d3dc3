package conformance

// The packages of the real code that the suites use, in one place, so that go.mod and
// go.sum list them all.
import (
	"testing"

	_ "github.com/cockroachdb/datadriven"
	_ "github.com/google/go-cmp/cmp"
	_ "k8s.io/client-go/kubernetes/fake"
	_ "k8s.io/component-base/featuregate/testing"
	_ "k8s.io/kubectl/pkg/drain"
	_ "k8s.io/kubectl/pkg/polymorphichelpers"
	_ "k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/api/pod"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/validation"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/core/validation"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/validation"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/validation"
	"k8s.io/kubernetes/pkg/controller/daemon"
	_ "k8s.io/kubernetes/pkg/controller/daemon/util"
	_ "k8s.io/kubernetes/pkg/controller/deployment"
	_ "k8s.io/kubernetes/pkg/controller/disruption"
	_ "k8s.io/kubernetes/pkg/controller/replicaset"
	_ "k8s.io/kubernetes/pkg/features"
	_ "k8s.io/kubernetes/pkg/registry/apps/daemonset"
	_ "k8s.io/kubernetes/pkg/registry/apps/deployment"
	_ "k8s.io/kubernetes/pkg/registry/core/node"
	_ "k8s.io/kubernetes/pkg/registry/core/pod"
	_ "k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	_ "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	_ "k8s.io/kubernetes/pkg/scheduler/apis/config/v1"
	_ "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	_ "k8s.io/kubernetes/pkg/scheduler/framework"
	_ "k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	_ "k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	_ "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	_ "k8s.io/kubernetes/pkg/scheduler/metrics"
	_ "k8s.io/utils/clock/testing"
	_ "pgregory.net/rapid"
	_ "sigs.k8s.io/json"
	_ "sigs.k8s.io/yaml"

	_ "github.com/berthsim/berth"
	corev1 "k8s.io/api/core/v1"
)

// A node without a taint is for every DaemonSet without a selector: the smallest
// statement about the real code, and the proof that it is linked in.
func TestTheRealControllerIsLinkedIn(t *testing.T) {
	run, stay := daemon.NodeShouldRunDaemonPod(discard(t), &corev1.Node{}, plainDaemonSet())
	if !run || !stay {
		t.Errorf("NodeShouldRunDaemonPod of an empty node = %v, %v, want true, true", run, stay)
	}
}
