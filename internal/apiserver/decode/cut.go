package decode

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strconv"

	"github.com/berthsim/berth/internal/par"
)

// piece is an item of a list, cut out of its document.
type piece struct {
	index int
	text  *text
	check bool // drop the text if the object is valid
}

// batchSize is how much text a worker gets at once.
const batchSize = 128 << 10

// holdText is how much text the places of objects hold before the text of valid
// objects is dropped.
const holdText = 4 << 20

// cutter cuts a list into its items and the remaining frame.
type cutter interface {
	// pieces yields the items in batches.
	pieces(yield func([]piece) bool)
	// frame returns the list without its items, once they were all yielded. It
	// reports whether the text is a list that can be read piece by piece.
	frame() (*text, bool)
}

// list reads the items of a list on all cores. It reports whether the document can
// be read that way.
func (r *Reader) list(c cutter, document int) ([]outcome, bool) {
	items, ok := r.workOn(c.pieces, document, header{}, false)
	frame, isList := c.frame()
	if !ok || !isList || r.opts.uncut {
		return nil, false
	}
	w := r.worker(frame)
	raw, ok := w.valueOf(frame)
	if !ok || w.repeats {
		return nil, false
	}
	fields := objectOf(raw)
	h, mistakes := readHeader(fields)
	left := string(fields["items"])
	if !(frame.isJSON || left == "null") || left == "" || len(mistakes) > 0 {
		return nil, false
	}
	o := outcome{place: r.place(document, frame)}
	o.place.line = frame.content()
	if h.kind == "" && h.apiVersion == "" && len(items) > 0 {
		fields["items"] = w.firstItem(items[0].place.text)
		w.nameKind(&o, &h, fields, header{})
	}
	if h.kind == "" || h.apiVersion == "" || !h.isList(fields) {
		return nil, false
	}
	o.header = h
	w.warnOfList(&o, h, fields)
	if items, ok = r.nameBare(items, document, h.ofItems()); !ok {
		return nil, false
	}
	return slices.Concat([]outcome{o}, items), true
}

