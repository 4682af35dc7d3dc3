package placementtest_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement/placementtest"
)

// Zero values have no answer or return an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		placementtest.Keeps, placementtest.Wants,
	)
}

// A nil function is reported as a failure.
func TestNobodyIsAsked(t *testing.T) {
	for _, asks := range []func(rapid.TB, placementtest.Predicate){placementtest.Wants, placementtest.Keeps} {
		if r := shrunk.Run(func(r *shrunk.Recorder) { asks(r, nil) }); !r.Failed() || !strings.Contains(r.String(), "there is no function") {
			t.Error(r)
		}
	}
}
