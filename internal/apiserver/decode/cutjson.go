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
// YAMLOrJSONDecoder of k8s.io/apimachinery/pkg/util/yaml, or else YAML in flow style.
func (r *Reader) json(c *chunk) {
	for first := true; ; first = false {
		if !first && c.isBlank() {
			return
		}
		c.skipSpace()
		all, err := r.jsonValue(c)
		if err == nil {
			r.take(all)
			c.release()
			c.cut = false
			continue
		}
		if first && !c.cut {
			c.rewind()
			r.yaml(c)
			return
		}
		line, message := c.explainJSON(err)
		r.refuse(r.nextDocument(), line, message)
		return
	}
}

// skipSpace passes space between JSON values, which is not part of the next one.
func (c *chunk) skipSpace() {
	for {
		rest := c.rest()
		space := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
		c.advance(space)
		if space < len(rest) || !c.more() {
			break
		}
	}
}

// rewind goes back to the beginning of the text that is held.
func (c *chunk) rewind() {
	c.posLine -= bytes.Count(c.text()[:c.pos], []byte("\n"))
	c.pos = 0
}

// explainJSON says what is wrong with the value that the text begins with. Of a
// large one only what the decoder of an item says is known.
func (c *chunk) explainJSON(err error) (line int, message string) {
	if c.cut {
		return c.posLine, err.Error()
	}
	c.rewind()
	text, ok := c.all()
	if !ok {
		return c.posLine, errTooLarge.Error()
	}
	var value json.RawMessage
	if syntax := kjson.NewDecoderCaseSensitivePreserveInts(bytes.NewReader(text)).Decode(&value); syntax != nil && syntax != io.EOF {
		err = syntax
	}
	line = c.posLine
	if ok, offset := kjson.SyntaxErrorOffset(err); ok {
		line += bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
	}
	return line, "JSON: " + err.Error()
}

var errNotJSON = errors.New("not a JSON value")

// jsonValue reads the value at pos, and passes it.
func (r *Reader) jsonValue(c *chunk) ([]outcome, error) {
	document := r.file.documents + 1
	line := c.posLine
	begin := c.pos
	cut := &jsonCutter{chunk: c, line: line}
	all, ok := r.list(cut, document)
	if cut.err != nil {
		return nil, cut.err
	}
	if !ok {
		if c.cut {
			return nil, errTooLarge
		}
		whole, err := c.takeJSON(begin)
		if err != nil {
			return nil, err
		}
		t := &text{bytes: whole, isJSON: true, line: line, last: c.posLine}
		r.held += len(whole)
		w := r.worker(t)
		w.listKnown = true
		if w.object(r.place(document, t), whole, header{}); w.broken {
			return nil, errNotJSON
		}
		all = w.out
	}
	r.nextDocument()
	return all, nil
}

// takeJSON passes the value at begin of the text, which was looked at before, and
// returns it.
func (c *chunk) takeJSON(begin int) ([]byte, error) {
	c.rewind()
	c.advance(begin)
	j := &jsonCutter{chunk: c}
	from := j.value()
	whole := bytes.Clone(c.rest()[from:j.at])
	j.drop()
	return whole, j.err
}

// jsonCutter cuts a JSON object with an array of items into these and the rest. It
// only looks for where values end; what is in them is for the decoder.
type jsonCutter struct {
	*chunk
	line   int // of the stream, where the value begins
	at     int // of rest(): what was looked at
	kept   int // of rest(): what is already in head or tail
	head   []byte
	tail   []byte
	gap    int // lines of the stream with items
	lists  int // of items
	err    error
	closed bool
}

var errEnd = errors.New("unexpected end of JSON input")

