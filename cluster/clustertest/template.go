package clustertest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// podWord applies a word to a pod, or to the template of a DaemonSet.
func podWord(pod *corev1.PodSpec, w word) error {
	switch {
	case w == word{key: "host-network"}:
		pod.HostNetwork = true
		return nil
	case w.sep != ':':
		return errNoSuchWord
	case len(pod.Containers) == 0:
		return errors.New("there is no container")
	case isResource(w.key):
		return request(&pod.Containers[0], w)
	}
	switch w.key {
	case "on":
		return nodeSelectorWord(pod, w.value)
	case "node":
		pod.NodeName = w.value
	case "affinity":
		return affinityWord(pod, w.value)
	case "prefer":
		return preferWord(pod, w.value)
	case "tolerate":
		return tolerateWord(pod, w.value)
	case "image":
		pod.Containers[0].Image = w.value
	case "port":
		return portWord(&pod.Containers[0], w.value)
	case "class":
		pod.PriorityClassName = w.value
	case "grace":
		seconds, err := wholeSeconds(w.value)
		pod.TerminationGracePeriodSeconds = &seconds
		return err
	default:
		return errNoSuchWord
	}
	return nil
}

// request requests an amount of a resource. A resource counted in whole numbers also
// gets the limit: the API server requires both for extended resources and huge pages
// (pkg/apis/core/validation/validation.go: validateResourceRequirements).
func request(c *corev1.Container, w word) error {
	r := &c.Resources
	if r.Requests == nil {
		r.Requests = corev1.ResourceList{}
	}
	if err := setQuantity(r.Requests, w); err != nil || !comesWhole(w.key) {
		return err
	}
	if r.Limits == nil {
		r.Limits = corev1.ResourceList{}
	}
	return setQuantity(r.Limits, w)
}

func comesWhole(resource string) bool {
	return strings.Contains(resource, "/") || strings.HasPrefix(resource, corev1.ResourceHugePagesPrefix)
}

func nodeSelectorWord(pod *corev1.PodSpec, label string) error {
	key, value, ok := strings.Cut(label, "=")
	if !ok {
		return errors.New("want on:KEY=VALUE")
	}
	if pod.NodeSelector == nil {
		pod.NodeSelector = map[string]string{}
	}
	pod.NodeSelector[key] = value
	return nil
}

func nodeAffinity(pod *corev1.PodSpec) *corev1.NodeAffinity {
	if pod.Affinity == nil {
		pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}}
	}
	return pod.Affinity.NodeAffinity
}

func affinityWord(pod *corev1.PodSpec, text string) error {
	term, err := parseTerm(text)
	if err != nil {
		return err
	}
	a := nodeAffinity(pod)
	if a.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		a.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
	}
	required := a.RequiredDuringSchedulingIgnoredDuringExecution
	required.NodeSelectorTerms = append(required.NodeSelectorTerms, term)
	return nil
}

func preferWord(pod *corev1.PodSpec, text string) error {
	weight, rest, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(weight, 10, 32)
	if err != nil {
		return fmt.Errorf("want prefer:WEIGHT:TERM: %w", err)
	}
	term, err := parseTerm(rest)
	if err != nil {
		return err
	}
	a := nodeAffinity(pod)
	a.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PreferredDuringSchedulingIgnoredDuringExecution,
		corev1.PreferredSchedulingTerm{Weight: int32(n), Preference: term})
	return nil
}

// parseTerm parses requirements separated by commas. A node must meet all of them. A
// requirement on metadata.name is about that field.
func parseTerm(text string) (term corev1.NodeSelectorTerm, err error) {
	if text == "" {
		return term, nil // an empty term: valid, and matches no node
	}
	for one := range strings.SplitSeq(text, ",") {
		r, err := parseRequirement(one)
		switch {
		case err != nil:
			return term, err
		case r.Key == "metadata.name":
			term.MatchFields = append(term.MatchFields, r)
		default:
			term.MatchExpressions = append(term.MatchExpressions, r)
		}
	}
	return term, nil
}

// parseRequirement parses key, !key, key=a|b, key!=a|b, key>1 or key<1.
func parseRequirement(text string) (r corev1.NodeSelectorRequirement, err error) {
	i := strings.IndexAny(text, "!=<>")
	switch {
	case text == "":
		return r, errors.New("a requirement is empty")
	case i < 0:
		return corev1.NodeSelectorRequirement{Key: text, Operator: corev1.NodeSelectorOpExists}, nil
	case i == 0 && text[0] == '!':
		return corev1.NodeSelectorRequirement{Key: text[1:], Operator: corev1.NodeSelectorOpDoesNotExist}, nil
	}
	r.Key, text = text[:i], text[i:]
	for _, o := range operators {
		if values, ok := strings.CutPrefix(text, o.sign); ok {
			r.Operator, r.Values = o.operator, strings.Split(values, "|")
			return r, nil
		}
	}
	return r, errors.New("want key, !key, key=a|b, key!=a|b, key>1 or key<1")
}

var operators = []struct {
	sign     string
	operator corev1.NodeSelectorOperator
}{
	{"!=", corev1.NodeSelectorOpNotIn}, {"=", corev1.NodeSelectorOpIn}, {">", corev1.NodeSelectorOpGt}, {"<", corev1.NodeSelectorOpLt},
}

// tolerateWord parses KEY, KEY=VALUE or * (any key), then optionally :EFFECT, and
// after NoExecute optionally :SECONDS.
func tolerateWord(pod *corev1.PodSpec, text string) error {
	what, rest, _ := strings.Cut(text, ":")
	effect, lasts, ends := strings.Cut(rest, ":")
	key, value, equal := strings.Cut(what, "=")
	t := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffect(effect)}
	if equal {
		t.Operator, t.Value = corev1.TolerationOpEqual, value
	}
	if what == "*" {
		t.Key = ""
	}
	if what == "" {
		return errors.New("want tolerate:KEY, tolerate:KEY=VALUE or tolerate:*, then :EFFECT")
	}
	if ends {
		seconds, err := wholeSeconds(lasts)
		if err != nil {
			return err
		}
		t.TolerationSeconds = &seconds
	}
	pod.Tolerations = append(pod.Tolerations, t)
	return nil
}

// portWord parses a host port, 9100 or 8125/udp.
func portWord(c *corev1.Container, text string) error {
	number, protocol, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return err
	}
	if protocol == "" {
		protocol = string(corev1.ProtocolTCP)
	}
	c.Ports = append(c.Ports, corev1.ContainerPort{
		ContainerPort: int32(n), HostPort: int32(n), Protocol: corev1.Protocol(strings.ToUpper(protocol)),
	})
	return nil
}

func wholeSeconds(text string) (int64, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d%time.Second != 0 {
		err = errors.New("want whole seconds")
	}
	return int64(d / time.Second), err
}
