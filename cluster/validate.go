package cluster

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/validation"
)

// Validate returns what the API server of Kubernetes 1.37, feature gates at
// their defaults, would refuse if it were asked to create object: every mistake
// in the fields that berth uses, with the server's field path, error type and
// words. Defaults are filled in first; object is not modified. The errors stand
// in the order of the checks, which is the same for equal objects.
//
// It knows the kinds of a [Manifest]; any other is one error, NotSupported at
// "kind", and a nil one is Required at "metadata". As in the server's own rules,
// the name has been generated and the namespace of the request filled in before:
// without a metadata.name, or a metadata.namespace where the kind has one, an
// object is refused.
//
// What berth does not use is not looked at: volumes, probes, lifecycle hooks,
// environment, security contexts, DNS, resource claims, a Service's addresses,
// status other than a node's. An object with a resourceVersion was stored by a
// server, which refuses to create it again: it is judged as what is stored, so a
// pod may have ephemeral containers, and its matchLabelKeys are in its selectors.
//
// Follows Validate of each kind's strategy after its PrepareForCreate, as of pods
// (pkg/registry/core/pod/strategy.go: PrepareForCreate, Validate), and the rules for
// all kinds (k8s.io/apiserver/pkg/registry/rest/create.go: BeforeCreate). The
// declarative rules that 1.37 enforces for these kinds, as of the core group
// (pkg/apis/core/v1/zz_generated.validations.go: RegisterValidations), are all about
// fields that berth does not use. One thing differs: the metadata of a
// PodDisruptionBudget is checked even if its spec has mistakes.
func Validate(object runtime.Object) field.ErrorList {
	return validation.Validate(object)
}
