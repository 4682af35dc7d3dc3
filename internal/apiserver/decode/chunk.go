package decode

import (
	"bytes"
	"unicode"
)

// keepWhole is the size up to which the text of a document is held until all of
// it is read. An object that is larger is refused. A list may be larger, and is
// read item by item.
const keepWhole = 16 << 20

// chunk is what stands between two separators. It is read from front to back.
type chunk struct {
	*stream
	first     bool   // it stands before the first separator, or beside a log
	separator string // what followed the "---" above it and should not

	pos     int  // of the text that is held: what comes next
	posLine int  // the line of the stream at pos
	cut     bool // the beginning is no longer held
}

func (s *stream) chunk(first bool, separator string) *chunk {
	s.end, s.midLine, s.whole = s.start, false, false
	return &chunk{stream: s, first: first, separator: separator, posLine: s.line}
}

// rest returns what is known of the text from pos on. It is good until more.
func (c *chunk) rest() []byte { return c.text()[c.pos:] }

// advance moves pos. Of a large chunk the text before it is let go.
func (c *chunk) advance(n int) {
	c.posLine += bytes.Count(c.rest()[:n], []byte("\n"))
	c.pos += n
	if c.cut || c.pos > keepWhole {
		c.release()
		c.cut = true
	}
}

// release lets the text before pos go.
func (c *chunk) release() {
	c.pass(c.pos)
	c.pos = 0
}

// all returns the text from where it is held, to the end of the chunk. It reports
// whether that is the whole document, and not too large.
func (c *chunk) all() ([]byte, bool) {
	for !c.cut && len(c.text()) <= keepWhole && c.more() {
	}
	return c.text(), !c.cut && len(c.text()) <= keepWhole
}

// line returns the next line with its end, or what is left of the chunk.
func (c *chunk) nextLine() []byte {
	for searched := 0; ; {
		rest := c.rest()
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			return rest[:searched+i+1]
		}
		searched = len(rest)
		if !c.more() {
			return c.rest()
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

// isBlank reports whether the chunk has nothing but space and comments from pos on.
func (c *chunk) isBlank() bool {
	for at := 0; ; {
		for rest := c.rest(); at < len(rest); {
			n := lineEnd(rest[at:])
			if !isBlank(rest[at : at+n]) {
				return false
			}
			if rest[at+n-1] != '\n' {
				break
			}
			at += n
		}
		if !c.more() {
			return true
		}
	}
}
