package decode

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	kjson "sigs.k8s.io/json"
)

// document is one document of a stream, before its content is judged.
type document struct {
	number int // counted from 1
	text   []byte
	isJSON bool
	broken error // it cannot be told what the document holds

	line, content, last int // where text, its content and its last line begin; counted from 1
}

var utf8BOM = []byte("\xef\xbb\xbf")

// splitDocuments finds the documents of a stream. They are cut as in Kubernetes
// (k8s.io/apimachinery/pkg/util/yaml/decoder.go: YAMLReader): at every line
// that begins with "---", which no JSON value and no indented block can
// contain. A chunk that begins with "{" is a sequence of JSON values, as for
// YAMLOrJSONDecoder.
//
// What stands before the first separator is a document only if it has content;
// after that empty documents count, so that numbers are those a reader counts.
func splitDocuments(stream []byte) []*document {
	var docs []*document
	for _, chunk := range splitChunks(decodeText(stream)) {
		if chunk.isPreamble() {
			continue
		}
		for _, doc := range chunk.values() {
			doc.number = len(docs) + 1
			doc.last = doc.line + bytes.Count(doc.text, []byte("\n"))
			doc.content = min(doc.line+blankLines(doc.text), doc.last) // it may have none
			docs = append(docs, doc)
		}
	}
	return docs
}

// decodeText is the stream as UTF-8 without a byte order mark. UTF-16 is what
// PowerShell's > writes. CRLF can stay: YAML and JSON read it as LF.
func decodeText(stream []byte) []byte {
	switch {
	case bytes.HasPrefix(stream, []byte("\xff\xfe")):
		stream = decodeUTF16(stream[2:], binary.LittleEndian)
	case bytes.HasPrefix(stream, []byte("\xfe\xff")):
		stream = decodeUTF16(stream[2:], binary.BigEndian)
	}
	return bytes.TrimPrefix(stream, utf8BOM)
}

func decodeUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// chunk is what stands between two separators.
type chunk struct {
	line      int
	text      []byte
	first     bool   // it stands before the first separator
	separator string // what followed the "---" above it and should not
}

func splitChunks(text []byte) []chunk {
	chunks := []chunk{{line: 1, first: true}}
	line, start := 1, 0
	for rest := text; len(rest) > 0; line++ {
		end := lineEnd(rest)
		if bytes.HasPrefix(rest, []byte("---")) {
			chunks[len(chunks)-1].text = text[start : len(text)-len(rest)]
			chunks = append(chunks, chunk{line: line + 1, separator: separatorTail(rest[3:end])})
			start = len(text) - len(rest) + end
		}
		rest = rest[end:]
	}
	chunks[len(chunks)-1].text = text[start:]
	return chunks
}

// lineEnd is the length of the first line, its end included.
func lineEnd(text []byte) int {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

// separatorTail is what may not follow a separator: anything but a comment.
func separatorTail(tail []byte) string {
	text := strings.TrimSpace(string(tail))
	if strings.HasPrefix(text, "#") {
		return ""
	}
	return text
}

// isPreamble reports whether the chunk is only the space above the first separator.
func (c chunk) isPreamble() bool {
	return c.first && isBlank(c.text)
}

// isBlank reports whether the text has nothing but space and comments.
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

// values are the documents of a chunk: one of YAML, or as many as there are
// JSON values.
func (c chunk) values() []*document {
	whole := &document{line: c.line, text: c.text}
	switch {
	case c.separator != "":
		whole.line--
		whole.broken = errors.New("only a comment may follow --- on its line, found " + quote(c.separator))
	case bytes.HasPrefix(bytes.TrimLeftFunc(bytes.TrimPrefix(c.text, utf8BOM), unicode.IsSpace), []byte("%")):
		whole.broken = errors.New("YAML directives are not read by kubectl either: remove the lines that begin with %")
	case looksLikeJSON(c.text):
		if docs := c.jsonValues(); docs != nil {
			return docs
		}
	}
	return []*document{whole}
}

// looksLikeJSON follows Kubernetes
// (k8s.io/apimachinery/pkg/util/yaml/decoder.go: IsJSONBuffer).
func looksLikeJSON(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeftFunc(text, unicode.IsSpace), []byte("{"))
}

// endMarker is the line of a YAML document end marker with content after it, 0
// if there is none. The parser behind kubectl reads no further.
func (d *document) endMarker() int {
	if d.isJSON {
		return 0
	}
	line := d.line
	for text := d.text; len(text) > 0; line++ {
		end := lineEnd(text)
		if string(bytes.TrimSpace(text[:end])) == "..." && text[0] == '.' && !isBlank(text[end:]) {
			return line
		}
		text = text[end:]
	}
	return 0
}

// jsonValues cuts a chunk into JSON values. It is nil if not even the first is
// JSON, as in YAML's {a: b}.
func (c chunk) jsonValues() []*document {
	decoder := kjson.NewDecoderCaseSensitivePreserveInts(bytes.NewReader(c.text))
	var docs []*document
	at := textCursor{text: c.text, line: c.line}
	for {
		at.moveTo(int(decoder.InputOffset()))
		at.skipSpace()
		doc := &document{line: at.line, isJSON: true}
		var value json.RawMessage
		err := decoder.Decode(&value)
		switch {
		case err == io.EOF, err != nil && isBlank(c.text[at.offset:]):
			return docs
		case err != nil && docs == nil:
			return nil
		case err != nil:
			if ok, offset := kjson.SyntaxErrorOffset(err); ok {
				at.moveTo(int(offset))
			}
			doc.line, doc.broken = at.line, errors.New("JSON: "+err.Error())
			return append(docs, doc)
		}
		doc.text = value
		docs = append(docs, doc)
	}
}

// textCursor knows the line of an offset that only grows.
type textCursor struct {
	text   []byte
	offset int
	line   int
}

func (t *textCursor) moveTo(offset int) {
	offset = max(t.offset, min(offset, len(t.text)))
	t.line += bytes.Count(t.text[t.offset:offset], []byte("\n"))
	t.offset = offset
}

func (t *textCursor) skipSpace() {
	t.moveTo(len(t.text) - len(bytes.TrimLeftFunc(t.text[t.offset:], unicode.IsSpace)))
}
