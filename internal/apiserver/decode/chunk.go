package decode

import (
	"bytes"
	"unicode"
)

// keepWhole is the size up to which the text of a document is held until all of
// it is read. An object that is larger is refused. A list may be larger, and is
// read item by item.
const keepWhole = 64 << 20

// chunk is what stands between two separators. It is read from front to back.
type chunk struct {
	*stream
	first     bool   // it stands before the first separator, or beside a log
	separator string // what followed the "---" above it and should not
}

func (s *stream) chunk(first bool, separator string) *chunk {
	s.end, s.midLine, s.whole = s.start, false, false
	s.hold()
	return &chunk{stream: s, first: first, separator: separator}
}

// all passes the chunk and returns its text since hold. It reports whether that
// is not too large.
func (c *chunk) all() ([]byte, bool) {
	for c.pass(len(c.text())); c.holds() && c.more(); c.pass(len(c.text())) {
	}
	return c.passed()
}

// nextLine returns the next line with its end, or what is left of the chunk.
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

// firstByte returns the first byte of the chunk that is not space, 0 if there is none.
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

// isBlank reports whether the chunk has nothing but space and comments from here on.
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
