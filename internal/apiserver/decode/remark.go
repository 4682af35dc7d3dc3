package decode

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Remark is a warning or a mistake about a stream. Fields that are not known or
// do not apply are zero.
type Remark struct {
	File     string
	Document int    // counted from 1
	Line     int    // in the stream, counted from 1
	Object   string // "DaemonSet kube-system/agent"
	Field    string // "spec.template.spec.hostnetwork"
	Message  string
}

// String returns one line: place, object, field, message.
func (r Remark) String() string {
	var where string
	switch {
	case r.Document > 0 && r.Line > 0:
		where = "document " + strconv.Itoa(r.Document) + ", line " + strconv.Itoa(r.Line)
	case r.Document > 0:
		where = "document " + strconv.Itoa(r.Document)
	}
	var parts []string
	for _, part := range []string{r.File, where, r.Object, r.Field, r.Message} {
		if part != "" {
			parts = append(parts, oneLine(part))
		}
	}
	return strings.Join(parts, ": ")
}

// oneLine escapes control characters: names and keys in a stream may contain any.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		text = strconv.Quote(text)
		return text[1 : len(text)-1]
	}
	return text
}

// sortRemarks sorts by place. The decoder visits the fields of an object by name,
// not in the order of the stream.
func sortRemarks(all []Remark) {
	slices.SortStableFunc(all, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
}

// mostAlike is how many equal remarks are listed individually.
const mostAlike = 3

// Summary returns remarks as text, one per line. If more than a few remarks differ
// only in their objects and places, it shows the first few and counts the others.
func Summary(all []Remark) string {
	alike := map[Remark]int{}
	for _, r := range all {
		alike[r.kind()]++
	}
	var lines []string
	told := map[Remark]int{}
	for _, r := range all {
		kind := r.kind()
		if told[kind]++; told[kind] > mostAlike {
			continue
		}
		lines = append(lines, r.String())
		if more := alike[kind] - mostAlike; told[kind] == mostAlike && more > 0 {
			lines = append(lines, "... and "+strconv.Itoa(more)+" more like this")
		}
	}
	return strings.Join(lines, "\n")
}

// kind returns the remark without its object and place.
func (r Remark) kind() Remark {
	object, _, _ := strings.Cut(r.Object, " ")
	return Remark{Object: object, Field: withoutNumbers(r.Field), Message: withoutNumbers(r.Message)}
}

// withoutNumbers replaces each number in the text by "#".
func withoutNumbers(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch digit := text[i] >= '0' && text[i] <= '9'; {
		case !digit:
			b.WriteByte(text[i])
		case i == 0 || text[i-1] < '0' || text[i-1] > '9':
			b.WriteByte('#')
		}
	}
	return b.String()
}
