package timeline

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// looks are the colours and words of the letters of a timeline.
var looks = []struct {
	letter byte
	colour string
	words  string
}{
	{'a', "#4c78a8", "old pod available"},
	{'m', "#9ecae9", "old pod ready, not yet available"},
	{'r', "#c6dbef", "old pod not ready"},
	{'w', "#deebf7", "old pod waits to run"},
	{'f', "#7f2704", "old pod failed"},
	{'t', "#bab0ac", "old pod on its way out"},
	{'s', "#72b7b2", "old pod serves, a new one comes"},
	{'W', "#fee6a8", "new pod waits to run"},
	{'R', "#f2cf5b", "new pod not ready"},
	{'M', "#a1d99b", "new pod ready, not yet available"},
	{'A', "#54a24b", "new pod available"},
	{'F', "#d62728", "new pod failed"},
	{'T', "#d6cfc9", "new pod on its way out"},
	{'-', "#e45756", "no pod"},
	{'.', "#ffffff", "no pod wanted"},
}

const (
	cellWide  = 12  // of a tick, if there are few
	plotWide  = 960 // of all ticks, if there are many
	cellHigh  = 14
	gutter    = 6
	letterIsh = 7 // how wide a letter is
	leastWide = 300
)

// canvas is an SVG document in the making.
type canvas struct {
	*bufio.Writer
	left  int     // where ticks begin
	each  int     // ticks of a column
	scale float64 // how wide a column is
}

// SVG writes the picture as an SVG document: a coloured band for each node, with its
// states as a tooltip, the time above, and a legend of the colours in use below. It
// scales with the page, is about a thousand units wide whatever the number of ticks, and
// has at most 60 rows, as String has.
func (t *Timeline) SVG(w io.Writer) error {
	if w == nil {
		return errors.New("SVG: the writer is nil")
	}
	rows, each := narrow(t.bands(), plotWide)
	c := canvas{bufio.NewWriter(w), 0, each, cellWide}
	columns := 0
	for _, r := range rows {
		c.left, columns = max(c.left, utf8.RuneCountInString(r.label)*letterIsh), max(columns, len(r.letters))
	}
	c.left += 2 * gutter
	if columns*cellWide > plotWide {
		c.scale = float64(plotWide) / float64(columns)
	}
	used := usedIn(rows)
	width := max(c.left+int(float64(columns)*c.scale)+gutter, c.left+leastWide)
	height := 3*cellHigh + len(rows)*cellHigh + gutter + len(used)*cellHigh + gutter
	fmt.Fprintf(c, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"monospace\" font-size=\"11\">\n", width, height, width, height)
	fmt.Fprintf(c, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width, height)
	c.text(gutter, cellHigh, " font-weight=\"bold\"", t.subject())
	t.axis(c, columns)
	y := 3 * cellHigh
	for _, r := range rows {
		c.text(gutter, y+cellHigh-4, "", r.label)
		t.draw(c, y, r.letters)
		y += cellHigh
	}
	c.legend(y+gutter, used)
	fmt.Fprint(c, "</svg>\n")
	return c.Flush()
}

func (c canvas) text(x, y int, style, text string) {
	fmt.Fprintf(c, "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", x, y, style, escaped(text))
}

// escaped returns the text for XML: names come from manifests.
func escaped(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text))
}

// x returns the place of a column.
func (c canvas) x(column int) float64 { return float64(c.left) + float64(column)*c.scale }

// number prints a coordinate with at most two decimals.
func number(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

// steps are the distances between times on the axis, in seconds.
var steps = []int{1, 2, 5, 10, 15, 30, 60, 2 * 60, 5 * 60, 10 * 60, 15 * 60, 30 * 60, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600}

// axis writes times above the rows, as far apart as they need, or ticks if it is not
// known how long a tick takes.
func (t *Timeline) axis(c canvas, columns int) {
	second := max(1, int(t.Tick/time.Second))
	label := func(tick int) string { return (time.Duration(tick) * t.Tick).String() }
	if t.Tick < time.Second {
		label = strconv.Itoa
	}
	step := steps[len(steps)-1]
	widest := len(label(t.FirstTick+columns*c.each)) + 2
	for _, s := range steps {
		if s%second == 0 && float64(s/second)/float64(c.each)*c.scale >= float64(widest*letterIsh) {
			step = s
			break
		}
	}
	for column := range columns {
		tick := t.FirstTick + column*c.each
		if last := tick - c.each; tick*second/step != last*second/step || tick == 0 {
			fmt.Fprintf(c, "<text x=\"%s\" y=\"%d\">%s</text>\n", number(c.x(column)), 2*cellHigh+4, label(tick))
		}
	}
}

// usedIn lists the looks that occur, as indices.
func usedIn(rows []band) []int {
	var seen [256]bool
	for _, r := range rows {
		for _, letter := range []byte(r.letters) {
			seen[letter] = true
		}
	}
	var used []int
	for i, l := range looks {
		if seen[l.letter] {
			used = append(used, i)
		}
	}
	return used
}

// draw draws a row, one rectangle for each stretch of the same letter.
func (t *Timeline) draw(c canvas, y int, letters string) {
	for from := 0; from < len(letters); {
		to := from
		for to < len(letters) && letters[to] == letters[from] {
			to++
		}
		for _, l := range looks {
			if l.letter == letters[from] {
				wide := float64(to-from)*c.scale - min(1, c.scale/4)
				fmt.Fprintf(c, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" fill=\"%s\"><title>%s, ticks %d to %d</title></rect>\n",
					number(c.x(from)), y, number(wide), cellHigh-2, l.colour, l.words, t.FirstTick+from*c.each, t.FirstTick+to*c.each-1)
			}
		}
		from = to
	}
}

func (c canvas) legend(y int, used []int) {
	for _, i := range used {
		fmt.Fprintf(c, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", c.left, y, cellWide-1, cellHigh-2, looks[i].colour)
		c.text(c.left+2*cellWide, y+cellHigh-4, "", looks[i].words)
		y += cellHigh
	}
}
