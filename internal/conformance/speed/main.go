// Command speed measures berth beside Kubernetes and puts the table into the
// README, between its markers. From internal/conformance:
//
//	go run ./speed          # all passes, eight minutes on a quiet machine; writes ../../README.md
//	go run ./speed -n 1 -   # one pass, to standard output
//
// A pass runs the benchmarks of this module, which ask both sides the same question in
// turn, and the benchmarks of berth that have no counterpart. A time is the median over
// the passes. A ratio is the median of the ratios of the passes, because a busy machine
// slows both sides.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	passes := flag.Int("n", 5, "passes")
	each := flag.Duration("t", 500*time.Millisecond, "time for one benchmark in a pass; in less, a large one measures how its heap grows")
	flag.Parse()
	target := "../../README.md"
	if flag.NArg() > 0 {
		target = flag.Arg(0)
	}
	if err := run(*passes, *each, target); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

func run(passes int, each time.Duration, target string) error {
	dir, err := os.MkdirTemp("", "speed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var all samples
	for i := range suites {
		if err := suites[i].build(dir); err != nil {
			return err
		}
	}
	for pass := range passes {
		found := map[string]metrics{}
		for _, s := range suites {
			start := time.Now()
			out, err := s.run(each)
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", s.dir, err, out)
			}
			parse(out, found)
			fmt.Fprintf(os.Stderr, "pass %d of %d, %s: %.0f s\n", pass+1, passes, s.dir, time.Since(start).Seconds())
		}
		all = append(all, found)
	}
	text, err := table(all, rows)
	if err != nil {
		return err
	}
	text = heading(passes) + "\n" + text
	if target == "-" {
		fmt.Print(text)
		return nil
	}
	return insert(target, text)
}

// suite is the benchmarks of one package.
type suite struct {
	dir        string // of the package, from this module
	benchmarks string
	binary     string
}

func (s *suite) build(to string) error {
	s.binary = filepath.Join(to, fmt.Sprintf("%x.test", s.dir))
	cmd := exec.Command("go", "test", "-c", "-o", s.binary, ".")
	cmd.Dir, cmd.Stderr = s.dir, os.Stderr
	return cmd.Run()
}

func (s *suite) run(each time.Duration) (string, error) {
	cmd := exec.Command(s.binary, "-test.run", "^$", "-test.bench", s.benchmarks, "-test.benchtime", each.String())
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const begin, end = "<!-- speed: made by internal/conformance/speed -->\n", "<!-- speed ends -->\n"

// insert replaces what is between the markers of a file.
func insert(file, text string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, opened := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return fmt.Errorf("%s: has no markers %q and %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}
