// Package spell compares words that may be misspelled.
package spell

import (
	"strings"
	"unicode/utf8"
)

// Distance returns the number of letters to insert, delete, replace or swap with
// their neighbor to turn a into b (optimal string alignment), or most+1 if that
// takes more than most. Words whose lengths differ by more than most are not
// compared.
func Distance(a, b string, most int) int {
	if longer := utf8.RuneCountInString(a) - utf8.RuneCountInString(b); max(longer, -longer) > most {
		return most + 1
	}
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(y); j++ {
			replaced := last[j-1]
			if x[i-1] != y[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return min(row[len(y)], most+1)
}

// Nearest returns the word that another word was probably meant to be. It returns ""
// if there is none, and the first if there are several.
func Nearest(word string, among []string) string {
	best, least := "", 3
	for _, w := range among {
		if w == word || w == "" || word == "" {
			continue
		}
		d := Distance(word, w, 2)
		if strings.EqualFold(word, w) {
			d = 0
		}
		if d < least && (d == 0 || looksMisspelt(word, w, d)) {
			best, least = w, d
		}
	}
	return best
}

// looksMisspelt reports whether two words at that distance differ by mistake.
// Short words, and words that count (zone-a and zone-b, v1 and v2), differ on
// purpose.
func looksMisspelt(a, b string, distance int) bool {
	short := min(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	if distance > 2 || short < 4 || distance == 2 && short < 8 {
		return false
	}
	if withoutDigits(a) == withoutDigits(b) {
		return false
	}
	return len(a) != len(b) || a[:len(a)-1] != b[:len(b)-1]
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
}
