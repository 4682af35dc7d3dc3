package sum

import (
	"slices"
	"testing"
)

func TestGrades(t *testing.T) {
	if got := Grades(50, 0); !slices.Equal(got, []string{"fair", "poor"}) {
		t.Error(got)
	}
}
