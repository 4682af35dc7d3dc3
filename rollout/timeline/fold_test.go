package timeline_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/rollout/timeline"
)

// rollouts returns the picture of a rollout on some nodes, a wave of so many at a time.
func waves(nodes, wave int) *timeline.Timeline {
	picture := &timeline.Timeline{Key: "daemonset/ops/agent", Tick: time.Second}
	ticks := 3 * (nodes + wave - 1) / wave
	for i := range nodes {
		old := 3 * (i / wave)
		picture.Names = append(picture.Names, fmt.Sprintf("node-%04d", i))
		picture.Rows = append(picture.Rows, strings.Repeat("a", old)+"WR"+strings.Repeat("A", max(0, ticks-old-2)))
	}
	return picture
}

// However many nodes there are and however long it takes, a picture has at most 60 rows
// and its width is bounded, in text and as SVG; and it tells of every node.
func TestPicturesAreBounded(t *testing.T) {
	for _, test := range []struct{ nodes, wave int }{{60, 1}, {61, 1}, {5000, 50}, {1500, 1}} {
		picture := waves(test.nodes, test.wave)
		text := picture.Text(120)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
		if len(lines) > 62 {
			t.Errorf("%v: %d lines", test, len(lines))
		}
		told := 0
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 120 {
				t.Errorf("%v: a line of %d letters: %s", test, utf8.RuneCountInString(line), line)
			}
			told += nodesOf(line)
		}
		if told != test.nodes {
			t.Errorf("%v: tells of %d nodes", test, told)
		}
		var svg bytes.Buffer
		if err := picture.SVG(&svg); err != nil {
			t.Fatal(err)
		}
		if svg.Len() > 2_000_000 {
			t.Errorf("%v: %d bytes of SVG", test, svg.Len())
		}
		size := regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`).FindSubmatch(svg.Bytes())
		wide, _ := strconv.Atoi(string(size[1]))
		high, _ := strconv.Atoi(string(size[2]))
		if wide > 1500 || high > 1200 {
			t.Errorf("%v: %d by %d", test, wide, high)
		}
	}
}

var several = regexp.MustCompile(` and (\d+) more `)
var others = regexp.MustCompile(`^(\d+) others, mostly `)

// nodesOf returns how many nodes a line of a picture is about.
func nodesOf(line string) int {
	if m := others.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	if !strings.HasPrefix(line, "node-") {
		return 0
	}
	if m := several.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n + 1
	}
	return 1
}

// A picture is never wider than asked, if the names leave room for ten columns, and
// shows the state at the end of each column.
func TestTextIsAsWideAsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picture := &timeline.Timeline{Key: "daemonset/a/b", FirstTick: rapid.IntRange(0, 2000).Draw(t, "first"), Tick: time.Second}
		ticks := rapid.IntRange(1, 300).Draw(t, "ticks")
		for i := range rapid.IntRange(1, 70).Draw(t, "rows") {
			picture.Names = append(picture.Names, fmt.Sprintf("n%d", i))
			picture.Rows = append(picture.Rows, rapid.StringMatching(fmt.Sprintf("[aWRA-]{%d}", ticks)).Draw(t, "row"))
		}
		width := rapid.IntRange(40, 150).Draw(t, "width")
		lines := strings.Split(picture.Text(width), "\n")[1:]
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width {
				t.Fatalf("%d letters, %d were asked for:\n%s", utf8.RuneCountInString(line), width, line)
			}
		}
		for _, line := range lines {
			if name, letters, ok := strings.Cut(line, " "); ok && name == picture.Names[0] {
				letters = strings.TrimSpace(letters)
				if last := picture.Rows[0][ticks-1]; letters[len(letters)-1] != last {
					t.Fatalf("ends with %s, the row with %c", letters, last)
				}
			}
		}
	})
}

// Without a tick the axis has ticks; a control character in a name is not in the SVG.
func TestSVGOfALiteral(t *testing.T) {
	picture := &timeline.Timeline{Key: "daemonset/a/\x1b[31m", Names: []string{"n\u202e1"}, Rows: []string{strings.Repeat("A", 100)}}
	var svg bytes.Buffer
	if err := picture.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	if s := svg.String(); strings.ContainsAny(s, "\x1b\u202e") || !strings.Contains(s, ">50</text>") {
		t.Error(s)
	}
}
