package upstream

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
)

// Default fills in a list of objects what the API server would fill in.
func Default[T runtime.Object](objects ...T) {
	for _, o := range objects {
		legacyscheme.Scheme.Default(o)
	}
}
