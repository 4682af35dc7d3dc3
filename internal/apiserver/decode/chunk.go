package decode

import (
	"bytes"
	"unicode"
)

// keepWhole is the size up to which the text of a document is held until it is read
// completely. A larger object is refused. A larger list is read item by item.
const keepWhole = 64 << 20

// chunk is the text between two separators. It is read from front to back.
type chunk struct {
	*stream
	first bool   // it is before the first separator, or next to a log
	tail  string // the text that wrongly follows the "---" above it
	above int    // the line of that "---"
}

func (s *stream) chunk(first bool) *chunk {
	s.end, s.midLine, s.whole = s.start, false, false
	s.hold()
	return &chunk{stream: s, first: first}
}

// all passes the chunk and returns its text since hold. It reports whether the text
// is within the limit.
func (c *chunk) all() ([]byte, bool) {
	for c.pass(len(c.text())); c.holds() && c.more(); c.pass(len(c.text())) {
	}
	return c.passed()
}

// nextLine returns the next line with its end, or the rest of the chunk.
func (c *chunk) nextLine() []byte {
	for searched := 0; ; {
		rest := c.text()
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			return rest[:searched+i+1]
		}
		searched = len(rest)
		if !c.more() {
			return c.text()
		}
	}
}

// firstByte returns the first byte of the chunk that is not space, or 0 if there is
// none.
func (c *chunk) firstByte() byte {
	for at := 0; ; {
		text := bytes.TrimPrefix(c.text()[at:], utf8BOM)
		if text = bytes.TrimLeftFunc(text, unicode.IsSpace); len(text) > 0 {
			return text[0]
		}
		at = len(c.text())
		if !c.more() {
			return 0
		}
	}
}

// isBlank reports whether the rest of the chunk has only space and comments.
func (c *chunk) isBlank() bool {
	for at := 0; ; {
		for text := c.text(); at < len(text); {
			n := lineEnd(text[at:])
			if !isBlank(text[at : at+n]) {
				return false
			}
			if text[at+n-1] != '\n' {
				break
			}
			at += n
		}
		if !c.more() {
			return true
		}
	}
}
