package diagnosis

import (
	"testing"

	"github.com/berthsim/berth/internal/zero"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t, Change{}, Wait{}, Diagnose, DiagnoseDrain, Waiting, (*Diagnosis)(nil), RemedyKind(""), Blocker(""), Remedy{})
}
