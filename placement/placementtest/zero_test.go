package placementtest_test

import (
	"testing"

	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement/placementtest"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		placementtest.Case{},
		placementtest.Cases, placementtest.Keeps, placementtest.Wants,
	)
}
