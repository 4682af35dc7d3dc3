package lint

import (
	"testing"

	"github.com/berthsim/berth/internal/cite"
)

// The source of Kubernetes is cited in one notation, which package cite describes.
// internal/conformance checks that the cited declarations exist.
func TestCitationsHaveOneNotation(t *testing.T) {
	citations, mistakes, err := cite.Under("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes {
		t.Error(m)
	}
	if len(citations) < 200 {
		t.Errorf("only %d citations", len(citations))
	}
}
