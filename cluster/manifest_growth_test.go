package cluster_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/berthsim/berth/cluster"
)

const bombHeader = "apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n"

func lines(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i))
	}
	return b.String()
}

// bombs are texts of about n bytes, each of a kind that may slow down a reader.
var bombs = map[string]func(n int) string{
	"dotted unknown key": func(n int) string {
		return `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"spec":{"` + strings.Repeat("a.", n/2) + `":1}}`
	},
	"dotted label": func(n int) string {
		return `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n","labels":{"` + strings.Repeat("a.", n/2) + `":1}}}`
	},
	"many keys below a long one": func(n int) string {
		return "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n? " + strings.Repeat("k", n/2) + "\n: {" + strings.Repeat("a: 1, ", n/12) + "}\n"
	},
	"repeated keys in items": func(n int) string {
		return "apiVersion: v1\nkind: List\nitems:\n" + lines(n/60, func(i int) string {
			return fmt.Sprintf("- {apiVersion: v1, kind: Node, metadata: {name: n%d, name: a%d}}\n", i, i)
		})
	},
	"one key many times": func(n int) string { return bombHeader + "  labels:\n" + strings.Repeat("    k: a\n", n/9) },
	"labels that are no texts": func(n int) string {
		return bombHeader + "  labels:\n" + lines(n/13, func(i int) string { return fmt.Sprintf("    k%d: 1\n", i) })
	},
	"unknown fields": func(n int) string {
		return bombHeader + "spec:\n" + lines(n/13, func(i int) string { return fmt.Sprintf("    k%d: 1\n", i) })
	},
	"documents": func(n int) string {
		return strings.Repeat("---\n{apiVersion: v1, kind: Node, metadata: {name: a}}\n", n/54)
	},
	"what is no YAML": func(n int) string { return strings.Repeat("---\na: {{ b }}\n", n/15) },
	"a dump twice": func(n int) string {
		item := func(i int) string { return fmt.Sprintf("{apiVersion: v1, kind: Node, metadata: {name: n%d}}\n", i) }
		return "apiVersion: v1\nkind: List\nitems:\n" + lines(n/110, func(i int) string { return "- " + item(i) }) + lines(n/110, func(i int) string { return "---\n" + item(i) })
	},
	"aliases":  func(n int) string { return bombHeader + "x: &x {a: b}\ny:\n" + strings.Repeat("- *x\n", n/5) },
	"comments": func(n int) string { return strings.Repeat("# comment\n", n/10) },
	"JSON objects": func(n int) string {
		return strings.Repeat(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}`, n/57)
	},
	"one line": func(n int) string {
		return `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":"` + strings.Repeat("x", n) + `"}`
	},
	"backslashes": func(n int) string {
		return `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":"` + strings.Repeat(`\\`, n/2) + `"}`
	},
	"items that are no objects": func(n int) string { return "apiVersion: v1\nkind: List\nitems:\n" + strings.Repeat("- x\n", n/4) },
}

// TestBombsAreLinear: eight times the text allocates about eight times the memory.
// Mutant it fails on: longPaths (step.String without a limit).
func TestBombsAreLinear(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(bombs)) {
		small, large := allocatedBy(bombs[name](20_000)), allocatedBy(bombs[name](160_000))
		if ratio := float64(large) / float64(max(small, 1<<20)); ratio > 14 {
			t.Errorf("%s: %d bytes, then %d: %.1f times", name, small, large, ratio)
		}
	}
}

func allocatedBy(text string) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = cluster.ReadManifest(strings.NewReader(text))
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkBombs: the time per byte must not grow with the text.
func BenchmarkBombs(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(bombs)) {
		for _, n := range []int{50_000, 400_000} {
			text := bombs[name](n)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					_, _ = cluster.ReadManifest(strings.NewReader(text))
				}
			})
		}
	}
}

// TestLimits: exceeding a limit is a mistake with its line.
func TestLimits(t *testing.T) {
	deep := func(open, end string) string { return strings.Repeat(open, 1100) + "1" + strings.Repeat(end, 1100) }
	for text, want := range map[string]string{
		bombHeader + "x: " + deep("[", "]") + "\n":                                                                                                                     "document 1, line 1: YAML: nested more than 1000 levels deep",
		`{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"},` + "\n" + `"x":` + deep(`{"a":`, "}") + "}":                                                         "document 1, line 1: Node a: nested more than 1000 levels deep",
		bombHeader + "b: &b [x,x,x,x,x,x,x,x,x,x]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n": "document 1, line 1: YAML: document contains excessive aliasing",
	} {
		if _, err := cluster.ReadManifest(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
