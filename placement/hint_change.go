package placement

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/cluster"
)

// HintStep is one change of a Hint. Exactly one of its fields is set. The last
// two fields are changes to nodes, the others are changes to the pod.
type HintStep struct {
	Tolerate *corev1.Toleration `json:"tolerate,omitempty"` // one more toleration
	Require  *ChangeRequirement `json:"require,omitempty"`  // another requirement on nodes
	Request  *ReduceRequest     `json:"request,omitempty"`  // a smaller request of a container
	Port     *ChangePort        `json:"port,omitempty"`     // another host port
	Unpin    string             `json:"unpin,omitempty"`    // the node that spec.nodeName must no longer name

	Edit *cluster.NodeEdit    `json:"edit,omitempty"` // another label, taint, ...
	Grow *IncreaseAllocatable `json:"grow,omitempty"` // more of a resource
}

// ChangeRequirement replaces a requirement. To is nil if the requirement is
// removed. From is nil if all of the required node affinity is removed because
// no term in it matches anything.
type ChangeRequirement struct {
	Path string                          `json:"path"`
	From *corev1.NodeSelectorRequirement `json:"from,omitempty"`
	To   *corev1.NodeSelectorRequirement `json:"to,omitempty"`
	Typo bool                            `json:"typo,omitempty"` // From looks like a misspelt To

	field fieldRef
}

// fieldRef is the place of a requirement: in the nodeSelector, or in a term.
type fieldRef struct {
	selector    bool
	term, index int // expressions come before fields
}

// ReduceRequest lowers a container's request.
type ReduceRequest struct {
	Container string              `json:"container"`
	Resource  corev1.ResourceName `json:"resource"`
	From      resource.Quantity   `json:"from"`
	To        resource.Quantity   `json:"to"`
}

// ChangePort changes a container's host port.
type ChangePort struct {
	Protocol corev1.Protocol `json:"protocol"`
	From     int32           `json:"from"`
	To       int32           `json:"to"`
}

// IncreaseAllocatable increases what a node can allocate of a resource.
type IncreaseAllocatable struct {
	Resource corev1.ResourceName `json:"resource"`
	By       resource.Quantity   `json:"by"`
}

func (s HintStep) onNode() bool { return s.Edit != nil || s.Grow != nil }

// String returns the change in words.
func (s HintStep) String() string {
	switch {
	case s.Tolerate != nil:
		return "tolerate " + Toleration{Toleration: *s.Tolerate}.String()
	case s.Require != nil:
		return s.Require.String()
	case s.Request != nil:
		return fmt.Sprintf("request %s %s in place of %s in container %s", s.Request.To.String(), s.Request.Resource, s.Request.From.String(), s.Request.Container)
	case s.Port != nil:
		return fmt.Sprintf("host port %d/%s in place of %d", s.Port.To, s.Port.Protocol, s.Port.From)
	case s.Unpin != "":
		return "leave out nodeName " + s.Unpin
	case s.Edit != nil:
		return s.Edit.String()
	case s.Grow != nil:
		return fmt.Sprintf("%s more %s", s.Grow.By.String(), s.Grow.Resource)
	}
	return "nothing"
}

// String returns the change in words.
func (r *ChangeRequirement) String() string {
	switch {
	case r.From == nil:
		return "leave out " + r.Path + ", which matches no node"
	case r.To == nil:
		return "leave out " + requirementText(r.From) + " at " + r.Path
	}
	text := requirementText(r.To) + " in place of " + requirementText(r.From) + " at " + r.Path
	if r.Typo {
		text += " (a typo?)"
	}
	return text
}

func requirementText(r *corev1.NodeSelectorRequirement) string {
	return Mismatch{Key: r.Key, Operator: r.Operator, Values: r.Values}.requirement()
}

func textOf(steps []HintStep) string {
	var all []string
	for _, s := range steps {
		all = append(all, s.String())
	}
	return strings.Join(all, ", ")
}

func (s HintStep) change(spec *corev1.PodSpec) {
	switch {
	case s.Tolerate != nil:
		spec.Tolerations = append(spec.Tolerations, *s.Tolerate.DeepCopy())
	case s.Require != nil:
		s.Require.change(spec)
	case s.Request != nil:
		s.Request.change(spec)
	case s.Port != nil:
		s.Port.change(spec)
	case s.Unpin != "":
		spec.NodeName = ""
	}
}

func (r *ChangeRequirement) change(spec *corev1.PodSpec) {
	required := requiredOf(spec)
	switch {
	case r.field.selector:
		delete(spec.NodeSelector, r.From.Key)
		if r.To != nil {
			spec.NodeSelector[r.To.Key] = r.To.Values[0]
		}
		return
	case required == nil:
		return
	case r.From == nil:
		spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		return
	}
	if at := r.field.of(required); at != nil && r.To != nil {
		*at = *r.To.DeepCopy()
	} else if at != nil {
		*at = corev1.NodeSelectorRequirement{} // to be pruned; others keep their place meanwhile
	}
}

func (p fieldRef) of(required *corev1.NodeSelector) *corev1.NodeSelectorRequirement {
	if p.term >= len(required.NodeSelectorTerms) {
		return nil
	}
	term, i := &required.NodeSelectorTerms[p.term], p.index
	if i < len(term.MatchExpressions) {
		return &term.MatchExpressions[i]
	}
	if i -= len(term.MatchExpressions); i < len(term.MatchFields) {
		return &term.MatchFields[i]
	}
	return nil
}

// prune removes requirements that are left out. If a term is then empty, every
// node would match, so prune removes the whole affinity.
func prune(spec *corev1.PodSpec) {
	required := requiredOf(spec)
	if required == nil {
		return
	}
	gone := func(r corev1.NodeSelectorRequirement) bool { return r.Key == "" && r.Operator == "" }
	open := false
	for i := range required.NodeSelectorTerms {
		t := &required.NodeSelectorTerms[i]
		before := len(t.MatchExpressions) + len(t.MatchFields)
		t.MatchExpressions = slices.DeleteFunc(t.MatchExpressions, gone)
		t.MatchFields = slices.DeleteFunc(t.MatchFields, gone)
		open = open || before > 0 && len(t.MatchExpressions)+len(t.MatchFields) == 0
	}
	if open {
		spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
	}
}

func (r *ReduceRequest) change(spec *corev1.PodSpec) {
	for i := range spec.Containers {
		if c := &spec.Containers[i]; c.Name == r.Container {
			if c.Resources.Requests == nil {
				c.Resources.Requests = corev1.ResourceList{}
			}
			c.Resources.Requests[r.Resource] = r.To.DeepCopy()
		}
	}
}

// change sets the container port too if the pod uses the host's network: the
// two ports are the same there.
func (r *ChangePort) change(spec *corev1.PodSpec) {
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			for j := range list[i].Ports {
				p := &list[i].Ports[j]
				if p.Protocol != r.Protocol && (p.Protocol != "" || r.Protocol != corev1.ProtocolTCP) {
					continue
				}
				if spec.HostNetwork && p.ContainerPort == r.From {
					p.ContainerPort = r.To
				}
				if p.HostPort == r.From {
					p.HostPort = r.To
				}
			}
		}
	}
}

func (g *IncreaseAllocatable) change(n *corev1.Node) {
	if n.Status.Allocatable == nil {
		n.Status.Allocatable = corev1.ResourceList{}
	}
	has := n.Status.Allocatable[g.Resource]
	has.Add(g.By)
	n.Status.Allocatable[g.Resource] = has
}
