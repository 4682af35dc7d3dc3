package dryrun

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ignoreAnnotation of a DaemonSet or Deployment lists rules, separated by commas, that
// Inspect does not report about it.
const ignoreAnnotation = "berth.dev/ignore-findings"

// rules are the names of all rules.
var rules = []string{
	"LosesPods", "SurgeCannotWork", "UpdateLimitUsedUp", "TakesTooLong", "RoundsUpToAll", "IgnoredSeconds", "EvictionLoop",
	"PreferenceIgnored", "OnVirtualNodes", "OnOtherSystems", "NoRequests", "NoPriority", "SelectsNothing", "SpreadCountsTainted",
	"UpdatesTooSoon", "LeavesNoRoom", "ReturnsToDrained", "DeadlineTooShort", "PDBCannotProtect", "PDBDoesNotProtect",
}

// checkIgnored returns an error if the configuration ignores what is no rule.
func checkIgnored(names []string) error {
	for _, name := range names {
		if !slices.Contains(rules, name) {
			return fmt.Errorf("Config.Ignore: %q is not a rule of findings: must be one of %s", name, strings.Join(rules, ", "))
		}
	}
	return nil
}

// heard returns the findings about an object that neither it nor the configuration
// ignores, and one about names in the annotation that are no rules.
func heard(found Findings, object metav1.Object, name string, cfg Config) Findings {
	var ignored []string
	for word := range strings.SplitSeq(object.GetAnnotations()[ignoreAnnotation], ",") {
		if word = strings.TrimSpace(word); word != "" {
			ignored = append(ignored, word)
		}
	}
	for _, word := range ignored {
		if !slices.Contains(rules, word) {
			found = append(found, Finding{"IgnoresNothing", SeverityNote, name, "metadata.annotations[" + ignoreAnnotation + "]", []string{},
				fmt.Sprintf("%q is not a rule: nothing is ignored", word), "correct the name"})
		}
	}
	return slices.DeleteFunc(found, func(f Finding) bool {
		return slices.Contains(ignored, f.Rule) || slices.Contains(cfg.Ignore, f.Rule)
	})
}
