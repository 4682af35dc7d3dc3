package rollout

import (
	"math"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
)

const (
	hashLabel       = appsv1.DefaultDaemonSetUniqueLabelKey // also ControllerRevisionHashLabelKey
	generationLabel = "pod-template-generation"             // (k8s.io/api/extensions/v1beta1/types.go: DaemonSetTemplateGenerationKey)
)

// class is what pods of one template have in common. It does not change.
type class struct {
	namespace  string
	prefix     string // of their names
	hash       string // label controller-revision-hash
	generation string // label pod-template-generation
	labels     map[string]string
	containers []container             // init containers first
	hostNet    bool                    // spec.hostNetwork
	grace      simTime                 // terminationGracePeriodSeconds
	tolerates  []corev1.Toleration     // of generated pods
	template   *corev1.PodTemplateSpec // of generated pods
	priority   int32
	cost       int32               // controller.kubernetes.io/pod-deletion-cost
	workload   *placement.Workload // what the scheduler asks; nil for pods that came bound
	changed    bool                // admission changed what the scheduler asks: the controller wants pods by the template
	load       room.Load           // what a generated pod takes
	admitted   *corev1.Pod         // a generated pod as the API server stores it; nil for pods that came with the dump
	gates      string              // the names of schedulingGates; the scheduler never binds it
	scheduler  string              // the name of another scheduler that is to bind it
	related    bool                // it fits only where other pods are, or are not too few
}

// container is one container of a class.
type container struct {
	name, image string
	kind        containerKind
}

type containerKind uint8

const (
	regular containerKind = iota
	sidecar               // an init container that is to run on
	initial
)

func newClass(prefix string, meta map[string]string, spec *corev1.PodSpec) *class {
	c := &class{
		prefix:     prefix,
		hash:       meta[hashLabel],
		generation: meta[generationLabel],
		labels:     meta,
		grace:      corev1.DefaultTerminationGracePeriodSeconds,
		tolerates:  kube.WithDefaultTolerations(spec.Tolerations),
		containers: containersOf(spec),
		hostNet:    spec.HostNetwork,
		gates:      gatesOf(spec),
		related:    len(spec.TopologySpreadConstraints) > 0 || spec.Affinity != nil && spec.Affinity.PodAffinity != nil,
	}
	if spec.SchedulerName != corev1.DefaultSchedulerName {
		c.scheduler = spec.SchedulerName
	}
	if g := spec.TerminationGracePeriodSeconds; g != nil {
		c.grace = simTime(min(max(*g, 0), math.MaxInt32/2))
	}
	return c
}

func gatesOf(spec *corev1.PodSpec) string {
	var names []string
	for _, g := range spec.SchedulingGates {
		names = append(names, g.Name)
	}
	return strings.Join(names, " ")
}

// ignored returns why the scheduler never tries to bind a pod of the class, or an empty
// text (pkg/scheduler/eventhandlers.go: responsibleForPod;
// pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go: PreEnqueue).
func (c *class) ignored() string {
	switch {
	case c.scheduler != "":
		return "waiting for the scheduler " + c.scheduler
	case c.gates != "":
		return "waiting for scheduling gates: [" + c.gates + "]"
	}
	return ""
}

func containersOf(spec *corev1.PodSpec) []container {
	var all []container
	for _, c := range spec.InitContainers {
		kind := initial
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = sidecar
		}
		all = append(all, container{c.Name, c.Image, kind})
	}
	for _, c := range spec.Containers {
		all = append(all, container{c.Name, c.Image, regular})
	}
	return all
}

func (c *class) runs(image string) bool {
	for i := range c.containers {
		if c.containers[i].image == image {
			return true
		}
	}
	return false
}

func (c *class) images() []string {
	var all []string
	for _, k := range c.containers {
		all = append(all, k.image)
	}
	return all
}

// The taint eviction controller deletes pods that do not tolerate the NoExecute
// taints of their node: at once, or when the time is over that their tolerations
// grant. Here it leaves to the DaemonSet controller the pods that this deletes,
// at the same moment, because the node excludes them.

// minTolerationTime returns for how many seconds a pod with the tolerations stays
// on a node with the taints, or math.MaxInt64 if there is no limit. For each
// taint the first toleration that matches counts; over all taints, the shortest
// time. Negative times count as 0 (pkg/apis/core/v1/helper/helpers.go:
// GetMatchingTolerations; pkg/controller/tainteviction/taint_eviction.go:
// getMinTolerationTime).
func minTolerationTime(tolerations []corev1.Toleration, taints []corev1.Taint) (seconds int64, tolerated bool) {
	seconds = math.MaxInt64
	for i := range taints {
		if taints[i].Effect != corev1.TaintEffectNoExecute {
			continue
		}
		t := tolerationOf(tolerations, &taints[i])
		if t == nil {
			return 0, false
		}
		if t.TolerationSeconds != nil {
			seconds = min(seconds, max(0, *t.TolerationSeconds))
		}
	}
	return seconds, true
}

func tolerationOf(tolerations []corev1.Toleration, taint *corev1.Taint) *corev1.Toleration {
	for i := range tolerations {
		if kube.Tolerates(&tolerations[i], taint) {
			return &tolerations[i]
		}
	}
	return nil
}