// firstItem returns a list of one item that was cut out, to determine its kind.
func (w *worker) firstItem(t *text) json.RawMessage {
	if t == nil {
		return nil
	}
	raw, _ := w.valueOf(t)
	w.repeats = false // these belong to the item
	if t.isJSON {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	return raw
}

// nameBare reads again the items that depend on the kind of their list.
func (r *Reader) nameBare(items []outcome, document int, inherited header) ([]outcome, bool) {
	isBare := func(o outcome) bool { return o.bare }
	if !slices.ContainsFunc(items, isBare) {
		return items, true
	}
	again := func(yield func([]piece) bool) {
		for some := range slices.Chunk(items, 64) {
			var batch []piece
			for _, o := range some {
				if o.bare {
					batch = append(batch, piece{index: o.index, text: o.place.text})
				}
			}
			if !yield(batch) {
				return
			}
		}
	}
	named, ok := r.workOn(again, document, inherited, true)
	all := slices.Concat(slices.DeleteFunc(items, isBare), named)
	slices.SortStableFunc(all, func(a, b outcome) int { return cmp.Compare(a.index, b.index) })
	return all, ok
}

// workOn reads pieces on all cores. It reports whether each could be read by itself.
func (r *Reader) workOn(pieces iter.Seq[[]piece], document int, inherited header, listKnown bool) ([]outcome, bool) {
	type read struct {
		out []outcome
		ok  bool
	}
	batches := func(yield func([]piece) bool) {
		for batch := range pieces {
			for i, p := range batch {
				r.held += len(p.text.bytes)
				batch[i].check = r.held > holdText && r.opts.Valid != nil
			}
			if !yield(batch) {
				return
			}
		}
	}
	work := func(batch []piece) read {
		out, ok := r.readPieces(batch, document, inherited, listKnown)
		return read{out, ok}
	}
	var all []outcome
	for done := range par.Map(batches, work) {
		if !done.ok {
			return nil, false
		}
		all = append(all, done.out...)
	}
	return all, true
}

func (r *Reader) readPieces(batch []piece, document int, inherited header, listKnown bool) ([]outcome, bool) {
	var all []outcome
	for _, p := range batch {
		w := r.worker(p.text)
		w.listKnown, w.check = listKnown, p.check
		raw, ok := w.valueOf(p.text)
		if !ok {
			return nil, false
		}
		at := r.place(document, p.text)
		at.item = "items[" + strconv.Itoa(p.index) + "]"
		if !p.text.isJSON {
			items := itemsOf(raw)
			if len(items) != 1 {
				return nil, false
			}
			raw, at.path = items[0], "[0]"
		}
		if w.object(at, raw, inherited); w.broken {
			return nil, false
		}
		for _, o := range w.out {
			o.index = p.index
			all = append(all, o)
		}
	}
	return all, true
}

func (r *Reader) worker(t *text) *worker {
	return &worker{Options: &r.opts, lines: NewLineFinder()}
}

func (r *Reader) place(document int, t *text) Place {
	return Place{file: r.file.name, document: document, text: t}
}

// valueOf returns the content of a text as JSON. It reports whether the text has no
// mistakes.
func (w *worker) valueOf(t *text) (json.RawMessage, bool) {
	if t.isJSON {
		return t.bytes, true
	}
	value, repeated, mistakes, err := yamlToJSON(asKubectlReads(t.bytes))
	if err != nil || len(mistakes) > 0 {
		return nil, false
	}
	w.repeats = repeated != nil
	return value, true
}

var errTooLarge = errors.New("an object of more than " + strconv.Itoa(keepWhole>>20) + " MiB is not read")

// yaml reads a chunk that holds one YAML document.
func (r *Reader) yaml(c *chunk) {
	document, line := r.nextDocument(), c.heldLine
	cut := &yamlCutter{chunk: c, begin: line}
	if all, ok := r.list(cut, document); ok {
		r.take(all)
		return
	}
	all, ok := c.all()
	if !ok {
		r.refuse(document, line, errTooLarge.Error())
		return
	}
	r.file.documents--
	r.yamlText(all, line)
}

// yamlText reads a YAML document that is not cut.
func (r *Reader) yamlText(all []byte, line int) {
	document := r.nextDocument()
	t := &text{bytes: all, line: line}
	t.last = line + bytes.Count(all, []byte("\n"))
	r.held += len(t.bytes)
	r.take(r.wholeYAML(t, document))
}

// wholeYAML reads a document without cutting it.
func (r *Reader) wholeYAML(t *text, document int) []outcome {
	w := r.worker(t)
	w.listKnown = true
	at := r.place(document, t)
	at.line = t.content()
	if end := t.endMarker(); end > 0 {
		o := outcome{place: at}
		w.remark(&o, end, "", "", "what follows ... is ignored, as by kubectl: separate documents with ---")
		w.out = append(w.out, o)
	}
	value, repeated, mistakes, err := yamlToJSON(asKubectlReads(t.bytes))
	switch {
	case err != nil:
		o := outcome{place: at, failed: true}
		line, message := t.explainYAML(err)
		w.remark(&o, line, "", "", message)
		w.out = append(w.out, o)
	case len(mistakes) > 0:
		w.fail(&outcome{place: at}, "", mistakes...)
	case value != nil && string(value) != "null":
		w.repeats = repeated != nil
		if line, joined := w.joined(at); joined {
			o := outcome{place: at, failed: true}
			w.remark(&o, line, "", "", "apiVersion and kind appear twice: write --- between two objects")
			w.out = append(w.out, o)
			break
		}
		if w.repeats && w.lines.root(t) == nil {
			o := outcome{place: at}
			w.remark(&o, at.line, "", "", "repeated keys, the last one counts: "+firstRepeated(repeated))
			w.out = append(w.out, o)
		}
		w.object(at, value, header{})
	}
	return w.out
}

// joined reports whether two documents were joined without a separator, so that
// apiVersion and kind repeat. It returns the line where the second begins.
func (w *worker) joined(at Place) (line int, ok bool) {
	node := w.lines.root(at.text)
	if !w.repeats || node == nil {
		return 0, false
	}
	again := map[string]int{}
	for _, key := range repetitions(node, true) {
		if _, known := again[key.path.name]; key.path.before == nil && !known {
			again[key.path.name] = key.line
		}
	}
	version, kind := again["apiVersion"], again["kind"]
	return at.text.streamLine(min(version, kind)), version > 0 && kind > 0
}

// yamlCutter cuts a list as kubectl writes it: in block style, with "items:" at the
// left margin on a line of its own, and each item behind a "- " of the same
// indentation.
//
// That is safe because a piece is read only if it is one whole item by itself, and
// the rest one whole list: a scalar, flow collection or alias that crosses a cut
// does not end, or has no anchor, in its piece. A document with any other layout is
// read as a whole.
type yamlCutter struct {
	*chunk
	begin int // in the stream, where the document begins
	head  []byte
	tail  []byte
	items int // lines of the stream with items
	plain bool
}

func (y *yamlCutter) pieces(yield func([]piece) bool) {
	if !y.passHead() {
		return
	}
	first := y.line
	var batch []piece
	size := 0
	dash := -1
	for index := 0; ; index++ {
		line := y.line
		item, indent, ok := y.item(dash)
		if !ok {
			return
		}
		if item == nil {
			break
		}
		dash = indent
		if hasOtherLineEnds(item) {
			return
		}
		t := &text{bytes: item, line: line}
		t.last = line + bytes.Count(item, []byte("\n"))
		y.pass(len(item))
		batch = append(batch, piece{index: index, text: t})
		if size += len(item); size > batchSize {
			if !yield(batch) {
				return
			}
			batch, size = nil, 0
		}
	}
	if len(batch) > 0 && !yield(batch) {
		return
	}
	y.items = y.line - first
	y.passTail()
}

// hasOtherLineEnds reports whether the text has line ends in YAML that are not line
// ends in a stream.
func hasOtherLineEnds(text []byte) bool {
	for rest := text; ; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			break
		}
		if rest = rest[i+1:]; len(rest) == 0 || rest[0] != '\n' {
			return true
		}
	}
	return bytes.Contains(text, []byte("\u0085")) || bytes.Contains(text, []byte("\u2028")) || bytes.Contains(text, []byte("\u2029"))
}

