package timeline

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	mostRows = 60 // that a picture has; more are folded
	mostName = 48 // letters of a name that a picture shows
)

// band is a row of a picture: a node or pod, or several that are folded.
type band struct {
	label, letters string
}

// bands returns the rows of a picture. Up to mostRows rows are as they are. Of more,
// those that look the same become one; if there are still too many, the largest groups
// stay, and of all others the picture shows the most frequent letter in each tick.
func (t *Timeline) bands() []band {
	if len(t.Rows) <= mostRows {
		all := make([]band, len(t.Rows))
		for i, letters := range t.Rows {
			all[i] = band{shorten(t.name(i)), letters}
		}
		return all
	}
	groups := t.alike()
	var rest []int
	if len(groups) > mostRows {
		groups, rest = largest(groups)
	}
	var all []band
	for _, rows := range groups {
		all = append(all, band{t.several(rows), t.Rows[rows[0]]})
	}
	if len(rest) > 0 {
		all = append(all, band{fmt.Sprintf("%d others, mostly", len(rest)), t.most(rest)})
	}
	return all
}

// name returns the name of a row, which a literal Timeline may lack.
func (t *Timeline) name(row int) string {
	if row < len(t.Names) {
		return t.Names[row]
	}
	return ""
}

// alike returns the rows in groups of equal letters, in the order of their first rows.
func (t *Timeline) alike() [][]int {
	var groups [][]int
	at := map[string]int{}
	for row, letters := range t.Rows {
		i, ok := at[letters]
		if !ok {
			i, at[letters] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], row)
	}
	return groups
}

// largest returns the largest groups, all but one of mostRows, in their order, and the
// rows of the others.
func largest(groups [][]int) (kept [][]int, rest []int) {
	bySize := slices.Clone(groups)
	slices.SortStableFunc(bySize, func(a, b []int) int { return len(b) - len(a) })
	keep := map[int]bool{}
	for _, rows := range bySize[:mostRows-1] {
		keep[rows[0]] = true
	}
	for _, rows := range groups {
		if keep[rows[0]] {
			kept = append(kept, rows)
		} else {
			rest = append(rest, rows...)
		}
	}
	return kept, rest
}

func (t *Timeline) several(rows []int) string {
	name := shorten(t.name(rows[0]))
	if len(rows) > 1 {
		name += fmt.Sprintf(" and %d more", len(rows)-1)
	}
	return name
}

// most returns the most frequent letter of some rows in each tick, and of equally
// frequent ones the first of looks.
func (t *Timeline) most(rows []int) string {
	var letters []byte
	for column := 0; ; column++ {
		var counts [256]int
		seen := false
		for _, row := range rows {
			if column < len(t.Rows[row]) {
				counts[t.Rows[row][column]]++
				seen = true
			}
		}
		if !seen {
			return string(letters)
		}
		best := byte('.')
		for _, l := range looks {
			if counts[l.letter] > counts[best] {
				best = l.letter
			}
		}
		letters = append(letters, best)
	}
}

// shorten leaves out the middle of a long name.
func shorten(name string) string {
	if utf8.RuneCountInString(name) <= mostName {
		return name
	}
	letters := []rune(name)
	half := (mostName - 1) / 2
	return string(letters[:half]) + "…" + string(letters[len(letters)-half:])
}

// narrow returns rows of at most some columns, and how many ticks each column stands
// for. A column shows the state at the end of its ticks, as that
// of a tick does.
func narrow(all []band, columns int) ([]band, int) {
	ticks := 0
	for _, b := range all {
		ticks = max(ticks, len(b.letters))
	}
	if columns <= 0 || ticks <= columns {
		return all, 1
	}
	each := (ticks + columns - 1) / columns
	narrowed := make([]band, len(all))
	for i, b := range all {
		var letters strings.Builder
		for end := each; end < len(b.letters)+each; end += each {
			letters.WriteByte(b.letters[min(end, len(b.letters))-1])
		}
		narrowed[i] = band{b.label, letters.String()}
	}
	return narrowed, each
}
