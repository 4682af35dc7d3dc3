package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	kjson "sigs.k8s.io/json"
)

// json reads a chunk that begins with "{": a sequence of JSON values, as for
// (k8s.io/apimachinery/pkg/util/yaml/decoder.go: YAMLOrJSONDecoder), or otherwise
// YAML in flow style.
func (r *Reader) json(c *chunk) {
	for first := true; ; first = false {
		if !first && c.isBlank() {
			return
		}
		c.skipSpace(first)
		all, err := r.jsonValue(c)
		if err == nil {
			r.take(all)
			c.hold()
			continue
		}
		if text, ok := c.all(); ok && first {
			r.yamlText(text, c.heldLine)
		} else {
			line, message := explainJSON(text, c, err)
			r.refuse(r.nextDocument(), line, message)
		}
		return
	}
}

// skipSpace passes space between JSON values, which is not part of the next value.
// Space before the first value belongs to it, as the chunk may not be JSON.
func (c *chunk) skipSpace(first bool) {
	for {
		text := c.text()
		space := len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
		c.pass(space)
		if space < len(text) || !c.more() {
			break
		}
	}
	if !first {
		c.hold()
	}
}

// explainJSON describes what is wrong with the value at the beginning of the text.
// For a value that is too large, only the error of its cutter is known.
func explainJSON(text []byte, c *chunk, err error) (line int, message string) {
	if text == nil {
		return c.heldLine, err.Error()
	}
	var value json.RawMessage
	if syntax := kjson.NewDecoderCaseSensitivePreserveInts(bytes.NewReader(text)).Decode(&value); syntax != nil && syntax != io.EOF {
		err = syntax
	}
	line = c.heldLine
	if ok, offset := kjson.SyntaxErrorOffset(err); ok {
		line += bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
	}
	return line, "JSON: " + err.Error()
}

var errNotJSON = errors.New("not a JSON value")

// jsonValue reads the next value, and passes it.
func (r *Reader) jsonValue(c *chunk) ([]outcome, error) {
	document := r.file.documents + 1
	cut := &jsonCutter{chunk: c, begin: c.line}
	all, ok := r.list(cut, document)
	if cut.err != nil {
		return nil, cut.err
	}
	if !ok { // not a list, or it cannot be cut
		whole, held := c.passed()
		if !held {
			return nil, errTooLarge
		}
		t := &text{bytes: whole, isJSON: true, line: c.heldLine, last: c.line}
		r.held += len(whole)
		w := r.worker(t)
		w.listKnown = true
		at := r.place(document, t)
		at.line = cut.begin
		if w.object(at, bytes.TrimLeft(whole, " \t\r\n"), header{}); w.broken {
			return nil, errNotJSON
		}
		all = w.out
	}
	r.nextDocument()
	return all, nil
}

// jsonCutter cuts a JSON object with an array of items into the items and the rest.
// It only finds where values end and does not check their content.
type jsonCutter struct {
	*chunk
	begin   int // line of the stream where the value begins
	at      int // in text(): how far it was scanned
	head    []byte
	tail    []byte
	gap     int // lines of the stream with items
	lists   int // of items
	yield   func([]piece) bool
	batch   []piece
	size    int    // of the batch
	closing []byte // the line that closes an item, with its indentation; nil if not known
	closed  bool   // the value is an object and has ended
	err     error
}

var errEnd = errors.New("unexpected end of JSON input")

// peek returns the next byte that is not space.
func (j *jsonCutter) peek() byte {
	for {
		for rest := j.text(); j.at < len(rest); j.at++ {
			if b := rest[j.at]; b != ' ' && b != '\n' && b != '\t' && b != '\r' {
				return b
			}
		}
		if !j.more() {
			j.fail(errEnd)
			return 0
		}
	}
}

func (j *jsonCutter) fail(err error) { j.err = err }

// next passes the next byte that is not space. It must be one of wanted.
func (j *jsonCutter) next(wanted string) byte {
	b := j.peek()
	if j.err == nil && bytes.IndexByte([]byte(wanted), b) < 0 {
		j.fail(errNotJSON)
	}
	j.at++
	return b
}

// value passes a value and returns where it begins in text().
func (j *jsonCutter) value() (from int) {
	b := j.peek()
	from = j.at
	if j.err != nil {
		return from
	}
	switch b {
	case '"':
		j.str()
	case '{', '[':
		j.nested()
	default:
		j.literal()
	}
	return from
}

// literal passes a value that is neither a string nor nested, as far as it extends.
func (j *jsonCutter) literal() {
	for {
		if n := bytes.IndexAny(j.text()[j.at:], ",]} \n\t\r"); n >= 0 {
			j.at += n
			return
		}
		j.at = len(j.text())
		if !j.more() {
			return
		}
	}
}

// nested passes an object or an array, up to its closing bracket.
func (j *jsonCutter) nested() {
	from, depth := j.at, 0
	for {
		for text, i := j.text(), j.at; i < len(text); i++ {
			switch text[i] {
			case '"':
				j.at = i
				if j.str(); j.err != nil {
					return
				}
				text, i = j.text(), j.at-1
			case '\n': // most of kubectl's output is indentation
				for i+1 < len(text) && text[i+1] == ' ' {
					i++
				}
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					j.at = i + 1
					return
				}
			}
		}
		j.at = len(j.text())
		if j.at-from > keepWhole {
			j.fail(errTooLarge)
			return
		}
		if !j.more() {
			j.fail(errEnd)
			return
		}
	}
}