// passHead passes the lines up to "items:". It reports whether it found that line.
func (y *yamlCutter) passHead() bool {
	for {
		line := y.nextLine()
		if len(line) == 0 || len(y.head) > keepWhole {
			return false
		}
		y.head = append(y.head, line...)
		y.pass(len(line))
		if key, ok := bytes.CutPrefix(line, []byte("items:")); ok && len(bytes.TrimSpace(key)) == 0 {
			return true
		}
	}
}

// item returns the next item, or nil if there is none, and its indentation. The
// indentation must be dash unless dash is negative. It reports whether the text is
// plain.
func (y *yamlCutter) item(dash int) (item []byte, indent int, ok bool) {
	length, begun := 0, false
	for {
		rest := y.text()[length:]
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			if y.more() {
				continue
			}
			end = len(rest)
		}
		line := rest[:end]
		text := bytes.TrimLeft(line, " ")
		indent := len(line) - len(text)
		content := bytes.TrimRight(text, " \t\r\n")
		isItem := len(content) > 0 && content[0] == '-' && (len(content) == 1 || content[1] == ' ')
		switch {
		case len(line) == 0 && !begun: // the end
			return nil, dash, length == 0
		case len(line) == 0:
			return y.text()[:length], dash, true
		case len(content) == 0 || content[0] == '#':
		case isItem && !begun && (dash < 0 || indent == dash):
			dash, begun = indent, true
		case isItem && begun && indent == dash:
			return y.text()[:length], dash, true
		case begun && indent > dash:
		case indent == 0 && !isItem: // the tail
			if !begun {
				return nil, dash, true
			}
			return y.text()[:length], dash, true
		default:
			return nil, dash, false
		}
		if length += end; length > keepWhole {
			return nil, dash, false
		}
	}
}

func (y *yamlCutter) passTail() {
	for {
		line := y.nextLine()
		if len(line) == 0 {
			y.plain = true
			return
		}
		if bytes.HasPrefix(line, []byte("- ")) || bytes.HasPrefix(line, []byte("...")) || len(y.tail) > keepWhole {
			return
		}
		y.tail = append(y.tail, line...)
		y.pass(len(line))
	}
}

func (y *yamlCutter) frame() (*text, bool) {
	if hasOtherLineEnds(y.head) || hasOtherLineEnds(y.tail) {
		return nil, false
	}
	before := y.head[:max(0, len(y.head)-len("items:\n"))]
	if !y.plain || bytes.Contains(before, []byte("items")) || bytes.Contains(y.tail, []byte("items")) {
		return nil, false // the line "items:" may be part of a scalar
	}
	if bytes.HasPrefix(y.head, []byte("...")) || bytes.Contains(y.head, []byte("\n...")) {
		return nil, false
	}
	t := &text{bytes: slices.Concat(y.head, y.tail), line: y.begin}
	t.gapAfter, t.gap = bytes.Count(y.head, []byte("\n")), y.items
	t.last = y.begin + bytes.Count(t.bytes, []byte("\n")) + t.gap
	return t, true
}
