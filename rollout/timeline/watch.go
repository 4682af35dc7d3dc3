package timeline

import (
	"errors"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Watch passes at most max ticks of the simulation, as its Run does, and returns
// the picture of the DaemonSet or Deployment in them, beginning with its present
// state. Nodes that never wanted or had a pod of the DaemonSet are left out. It
// returns an error, and no time passes, if there is no such object and no input to
// come applies it. It costs a letter for each row and tick.
func Watch(sim *rollout.Sim, key string, max int) (*Timeline, error) {
	if sim == nil {
		return nil, errors.New("no simulation")
	}
	kind, plain, err := probe.Subject(sim, key)
	if err != nil {
		return nil, err
	}
	r := recorder{sim: sim, byName: map[string]*row{}, plain: plain, deployed: kind == "deployment"}
	r.Timeline = Timeline{Version: version, Key: kind + "/" + plain, Tick: sim.Config().Tick, Names: []string{}, Rows: []string{}, Events: rollout.Trace{}}
	if r.FirstTick = sim.Now(); r.FirstTick < 0 {
		r.FirstTick = 0
	} else {
		r.lookAtAll(0)
	}
	for events := range sim.Run(max) {
		r.look(events)
		r.Events = append(r.Events, events...)
	}
	return r.timeline(), nil
}

// recorder draws a timeline, row by row, where something happens.
type recorder struct {
	Timeline
	sim      *rollout.Sim
	plain    string // the key without its kind
	deployed bool   // it is a Deployment
	rows     []*row // in their order of creation
	byName   map[string]*row
}

type row struct {
	name    string
	letters []byte
	now     byte // from there on
}

// look draws the rows that the events of a tick are about. An event of a
// DaemonSet without a node may change which nodes want a pod.
func (r *recorder) look(events []rollout.Event) {
	column := events[0].Tick - r.FirstTick
	whole := func(e rollout.Event) bool { return e.Node == "" && e.Key == r.Key }
	if r.deployed || slices.ContainsFunc(events, whole) {
		r.lookAtAll(column)
		return
	}
	for _, e := range events {
		if e.Node != "" {
			r.draw(column, probe.OneNode(r.sim, r.plain, e.Node))
		}
	}
}

func (r *recorder) lookAtAll(column int) {
	for _, x := range r.rows {
		x.draw(column, '.')
	}
	rows := probe.Nodes(r.sim, r.plain)
	if r.deployed {
		rows = probe.Pods(r.sim, r.plain)
	}
	for seen := range rows {
		r.draw(column, seen)
	}
}

func (r *recorder) draw(column int, seen probe.Row) {
	x := r.byName[seen.Name]
	if x == nil {
		x = &row{name: seen.Name, now: '.'}
		r.rows, r.byName[seen.Name] = append(r.rows, x), x
	}
	x.draw(column, letter(seen))
}

// draw has the row show a letter from a column on.
func (x *row) draw(column int, letter byte) {
	for len(x.letters) < column {
		x.letters = append(x.letters, x.now)
	}
	x.now = letter
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
	if !r.deployed {
		slices.SortFunc(r.rows, func(a, b *row) int { return strings.Compare(a.name, b.name) })
	}
	for _, x := range r.rows {
		x.draw(r.sim.Now()+1-r.FirstTick, '.')
		if row := string(x.letters); strings.Trim(row, ".") != "" {
			r.Names, r.Rows = append(r.Names, x.name), append(r.Rows, row)
		}
	}
	return &r.Timeline
}
