package rollout

import (
	"bytes"
	"fmt"
	"strings"
)

// Timeline is a rollout as a picture: a row for each node, a column for each
// tick, and a letter for what the node's pod is at the end of the tick. Letters
// of old pods are small, those of pods of the revision that is current in that
// tick are capital:
//
//	w waiting to run     r running, not ready    m ready, for less than minReadySeconds
//	a available          f failed                t on its way out
//	s an old pod serves while a new one comes beside it
//	- a pod is wanted and none is there          . none is wanted and none is there
type Timeline struct {
	DaemonSet  string
	Deployment string   // then the rows are of its pods
	First      int      // the tick of the first column
	Nodes      []string // ascending
	Rows       []string // of letters, one a tick, by node
	Events     Trace
}

// Watch passes ticks as Run does and gives the picture of the DaemonSet in them,
// beginning with how it was before. Nodes that it never had to do with are left
// out. It costs a letter for each node and tick. A Deployment has a row for each
// of its pods, in the order in which they came; one that is still to be applied is
// found under "deployment/namespace/name".
func (s *Sim) Watch(key string, max int) *Timeline {
	d, deployed := s.resolve(key)
	switch kind, plain := cutKind(key); {
	case deployed != nil || kind == "deployment":
		return s.watchDeployment(plain, max)
	case d != nil:
		key = d.key
	}
	r := &recorder{watch: newWatch(s, key)}
	if r.first = s.Now(); r.first < 0 {
		r.first = 0
	} else {
		r.see(r.first)
	}
	var all Trace
	for tick := range s.passes(max) {
		r.see(tick)
		all = append(all, s.report()...)
	}
	r.fill(s.Now() + 1)
	return r.timeline(all)
}

// recorder draws a timeline, column by column.
type recorder struct {
	*watch
	first int
	names []string // by slot, as everything here
	rows  [][]byte
	now   []byte // the letters of this tick
}

// see draws the columns up to a tick in which something has happened.
func (r *recorder) see(tick int) {
	r.fill(tick)
	nodes, all := r.touched()
	if all || r.rows == nil {
		r.grow(tick - r.first)
		for n := range r.now {
			r.now[n] = r.letter(int32(n))
		}
	}
	for _, n := range nodes {
		r.now[n] = r.letter(n)
	}
	r.fill(tick + 1)
}

// fill draws what has not changed, up to a tick, which is left out.
func (r *recorder) fill(tick int) {
	for n := range r.rows {
		for len(r.rows[n]) < tick-r.first {
			r.rows[n] = append(r.rows[n], r.now[n])
		}
	}
}

// grow makes rows for nodes that have come.
func (r *recorder) grow(width int) {
	if len(r.names) == len(r.sim.roster) {
		return
	}
	old := r.rows
	names := r.names
	r.names, r.rows, r.now = nil, nil, make([]byte, len(r.sim.roster))
	for _, n := range r.sim.roster {
		r.names = append(r.names, n.name)
		if len(names) > 0 && names[0] == n.name {
			r.rows = append(r.rows, old[0])
			names, old = names[1:], old[1:]
		} else {
			r.rows = append(r.rows, bytes.Repeat([]byte{'.'}, width))
		}
	}
}

func (r *recorder) letter(node int32) byte {
	s := r.sim
	d := s.find(r.key)
	if d == nil {
		return '.'
	}
	c := s.count(d, node)
	switch {
	case c.newest != none && c.oldest != none && !s.available(d, &s.pods[c.newest]):
		return 's'
	case c.newest != none:
		return capital(s.podLetter(d, c.newest))
	case c.oldest != none:
		return s.podLetter(d, c.oldest)
	case c.first != none && s.fresh[s.pods[c.first].class]:
		return 'T'
	case c.first != none:
		return 't'
	case r.wanted(d, node):
		return '-'
	}
	return '.'
}

func capital(letter byte) byte { return letter - 'a' + 'A' }

func (s *Sim) podLetter(d *daemon, id int32) byte { return s.letterFor(d.minReady, &s.pods[id]) }

func (s *Sim) letterFor(minReady stamp, p *pod) byte {
	switch {
	case p.set != none && p.is(terminating):
		return 't'
	case p.phase == failed:
		return 'f'
	case p.phase == pending:
		return 'w'
	case s.availableFor(minReady, p):
		return 'a'
	case p.is(isReady):
		return 'm'
	}
	return 'r'
}

func (r *recorder) timeline(events Trace) *Timeline {
	t := &Timeline{DaemonSet: r.key, First: r.first, Events: events}
	for n, row := range r.rows {
		if row := string(row); strings.Trim(row, ".") != "" {
			t.Nodes, t.Rows = append(t.Nodes, r.names[n]), append(t.Rows, row)
		}
	}
	return t
}

func (t *Timeline) subject() string { return t.DaemonSet + t.Deployment }

// String is the picture as text, with a ruler of ticks above it.
func (t *Timeline) String() string {
	wide := len("tick")
	for _, n := range t.Nodes {
		wide = max(wide, len(n))
	}
	columns := 0
	for _, row := range t.Rows {
		columns = max(columns, len(row))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", t.subject())
	for _, line := range t.ruler(columns) {
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%-*s  %s", wide, line.label, line.marks), " "))
	}
	for i, n := range t.Nodes {
		fmt.Fprintf(&b, "%-*s  %s\n", wide, n, t.Rows[i])
	}
	return b.String()
}

type rulerLine struct{ label, marks string }

// ruler numbers every fifth tick, or every twentieth where numbers are long.
func (t *Timeline) ruler(columns int) []rulerLine {
	every := 5
	if t.First+columns > 1000 {
		every = 20
	}
	numbers, marks := []byte(strings.Repeat(" ", columns+20)), []byte(strings.Repeat(" ", columns))
	for i := range columns {
		tick := t.First + i
		if tick%every == 0 {
			copy(numbers[i:], fmt.Sprint(tick))
		}
		switch {
		case tick%10 == 0:
			marks[i] = '|'
		case tick%5 == 0:
			marks[i] = '\''
		}
	}
	return []rulerLine{{"tick", string(numbers)}, {"", string(marks)}}
}
