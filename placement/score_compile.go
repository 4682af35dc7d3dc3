package placement

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

// scoring holds what determines a pod's scores.
type scoring struct {
	prefers     bool // has preferred node affinity, if only an empty list of terms
	preferences preferences
	spreads     []spread             // the pod's own that only affect scores
	fault       error                // why the scheduler's attempt fails before there are scores
	asks        func() scoredAmounts // computed on first use
	images      neededImages
}

func compileScoring(pod *corev1.Pod) *scoring {
	s := &scoring{asks: sync.OnceValue(func() scoredAmounts { return scoredRequests(pod) })}
	s.images = compileImages(&pod.Spec)
	if terms := preferredTerms(&pod.Spec); terms != nil {
		s.prefers = true
		var mistakes []error
		s.preferences, mistakes = compilePreferences(terms, func(i int) string { return at("", i) })
		if len(mistakes) > 0 {
			s.fault = fmt.Errorf("running PreScore plugin %q: %w", pluginAffinity, utilerrors.NewAggregate(mistakes))
		}
	}
	var err error
	if s.spreads, err = compileSpreads(pod, corev1.ScheduleAnyway); err != nil && s.fault == nil {
		s.fault = fmt.Errorf("running PreScore plugin %q: calculating preScoreState: obtaining pod's soft topology spread constraints: %w", pluginSpread, err)
	}
	return s
}
