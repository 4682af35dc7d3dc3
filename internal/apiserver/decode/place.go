package decode

import (
	"bytes"
	"strconv"
)

// Place is where an object stands: in a file, a document, and an item of its list.
// The zero Place is that of an object made in Go.
type Place struct {
	file     string
	document int
	line     int    // of the stream, where the object begins
	item     string // path of a list item in its document: "items[3]"; "" for the document itself
	text     *text  // that has the object; nil if it is no longer held
	path     string // of the object in text
}

// File returns the name of the file, "" for a stream without one.
func (p Place) File() string { return p.file }

// Document returns the number of the document, counted from 1, or 0 for the zero Place.
func (p Place) Document() int { return p.document }

// Line returns the line of the stream where the object begins, 0 for the zero Place.
func (p Place) Line() int { return p.line }

// seenFrom names the place in a message about the object at q: "document 3, line 41
// (items[2])", after the name of the file where that is another.
func (p Place) seenFrom(q Place) string {
	where := "document " + strconv.Itoa(p.document) + ", line " + strconv.Itoa(p.line)
	if p.file != q.file {
		where = p.file + ", " + where
	}
	if p.item != "" {
		where += " (" + p.item + ")"
	}
	return where
}

// inner returns the place of what stands at path in the object at p.
func (p Place) inner(path string) Place {
	p.item, p.path = joinPath(p.item, path), joinPath(p.path, path)
	return p
}

// text is a part of a stream that is parsed by itself: a document, or an item of a
// list that was cut out of its document.
type text struct {
	bytes  []byte
	isJSON bool
	// line is where bytes begin in the stream, and last the last line of the
	// stream that they may name.
	line, last int
	// Where the items were cut out of a document, gap lines of the stream are
	// missing after line gapAfter of bytes.
	gapAfter, gap int
}

// streamLine is a line that a parser counted from 1 in the text, as a line of the
// stream. YAML has more line ends than editors have (a lone CR, NEL), so it may be
// past the last.
func (t *text) streamLine(line int) int {
	n := t.line + line - 1
	if line > t.gapAfter {
		n += t.gap
	}
	return min(n, t.last)
}

// content returns the line of the stream where the content of the text begins.
func (t *text) content() int {
	return t.streamLine(1 + blankLines(t.bytes)) // it may have none
}

// beginsAtDash reports whether the text is an item of a YAML list whose first key
// is on the line of the dash.
func (t *text) beginsAtDash() bool {
	rest := t.bytes
	for len(rest) > 0 && isBlank(rest[:lineEnd(rest)]) {
		rest = rest[lineEnd(rest):]
	}
	item, ok := bytes.CutPrefix(bytes.TrimLeft(rest, " "), []byte("- "))
	if item = bytes.TrimLeft(item, " "); !ok || len(item) == 0 {
		return false
	}
	first := item[0]
	return first == '{' || first == '"' || first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z'
}
