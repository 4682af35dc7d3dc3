package dryrun

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// amount is a number or a share of nodes.
type amount struct {
	text string
	n    intstr.IntOrString
}

// parseAmount reads "3" or "90%".
func parseAmount(text string) (amount, error) {
	a := amount{text, intstr.Parse(text)}
	if a.n.Type == intstr.Int && a.n.IntVal < 0 {
		return a, fmt.Errorf("amount %q: must not be negative", text)
	}
	if a.n.Type == intstr.String {
		percent := validation.IsValidPercent(text)
		if v, err := intstr.GetScaledValueFromIntOrPercent(&a.n, 100, true); err != nil || len(percent) > 0 || v > 100 {
			return a, fmt.Errorf("amount %q: must be a number or a percentage up to 100%%", text)
		}
	}
	return a, nil
}

// of returns the amount for a number of nodes. A share is rounded up.
func (a amount) of(nodes int) int {
	v, err := intstr.GetScaledValueFromIntOrPercent(&a.n, nodes, true)
	if err != nil { // cannot be: it was read
		return nodes
	}
	return v
}
