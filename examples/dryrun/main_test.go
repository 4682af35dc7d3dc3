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