// str passes a string.
func (j *jsonCutter) str() {
	j.at++
	for {
		rest := j.text()
		end := bytes.IndexByte(rest[j.at:], '"')
		if end < 0 {
			if len(rest)-j.at > keepWhole {
				j.fail(errTooLarge)
				return
			}
			if !j.more() {
				j.fail(errEnd)
				return
			}
			continue
		}
		quote := j.at + end
		escapes := 0
		for quote-escapes > j.at && rest[quote-escapes-1] == '\\' {
			escapes++
		}
		j.at = quote + 1
		if escapes%2 == 0 {
			return
		}
	}
}

// keep moves the scanned text into the frame.
func (j *jsonCutter) keep() {
	part := j.text()[:min(j.at, len(j.text()))]
	if j.lists == 0 {
		j.head = append(j.head, part...)
	} else {
		j.tail = append(j.tail, part...)
	}
	if len(j.head)+len(j.tail) > keepWhole {
		j.fail(errTooLarge)
	}
	j.drop()
}

// drop passes the scanned text.
func (j *jsonCutter) drop() {
	j.pass(min(j.at, len(j.text())))
	j.at = 0
}

// pieces passes the whole value even if the caller stops early.
func (j *jsonCutter) pieces(yield func([]piece) bool) {
	j.yield = yield
	if j.peek() != '{' {
		j.value()
		j.drop()
		return
	}
	j.at++
	if j.peek() == '}' {
		j.at++
		j.keep()
		return
	}
	for j.err == nil {
		if j.member(); j.err == nil && j.next(",}") == '}' {
			j.keep()
			j.closed = j.err == nil
			return
		}
	}
}

// member passes a member of the object.
func (j *jsonCutter) member() {
	if j.peek() != '"' {
		j.fail(errNotJSON)
		return
	}
	from := j.value()
	if j.err != nil {
		return
	}
	isItems := string(j.text()[from:j.at]) == `"items"`
	j.next(":")
	if isItems && j.err == nil && j.peek() == '[' {
		j.at++
		j.keep()
		j.items()
		return
	}
	j.value()
	j.keep()
}

// items cuts the items of the array that was just opened.
func (j *jsonCutter) items() {
	j.lists++
	first := j.line
	if j.peek() == ']' {
		j.at++
	} else {
		for index := 0; j.err == nil; index++ {
			if j.item(index); j.err == nil && j.next(",]") == ']' {
				break
			}
		}
	}
	j.flush()
	j.tail = append(j.tail, ']')
	j.drop()
	j.gap += j.line - first
}

// item cuts an item. If the first one closes on a line of its own, as kubectl prints
// it, the others are found by that line, which is several times as fast. A JSON
// string contains no line end, so an item cut in the wrong place is not valid JSON,
// and the document is read as a whole.
func (j *jsonCutter) item(index int) {
	from := 0
	if j.closing != nil && j.peek() == '{' {
		from = j.at
		j.seek(j.closing)
	} else {
		from = j.value()
	}
	if from == j.at && j.err == nil {
		j.fail(errNotJSON)
	}
	if j.err != nil {
		return
	}
	length := j.at - from
	if index == 0 {
		j.closing = closingLine(j.text()[from:j.at])
	}
	j.at = from
	j.drop()
	t := &text{bytes: j.text()[:length:length], isJSON: true, line: j.line}
	j.at = length
	j.drop()
	t.last = j.line
	j.batch = append(j.batch, piece{index: index, text: t})
	if j.size += length; j.size > batchSize {
		j.flush()
	}
}

// seek passes the next occurrence of what.
func (j *jsonCutter) seek(what []byte) {
	for from := j.at; ; {
		text := j.text()
		if n := bytes.Index(text[j.at:], what); n >= 0 {
			j.at += n + len(what)
			return
		}
		j.at = max(j.at, len(text)-len(what)+1)
		if j.at-from > keepWhole {
			j.fail(errTooLarge)
			return
		}
		if !j.more() {
			j.at = len(j.text())
			j.fail(errEnd)
			return
		}
	}
}

// closingLine returns the line that closes an object, or nil if another line is
// equal to it.
func closingLine(item []byte) []byte {
	last := bytes.LastIndexByte(item, '\n')
	if last < 0 || string(bytes.TrimSpace(item[last:])) != "}" || bytes.Index(item, item[last:]) != last {
		return nil
	}
	return bytes.Clone(item[last:])
}

// flush yields the batch.
func (j *jsonCutter) flush() {
	if len(j.batch) > 0 && j.yield != nil && !j.yield(j.batch) {
		j.yield = nil
	}
	j.batch, j.size = nil, 0
}

func (j *jsonCutter) frame() (*text, bool) {
	if !j.closed || j.lists != 1 {
		return nil, false
	}
	t := &text{bytes: slices.Concat(j.head, j.tail), isJSON: true, line: j.begin, gap: j.gap}
	t.gapAfter = 1 + bytes.Count(j.head, []byte("\n"))
	t.last = j.line
	return t, true
}
