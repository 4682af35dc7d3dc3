// Package timeline draws a rollout as text and as SVG: a row for each node or pod, and a
// column for each tick.
//
//	picture, err := timeline.Watch(sim, "default/web", 100) // passes at most 100 ticks of a rollout.Sim
//	fmt.Print(picture)
package timeline

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

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
	Tick      time.Duration `json:"tick"`      // how long a tick takes; 0 if it is not known
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

// String returns the picture as text, with a ruler of ticks above it. Of more than 60
// rows, those that look the same become one.
func (t *Timeline) String() string { return t.Text(0) }

// Text returns the picture as String does, at most some letters wide; 0 is as wide as it
// is. In a narrower picture each column stands for several ticks, which the first line
// says, and shows the state at the end of them. A width has room for the names and at
// least ten columns.
func (t *Timeline) Text(width int) string {
	rows := t.bands()
	wide := len("tick")
	for _, r := range rows {
		wide = max(wide, utf8.RuneCountInString(r.label))
	}
	columns := 0
	if width > 0 {
		columns = max(10, width-wide-2)
	}
	rows, each := narrow(rows, columns)
	var b strings.Builder
	b.WriteString(t.subject())
	if each > 1 {
		fmt.Fprintf(&b, ", a column for each %d ticks", each)
	}
	b.WriteString("\n")
	longest := 0
	for _, r := range rows {
		longest = max(longest, len(r.letters))
	}
	room := longest + 20
	if width > 0 {
		room = longest
	}
	for _, line := range t.ruler(longest, each, room) {
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%-*s  %s", wide, line.label, line.marks), " "))
	}
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %s\n", wide, r.label, r.letters)
	}
	return b.String()
}

type rulerLine struct{ label, marks string }

// ruler numbers every fifth column, or every twentieth where numbers are long. A column
// has the number of the last of its ticks. Numbers end within room letters.
func (t *Timeline) ruler(columns, each, room int) []rulerLine {
	every := 5
	if t.FirstTick+columns*each > 1000 {
		every = 20
	}
	numbers, marks := []byte(strings.Repeat(" ", room)), []byte(strings.Repeat(" ", columns))
	for i := range columns {
		at := i
		if each == 1 {
			at = t.FirstTick + i
		}
		if number := fmt.Sprint(t.FirstTick + i*each + each - 1); at%every == 0 && i+len(number) <= room {
			copy(numbers[i:], number)
		}
		switch {
		case at%10 == 0:
			marks[i] = '|'
		case at%5 == 0:
			marks[i] = '\''
		}
	}
	return []rulerLine{{"tick", string(numbers)}, {"", string(marks)}}
}