// peek returns the next byte that is not space.
func (j *jsonCutter) peek() byte {
	for {
		for rest := j.rest(); j.at < len(rest); j.at++ {
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

// next passes the next byte that is not space, which must be one of these.
func (j *jsonCutter) next(wanted string) byte {
	b := j.peek()
	if j.err == nil && bytes.IndexByte([]byte(wanted), b) < 0 {
		j.fail(errNotJSON)
	}
	j.at++
	return b
}

// value passes a value and returns where it begins in rest().
func (j *jsonCutter) value() (from int) {
	b := j.peek()
	from = j.at
	depth := 0
	for j.err == nil {
		rest := j.rest()
		if j.at >= len(rest) {
			if j.at-from > keepWhole {
				j.fail(errTooLarge)
				break
			}
			if !j.more() {
				if depth == 0 && b != '{' && b != '[' && b != '"' {
					break // a number at the end
				}
				j.fail(errEnd)
			}
			continue
		}
		switch rest[j.at] {
		case '"':
			j.text()
			if depth == 0 && b == '"' {
				return from
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return from
			}
			if depth--; depth == 0 {
				j.at++
				return from
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return from
			}
		}
		j.at++
	}
	return from
}

// text passes a string.
func (j *jsonCutter) text() {
	j.at++
	for {
		rest := j.rest()
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

// keep puts what was looked at into the frame.
func (j *jsonCutter) keep() {
	part := j.rest()[j.kept:min(j.at, len(j.rest()))]
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

// drop passes what was looked at.
func (j *jsonCutter) drop() {
	j.advance(min(j.at, len(j.rest())))
	j.at, j.kept = 0, 0
}

func (j *jsonCutter) pieces(yield func([]piece) bool) {
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
		j.peek()
		if j.peek() != '"' {
			j.fail(errNotJSON)
			return
		}
		from := j.value()
		if j.err != nil {
			return
		}
		isItems := string(j.rest()[from:j.at]) == `"items"`
		j.next(":")
		if isItems && j.err == nil && j.peek() == '[' {
			if j.at++; !j.items(yield) {
				return
			}
		} else {
			j.value()
		}
		j.keep()
		if j.next(",}") == '}' {
			break
		}
	}
	if j.err == nil {
		j.keep()
		j.closed = true
	}
}

// items cuts the items of the array that was just opened. It reports whether there
// is more to do.
func (j *jsonCutter) items(yield func([]piece) bool) bool {
	j.keep()
	j.lists++
	first := j.posLine
	var batch []piece
	size := 0
	flush := func() bool {
		done := batch
		batch, size = nil, 0
		return len(done) == 0 || yield(done)
	}
	if j.peek() == ']' {
		j.at++
		j.tail = append(j.tail, ']')
		j.dropLines(first)
		return true
	}
	for index := 0; j.err == nil; index++ {
		from := j.value()
		if j.err != nil {
			return false
		}
		if from == j.at {
			j.fail(errNotJSON)
			return false
		}
		item := bytes.Clone(j.rest()[from:j.at])
		end := j.at
		j.at = from
		j.drop()
		t := &text{bytes: item, isJSON: true, line: j.posLine}
		j.at = end - from
		j.drop()
		t.last = j.posLine
		batch = append(batch, piece{index: index, text: t})
		if size += len(item); size > batchSize && !flush() {
			return false
		}
		if j.next(",]") == ']' {
			break
		}
	}
	if j.err != nil || !flush() {
		return false
	}
	j.tail = append(j.tail, ']')
	j.dropLines(first)
	return true
}

// dropLines passes what was looked at, and counts the lines since first as items'.
func (j *jsonCutter) dropLines(first int) {
	j.drop()
	j.gap += j.posLine - first
}

func (j *jsonCutter) frame() (*text, bool) {
	if !j.closed || j.lists != 1 {
		return nil, false
	}
	t := &text{bytes: slices.Concat(j.head, j.tail), isJSON: true, line: j.line, gap: j.gap}
	t.gapAfter = 1 + bytes.Count(j.head, []byte("\n"))
	t.last = j.posLine
	return t, true
}
