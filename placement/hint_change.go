package placement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/cluster"
)

// HintStep is one change of a Hint: of a field of the pod's spec, or of nodes.
// From and To are the field's value before and after it: "" is no value.
//
//	spec.nodeName                              "n1"               ""
//	spec.nodeSelector[pool]                    "pool=web"         "pool=db"
//	spec....matchExpressions[0]                "pool=web"         "pool In (web, db)"
//	spec....IgnoredDuringExecution             "pool=web or gpu"  ""
//	spec.tolerations                           ""                 "dedicated=gpu:NoSchedule"
//	spec.containers[0].resources.requests[cpu] "500m"             "300m"
//	spec.containers[0].ports[0].hostPort       "9100"             "9101"
//	status.allocatable[cpu]                    ""                 "+500m"
//
// A toleration is added to the others. What nodes can allocate is increased by
// To. With hostNetwork the container's port follows its hostPort. Node is set
// instead of the other fields for any other change of nodes.
type HintStep struct {
	Path string            `json:"path,omitempty"`
	From string            `json:"from,omitempty"`
	To   string            `json:"to,omitempty"`
	Node *cluster.NodeEdit `json:"node,omitempty"`
}

const allocatablePath = "status.allocatable"

func (s HintStep) onNode() bool { return s.Node != nil || strings.HasPrefix(s.Path, allocatablePath) }

// String returns the change in words.
func (s HintStep) String() string {
	switch {
	case s.Node != nil:
		return s.Node.String()
	case s.onNode():
		return strings.TrimPrefix(s.To, "+") + " more " + keyIn(s.Path)
	case strings.HasSuffix(s.Path, ".tolerations"):
		return "tolerate " + s.To
	case s.From == "":
		return "leave out " + s.Path + ", which matches no node"
	case s.To == "":
		return "leave out " + s.From + " at " + s.Path
	}
	if container, name, ok := strings.Cut(s.Path, ".resources.requests["); ok {
		return fmt.Sprintf("request %s %s in place of %s at %s", s.To, strings.TrimSuffix(name, "]"), s.From, container)
	}
	return s.To + " in place of " + s.From + " at " + s.Path
}

func textOf(steps []HintStep) string {
	var all []string
	for _, s := range steps {
		all = append(all, s.String())
	}
	return strings.Join(all, ", ")
}

// keyIn returns the key in brackets at the end of a path.
func keyIn(path string) string {
	_, key, _ := strings.Cut(strings.TrimSuffix(path, "]"), "[")
	if i := strings.LastIndexByte(key, '['); i >= 0 {
		key = key[i+1:]
	}
	return key
}

// change applies the step to a pod's spec. A step that does not fit the spec
// changes nothing.
func (s HintStep) change(spec *corev1.PodSpec) {
	field, ok := strings.CutPrefix(strings.TrimPrefix(s.Path, "spec.template."), "spec.")
	head, _, _ := strings.Cut(field, "[")
	switch {
	case s.onNode() || !ok:
	case field == "nodeName":
		spec.NodeName = s.To
	case field == "tolerations":
		spec.Tolerations = append(spec.Tolerations, parseToleration(s.To))
	case head == "nodeSelector":
		s.changeSelector(spec)
	case field == requiredAffinity:
		if requiredOf(spec) != nil {
			spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}
	case head == requiredTerms:
		s.changeTerm(spec, field)
	default:
		s.changeContainer(spec, field)
	}
}

func (s HintStep) changeSelector(spec *corev1.PodSpec) {
	delete(spec.NodeSelector, keyIn(s.Path))
	if s.To == "" {
		return
	}
	if to := parseRequirement(s.To); to.Operator == corev1.NodeSelectorOpIn && len(to.Values) == 1 && spec.NodeSelector != nil {
		spec.NodeSelector[to.Key] = to.Values[0]
	}
}

// changeTerm replaces a requirement. It empties a requirement that is left out,
// so that the others keep their places until prune removes it.
func (s HintStep) changeTerm(spec *corev1.PodSpec, field string) {
	required := requiredOf(spec)
	if required == nil {
		return
	}
	var term, i int
	var list []corev1.NodeSelectorRequirement
	if _, err := fmt.Sscanf(field, requiredTerms+"[%d].matchExpressions[%d]", &term, &i); err == nil && term < len(required.NodeSelectorTerms) {
		list = required.NodeSelectorTerms[term].MatchExpressions
	} else if _, err := fmt.Sscanf(field, requiredTerms+"[%d].matchFields[%d]", &term, &i); err == nil && term < len(required.NodeSelectorTerms) {
		list = required.NodeSelectorTerms[term].MatchFields
	}
	switch {
	case uint(i) >= uint(len(list)):
	case s.To == "":
		list[i] = corev1.NodeSelectorRequirement{}
	default:
		list[i] = parseRequirement(s.To)
	}
}

