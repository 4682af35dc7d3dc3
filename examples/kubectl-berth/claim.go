package main

import (
	"strings"

	"github.com/berthsim/berth/cluster"
)

// level is how serious a claim that does not hold is, in the words of SARIF.
type level string

const (
	levelOK      level = ""
	levelNote    level = "note"
	levelWarning level = "warning"
	levelError   level = "error"
)

// claim is something that is checked, with its result: an edit, an expectation, a
// policy, a finding, a field of a manifest. It is what formats for CI show.
type claim struct {
	rule    string // of SARIF: what kind of claim it is
	name    string
	subject string // the object that it is about; empty if there is none
	at      place  // where to fix it; without a file if unknown
	text    string
	level   level
	skipped bool // it is about nothing and may be
	printed bool // the text of the answer has it
}

func (c claim) fails() bool { return c.level == levelError }

// message returns the text without its verdict.
func (c claim) message() string {
	for _, verdict := range []string{"FAIL  ", "ok    "} {
		if rest, ok := strings.CutPrefix(c.text, verdict); ok {
			return rest
		}
	}
	return c.text
}

// mistake is an error with its place in a file.
type mistake struct {
	at   place
	text string
}

func (m mistake) Error() string { return m.text }

// inFile is the error of a file, whose parts do not name it.
type inFile struct {
	file string
	err  error
}

func (e inFile) Error() string { return e.file + ": " + e.err.Error() }
func (e inFile) Unwrap() error { return e.err }

// mistakes returns the claims of an error about input: refused fields, and mistakes in
// policy files.
func mistakes(err error, file string) (all []claim) {
	switch e := err.(type) {
	case inFile:
		return mistakes(e.err, e.file)
	case mistake:
		return []claim{{rule: "InvalidInput", name: "valid", at: e.at, text: e.text, level: levelError}}
	case *cluster.ManifestError:
		return []claim{ofManifest(*e, file, "InvalidObject", levelError)}
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			all = append(all, mistakes(part, file)...)
		}
	case interface{ Unwrap() error }:
		return mistakes(e.Unwrap(), file)
	}
	return all
}

// ofManifest returns the claim of a mistake or warning about a manifest.
func ofManifest(e cluster.ManifestError, file, rule string, l level) claim {
	if e.File == "" {
		e.File = file
	}
	text := e.Message
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	return claim{rule: rule, name: strings.TrimSpace(e.Object + " " + e.Field), subject: e.Object, at: place{e.File, e.Line}, text: text, level: l}
}
