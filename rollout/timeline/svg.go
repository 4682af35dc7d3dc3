package timeline

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
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
	cellWide = 12
	cellHigh = 14
	gutter   = 6
)

// SVG writes the picture as an SVG document: a coloured band for each node, with
// its states as a tooltip, a ruler of ticks above, and a legend of the colours in
// use below.
func (t *Timeline) SVG(w io.Writer) error {
	if w == nil {
		return errors.New("SVG: the writer is nil")
	}
	b := bufio.NewWriter(w)
	left, columns := t.size()
	width := left + columns*cellWide + gutter
	used := t.used()
	height := 3*cellHigh + len(t.Rows)*cellHigh + gutter + len(used)*cellHigh + gutter
	fmt.Fprintf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"monospace\" font-size=\"11\">\n", max(width, left+300), height)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n", gutter, cellHigh, html.EscapeString(t.subject()))
	for i := range columns {
		if tick := t.FirstTick + i; tick%5 == 0 {
			fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%d</text>\n", left+i*cellWide, 2*cellHigh+4, tick)
		}
	}
	y := 3 * cellHigh
	for i, node := range t.Names {
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%s</text>\n", gutter, y+cellHigh-4, html.EscapeString(node))
		t.band(b, left, y, t.Rows[i])
		y += cellHigh
	}
	y += gutter
	for _, i := range used {
		fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", left, y, cellWide-1, cellHigh-2, looks[i].colour)
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%s</text>\n", left+2*cellWide, y+cellHigh-4, looks[i].words)
		y += cellHigh
	}
	fmt.Fprint(b, "</svg>\n")
	return b.Flush()
}

func (t *Timeline) size() (left, columns int) {
	for i, node := range t.Names {
		left, columns = max(left, len(node)*7), max(columns, len(t.Rows[i]))
	}
	return left + 2*gutter, columns
}

// used lists the looks that occur, as indices.
func (t *Timeline) used() []int {
	var seen [256]bool
	for _, row := range t.Rows {
		for _, letter := range []byte(row) {
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

// band draws a row, one rectangle for each stretch of the same letter.
func (t *Timeline) band(w io.Writer, x, y int, row string) {
	for from := 0; from < len(row); {
		to := from
		for to < len(row) && row[to] == row[from] {
			to++
		}
		for _, l := range looks {
			if l.letter == row[from] {
				fmt.Fprintf(w, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"><title>%s, ticks %d to %d</title></rect>\n",
					x+from*cellWide, y, (to-from)*cellWide-1, cellHigh-2, l.colour, l.words, t.FirstTick+from, t.FirstTick+to-1)
			}
		}
		from = to
	}
}
