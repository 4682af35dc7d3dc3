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
	Document int    // counted from 1
	Line     int    // of the stream, counted from 1
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
	for _, part := range []string{where, r.Object, r.Field, r.Message} {
		if part != "" {
			parts = append(parts, oneLine(part))
		}
	}
	return strings.Join(parts, ": ")
}

// oneLine escapes control characters: a stream may use any as names and keys.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		text = strconv.Quote(text)
		return text[1 : len(text)-1]
	}
	return text
}

// sortRemarks sorts by place. The decoder visits the fields of an object in the
// order of their names, not in that of the stream.
func sortRemarks(all []Remark) {
	slices.SortStableFunc(all, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
}
