package timeline

import (
	"bytes"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Watch passes at most max ticks of the simulation, as its Run does, and returns the
// picture of the DaemonSet or Deployment in them, beginning with how it was before.
// Nodes that a DaemonSet never had to do with are left out. A Deployment that is still
// to be applied is found under "deployment/namespace/name". It costs a look at every
// node in each tick with events, and a letter in each.
func Watch(sim *rollout.Sim, key string, max int) *Timeline {
	if sim == nil {
		sim = &rollout.Sim{}
	}
	kind, plain := probe.Subject(sim, key)
	r := recorder{byName: map[string]*row{}}
	look := func(tick int) { r.look(tick-r.First, probe.Rows(sim, kind, plain)) }
	if r.First = sim.Now(); r.First < 0 {
		r.First = 0
	} else {
		look(r.First)
	}
	for events := range sim.Run(max) {
		look(events[0].Tick)
		r.Events = append(r.Events, events...)
	}
	r.fill(sim.Now() + 1 - r.First)
	if kind == "deployment" {
		r.Deployment = plain
	} else {
		r.DaemonSet = plain
		slices.SortFunc(r.rows, func(a, b *row) int { return strings.Compare(a.name, b.name) })
	}
	return r.timeline()
}

// recorder draws a timeline, column by column.
type recorder struct {
	Timeline
	rows   []*row // in the order in which they came
	byName map[string]*row
}

type row struct {
	name    string
	letters []byte
	now     byte // goes on until the next look
}

// look draws the column, and those before it since the last look.
func (r *recorder) look(column int, now func(func(probe.Row) bool)) {
	r.fill(column)
	for _, x := range r.rows {
		x.now = '.'
	}
	for seen := range now {
		x := r.byName[seen.Name]
		if x == nil {
			x = &row{name: seen.Name, letters: bytes.Repeat([]byte{'.'}, column)}
			r.rows, r.byName[seen.Name] = append(r.rows, x), x
		}
		x.now = letter(seen)
	}
}

// fill draws what has not changed, up to a column, which is left out.
func (r *recorder) fill(column int) {
	for _, x := range r.rows {
		for len(x.letters) < column {
			x.letters = append(x.letters, x.now)
		}
	}
}

func letter(r probe.Row) byte {
	l := "-wrmaft"[r.Pod]
	switch {
	case r.Pod == probe.NoPod && !r.Wanted:
		return '.'
	case r.Beside && r.Pod != probe.Available:
		return 's'
	case r.New:
		return l - 'a' + 'A'
	}
	return l
}

func (r *recorder) timeline() *Timeline {
	for _, x := range r.rows {
		if row := string(x.letters); strings.Trim(row, ".") != "" {
			r.Nodes, r.Rows = append(r.Nodes, x.name), append(r.Rows, row)
		}
	}
	return &r.Timeline
}
