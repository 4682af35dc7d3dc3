// Package spell compares words that may be misspelled.
package spell

import "unicode/utf8"

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
