package tiny

import "testing"

func TestLast(t *testing.T) {
	if got := Last([]int{1, 2}); got != 2 {
		t.Error(got)
	}
}

func TestGrade(t *testing.T) {
	for points, want := range map[int]string{90: "good", 89: "fair", 49: "poor"} {
		if got := Grade(points); got != want {
			t.Errorf("%d: %s, want %s", points, got, want)
		}
	}
}
