package decode

import (
	"strings"
	"testing"
)

// Remarks are alike if they differ only in object, place and numbers. Of those that are
// alike three are listed.
func TestAlikeRemarksAreCounted(t *testing.T) {
	for _, test := range []struct {
		name   string
		remark func(i int) Remark
		alike  bool
	}{
		{"lines", func(i int) Remark { return Remark{Line: i, Message: "a"} }, true},
		{"names", func(i int) Remark { return Remark{Object: "Pod " + strings.Repeat("a", i), Message: "a"} }, true},
		{"kinds", func(i int) Remark { return Remark{Object: strings.Repeat("P", i) + " a", Message: "a"} }, false},
		{"numbers in fields", func(i int) Remark { return Remark{Field: "spec[" + strings.Repeat("7", i) + "].x"} }, true},
		{"numbers in messages", func(i int) Remark { return Remark{Message: strings.Repeat("9", i) + " of 5"} }, true},
		{"how many numbers", func(i int) Remark { return Remark{Message: strings.Repeat("9 ", i)} }, false},
		{"letters", func(i int) Remark { return Remark{Message: "a" + string(rune('a'+i))} }, false},
		{"signs", func(i int) Remark { return Remark{Field: "a" + string("x./-+(,"[i]) + "b"} }, false},
		{"signs before numbers", func(i int) Remark { return Remark{Message: "a" + string("x./-+(,"[i]) + "5"} }, false},
	} {
		var all []Remark
		for i := range 6 {
			all = append(all, test.remark(i+1))
		}
		text := Summary(all)
		if got := strings.Contains(text, "\n... and 3 more like this"); got != test.alike || strings.Contains(text, "more like this") != test.alike {
			t.Errorf("%s: alike %v, want %v:\n%s", test.name, got, test.alike, text)
		}
		if lines := strings.Count(text, "\n") + 1; lines != map[bool]int{true: 4, false: 6}[test.alike] {
			t.Errorf("%s: %d lines:\n%s", test.name, lines, text)
		}
	}
}
