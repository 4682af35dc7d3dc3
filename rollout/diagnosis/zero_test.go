package diagnosis

import (
	"testing"

	"github.com/berthsim/berth/internal/zero"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t, BlockingNode{}, Diagnose, DiagnoseDrain, (*Diagnosis)(nil), (*DrainDiagnosis)(nil), Law(0), RemedyKind(0), Blocker(0), Remedy{})
}
