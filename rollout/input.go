package rollout

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Input is a change to a cluster from outside. The kinds of inputs are the
// structs of this package that implement it; there are no others. FormatInput and
// ParseInput write and read an input as one line, without loss.
type Input interface {
	// To add a kind, define a struct with these methods in the input_*.go file of its
	// part, and add a row of verbs for its spelling in scripts. A kind that holds
	// pointers or slices also has a method copied.

	line() string // as FormatInput writes it, but an object by its name
	check() error // what is wrong with the input itself
	apply(*Sim)
}

// scheduled is an input with its tick.
type scheduled struct {
	tick  int32
	input Input
}

func checkNode(node string) error {
	if node == "" {
		return errors.New("no node")
	}
	return nil
}

// Inject makes inputs take effect in the next tick, in the order given. If one is
// malformed it refuses all of them; the error names every mistake. An input that
// is impossible when it takes effect becomes a Refused event.
func (s *Sim) Inject(in ...Input) error { return s.At(int(s.now)+1, in...) }

// At is Inject for a later tick.
func (s *Sim) At(tick int, in ...Input) error {
	inputs, err := s.withInputs(s.inputs, tick, in, in)
	if err != nil {
		return err
	}
	s.inputs = inputs
	return nil
}

// withInputs returns the list with other inputs added, each after those of its
// tick. All inputs that are added together are in batch.
func (s *Sim) withInputs(list []scheduled, tick int, in, batch []Input) ([]scheduled, error) {
	var errs []error
	if tick <= int(s.now) || tick > int(s.last) {
		errs = append(errs, fmt.Errorf("tick %d: must be after tick %d and not after %d", tick, s.now, s.last))
	}
	accepted := make([]Input, len(in))
	for i, x := range in {
		var err error
		x = plain(x)
		if a, ok := x.(Apply); ok {
			x = a.prepared(s.release())
		}
		if accepted[i], err = accept(x); err == nil {
			err = s.checkFault(x, batch)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", describe(x), err))
		} else if x, ok := accepted[i].(Scale); ok {
			errs = append(errs, x.possible(s))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	at, _ := slices.BinarySearchFunc(list, int32(tick)+1, func(x scheduled, tick int32) int { return int(x.tick - tick) })
	more := make([]scheduled, len(in))
	for i, x := range accepted {
		more[i] = scheduled{int32(tick), x}
	}
	return slices.Insert(list, at, more...), nil
}

// plain returns the value that a pointer points to, which is equivalent as an
// input. It returns nil for a nil pointer.
func plain(in Input) Input {
	switch p := reflect.ValueOf(in); {
	case p.Kind() != reflect.Pointer:
		return in
	case p.IsNil():
		return nil
	default:
		return p.Elem().Interface().(Input)
	}
}

func describe(in Input) string {
	if in == nil {
		return "nil input"
	}
	return strings.ReplaceAll(in.line(), ` ""`, "") // what is missing its mistake says
}

// accept returns a copy that nobody else can change, or what is wrong with the
// input. Inputs without pointers and slices are copies already.
func accept(in Input) (Input, error) {
	if in == nil {
		return nil, errors.New("must be one of the inputs of this package")
	}
	if x, ok := in.(interface{ copied() Input }); ok {
		in = x.copied()
	}
	return in, in.check()
}

func sorted(nodes []string) []string {
	nodes = slices.Clone(nodes)
	slices.Sort(nodes)
	return nodes
}

func (s *Sim) refuse(key string, in Input, reason string) {
	s.emit(Event{Kind: EventInputRefused, Key: key, Detail: in.line() + ": " + reason})
}

// target is resolve for an input. If nothing has the key, it returns neither and
// emits a Refused event.
func (s *Sim) target(in Input, key string) (*daemonSet, *deployment) {
	d, deployed, err := s.lookup(key)
	if err != nil {
		s.refuse(key, in, err.Error())
	}
	return d, deployed
}

func (s *Sim) noteInput(kind EventKind, d *deployment, in Input, more string) {
	s.emit(Event{Kind: kind, Key: d.fullKey, Detail: in.line() + more})
}

// onNode returns the slot of the node that an input is about. If there is no such
// node, it returns none and emits a Refused event.
func (s *Sim) onNode(in Input, node string) int32 {
	n := s.slotOf(node)
	if n == none || !s.nodes[n].there() {
		s.emit(Event{Kind: EventInputRefused, Node: node, Detail: in.line() + ": nodes \"" + node + "\" not found"})
		return none
	}
	s.emit(Event{Kind: EventInputApplied, Node: node, Detail: in.line()})
	return n
}

func checkImage(image string) error {
	if image == "" {
		return errors.New("no image")
	}
	return nil
}

func checkNodes(nodes []string) error {
	var errs []error
	for _, n := range nodes {
		errs = append(errs, checkNode(n))
	}
	return errors.Join(errs...)
}

// word returns the spelling of an argument of an input: as it is if it can be
// read back, else quoted as in Go.
func word(s string) string {
	odd := func(c rune) bool { return c <= ' ' || c == '"' || c > '~' }
	if s == "" || strings.ContainsFunc(s, odd) || strings.HasSuffix(s, ":") {
		return strconv.Quote(s)
	}
	return s
}

// on returns the spelling of the nodes that an input is limited to; an empty list
// means all.
func on(nodes []string) string {
	text := ""
	for i, n := range nodes {
		if i == 0 {
			text = " on"
		}
		text += " " + word(n)
	}
	return text
}
