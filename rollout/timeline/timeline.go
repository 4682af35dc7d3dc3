// Package timeline draws a rollout as text and as SVG: a row for each node or pod, and a
// column for each tick.
//
//	picture, err := timeline.Watch(sim, "default/web", 100) // passes at most 100 ticks of a rollout.Sim
//	fmt.Print(picture)
package timeline

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/rollout"
)

// Timeline is a picture of a rollout: a row for each node, or pod of a Deployment, a
// column for each tick, and a letter for the state of the pod at the end of the tick.
// Letters of old pods are lower case. Letters of pods of the revision that is
// current in that tick are upper case:
//
//	w waiting to run     r running, not ready    m ready, for less than minReadySeconds
//	a available          f failed                t terminating
//	s an old pod is available while a new one starts beside it
//	- a pod is wanted and none is there          . none is wanted and none is there
type Timeline struct {
	Version   string        `json:"version"`   // "berth.timeline/v1"
	Key       string        `json:"key"`       // with its kind
	FirstTick int           `json:"firstTick"` // the tick of the first column
	Names     []string      `json:"names"`     // of the nodes, ascending; of a Deployment's pods, in the order of their creation
	Rows      []string      `json:"rows"`      // of letters, one per tick, by name
	Events    rollout.Trace `json:"events"`
}

const version = "berth.timeline/v1"

// subject returns the key without its kind.
func (t *Timeline) subject() string {
	_, plain, _ := strings.Cut(t.Key, "/")
	return plain
}

// String returns the picture as text, with a ruler of ticks above it.
func (t *Timeline) String() string {
	wide := len("tick")
	for _, n := range t.Names {
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
	for i, n := range t.Names {
		fmt.Fprintf(&b, "%-*s  %s\n", wide, n, t.Rows[i])
	}
	return b.String()
}

type rulerLine struct{ label, marks string }

// ruler numbers every fifth tick, or every twentieth where numbers are long.
func (t *Timeline) ruler(columns int) []rulerLine {
	every := 5
	if t.FirstTick+columns > 1000 {
		every = 20
	}
	numbers, marks := []byte(strings.Repeat(" ", columns+20)), []byte(strings.Repeat(" ", columns))
	for i := range columns {
		tick := t.FirstTick + i
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
