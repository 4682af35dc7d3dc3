package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	apiserver "github.com/berthsim/berth/internal/apiserver/validation"
)

// taintPattern is a taint whose value and effect may be left open.
type taintPattern struct {
	key, value string
	hasValue   bool
	effect     corev1.TaintEffect // empty: any
}

// parseTaint parses key[=value][:effect], the notation of kubectl taint
// (k8s.io/kubectl/pkg/cmd/taint/utils.go: parseTaint). The error describes every
// mistake.
func parseTaint(spec string) (taintPattern, error) {
	var p taintPattern
	var errs []error
	rest, effect, hasEffect := strings.Cut(spec, ":")
	p.key, p.value, p.hasValue = strings.Cut(rest, "=")
	p.effect = corev1.TaintEffect(effect)
	for _, msg := range badKey(p.key) {
		errs = append(errs, fmt.Errorf("taint %q: key %q: %s", spec, p.key, msg))
	}
	for _, msg := range validation.IsValidLabelValue(p.value) {
		errs = append(errs, fmt.Errorf("taint %q: value %q: %s", spec, p.value, msg))
	}
	if hasEffect && !slices.Contains(apiserver.TaintEffects, p.effect) {
		errs = append(errs, fmt.Errorf("taint %q: effect %q: must be NoSchedule, PreferNoSchedule or NoExecute", spec, effect))
	}
	return p, errors.Join(errs...)
}

// badKey returns the mistakes in a key. For an empty key it returns only that.
func badKey(key string) []string {
	if key == "" {
		return []string{"must not be empty"}
	}
	return validation.IsQualifiedName(key)
}

func (p taintPattern) matches(t corev1.Taint) bool {
	return t.Key == p.key && (!p.hasValue || t.Value == p.value) && (p.effect == "" || t.Effect == p.effect)
}
