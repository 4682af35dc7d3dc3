package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ScheduledInput is an input with the tick in which it takes effect.
type ScheduledInput struct {
	Tick  int   `json:"tick"`
	Input Input `json:"input"`
}

// Script is a list of inputs with their ticks, as Sim.At takes them. Its text
// form can be stored, pasted and read back:
//
//	# a comment
//	at 0 apply {"metadata":{"name":"agent"},"spec":{...}}
//	at 3 node-down n1
//	drain n2 --ignore-daemonsets
//
// A line without "at" is of the tick of the line before, at first 0.
type Script []ScheduledInput

// String returns one line for each step.
func (s Script) String() string {
	var b strings.Builder
	for _, step := range s {
		fmt.Fprintf(&b, "at %d %s\n", step.Tick, FormatInput(step.Input))
	}
	return b.String()
}

// ParseScript reads what Script.String prints. The error names every malformed
// line. Sim.Play checks whether the inputs make sense.
func ParseScript(text string) (Script, error) {
	var script Script
	var errs []error
	tick, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		step, err := parseStep(strings.TrimSpace(line), tick)
		switch tick = step.Tick; {
		case err != nil:
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
		case step.Input != nil:
			script = append(script, step)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return script, nil
}

func parseStep(line string, tick int) (ScheduledInput, error) {
	if at, timed := strings.CutPrefix(line, "at "); timed {
		number, rest, _ := strings.Cut(at, " ")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return ScheduledInput{Tick: tick}, fmt.Errorf("tick %q: must be a number that is not negative", number)
		}
		tick, line = n, strings.TrimSpace(rest)
	}
	if line == "" || strings.HasPrefix(line, "#") {
		return ScheduledInput{Tick: tick}, nil
	}
	in, err := ParseInput(line)
	return ScheduledInput{tick, in}, err
}

// Play schedules every step of a script as At does. It schedules all of them, or
// none and returns an error that names every mistake.
func (s *Sim) Play(script Script) error {
	inputs := slices.Clone(s.inputs)
	var batch []Input
	for _, step := range script {
		batch = append(batch, step.Input)
	}
	var errs []error
	for _, step := range script {
		more, err := s.withInputs(inputs, step.Tick, []Input{step.Input}, batch)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		inputs = more
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.inputs = inputs
	return nil
}