// changeContainer changes a request or a host port.
func (s HintStep) changeContainer(spec *corev1.PodSpec, field string) {
	list := spec.Containers
	if rest, ok := strings.CutPrefix(field, "initContainers"); ok {
		list, field = spec.InitContainers, "containers"+rest
	}
	var i, port int
	if _, err := fmt.Sscanf(field, "containers[%d]", &i); err != nil || uint(i) >= uint(len(list)) {
		return
	}
	c := &list[i]
	if _, err := fmt.Sscanf(field, "containers[%d].ports[%d].hostPort", &i, &port); err == nil {
		s.changePort(spec, c, port)
		return
	}
	to, err := resource.ParseQuantity(s.To)
	if err != nil || !strings.Contains(field, "].resources.requests[") {
		return
	}
	if c.Resources.Requests == nil {
		c.Resources.Requests = corev1.ResourceList{}
	}
	c.Resources.Requests[corev1.ResourceName(keyIn(field))] = to
}

// changePort sets the container port too if the pod uses the host's network: the
// two ports are the same there, and a template may have the container port alone.
func (s HintStep) changePort(spec *corev1.PodSpec, c *corev1.Container, port int) {
	from, err := strconv.ParseInt(s.From, 10, 32)
	to, bad := strconv.ParseInt(s.To, 10, 32)
	if err != nil || bad != nil || uint(port) >= uint(len(c.Ports)) {
		return
	}
	p := &c.Ports[port]
	if spec.HostNetwork && p.ContainerPort == int32(from) {
		p.ContainerPort = int32(to)
	}
	if p.HostPort == int32(from) {
		p.HostPort = int32(to)
	}
}

// grow increases what a node can allocate.
func (s HintStep) grow(n *corev1.Node) {
	by, err := resource.ParseQuantity(strings.TrimPrefix(s.To, "+"))
	if err != nil || s.Node != nil {
		return
	}
	if n.Status.Allocatable == nil {
		n.Status.Allocatable = corev1.ResourceList{}
	}
	name := corev1.ResourceName(keyIn(s.Path))
	has := n.Status.Allocatable[name]
	has.Add(by)
	n.Status.Allocatable[name] = has
}

func requirementText(r *corev1.NodeSelectorRequirement) string {
	return Mismatch{Key: r.Key, Operator: r.Operator, Values: r.Values}.requirement()
}

// parseRequirement reads what requirementText returns.
func parseRequirement(text string) corev1.NodeSelectorRequirement {
	key, rest, ok := strings.Cut(text, " ")
	if !ok {
		key, value, _ := strings.Cut(text, "=")
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}
	}
	operator, list, ok := strings.Cut(rest, " (")
	r := corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOperator(operator)}
	if ok {
		r.Values = strings.Split(strings.TrimSuffix(list, ")"), ", ")
	}
	return r
}

// parseToleration reads what tolerationText returns of a toleration with the
// operator Exists or Equal.
func parseToleration(text string) corev1.Toleration {
	t := corev1.Toleration{Key: text, Operator: corev1.TolerationOpExists}
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		t.Key, t.Effect = text[:i], corev1.TaintEffect(text[i+1:])
	}
	if key, value, ok := strings.Cut(t.Key, "="); ok {
		t.Key, t.Operator, t.Value = key, corev1.TolerationOpEqual, value
	}
	if t.Key == "*" {
		t.Key = ""
	}
	return t
}

// prune removes requirements that are left out.
func prune(spec *corev1.PodSpec) {
	required := requiredOf(spec)
	if required == nil {
		return
	}
	gone := func(r corev1.NodeSelectorRequirement) bool { return r.Key == "" && r.Operator == "" }
	for i := range required.NodeSelectorTerms {
		t := &required.NodeSelectorTerms[i]
		t.MatchExpressions = slices.DeleteFunc(t.MatchExpressions, gone)
		t.MatchFields = slices.DeleteFunc(t.MatchFields, gone)
	}
}
