// Berthvet reports calls of berth that change nothing because their result is not used.
// Edit, for example, returns a changed copy and leaves the cluster as it is:
//
//	c.Edit("node-1", cluster.Cordon()) // changes nothing
//
// It takes packages as go vet does, and runs go vet with itself as the tool:
//
//	go run github.com/berthsim/berth/examples/berthvet ./...
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("berthvet: ")
	if err := run(os.Args[1:]); err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			os.Exit(failed.ExitCode()) // go vet has printed why
		}
		log.Fatal(err)
	}
}

// run answers if go vet asks, and otherwise starts go vet.
func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "-V=full":
		return printVersion()
	case len(args) == 1 && args[0] == "-flags":
		fmt.Println("[]") // no flags
		return nil
	case len(args) > 0 && strings.HasSuffix(args[len(args)-1], ".cfg"):
		return vet(args[len(args)-1])
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"vet", "-vettool=" + self}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// printVersion prints a line that changes with this program, so that go vet does not
// reuse the results of another one.
func printVersion() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f, err := os.Open(self)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	fmt.Printf("berthvet version devel buildID=%x\n", h.Sum(nil))
	return nil
}

// vet checks one package and exits with 1 if it finds something.
func vet(config string) error {
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	var unit unit
	if err := json.Unmarshal(text, &unit); err != nil {
		return fmt.Errorf("%s: %w", config, err)
	}
	if err := os.WriteFile(unit.VetxOutput, nil, 0o666); err != nil {
		return err
	}
	found, err := unit.dropped()
	if err != nil {
		return err
	}
	for _, f := range found {
		fmt.Fprintln(os.Stderr, f)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
	return nil
}
