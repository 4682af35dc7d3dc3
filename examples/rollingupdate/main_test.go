package main

import (
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

func TestOutput(t *testing.T) {
	var out strings.Builder
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "output.txt", out.String())
}

// The README shows the picture of the page.
func TestPicture(t *testing.T) {
	p, err := show()
	if err != nil {
		t.Fatal(err)
	}
	var svg strings.Builder
	if err := p.Rollouts[0].Timeline.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "rollout.svg", svg.String())
}
