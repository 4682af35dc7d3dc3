package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// testSuites is the XML that CI systems read as test results.
type testSuites struct {
	XMLName xml.Name  `xml:"testsuites"`
	Suite   testSuite `xml:"testsuite"`
}

type testSuite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Cases    []testCase `xml:"testcase"`
	Out      string     `xml:"system-out"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	File    string   `xml:"file,attr,omitempty"`
	Line    int      `xml:"line,attr,omitempty"`
	Failure *failure `xml:"failure"`
	Skipped *failure `xml:"skipped"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a test case for each claim.
func writeJUnit(w io.Writer, a answer) error {
	suite := testSuite{Name: "kubectl berth", Out: printable(a.note)}
	for _, c := range a.claims {
		test := testCase{Class: printable(c.subject), Name: printable(c.name), File: c.at.file, Line: c.at.line}
		first, _, _ := strings.Cut(printable(c.message()), "\n")
		switch {
		case c.fails():
			suite.Failures++
			test.Failure = &failure{first, printable(c.text)}
		case c.skipped:
			suite.Skipped++
			test.Skipped = &failure{Message: first}
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, test)
	}
	text, err := xml.MarshalIndent(testSuites{Suite: suite}, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	}
	return err
}
