package cluster

import (
	"fmt"
	"strings"
)

// ParseNodeEdit parses the output of NodeEdit.String, which is kubectl's notation:
// "label key=value", "label key-", "taint key=value:effect", "taint key-", "cordon",
// "uncordon", "ready" and "not-ready". The error describes every mistake.
func ParseNodeEdit(text string) (NodeEdit, error) {
	word, arg, _ := strings.Cut(strings.TrimSpace(text), " ")
	e := NodeEdit{verb: none}
	rest, off := strings.CutSuffix(arg, "-")
	switch {
	case word == "label" && off:
		e = Unlabel(rest)
	case word == "label":
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return NodeEdit{}, fmt.Errorf("edit %q: must be label key=value or label key-", text)
		}
		e = Label(key, value)
	case word == "taint" && off:
		e = Untaint(rest)
	case word == "taint":
		e = Taint(arg)
	default:
		for _, plain := range []NodeEdit{Cordon(), Uncordon(), Ready(), NotReady()} {
			if text == plain.String() {
				e = plain
			}
		}
	}
	if e.verb == none {
		return NodeEdit{}, fmt.Errorf("edit %q: must be label, taint, cordon, uncordon, ready or not-ready", text)
	}
	return e, e.check()
}
