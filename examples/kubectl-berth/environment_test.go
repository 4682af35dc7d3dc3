package main

import (
	"errors"
	"io"
	"strings"
)

// testEnvironment has no kubectl, no terminal and no time.
func testEnvironment(stdin string, stdout, stderr io.Writer) environment {
	return environment{
		stdin: strings.NewReader(stdin), stdout: stdout, stderr: stderr, patient: true, width: defaultWidth,
		kubectl: func(...string) ([]byte, error) { return nil, errors.New("tests start no kubectl") },
	}
}
