package rollout

import (
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/borrow"
)

// admit returns a new pod as the API server stores it, or why it refuses the pod.
// ResourceQuotas are asked by charge.
func (s *store) admit(pod *corev1.Pod) (*corev1.Pod, *admission.Refusal) {
	var without admission.Plugins
	for _, name := range s.config.DisableAdmissionPlugins {
		if p, ok := admission.PluginNamed(name); ok {
			without = without.With(p)
		}
	}
	return borrow.Admit(s.cluster, pod, without, s.config.Admit)
}

// denial is why the API server refuses the pods of a template. The zero denial is none.
type denial struct {
	plugin  string
	message string // the API server's
	object  string // that decides, for example "LimitRange apps/limits"; "" if only the template does
	silent  bool   // controllers record no event
}

func denialOf(err error) denial {
	var r *admission.Refusal
	if errors.As(err, &r) {
		return denial{r.Plugin.String(), r.Message, r.Object, r.NamespaceTerminating}
	}
	return denial{message: err.Error()}
}

// String returns the message and the object that decides.
func (d denial) String() string {
	if d.object == "" {
		return d.message
	}
	return d.message + " [" + d.object + "]"
}

// sameToScheduler reports whether admission changed nothing in a pod that the
// scheduler, the kubelet or the taint eviction controller reads.
func sameToScheduler(a, b *corev1.PodSpec) bool {
	return equality.Semantic.DeepEqual(a.NodeSelector, b.NodeSelector) &&
		equality.Semantic.DeepEqual(a.Tolerations, b.Tolerations) &&
		equality.Semantic.DeepEqual(a.Overhead, b.Overhead) &&
		sameResources(a.Containers, b.Containers) && sameResources(a.InitContainers, b.InitContainers)
}

func sameResources(a, b []corev1.Container) bool {
	return slices.EqualFunc(a, b, func(x, y corev1.Container) bool { return equality.Semantic.DeepEqual(x.Resources, y.Resources) })
}
