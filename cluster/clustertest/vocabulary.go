package clustertest

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// vocabulary holds the labels and taints that a pod may refer to, at least one of
// each.
type vocabulary struct {
	labels []label
	taints []string // key=value:effect or key:effect
}

type label struct{ key, value string }

// knows returns the labels and taints of the option's cluster, or by default of the
// catalogue.
func (o options) knows() *vocabulary {
	if o.vocabulary != nil {
		return o.vocabulary
	}
	s := new(vocabulary)
	for _, m := range o.models() {
		s.addLine(m.spec(1))
	}
	for _, words := range purposes {
		s.addLine(Node("", strings.Fields(words)...))
	}
	return s
}

// addLine adds the labels and taints in the words of a node.
func (s *vocabulary) addLine(n Spec) {
	for _, text := range n.words {
		switch w := cut(text).dealt(0); {
		case w.sep == '=':
			s.add(label{w.key, w.value})
		case w.key == "taint":
			s.addTaint(w.value)
		}
	}
}

func (s *vocabulary) add(l label) {
	for _, have := range s.labels {
		if have == l {
			return
		}
	}
	s.labels = append(s.labels, l)
}

func (s *vocabulary) addTaint(taint string) {
	for _, have := range s.taints {
		if have == taint {
			return
		}
	}
	s.taints = append(s.taints, taint)
}

// vocabularyOf returns the labels and taints of a cluster's nodes, the operating
// system first.
func vocabularyOf(c *cluster.Cluster) *vocabulary {
	s := new(vocabulary)
	for _, key := range append([]string{corev1.LabelOSStable}, borrow.From(c).LabelKeys()...) {
		for _, value := range c.LabelValues(key) {
			s.add(label{key, value})
		}
	}
	s.add(label{"disktype", "ssd"})
	for _, t := range borrow.From(c).Taints() {
		s.addTaint(t.ToString())
	}
	s.addTaint("dedicated=batch:NoSchedule")
	return s
}

func (l label) on() string { return "on:" + l.key + "=" + l.value }

// requirement returns a requirement on the label in one of several forms, the
// plainest first. A form that the value does not allow is replaced by a plainer one.
func (l label) requirement(form int, other string) string {
	switch form {
	case 1:
		return l.key
	case 2:
		return "!" + l.key
	case 3:
		return l.key + "!=" + l.value
	case 4:
		return l.key + "=" + l.value + "|" + other
	case 5:
		if n, err := strconv.ParseInt(l.value, 10, 32); err == nil {
			return l.key + ">" + strconv.FormatInt(n-1, 10)
		}
	}
	return l.key + "=" + l.value
}

// tolerating returns a toleration that relates to the taint in one of several forms,
// the plainest first. Two forms do not tolerate it.
func tolerating(taint string, form int) string {
	i := strings.LastIndexByte(taint, ':')
	what, effect := taint[:i], taint[i:]
	key, _, _ := strings.Cut(what, "=")
	switch form {
	case 1:
		return key
	case 2:
		return "*"
	case 3:
		return key + effect
	case 4:
		return "*" + effect
	case 5:
		return key + "=other" + effect
	case 6:
		return key + ":NoExecute:60s"
	}
	if what == key {
		return key + effect
	}
	return taint
}
