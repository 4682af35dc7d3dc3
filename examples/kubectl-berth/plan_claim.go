package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/berthsim/berth/rollout/dryrun"
)

// claim is an edit, an expectation or a policy with its result, for formats that do not
// tell them apart.
type claim struct {
	name      string
	daemonSet string
	at        place // where to fix it; without a file if unknown
	text      string
	fails     bool
	skipped   bool // it is about nothing and may be
	operation bool // it is an edit
}

func (r report) claims() []claim {
	var all []claim
	for _, o := range r.operations {
		fails := o.Fails() && !r.incomplete
		all = append(all, claim{
			name: o.Edit, at: r.placeOf(o), text: map[bool]string{true: "FAIL  ", false: "ok    "}[fails] + o.String(), fails: fails, operation: true,
		})
	}
	for _, ds := range r.DaemonSets {
		for _, e := range ds.Expectations {
			all = append(all, claim{name: "--expect " + e.Selector, daemonSet: ds.Name, at: r.places[ds.Name], text: e.text(), fails: !e.holds()})
		}
	}
	for _, v := range r.Policies {
		at, known := r.places[strings.TrimPrefix(v.Workload, "daemonset/")]
		if !known {
			at = place{v.File, v.Line}
		}
		all = append(all, claim{name: v.Policy, daemonSet: strings.ReplaceAll(v.Workload, "daemonset/", ""), at: at, text: v.String(), fails: v.Fails(), skipped: v.AllowedEmpty})
	}
	return all
}

// placeOf returns the position of the first DaemonSet of an edit, if -f has it.
func (r report) placeOf(o dryrun.Operation) place {
	for _, key := range o.Touched {
		if at, ok := r.places[strings.TrimPrefix(key, "daemonset/")]; ok && strings.HasPrefix(o.Edit, "apply ") {
			return at
		}
	}
	return place{}
}

func (e expectation) text() string {
	switch {
	case e.Nodes == 0:
		return fmt.Sprintf("FAIL  --expect %s: names no node of the cluster\n", e.Selector)
	case e.holds():
		return fmt.Sprintf("ok    --expect %s: all %d nodes\n", e.Selector, e.Nodes)
	}
	s := fmt.Sprintf("FAIL  --expect %s: %d of %d nodes get no pod\n", e.Selector, len(e.Missing), e.Nodes)
	for _, v := range e.Missing {
		s += "      " + v.String() + "\n"
	}
	return s
}

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

func (r report) junit(out io.Writer) error {
	suite := testSuite{Name: "dryrun", Out: r.plan}
	for _, c := range r.claims() {
		test := testCase{Class: c.daemonSet, Name: c.name, File: c.at.file, Line: c.at.line}
		first, _, _ := strings.Cut(strings.TrimPrefix(c.text, "FAIL  "), "\n")
		switch {
		case c.fails:
			suite.Failures++
			test.Failure = &failure{first, c.text}
		case c.skipped:
			suite.Skipped++
			test.Skipped = &failure{Message: first}
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, test)
	}
	text, err := xml.MarshalIndent(testSuites{Suite: suite}, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(out, "%s%s\n", xml.Header, text)
	}
	return err
}

// github writes workflow commands, which GitHub shows beside the lines of a pull
// request: an error for each failure, and a notice with the plan.
func (r report) github(out io.Writer) error {
	for _, c := range r.claims() {
		if !c.fails {
			continue
		}
		_, message, _ := strings.Cut(c.text, "  ")
		fmt.Fprintf(out, "::error %stitle=%s::%s\n", c.at.properties(), property("dryrun: "+c.name), data(message))
	}
	_, err := fmt.Fprintf(out, "::notice title=dryrun: plan::%s\n", data(r.plan))
	return err
}

func (p place) properties() string {
	if p.file == "" || p.file == "-" {
		return ""
	}
	return fmt.Sprintf("file=%s,line=%d,", property(p.file), p.line)
}

var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func data(s string) string     { return escapeData.Replace(strings.TrimSuffix(s, "\n")) }
func property(s string) string { return escapeProperty.Replace(s) }
