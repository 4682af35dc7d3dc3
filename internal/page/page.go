// Package page writes what a plan or a rollout does as one HTML page, for people to show
// each other: which nodes change, who is available when, what is stuck and what would
// help. The page needs nothing from outside, works with a keyboard and with a screen
// reader, and draws at most 200 rows at a time, however many nodes there are.
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/berthsim/berth/rollout/diagnosis"
)

// Page is what a page shows. Parts without content are left out.
type Page struct {
	Title     string
	Text      string  // the answer as text
	Checks    []Check // edits, drains, expectations and policies
	Nodes     []Node  // what changes on nodes
	Rollouts  []Rollout
	Diagnoses []*diagnosis.Diagnosis
}

// Check is something that was checked, with its result.
type Check struct {
	Fails bool
	Name  string
	Text  string
}

// Node is what changes for a workload on a node.
type Node struct {
	Node, Workload, Was, Now, Why string
}

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"first": first, "rest": rest}).Parse(source))

// Write writes the page.
func (p Page) Write(w io.Writer) error {
	return page.Execute(w, struct {
		Page
		Charts []chart
		Stuck  []stuck
		Data   data
	}{p.clean(), p.charts(), p.stuck(), p.data()})
}

// WriteFile writes the page to a file.
func (p Page) WriteFile(name string) error {
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o666)
}

// data is what the script of the page reads.
type data struct {
	Nodes    [][5]string `json:"nodes"`
	Rollouts []rows      `json:"rollouts"`
}

func (p Page) data() data {
	d := data{Nodes: [][5]string{}, Rollouts: []rows{}}
	for _, n := range p.Nodes {
		d.Nodes = append(d.Nodes, [5]string{visible(n.Node), visible(n.Workload), visible(n.Was), visible(n.Now), visible(n.Why)})
	}
	for _, r := range p.Rollouts {
		d.Rollouts = append(d.Rollouts, r.rows())
	}
	return d
}

// clean returns the page without control characters in what the template prints.
func (p Page) clean() Page {
	p.Title, p.Text = visible(p.Title), visible(p.Text)
	checks := make([]Check, len(p.Checks))
	for i, c := range p.Checks {
		checks[i] = Check{c.Fails, visible(c.Name), visible(c.Text)}
	}
	p.Checks = checks
	return p
}

// stuck is a diagnosis, as the page prints it.
type stuck struct {
	Key, Cause, Rule string
	Blocking         []string
	Remedies         []remedy
}

type remedy struct {
	Kind, Text string
	Commands   []string
}

func (p Page) stuck() []stuck {
	var all []stuck
	for _, x := range p.Diagnoses {
		s := stuck{Key: visible(x.Key), Cause: visible(x.Cause), Rule: visible(x.Reference.String())}
		for _, w := range x.Blocking {
			s.Blocking = append(s.Blocking, visible(w.String()))
		}
		for _, r := range x.Remedies {
			one := remedy{Kind: string(r.Kind), Text: visible(fmt.Sprintf("%s: ends in %s", r.Description, plural(r.Ticks, "tick")))}
			for _, c := range r.Changes {
				if c.Command != "" {
					one.Commands = append(one.Commands, visible(c.Command))
				}
			}
			s.Remedies = append(s.Remedies, one)
		}
		all = append(all, s)
	}
	return all
}

// visible returns the text with a mark in place of control characters: texts come from
// manifests.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// first returns the first line of a text, rest the others.
func first(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func rest(text string) string {
	_, lines, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return lines
}

// plural returns a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
