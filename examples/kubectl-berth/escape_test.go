package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
)

// Names and texts from manifests and policy files take effect in no form: no control
// characters, no markup, no workflow command. Mutants seen to fail: the table, a GitHub
// message, a JUnit failure or a SARIF message that is not made printable.
func TestHostileNamesAreEscaped(t *testing.T) {
	t.Chdir("testdata/sarif")
	for _, format := range []string{"table", "json", "yaml", "junit", "github", "sarif", "html"} {
		code, out, errs := answerOf([]string{"plan", "-f", "hostile.yaml", "--cluster", "nodes.yaml", "--policy", "hostile-policies.yaml", "-o", format})
		if code != exitFails || !strings.Contains(out, "gotcha") {
			t.Fatalf("%s: ended with %d: %s%s", format, code, out, errs)
		}
		bad := hostile
		if format == "json" || format == "yaml" {
			bad = control // data is what it is
		}
		if i := strings.IndexFunc(out, bad); i >= 0 {
			t.Errorf("%s: character %q: %s", format, out[i:i+3], out)
		}
		for line := range strings.Lines(out) {
			if command := strings.HasPrefix(strings.TrimSpace(line), "::"); command && format != "github" || strings.HasPrefix(line, "::error::") {
				t.Errorf("%s: a workflow command: %s", format, line)
			}
		}
		if format == "junit" {
			wellFormed(t, out)
		}
	}
}

func control(r rune) bool { return r != '\n' && unicode.IsControl(r) }
func hostile(r rune) bool { return control(r) || unicode.Is(unicode.Bidi_Control, r) }

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader([]byte(text))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Errorf("markup took effect: %s", text)
		}
	}
}

// Colours are printed on a terminal only, and only the tool's own.
func TestColours(t *testing.T) {
	t.Chdir("testdata/sarif")
	args := []string{"plan", "-f", "hostile.yaml", "--cluster", "nodes.yaml", "--policy", "hostile-policies.yaml"}
	_, without, _ := answerOf(args)
	var out, errs strings.Builder
	env := testEnvironment("", &out, &errs)
	env.colour = true
	run(args, env)
	with := out.String()
	if !strings.Contains(with, red+"FAIL  ") || strings.Contains(with, "\x1b[31mred") {
		t.Errorf("no colours, or those of a name:\n%q", with)
	}
	for _, code := range []string{red, green, yellow, plain} {
		with = strings.ReplaceAll(with, code, "")
	}
	if with != without {
		t.Errorf("without colours the text is another:\n%q\n%q", with, without)
	}
}
