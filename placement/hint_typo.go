package placement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/spell"
)

// Typo is a word in the pod's spec that matches nothing in the cluster and
// closely resembles a word that does.
type Typo struct {
	Path      string `json:"path"` // of the requirement or the toleration
	Kind      string `json:"kind"` // "label key", "label value", "taint key" or "taint value"
	Written   string `json:"written"`
	Meant     string `json:"meant"`
	WellKnown bool   `json:"wellKnown,omitempty"` // Kubernetes knows Meant, though the cluster does not have it
}

const (
	labelKey   = "label key"
	labelValue = "label value"
	taintKey   = "taint key"
	taintValue = "taint value"
)

// String returns the typo in one line.
func (t Typo) String() string {
	where := "the cluster has"
	if t.WellKnown {
		where = "Kubernetes knows"
	}
	return fmt.Sprintf("%s: no node has the %s %q; %s %q", t.Path, t.Kind, t.Written, where, t.Meant)
}

// Typos returns the words of the nodeSelector, the required node affinity and
// the pod's own tolerations that look misspelt, in the order of the spec. No
// node has such a word. A word that nodes have, or that Kubernetes knows,
// differs from it by a letter or two, by case, by its prefix, or is the new
// name for it. Typos may be wrong: the missing word may still be added. It
// reads every label.
func (p *Prediction) Typos() []Typo {
	p = p.orNothing()
	words := newVocabulary(p.cluster)
	requirements := p.workload.affinity.requirements()
	var typos []Typo
	for _, r := range requirements {
		typos = append(typos, words.requirement(r)...)
	}
	typos = slices.DeleteFunc(typos, func(t Typo) bool { // both spellings are there, for old clusters and new ones
		return t.Kind == labelKey && slices.ContainsFunc(requirements, func(r *requirement) bool { return r.Key == t.Meant })
	})
	path := "spec.tolerations"
	if p.workload.daemonSet != nil {
		path = "spec.template.spec.tolerations"
	}
	for i, t := range p.workload.tolerations {
		if !t.added {
			typos = append(typos, words.toleration(&t.Toleration, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return typos
}

// correct replaces the misspelt word in a requirement.
func (t Typo) correct(r *corev1.NodeSelectorRequirement) {
	if t.Kind == labelKey {
		r.Key = t.Meant
		return
	}
	for i, v := range r.Values {
		if v == t.Written {
			r.Values[i] = t.Meant
		}
	}
}

// vocabulary is the words that the nodes of a cluster use.
type vocabulary struct {
	cluster *cluster.Cluster
	labels  []string            // keys, ascending
	taints  map[string][]string // values by key
}

func newVocabulary(c *cluster.Cluster) *vocabulary {
	v := &vocabulary{c, borrow.From(c).LabelKeys(), map[string][]string{}}
	for _, t := range borrow.From(c).Taints() {
		v.taints[t.Key] = append(v.taints[t.Key], t.Value)
	}
	return v
}

func (v *vocabulary) requirement(r *requirement) []Typo {
	if r.isField {
		return nil
	}
	key := r.Key
	var typos []Typo
	if !slices.Contains(v.labels, key) && !slices.Contains(wellKnownLabels, key) {
		meant, known := nearestKey(key, v.labels, wellKnownLabels)
		if meant == "" {
			return nil
		}
		typos = append(typos, Typo{r.path, labelKey, key, meant, known})
		key = meant
	}
	if r.Operator != corev1.NodeSelectorOpIn && r.Operator != corev1.NodeSelectorOpNotIn {
		return typos
	}
	present := v.cluster.LabelValues(key)
	for _, value := range r.Values {
		if slices.Contains(present, value) {
			continue
		}
		if meant := nearest(value, present); meant != "" && !slices.Contains(r.Values, meant) {
			typos = append(typos, Typo{r.path, labelValue, value, meant, false})
		}
	}
	return typos
}

func (v *vocabulary) toleration(t *corev1.Toleration, path string) []Typo {
	values, ok := v.taints[t.Key]
	switch {
	case t.Key == "" || slices.Contains(wellKnownTaints, t.Key):
		return nil
	case !ok:
		if meant, known := nearestKey(t.Key, slices.Sorted(maps.Keys(v.taints)), wellKnownTaints); meant != "" {
			return []Typo{{path, taintKey, t.Key, meant, known}}
		}
	case t.Operator != corev1.TolerationOpExists && !slices.Contains(values, t.Value):
		if meant := nearest(t.Value, values); meant != "" {
			return []Typo{{path, taintValue, t.Value, meant, false}}
		}
	}
	return nil
}

// The words of Kubernetes itself (k8s.io/api/core/v1/well_known_labels.go:
// LabelHostname; k8s.io/api/core/v1/well_known_taints.go: TaintNodeNotReady;
// cmd/kubeadm/app/constants/constants.go: LabelNodeRoleControlPlane).
var (
	wellKnownLabels = []string{
		corev1.LabelHostname, corev1.LabelOSStable, corev1.LabelArchStable, corev1.LabelInstanceTypeStable,
		corev1.LabelTopologyZone, corev1.LabelTopologyRegion, corev1.LabelWindowsBuild, "node-role.kubernetes.io/control-plane",
	}
	wellKnownTaints = []string{
		corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable, corev1.TaintNodeMemoryPressure,
		corev1.TaintNodeDiskPressure, corev1.TaintNodeNetworkUnavailable, corev1.TaintNodePIDPressure, corev1.TaintNodeOutOfService,
		"node-role.kubernetes.io/control-plane",
	}
	renamed = map[string]string{
		"beta.kubernetes.io/os":             corev1.LabelOSStable,
		"beta.kubernetes.io/arch":           corev1.LabelArchStable,
		corev1.LabelInstanceType:            corev1.LabelInstanceTypeStable,
		corev1.LabelFailureDomainBetaZone:   corev1.LabelTopologyZone,
		corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
		"node-role.kubernetes.io/master":    "node-role.kubernetes.io/control-plane",
		"x86_64":                            "amd64",
		"aarch64":                           "arm64",
	}
)

// nearestKey searches the words of the cluster first, then the words of
// Kubernetes.
func nearestKey(word string, present, wellKnown []string) (meant string, known bool) {
	if meant = cmp.Or(nearest(word, present), sameName(word, present)); meant != "" {
		return meant, false
	}
	if renamed[word] != "" { // an old name is no mistake if the new one is not used
		return "", false
	}
	return cmp.Or(nearest(word, wellKnown), sameName(word, wellKnown)), true
}

// sameName returns the only key with the same name and another prefix.
func sameName(word string, keys []string) string {
	found := ""
	for _, k := range keys {
		if k != word && nameOf(k) == nameOf(word) {
			if found != "" {
				return ""
			}
			found = k
		}
	}
	return found
}

func nameOf(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// nearest returns the word that another word was probably meant to be. It
// returns "" if there is none, and the first if there are several.
func nearest(word string, among []string) string {
	if now, ok := renamed[word]; ok && slices.Contains(among, now) {
		return now
	}
	return spell.Nearest(word, among)
}
