package main

import (
	"io"
	"strconv"
	"strings"
	"unicode"
)

// writeText writes text to the terminal or file, with colours if it is a terminal.
func writeText(env environment, text string) error {
	text = printable(text)
	if env.colour {
		text = coloured(text)
	}
	_, err := io.WriteString(env.stdout, text)
	return err
}

// printable escapes control characters except line feeds and tabs: names and messages
// come from manifests, and a terminal obeys them.
func printable(text string) string {
	plain := func(r rune) bool {
		return r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if plain(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strings.Trim(strconv.QuoteRuneToASCII(r), "'")
		b.WriteString(quoted)
	}
	return b.String()
}

// oneLine returns the text with blanks in place of line feeds.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// colours are the colours of lines by how they begin.
var colours = []struct{ begins, colour string }{
	{"FAIL", red}, {"Problem", red}, {"- ", red}, {"! ", red},
	{"Warning", yellow}, {"~ ", yellow},
	{"ok ", green}, {"+ ", green},
}

func coloured(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(colouredLine(line))
	}
	return b.String()
}

func colouredLine(line string) string {
	for _, c := range colours {
		if strings.HasPrefix(strings.TrimLeft(line, " "), c.begins) {
			body, end := strings.CutSuffix(line, "\n")
			return c.colour + body + plain + map[bool]string{true: "\n"}[end]
		}
	}
	return line
}
