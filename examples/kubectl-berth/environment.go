package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// environment is what the program has from outside, so that tests run it without.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	kubectl        func(args ...string) (stdout []byte, err error) // starts kubectl
	colour         bool                                            // stdout is a terminal
	patient        bool                                            // nobody waits: no progress
	width          int                                             // of pictures, in letters
}

// defaultWidth is the width of pictures unless COLUMNS has another.
const defaultWidth = 120

func newEnvironment() environment {
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width <= 0 {
		width = defaultWidth
	}
	return environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, kubectl: kubectl,
		colour:  isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		patient: os.Getenv("CI") != "" || !isTerminal(os.Stderr),
		width:   width,
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// kubectl starts kubectl and returns what it prints.
func kubectl(args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("kubectl", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && errs.Len() > 0 {
		err = errors.New(errs.String())
	}
	return out.Bytes(), err
}

// progress says on standard error what the program is at, if that takes over a second,
// until the result is called.
func (env environment) progress(what string) (stop func()) {
	if env.patient {
		return func() {}
	}
	began := time.Now()
	done := make(chan struct{})
	said := time.AfterFunc(time.Second, func() {
		for tick := time.NewTicker(time.Second); ; {
			fmt.Fprintf(env.stderr, "\r%s: %v", what, time.Since(began).Round(time.Second))
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		if !said.Stop() {
			close(done)
			fmt.Fprint(env.stderr, "\r\x1b[K")
		}
	}
}
