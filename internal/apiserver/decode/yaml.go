package decode

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v2"
)

// yamlToJSON reads one YAML document with the parser of the API server, and as in
// Kubernetes (sigs.k8s.io/yaml/yaml.go: YAMLToJSON): it returns the value as JSON,
// with number and boolean keys as strings. Repeated keys do not stop it. The last
// one counts, as in strict decoding
// (k8s.io/apimachinery/pkg/runtime/serializer/json/json.go: Serializer.unmarshal),
// and repeated is not nil.
//
// There are two differences. If a mapping has both the number 1 and the string "1"
// as keys, sigs.k8s.io/yaml keeps one by chance; here that is a mistake. Nesting
// deeper than maxDepth is also a mistake.
func yamlToJSON(text []byte) (value json.RawMessage, repeated error, mistakes []mistake, err error) {
	var content any
	if repeated = yaml.UnmarshalStrict(text, &content); repeated != nil {
		content = nil
		if err = yaml.Unmarshal(text, &content); err != nil {
			return nil, nil, nil, err
		}
	}
	w := jsonWriter{out: make([]byte, 0, len(text)+len(text)/4)}
	w.value(content, nil, 0)
	if w.err != nil {
		return nil, nil, nil, w.err
	}
	slices.SortFunc(w.mistakes, func(a, b mistake) int { return strings.Compare(a.field+a.message, b.field+b.message) })
	return w.out, repeated, w.mistakes, nil
}

// asKubectlReads returns YAML as kubectl hands it to the parser
// (k8s.io/apimachinery/pkg/util/yaml/decoder.go: LineReader): each line, the last
// too, ends with "\n" alone.
func asKubectlReads(text []byte) []byte {
	if bytes.Contains(text, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(bytes.Clone(text), '\n')
	}
	return text
}

// jsonWriter writes the result of the YAML parser as json.Marshal would.
type jsonWriter struct {
	out      []byte
	mistakes []mistake
	err      error
}

func (w *jsonWriter) value(value any, at *step, depth int) {
	if depth > maxDepth {
		w.err = errTooDeep
	}
	if w.err != nil {
		return
	}
	switch v := value.(type) {
	case map[any]any:
		w.mapping(v, at, depth)
	case []any:
		w.out = append(w.out, '[')
		for i, item := range v {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.value(item, at.item(i), depth+1)
		}
		w.out = append(w.out, ']')
	case nil:
		w.out = append(w.out, "null"...)
	case string:
		w.text(v)
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case int:
		w.out = strconv.AppendInt(w.out, int64(v), 10)
	default:
		w.marshal(v)
	}
}

func (w *jsonWriter) marshal(v any) {
	text, err := json.Marshal(v)
	w.err = cmp.Or(w.err, err)
	w.out = append(w.out, text...)
}

// text writes a string. json.Marshal escapes the characters special in HTML.
func (w *jsonWriter) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			w.marshal(s)
			return
		}
	}
	w.out = append(append(append(w.out, '"'), s...), '"')
}

// member is a key of a mapping as in JSON, with its value.
type member struct {
	name  string
	value any
}

func (w *jsonWriter) mapping(from map[any]any, at *step, depth int) {
	members := make([]member, 0, len(from))
	for key, value := range from {
		name, ok := keyText(key)
		if !ok {
			w.mistakes = append(w.mistakes, mistake{field: at.String(), message: "a key must be a string, not " + cut(name)})
			continue
		}
		members = append(members, member{name, value})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	w.out = append(w.out, '{')
	for i, m := range members {
		here := at.key(m.name)
		if i > 0 {
			w.out = append(w.out, ',')
			if m.name == members[i-1].name {
				w.mistakes = append(w.mistakes, mistake{field: here.String(), message: "two keys are the same in JSON, with and without quotes: which one Kubernetes keeps is chance"})
			}
		}
		w.text(m.name)
		w.out = append(w.out, ':')
		w.value(m.value, here, depth+1)
	}
	w.out = append(w.out, '}')
}

// keyText returns a key as in JSON, and whether JSON allows it.
func keyText(key any) (text string, ok bool) {
	switch k := key.(type) {
	case string:
		return k, true
	case bool, int, int64:
		return fmt.Sprint(k), true
	case float64:
		switch text = strconv.FormatFloat(k, 'g', -1, 32); text {
		case "+Inf":
			return ".inf", true
		case "-Inf":
			return "-.inf", true
		case "NaN":
			return ".nan", true
		}
		return text, true
	case nil:
		return "null", false
	}
	return fmt.Sprint(key), false
}

// yamlLine matches the line number, counted from 1 in the document, in errors of the
// YAML parser.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// explainYAML rewrites the parser's error with a line of the stream and the likely
// cause. If the parser names no line, the line is that of the cause.
func (t *text) explainYAML(err error) (line int, message string) {
	message = firstLine(err)
	if parts := yamlLine.FindStringSubmatch(message); parts != nil {
		if n, err := strconv.Atoi(parts[1]); err == nil {
			line = t.streamLine(n)
		}
		message = parts[2]
	}
	message, _, _ = strings.Cut(message, ": map[") // a value as Go prints it
	message = "YAML: " + message
	for _, s := range suspicions {
		if at := t.firstLineThat(s.is); at > 0 {
			return cmp.Or(line, at), message + " (" + fmt.Sprintf(s.words, at) + ")"
		}
	}
	return cmp.Or(line, t.content()), message
}

// suspicions are common causes of invalid YAML, each recognised by a line.
var suspicions = []struct {
	is    func(line []byte) bool
	words string
}{
	{isNoText, "line %d is not text in UTF-8"},
	{isIndentedWithTab, "line %d is indented with a tab; YAML wants spaces"},
	{func(line []byte) bool { return bytes.Contains(line, []byte("{{")) }, "is line %d of a template? render it first"},
}

// isNoText reports whether the line is binary, compressed, in another encoding, or
// coloured for a terminal.
func isNoText(line []byte) bool {
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == 0x7f }
	return !utf8.Valid(line) || bytes.ContainsFunc(line, control)
}

func isIndentedWithTab(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("\t")) && !isBlank(line)
}

// firstLineThat returns the number in the stream of the first line of the text for
// which is reports true, or 0 if there is none.
func (t *text) firstLineThat(is func(line []byte) bool) int {
	number := 1
	for line := range bytes.Lines(t.bytes) {
		if is(line) {
			return t.streamLine(number)
		}
		number++
	}
	return 0
}

// endMarker returns the line of a YAML document end marker with content after it, or
// 0 if there is none. The parser behind kubectl stops there.
func (t *text) endMarker() int {
	number := 1
	for rest := t.bytes; len(rest) > 0; number++ {
		end := lineEnd(rest)
		if rest[0] == '.' && string(bytes.TrimSpace(rest[:end])) == "..." && !isBlank(rest[end:]) {
			return t.streamLine(number)
		}
		rest = rest[end:]
	}
	return 0
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSpace(line)
}

// firstRepeated returns the parser's message about the first repeated key.
func firstRepeated(err error) string {
	if all := new(yaml.TypeError); errors.As(err, &all) && len(all.Errors) > 0 {
		return all.Errors[0]
	}
	return firstLine(err)
}
