package decode

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

var (
	utf8BOM   = []byte("\xef\xbb\xbf")
	separator = []byte("---")
	// logStart and logEnd enclose the log of a container in the output of kubectl
	// cluster-info dump (k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go:
	// ClusterInfoDumpOptions.Run).
	logStart = []byte("==== START logs for ")
	logEnd   = []byte("==== END logs for ")
)

// blockSize is how much of a stream is read at once.
const blockSize = 256 << 10

// stream reads documents from in and holds no more of them than needed. It is cut as
// by (k8s.io/apimachinery/pkg/util/yaml/decoder.go: YAMLReader) at every line that
// begins with "---", which no JSON value and no indented block can contain. The text
// between two such lines is a chunk.
type stream struct {
	in  io.Reader
	err error // of in, other than io.EOF
	eof bool

	// Blocks are never overwritten, so parts of them can be handed on.
	buf     []byte
	start   int  // buf[start:] is not yet passed
	end     int  // buf[start:end] belongs to the chunk
	midLine bool // end is inside a line
	whole   bool // the chunk ends at end
	line    int  // of buf[start], counted from 1

	held     [][]byte // of earlier blocks, what was passed since hold
	heldSize int
	heldFrom int // buf[heldFrom:start] was passed since hold
	heldLine int // of the first byte held

	logs    int // number of container logs skipped
	logLine int // of the first log
}

// newStream returns the stream as UTF-8 without a byte order mark. PowerShell's >
// writes UTF-16.
func newStream(in io.Reader) *stream {
	s := &stream{in: in, line: 1}
	for len(s.buf) < len(utf8BOM) && s.fill() {
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(s.buf, []byte("\xfe\xff")):
		order = binary.BigEndian
	case !bytes.HasPrefix(s.buf, []byte("\xff\xfe")):
		s.buf = bytes.TrimPrefix(s.buf, utf8BOM)
		return s
	}
	for s.fill() {
	}
	s.buf = bytes.TrimPrefix(decodeUTF16(s.buf[2:], order), utf8BOM)
	return s
}

func decodeUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// fill reads more of the stream. It reports whether there was more.
func (s *stream) fill() bool {
	if s.eof {
		return false
	}
	if cap(s.buf)-len(s.buf) < blockSize {
		s.nextBlock()
	}
	for {
		n, err := s.in.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.err = err
			}
		}
		if n > 0 || s.eof {
			return n > 0
		}
	}
}

// nextBlock makes room for a block after the text that was not yet passed.
func (s *stream) nextBlock() {
	if passed := s.buf[s.heldFrom:s.start]; len(passed) > 0 && s.holds() {
		s.held = append(s.held, passed)
		s.heldSize += len(passed)
	}
	rest := s.buf[s.start:]
	s.buf = append(make([]byte, 0, max(2*len(rest), blockSize)+blockSize), rest...)
	s.start, s.end, s.heldFrom = 0, s.end-s.start, 0
}

// hold keeps the text that is passed from now on, up to a limit.
func (s *stream) hold() {
	s.held, s.heldSize, s.heldFrom, s.heldLine = nil, 0, s.start, s.line
}

// holds reports whether all text passed since hold is held. It drops text above the
// limit.
func (s *stream) holds() bool {
	if s.heldSize > keepWhole {
		s.held = nil
	}
	return s.heldSize <= keepWhole
}

// passed returns the text passed since hold. It reports whether all of it is held.
func (s *stream) passed() ([]byte, bool) {
	if !s.holds() {
		return nil, false
	}
	return slices.Concat(append(slices.Clip(s.held), s.buf[s.heldFrom:s.start])...), true
}

// text returns the text of the chunk that was read and not yet passed.
func (s *stream) text() []byte { return s.buf[s.start:s.end] }

// more extends the text of the chunk. It reports whether there was more.
func (s *stream) more() bool {
	before := s.end - s.start
	for !s.whole && s.end-s.start == before {
		all := s.eof
		s.extend()
		if s.whole || s.end-s.start > before {
			break
		}
		if s.whole = all; !all {
			s.fill()
		}
	}
	return s.end-s.start > before
}

