package rollout

import (
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/spell"
)

// A fault of the pods of an image, or on some nodes, lasts until another input of
// this file, including Recover, names them. If several match a pod, the last one
// counts.

// NeverReady keeps pods with an image from becoming ready on some nodes; nil
// means all nodes. Pods that are ready stay ready.
type NeverReady struct {
	Image string   `json:"image"`
	Nodes []string `json:"nodes,omitzero"`
}

// CrashLoop makes the containers of an image exit some time after each start, on
// some nodes; nil means all nodes. The kubelet restarts them: at once, then after
// 10 s, doubling to 5 min. Containers that run when the input takes effect exit
// at once. A pod is ready while its container runs, if it runs long enough to
// become ready.
type CrashLoop struct {
	Image string        `json:"image"`
	After time.Duration `json:"after,omitzero"` // from the start of a container to its exit; 0: it is never ready
	Nodes []string      `json:"nodes,omitzero"`
}

// ImagePullFails keeps pods with an image from starting on some nodes; nil means
// all nodes. The kubelet retries after 10 s, doubling to 5 min. Running pods are
// not affected.
type ImagePullFails struct {
	Image string   `json:"image"`
	Nodes []string `json:"nodes,omitzero"`
}

// RejectPods makes the kubelets of some nodes reject new pods; nil means all
// nodes. The pods are Failed, with a reason like OutOfcpu or
// UnexpectedAdmissionError.
type RejectPods struct {
	Reason string   `json:"reason"`
	Image  string   `json:"image,omitzero"` // empty: pods of every image
	Nodes  []string `json:"nodes,omitzero"`
}

// Recover ends the faults of NeverReady, CrashLoop, ImagePullFails and
// RejectPods. The kubelet acts next when its backoff is over.
type Recover struct {
	Image string   `json:"image,omitzero"` // empty: every image
	Nodes []string `json:"nodes,omitzero"`
}

func (in NeverReady) line() string { return "never-ready " + word(in.Image) + on(in.Nodes) }

func (in ImagePullFails) line() string { return "image-pull-fails " + word(in.Image) + on(in.Nodes) }

func (in Recover) line() string { return "recover" + ofImage(in.Image) + on(in.Nodes) }

func (in CrashLoop) line() string {
	after := ""
	if in.After != 0 {
		after = " after " + in.After.String()
	}
	return "crash-loop " + word(in.Image) + after + on(in.Nodes)
}

func (in RejectPods) line() string {
	return "reject-pods " + word(in.Reason) + ofImage(in.Image) + on(in.Nodes)
}

func ofImage(image string) string {
	if image == "" {
		return ""
	}
	return " image " + word(image)
}

func (in NeverReady) check() error { return errors.Join(checkImage(in.Image), checkNodes(in.Nodes)) }

func (in ImagePullFails) check() error {
	return errors.Join(checkImage(in.Image), checkNodes(in.Nodes))
}

func (in Recover) check() error { return checkNodes(in.Nodes) }

func (in CrashLoop) check() error {
	err := checkDuration(in.After)
	if err != nil {
		err = fmt.Errorf("after %w", err)
	}
	return errors.Join(checkImage(in.Image), err, checkNodes(in.Nodes))
}

func (in RejectPods) check() error {
	var err error
	if in.Reason == "" {
		err = errors.New("no reason")
	}
	return errors.Join(err, checkNodes(in.Nodes))
}

// checkFault returns an error for a fault on a node that the simulation has never
// known and that no input to come adds, since such a fault would silently do nothing.
func (s *Sim) checkFault(in Input, batch []Input) error {
	x, ok := in.(interface{ fault() fault })
	if !ok {
		return nil
	}
	var errs []error
	for _, node := range x.fault().nodes {
		if s.slotOf(node) == none && !s.adds(node, batch) {
			errs = append(errs, fmt.Errorf("nodes %q not found", node))
		}
	}
	return errors.Join(errs...)
}

// adds reports whether an input to come, or one of the batch, adds the node.
func (s *Sim) adds(node string, batch []Input) bool {
	is := func(in Input) bool {
		x, ok := plain(in).(ApplyNode)
		return ok && x.Node != nil && x.Node.Name == node
	}
	return slices.ContainsFunc(batch, is) || slices.ContainsFunc(s.inputs, func(x scheduled) bool { return is(x.input) })
}

