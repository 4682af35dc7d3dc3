package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/internal/golden"
)

// Every example of a help text answers, the first of each command in each format that
// the command offers; the answers are golden files. A format that is not offered ends
// with 2 and names those that are.
func TestHelpExamples(t *testing.T) {
	goldens, err := filepath.Abs("testdata/help/answers")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("testdata/help")
	for _, cmd := range newCommand(testEnvironment("", nil, nil)).Commands() {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			continue
		}
		examples := examplesOf(cmd)
		if len(examples) == 0 {
			t.Errorf("%s: its help has no example", cmd.Name())
		}
		for i, args := range examples {
			t.Run(fmt.Sprintf("%s %d", cmd.Name(), i+1), func(t *testing.T) {
				formats := []string{""}
				if i == 0 {
					formats = append(formats, formatsOf(t, cmd, args)...)
				}
				for _, format := range formats {
					if format != "" {
						args = append(args, "-o", format)
					}
					code, out, errs := answerOf(args)
					if code == exitBadInput || out == "" && format != "github" {
						t.Fatalf("%v ended with %d: %s", args, code, errs)
					}
					if cmd.Name() == "version" {
						continue // it says how it was built
					}
					name := fmt.Sprintf("%s-%d.%s", cmd.Name(), i+1, cmp.Or(format, "txt"))
					golden.Compare(t, filepath.Join(goldens, name), fmt.Sprintf("%s\nexit status %d\n", out, code))
				}
			})
		}
	}
}

func answerOf(args []string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	code = run(args, testEnvironment("", &out, &errs))
	return code, out.String(), errs.String()
}

// examplesOf returns the command lines in a help text, without "kubectl berth".
func examplesOf(cmd *cobra.Command) (all [][]string) {
	for line := range strings.Lines(cmd.Example) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "kubectl berth "); ok {
			all = append(all, words(command))
		}
	}
	return all
}

// words splits a command line at blanks outside quotes.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
			continue
		}
		all = append(all, strings.Fields(part)...)
	}
	return all
}

// formatsOf returns the formats that a command offers. It prints the first without -o.
// It tries all that any command offers, and one that none does.
func formatsOf(t *testing.T, cmd *cobra.Command, args []string) []string {
	flag := cmd.Flags().Lookup("output")
	if flag == nil {
		return nil
	}
	_, list, _ := strings.Cut(flag.Usage, ": ")
	offered := strings.Split(list, ", ")
	for _, format := range []string{"table", "wide", "json", "yaml", "junit", "github", "sarif", "html", "name"} {
		if slices.Contains(offered, format) {
			continue
		}
		code, out, errs := answerOf(append(args, "-o", format))
		if code != exitBadInput || out != "" || !strings.Contains(errs, "must be one of "+list+"\n") {
			t.Errorf("%s -o %s ended with %d, printed %q and %q", cmd.Name(), format, code, out, errs)
		}
	}
	return offered[1:]
}
