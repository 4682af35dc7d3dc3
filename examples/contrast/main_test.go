package main

import (
	"bytes"
	"testing"

	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/internal/page"
)

// The README shows the picture of the Deployment.
func TestOutput(t *testing.T) {
	var out, svg bytes.Buffer
	var updates page.Page
	if err := run(&out, &updates); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "output.txt", out.String())
	if err := updates.Rollouts[1].Timeline.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "update.svg", svg.String())
}