// injectFault applies the fault, or refuses it if one of its nodes has not been
// added yet.
func (s *Sim) injectFault(in Input, f fault) {
	for _, node := range f.nodes {
		if s.slotOf(node) == none {
			s.emit(Event{Kind: EventInputRefused, Node: node, Detail: fmt.Sprintf("%s: nodes %q not found", in.line(), node)})
			return
		}
	}
	s.kubelets.injectFault(in.line()+s.unusedImage(f.image), f)
}

// unusedImage returns what the event of a fault adds if the image is probably a
// mistake: no pod, workload or later input has it. The fault still applies to pods
// created later, which is why it is not refused.
func (s *Sim) unusedImage(image string) string {
	known := s.images()
	if image == "" || slices.Contains(known, image) {
		return ""
	}
	if near := spell.Nearest(image, known); near != "" {
		return fmt.Sprintf(": no pod or workload uses image %q, did you mean %q?", image, near)
	}
	return fmt.Sprintf(": no pod or workload uses image %q yet", image)
}

// images returns the images of pods, workloads and inputs to come, in no useful order
// but always the same.
func (s *Sim) images() []string {
	var all []string
	for i := range s.classes {
		all = append(all, s.classes[i].images()...)
	}
	add := func(template *corev1.PodTemplateSpec) {
		for _, c := range containersOf(&template.Spec) {
			all = append(all, c.image)
		}
	}
	for _, slot := range s.daemonSets.order {
		add(&s.daemonSets.at[slot].object.Spec.Template)
	}
	for _, slot := range s.deployments.order {
		add(&s.deployments.at[slot].object.Spec.Template)
	}
	for _, slot := range s.replicaSets.order {
		add(&s.replicaSets.at[slot].object.Spec.Template)
	}
	for _, in := range s.inputs {
		if apply, ok := in.input.(Apply); ok {
			if template := podTemplate(apply.Object); template != nil {
				add(template)
			}
		}
	}
	return all
}

// podTemplate returns the template of a DaemonSet or Deployment, nil for others.
func podTemplate(object runtime.Object) *corev1.PodTemplateSpec {
	switch x := object.(type) {
	case *appsv1.DaemonSet:
		return &x.Spec.Template
	case *appsv1.Deployment:
		return &x.Spec.Template
	}
	return nil
}

func (in NeverReady) copied() Input {
	in.Nodes = sorted(in.Nodes)
	return in
}

func (in CrashLoop) copied() Input {
	in.Nodes = sorted(in.Nodes)
	return in
}

func (in ImagePullFails) copied() Input {
	in.Nodes = sorted(in.Nodes)
	return in
}

func (in RejectPods) copied() Input {
	in.Nodes = sorted(in.Nodes)
	return in
}

func (in Recover) copied() Input {
	in.Nodes = sorted(in.Nodes)
	return in
}

func (in NeverReady) apply(s *Sim) { s.injectFault(in, in.fault()) }

func (in CrashLoop) apply(s *Sim) { s.injectFault(in, in.fault()) }

func (in ImagePullFails) apply(s *Sim) { s.injectFault(in, in.fault()) }

func (in RejectPods) apply(s *Sim) { s.injectFault(in, in.fault()) }

func (in Recover) apply(s *Sim) { s.injectFault(in, in.fault()) }

func (in NeverReady) fault() fault { return fault{kind: neverReady, image: in.Image, nodes: in.Nodes} }

func (in CrashLoop) fault() fault {
	return fault{kind: crashLoop, image: in.Image, nodes: in.Nodes, after: seconds(in.After)}
}

func (in ImagePullFails) fault() fault { return fault{kind: noImage, image: in.Image, nodes: in.Nodes} }

func (in RejectPods) fault() fault {
	return fault{kind: rejection, image: in.Image, nodes: in.Nodes, reason: in.Reason}
}

func (in Recover) fault() fault { return fault{image: in.Image, nodes: in.Nodes} }