// extend moves end to the end of the chunk, or as far as it is known.
func (s *stream) extend() {
	rest := s.buf[s.end:]
	if !s.midLine && !s.eof && len(rest) < len(logStart) {
		return
	}
	if !s.midLine && isBoundary(rest) {
		s.whole = true
		return
	}
	if next := nextBoundary(rest); next >= 0 {
		s.end += next
		s.whole, s.midLine = true, false
		return
	}
	if s.eof {
		s.end, s.midLine = len(s.buf), true
		return
	}
	// A line that begins in the last bytes may become a boundary.
	open := max(s.end, len(s.buf)-len(logStart))
	if i := bytes.IndexByte(s.buf[open:], '\n'); i >= 0 {
		s.end, s.midLine = open+i+1, false
		return
	}
	s.end, s.midLine = len(s.buf), true
}

func isBoundary(line []byte) bool {
	return bytes.HasPrefix(line, separator) || bytes.HasPrefix(line, logStart)
}

// nextBoundary returns the offset of the first line that ends a chunk, not counting
// the line at the start of text, or -1.
func nextBoundary(text []byte) int {
	at := bytes.Index(text, []byte("\n---"))
	within := text
	if at >= 0 {
		within = text[:at]
	}
	if log := bytes.Index(within, append([]byte("\n"), logStart...)); log >= 0 {
		at = log
	}
	if at < 0 {
		return -1
	}
	return at + 1
}

// pass passes n bytes of the chunk.
func (s *stream) pass(n int) {
	s.line += bytes.Count(s.buf[s.start:s.start+n], []byte("\n"))
	s.start += n
}

// takeLine passes and returns the next line, whatever it is.
func (s *stream) takeLine() []byte {
	for searched := 0; ; {
		rest := s.buf[s.start:]
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			return s.takeBytes(searched + i + 1)
		}
		searched = len(rest)
		if !s.fill() {
			return s.takeBytes(len(s.buf) - s.start)
		}
	}
}

func (s *stream) takeBytes(n int) []byte {
	taken := s.buf[s.start : s.start+n]
	s.pass(n)
	s.end, s.midLine, s.whole = s.start, false, false
	return taken
}

// chunks yields the chunks of the stream. The caller need not pass their text.
func (s *stream) chunks(yield func(*chunk) bool) {
	for c := s.chunk(true); yield(c); {
		for s.pass(len(s.text())); s.more(); s.pass(len(s.text())) {
		}
		switch rest := s.buf[s.start:]; {
		case len(rest) == 0:
			return
		case bytes.HasPrefix(rest, logStart):
			s.passLog()
			c = s.chunk(true)
		default:
			above := s.line
			tail := separatorTail(s.takeLine()[len(separator):])
			c = s.chunk(false)
			c.tail, c.above = tail, above
		}
	}
}

// passLog passes the log of a container, or the rest of the stream if the log has no
// end. A log need not end with a line end.
func (s *stream) passLog() {
	if s.logs++; s.logs == 1 {
		s.logLine = s.line
	}
	of := bytes.TrimSpace(bytes.TrimPrefix(s.takeLine(), logStart))
	for end := slices.Concat(logEnd, of); ; {
		line := s.takeLine()
		if len(line) == 0 || bytes.HasSuffix(bytes.TrimSpace(line), end) {
			return
		}
	}
}

// separatorTail returns the text that may not follow a separator: anything but a
// comment.
func separatorTail(tail []byte) string {
	text := strings.TrimSpace(string(tail))
	if strings.HasPrefix(text, "#") {
		return ""
	}
	return text
}

// lineEnd returns the length of the first line, including its end.
func lineEnd(text []byte) int {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

// isBlank reports whether the text has only space and comments.
func isBlank(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// blankLines counts the lines of space and comments before the content.
func blankLines(text []byte) (n int) {
	for ; len(text) > 0 && isBlank(text[:lineEnd(text)]); n++ {
		text = text[lineEnd(text):]
	}
	return n
}
