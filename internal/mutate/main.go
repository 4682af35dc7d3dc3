// Mutate measures what the tests do not notice. It makes random small faults in
// the module's code, one at a time, and runs the tests of the package and then of
// those that import it. A fault that all tests pass is a survivor:
//
//	go run ./internal/mutate -n 40 placement rollout,rollout/diagnosis
//
// Each argument is a part: directories of packages, separated by commas, with all
// packages below them but those of another part and test kits. Every part gets the
// same share of the faults. The same seed and source draw the same faults.
//
// A fault that no test can notice is listed in a file, one a line, with the reason:
//
//	cluster/view.go:71:5+12 drop statement: the cache is only filled earlier
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// allParts are what is mutated unless arguments say otherwise.
var allParts = []string{"cluster,internal/kube,internal/apiserver", "placement", "rollout", "rollout/dryrun"}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	n := flags.Int("n", 100, "number of faults")
	seed := flags.String("seed", "", "hexadecimal number to draw from (default: the first 8 digits of HEAD)")
	list := flags.String("list", "", "`file` of faults that no test can notice, with reasons")
	short := flags.Bool("short", false, "run the tests with -short")
	timeout := flags.Duration("timeout", 5*time.Minute, "time for the tests of one package")
	root := flags.String("C", ".", "`directory` of the module")
	dry := flags.Bool("dry", false, "print the faults without running a test")
	if err := flags.Parse(args); err != nil {
		return err
	}
	value, err := parseSeed(*root, *seed)
	if err != nil {
		return err
	}
	equivalent, err := readEquivalents(*list)
	if err != nil {
		return err
	}
	m, err := loadModule(*root)
	if err != nil {
		return err
	}
	parts := flags.Args()
	if len(parts) == 0 {
		parts = allParts
	}
	mutants, err := m.draw(parts, value)
	if err != nil {
		return err
	}
	t := &tester{module: m, timeout: *timeout, short: *short, buildOnly: *dry}
	return report(out, t, mutants, equivalent, *n, value)
}

// parseSeed returns the number that hex says, or the first 8 digits of HEAD.
func parseSeed(root, hex string) (uint64, error) {
	if hex == "" {
		head := exec.Command("git", "rev-parse", "HEAD")
		head.Dir = root
		out, err := head.Output()
		if err != nil || len(out) < 8 {
			return 0, fmt.Errorf("no commit to take the seed from: %w", err)
		}
		hex = string(out[:8])
	}
	return strconv.ParseUint(hex, 16, 64)
}

// maxEquivalents keeps the list short enough to be checked by reading.
const maxEquivalents = 10

// readEquivalents reads the faults of a list and the reason for each.
func readEquivalents(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, ok := strings.Cut(line, ": ")
		if !ok || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: %q has no reason", file, line)
		}
		reasons[id] = reason
	}
	if len(reasons) > maxEquivalents {
		return nil, fmt.Errorf("%s: %d faults, at most %d", file, len(reasons), maxEquivalents)
	}
	return reasons, nil
}

// report tests mutants until n of them compiled, and prints each result and a summary.
// Parts take turns, so that each gets the same share.
func report(out io.Writer, t *tester, mutants [][]mutant, equivalent map[string]string, n int, seed uint64) error {
	if err := t.unchanged(mutants); err != nil {
		return err
	}
	count := map[outcome]int{}
	for done, part := 0, 0; done < n && slices.ContainsFunc(mutants, notEmpty); part = (part + 1) % len(mutants) {
		m, v, err := t.next(&mutants[part], equivalent)
		if err != nil {
			return err
		}
		if v.outcome == notCompiled {
			continue // the part has no more
		}
		done++
		count[v.outcome]++
		if _, err := fmt.Fprintf(out, "%d %s: %s\n%s", done, m.id(), v, m.diff()); err != nil {
			return err
		}
	}
	if count[listed] < len(equivalent) {
		return fmt.Errorf("of %d faults in the list only %d were drawn", len(equivalent), count[listed])
	}
	fmt.Fprintf(out, "seed %08x: %d killed, %d survived, %d equivalent", seed, count[killed], count[survived], count[listed])
	if tested := count[killed] + count[survived]; tested > 0 {
		fmt.Fprintf(out, ": %.0f %% killed", 100*float64(count[killed])/float64(tested))
	}
	_, err := fmt.Fprintln(out)
	return err
}

func notEmpty(part []mutant) bool { return len(part) > 0 }
