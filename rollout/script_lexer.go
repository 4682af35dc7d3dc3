package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// lexer reads words from a line. After the first mistake it reads no more.
type lexer struct {
	text string
	err  error
}

func (r *lexer) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.text = ""
}

// rest drops the space before what is left.
func (r *lexer) rest() { r.text = strings.TrimLeft(r.text, " \t") }

// token removes the next word, and reports whether it was quoted.
func (r *lexer) token() (text string, quoted bool) {
	r.rest()
	if strings.HasPrefix(r.text, `"`) {
		prefix, err := strconv.QuotedPrefix(r.text)
		if err != nil {
			r.fail("a quotation does not end")
			return "", true
		}
		r.text = r.text[len(prefix):]
		text, _ = strconv.Unquote(prefix)
		return text, true
	}
	end := strings.IndexAny(r.text, " \t")
	if end < 0 {
		end = len(r.text)
	}
	text, r.text = r.text[:end], r.text[end:]
	if text == "" {
		r.fail("a word is missing")
	}
	return text, false
}

func (r *lexer) word() string {
	text, _ := r.token()
	return text
}

// skip removes a certain word, if it comes next.
func (r *lexer) skip(word string) bool {
	r.rest()
	after, ok := strings.CutPrefix(r.text, word)
	if ok = ok && (after == "" || after[0] == ' ' || after[0] == '\t'); ok {
		r.text = after
	}
	return ok
}

func (r *lexer) number() int64 {
	text := r.word()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.fail("%q: must be a number", text)
	}
	return n
}

// on removes and returns the nodes that an input is limited to; nil if it is not.
func (r *lexer) on() []string {
	if !r.skip("on") {
		return nil
	}
	var nodes []string
	for r.rest(); r.text != ""; r.rest() {
		nodes = append(nodes, r.word())
	}
	if nodes == nil {
		r.fail("on no node")
	}
	return nodes
}

// after removes and returns a duration, if it comes next.
func (r *lexer) after() time.Duration {
	if !r.skip("after") {
		return 0
	}
	text := r.word()
	d, err := time.ParseDuration(text)
	if err != nil {
		r.fail("%q: must be a duration", text)
	}
	return d
}

// image removes and returns the image that an input is limited to; empty if it is
// not.
func (r *lexer) image() string {
	if !r.skip("image") {
		return ""
	}
	return r.word()
}

// object reads the rest of the line as an API object.
func object[T any](r *lexer) *T {
	if r.rest(); !strings.HasPrefix(r.text, "{") {
		r.fail("an object in braces is missing")
		return nil
	}
	read := new(T)
	if err := yaml.UnmarshalStrict([]byte(r.text), read); err != nil {
		r.fail("%w", err)
		return nil
	}
	r.text = ""
	return read
}
