package decode

import (
	"bytes"
	"strconv"
)

// Place is the position of an object: a file, a document, and an item in its list.
// An object made in Go has the zero Place.
type Place struct {
	file     string
	document int
	line     int    // in the stream, where the object begins
	item     string // path of a list item in its document: "items[3]"; "" for the document itself
	text     *text  // holds the object; nil if it was dropped
	path     string // of the object in text
}

// File returns the name of the file, or "" for a stream without one.
func (p Place) File() string { return p.file }

// Document returns the number of the document, counted from 1, or 0 for the zero Place.
func (p Place) Document() int { return p.document }

// Line returns the line in the stream where the object begins, or 0 for the zero
// Place.
func (p Place) Line() int { return p.line }

// seenFrom describes the place in a message about the object at q: "document 3, line
// 41 (items[2])", preceded by the name of the file if it differs.
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

// inner returns the place of the value at path in the object at p.
func (p Place) inner(path string) Place {
	p.item, p.path = joinPath(p.item, path), joinPath(p.path, path)
	return p
}

// text is a part of a stream that is parsed by itself: a document, or an item that
// was cut out of a list.
type text struct {
	bytes  []byte
	isJSON bool
	// line is where bytes begin in the stream, and last the last line of the
	// stream that they may name.
	line, last int
	// If items were cut out of a document, gap lines of the stream are missing after
	// line gapAfter of bytes.
	gapAfter, gap int
}

// streamLine converts a line that a parser counted from 1 in the text to a line of
// the stream. YAML has more line ends than editors have (a lone CR, NEL), so the
// result is limited to the last line.
func (t *text) streamLine(line int) int {
	n := t.line + line - 1
	if line > t.gapAfter {
		n += t.gap
	}
	return min(n, t.last)
}

// content returns the line in the stream where the content of the text begins.
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
