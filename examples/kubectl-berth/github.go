package main

import (
	"fmt"
	"io"
	"strings"
)

// annotations are GitHub's names of levels.
var annotations = map[level]string{levelError: "error", levelWarning: "warning", levelNote: "notice"}

// writeGitHub writes workflow commands, which GitHub shows beside the lines of a pull
// request: one for each claim that does not hold, and a notice with the rest.
func writeGitHub(w io.Writer, a answer) error {
	for _, c := range a.claims {
		if c.level != levelOK {
			fmt.Fprintf(w, "::%s %stitle=%s::%s\n", annotations[c.level], properties(c.at), property("berth: "+c.name), data(c.message()))
		}
	}
	var err error
	if a.note != "" {
		_, err = fmt.Fprintf(w, "::notice title=berth: plan::%s\n", data(a.note))
	}
	return err
}

func properties(at place) string {
	switch {
	case at.file == "" || at.file == "-":
		return ""
	case at.line == 0:
		return fmt.Sprintf("file=%s,", property(at.file))
	}
	return fmt.Sprintf("file=%s,line=%d,", property(at.file), at.line)
}

var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func data(s string) string     { return escapeData.Replace(strings.TrimSuffix(printable(s), "\n")) }
func property(s string) string { return escapeProperty.Replace(printable(s)) }
