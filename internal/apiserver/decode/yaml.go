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

// yamlToJSON reads one YAML document with the parser of the API server, and as
// in Kubernetes (sigs.k8s.io/yaml/yaml.go: YAMLToJSON): the value as JSON, keys
// that are numbers or booleans as strings. Repeated keys do not stop it, the last
// of them counts, as in strict decoding
// (k8s.io/apimachinery/pkg/runtime/serializer/json/json.go:
// Serializer.unmarshal); repeated says that there are some.
//
// It differs in one thing. Where a mapping has both the number 1 and the string
// "1" as keys, sigs.k8s.io/yaml keeps one by chance; here that is a mistake.
func yamlToJSON(text []byte) (value json.RawMessage, repeated error, mistakes []mistake, err error) {
	var content any
	if repeated = yaml.UnmarshalStrict(text, &content); repeated != nil {
		content = nil
		if err = yaml.Unmarshal(text, &content); err != nil {
			return nil, nil, nil, err
		}
	}
	var keys keyWriter
	value, err = json.Marshal(keys.stringKeys(content, ""))
	slices.SortFunc(keys.mistakes, func(a, b mistake) int { return strings.Compare(a.field+a.message, b.field+b.message) })
	return value, repeated, keys.mistakes, err
}

// keyWriter gives YAML mappings the string keys of JSON.
type keyWriter struct{ mistakes []mistake }

func (w *keyWriter) stringKeys(value any, path string) any {
	switch v := value.(type) {
	case map[any]any:
		return w.stringMap(v, path)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = w.stringKeys(item, path+"["+strconv.Itoa(i)+"]")
		}
		return items
	}
	return value
}

func (w *keyWriter) stringMap(from map[any]any, path string) map[string]any {
	to := make(map[string]any, len(from))
	for key, value := range from { // in any order: yamlToJSON sorts the mistakes
		name, ok := keyText(key)
		here := joinPath(path, name)
		if !ok {
			w.mistakes = append(w.mistakes, mistake{field: path, message: "a key must be a string, not " + name})
			continue
		}
		if _, clash := to[name]; clash {
			w.mistakes = append(w.mistakes, mistake{field: here, message: "two keys are the same in JSON, with and without quotes: which one Kubernetes keeps is chance"})
		}
		to[name] = w.stringKeys(value, here)
	}
	return to
}

// keyText is a key as JSON has it, and whether JSON can have it at all.
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

// yamlLine is how the YAML parser names a line, counted from 1 in its document.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// explainYAML puts the parser's error into the words and lines of the stream, with
// what is likely to be behind it. Where the parser names no line, that is it.
func (d *document) explainYAML(err error) (line int, message string) {
	message = firstLine(err)
	if parts := yamlLine.FindStringSubmatch(message); parts != nil {
		if n, err := strconv.Atoi(parts[1]); err == nil {
			line = d.streamLine(n)
		}
		message = parts[2]
	}
	message, _, _ = strings.Cut(message, ": map[") // a value as Go prints it
	message = "YAML: " + message
	for _, s := range suspicions {
		if at := d.firstLineThat(s.is); at > 0 {
			return cmp.Or(line, at), message + " (" + fmt.Sprintf(s.words, at) + ")"
		}
	}
	return cmp.Or(line, d.content), message
}

// suspicions are what manifests that are no YAML often are, each told by a line.
var suspicions = []struct {
	is    func(line []byte) bool
	words string
}{
	{isNoText, "line %d is not text in UTF-8"},
	{isIndentedWithTab, "line %d is indented with a tab; YAML wants spaces"},
	{func(line []byte) bool { return bytes.Contains(line, []byte("{{")) }, "is line %d of a template? render it first"},
}

// isNoText: binary, compressed, of another encoding, or coloured for a terminal.
func isNoText(line []byte) bool {
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == 0x7f }
	return !utf8.Valid(line) || bytes.ContainsFunc(line, control)
}

func isIndentedWithTab(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("\t")) && !isBlank(line)
}

// firstLineThat returns the number, in the stream, of the first line of the
// document for which is reports true; 0 if there is none.
func (d *document) firstLineThat(is func(line []byte) bool) int {
	number := d.line
	for line := range bytes.Lines(d.text) {
		if is(line) {
			return number
		}
		number++
	}
	return 0
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSpace(line)
}

// firstRepeated is what the parser says of the first repeated key.
func firstRepeated(err error) string {
	if all := new(yaml.TypeError); errors.As(err, &all) && len(all.Errors) > 0 {
		return all.Errors[0]
	}
	return firstLine(err)
}
