package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

func TestOutput(t *testing.T) {
	var out strings.Builder
	file := filepath.Join(t.TempDir(), "rollout.svg")
	if err := run(&out, file); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "output.txt", out.String())

	svg, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer svg.Close()
	for d := xml.NewDecoder(svg); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
