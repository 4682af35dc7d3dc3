package placement

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/internal/kube"
)

// toleration is a toleration of a pod.
type toleration struct {
	corev1.Toleration
	added bool // by the DaemonSet controller, perhaps in place of one in the template
}

// tolerationText returns key=value:effect. It omits fields that are not set;
// "*" is every taint. parseToleration reads it.
func tolerationText(t *corev1.Toleration) string {
	s := t.Key
	switch t.Operator {
	case corev1.TolerationOpExists:
	case corev1.TolerationOpEqual, "":
		s += "=" + t.Value
	default:
		s += " " + string(t.Operator) + " " + t.Value
	}
	if s == "" {
		s = "*"
	}
	if t.Effect != "" {
		s += ":" + string(t.Effect)
	}
	return s
}

type tolerations []toleration

func podTolerations(spec []corev1.Toleration) tolerations {
	ts := make(tolerations, 0, len(spec)+7) // and what a DaemonSet's pod gets
	for _, t := range spec {
		ts = append(ts, toleration{Toleration: *t.DeepCopy()})
	}
	return ts
}

// daemonTolerations returns the template's tolerations and the tolerations that
// every pod of a DaemonSet gets (pkg/controller/daemon/util/daemonset_util.go:
// AddOrUpdateDaemonPodTolerations).
func daemonTolerations(spec *corev1.PodSpec) tolerations {
	ts := podTolerations(spec.Tolerations)
	add := func(key string, effect corev1.TaintEffect) {
		ts = ts.addOrUpdate(corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect})
	}
	add(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute)
	add(corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute)
	add(corev1.TaintNodeDiskPressure, corev1.TaintEffectNoSchedule)
	add(corev1.TaintNodeMemoryPressure, corev1.TaintEffectNoSchedule)
	add(corev1.TaintNodePIDPressure, corev1.TaintEffectNoSchedule)
	add(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule)
	if spec.HostNetwork {
		add(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule)
	}
	return ts
}

// addOrUpdate follows Kubernetes (pkg/apis/core/v1/helper/helpers.go:
// AddOrUpdateTolerationInPodSpec). It replaces tolerations with the same key,
// effect, operator and value. If it finds a toleration that is already equal,
// it undoes the whole change.
func (ts tolerations) addOrUpdate(added corev1.Toleration) tolerations {
	same := func(t toleration) bool { return added.MatchToleration(&t.Toleration) }
	if !slices.ContainsFunc(ts, same) {
		return append(ts, toleration{added, true})
	}
	next := slices.Clone(ts)
	for i, t := range ts {
		if !same(t) {
			continue
		}
		if equality.Semantic.DeepEqual(added, t.Toleration) {
			return ts
		}
		next[i] = toleration{added, true}
	}
	return next
}

func (ts tolerations) plain() []corev1.Toleration {
	plain := make([]corev1.Toleration, len(ts))
	for i, t := range ts {
		plain[i] = *t.DeepCopy()
	}
	return plain
}

func (ts tolerations) tolerate(taint *corev1.Taint) bool {
	for i := range ts {
		if kube.Tolerates(&ts[i].Toleration, taint) {
			return true
		}
	}
	return false
}

// unschedulable is the taint that a pod must tolerate to ignore
// spec.unschedulable
// (pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go:
// Filter).
var unschedulable = corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

// keepsAway reports whether the scheduler and the DaemonSet controller filter
// by the taint. PreferNoSchedule only lowers a score.
func keepsAway(taint *corev1.Taint) bool {
	return taint.Effect == corev1.TaintEffectNoSchedule || taint.Effect == corev1.TaintEffectNoExecute
}

// Untolerated is a taint that no toleration of the pod matches.
type Untolerated struct {
	Taint corev1.Taint `json:"taint"`
	// Nearest is the toleration for the same key (or for every key) that misses
	// the taint in the fewest fields. Of several it is the first; it is nil if
	// there is none.
	Nearest *corev1.Toleration `json:"nearest,omitempty"`
	Differs []string           `json:"differs,omitempty"` // in what Nearest misses: "operator", "value", "effect"
}

// untolerated explains why tolerate rejected a taint.
func (ts tolerations) untolerated(taint corev1.Taint) Untolerated {
	u := Untolerated{Taint: *taint.DeepCopy()}
	for i := range ts {
		t := &ts[i].Toleration
		if !kube.ToleratesKey(t, &taint) {
			continue
		}
		if d := differs(t, &taint); u.Nearest == nil || len(d) < len(u.Differs) {
			u.Nearest, u.Differs = t.DeepCopy(), d
		}
	}
	return u
}

// differs returns the fields that keep a toleration of the taint's key from matching it.
func differs(t *corev1.Toleration, taint *corev1.Taint) []string {
	var d []string
	switch {
	case kube.ToleratesValue(t, taint):
	case t.Operator == corev1.TolerationOpEqual || t.Operator == "":
		d = append(d, "value")
	default:
		d = append(d, "operator")
	}
	if !kube.ToleratesEffect(t, taint) {
		d = append(d, "effect")
	}
	return d
}

// text returns the taint and the nearest toleration.
func (u Untolerated) text() string {
	s := u.Taint.ToString()
	if u.Nearest != nil {
		s += " (nearest toleration " + tolerationText(u.Nearest) + " has another " + strings.Join(u.Differs, " and ") + ")"
	}
	return s
}
