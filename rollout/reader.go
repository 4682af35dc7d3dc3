package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// word spells an argument of an input: as it is if that can be read again, else
// quoted as in Go.
func word(s string) string {
	odd := func(c rune) bool { return c <= ' ' || c == '"' || c > '~' }
	if s == "" || strings.ContainsFunc(s, odd) || strings.HasSuffix(s, ":") {
		return strconv.Quote(s)
	}
	return s
}

// on spells the nodes that an input is confined to; none: all.
func on(nodes []string) string {
	text := ""
	for i, n := range nodes {
		if i == 0 {
			text = " on"
		}
		text += " " + word(n)
	}
	return text
}

// reader takes words off a line. After the first mistake it takes no more.
type reader struct {
	text string
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.text = ""
}

// rest drops the space before what is left.
func (r *reader) rest() { r.text = strings.TrimLeft(r.text, " \t") }

// token takes a word off, and says whether it was quoted.
func (r *reader) token() (text string, quoted bool) {
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

func (r *reader) word() string {
	text, _ := r.token()
	return text
}

// skip takes a certain word off, if it comes next.
func (r *reader) skip(word string) bool {
	r.rest()
	after, ok := strings.CutPrefix(r.text, word)
	if ok = ok && (after == "" || after[0] == ' ' || after[0] == '\t'); ok {
		r.text = after
	}
	return ok
}

func (r *reader) number() int64 {
	text := r.word()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.fail("%q: must be a number", text)
	}
	return n
}

// on takes the nodes off that an input is confined to; nil if it is not.
func (r *reader) on() []string {
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

// after takes a duration off, if one comes next.
func (r *reader) after() time.Duration {
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

// image takes the image off that an input is confined to; empty if it is not.
func (r *reader) image() string {
	if !r.skip("image") {
		return ""
	}
	return r.word()
}

// object reads the rest of the line as an API object.
func object[T any](r *reader) *T {
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
