package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/internal/page"
)

// answer is what a command has found, in every form in which it can be printed.
type answer struct {
	text   string     // for table
	wide   string     // for wide
	data   any        // for json and yaml
	claims []claim    // for junit, github and sarif
	note   string     // beside the claims, for junit and github
	page   *page.Page // for html
	fails  bool       // exit status 1
}

// output is the flag -o of a command.
type output struct {
	format  string
	offered []string
}

func (o *output) addFlag(cmd *cobra.Command, offered ...string) {
	o.offered = offered
	cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(offered, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().StringVarP(&o.format, "output", "o", offered[0], "`format` of the output: "+strings.Join(offered, ", "))
}

func (o *output) check() error {
	if !slices.Contains(o.offered, o.format) {
		return fmt.Errorf("-o %s: must be one of %s", o.format, strings.Join(o.offered, ", "))
	}
	return nil
}

// print writes the answer. Its error is errFails if the answer is a failure.
func (o *output) print(env environment, a answer) error {
	if err := o.write(env, a); err != nil {
		return err
	}
	if a.fails {
		return errFails
	}
	return nil
}

// printMistakes writes what is wrong with the input, in the forms that show lines.
func (o *output) printMistakes(env environment, err error) error {
	claims := mistakes(err, "")
	if len(claims) == 0 || o.format != "sarif" && o.format != "github" {
		return nil
	}
	return o.write(env, answer{claims: claims})
}

func (o *output) write(env environment, a answer) error {
	switch o.format {
	case "json":
		return writeJSON(env.stdout, a.data)
	case "yaml":
		return writeYAML(env.stdout, a.data)
	case "junit":
		return writeJUnit(env.stdout, a)
	case "github":
		return writeGitHub(env.stdout, a)
	case "sarif":
		return writeSARIF(env.stdout, a.claims)
	case "html":
		return a.page.Write(env.stdout)
	case "wide":
		return writeText(env, a.wide)
	}
	return writeText(env, a.text)
}

func writeJSON(w io.Writer, data any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(data)
}

func writeYAML(w io.Writer, data any) error {
	text, err := yaml.Marshal(data)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}
