package cluster

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/validation"
)

// Validate returns the errors that the API server of Kubernetes 1.37, with feature
// gates at their defaults, returns when it refuses to create object: every mistake in
// the fields that berth uses, with the server's field path, error type and words.
// Defaults are filled in first; object is not modified. The errors are in the order
// of the checks, which is the same for equal objects.
//
// Validate knows the kinds of a [Manifest]. Any other kind is one error,
// NotSupported at "kind", and a nil object is Required at "metadata". As in the
// server's own rules, the name has been generated and the namespace of the request
// filled in before. An object without a metadata.name is refused, and so is one of a
// namespaced kind without a metadata.namespace.
//
// Validate ignores what berth does not use: volumes, probes, lifecycle hooks,
// environment, security contexts, DNS, resource claims, a Service's addresses, and
// the status except a node's. An object with a resourceVersion was stored by a
// server, which refuses to create it again. Validate checks it as a stored object: a
// pod may have ephemeral containers, and its matchLabelKeys are in its selectors.
//
// Validate follows the Validate method of each kind's strategy after its
// PrepareForCreate, for example of pods (pkg/registry/core/pod/strategy.go:
// PrepareForCreate, Validate), and the rules for all kinds
// (k8s.io/apiserver/pkg/registry/rest/create.go: BeforeCreate). The declarative
// rules that 1.37 enforces for these kinds, for example in the core group
// (pkg/apis/core/v1/zz_generated.validations.go: RegisterValidations), only concern
// fields that berth does not use. There is one difference: the metadata of a
// PodDisruptionBudget is checked even if its spec has mistakes.
func Validate(object runtime.Object) field.ErrorList {
	return validation.Validate(object)
}
