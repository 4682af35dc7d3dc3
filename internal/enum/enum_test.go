package enum_test

import (
	"testing"

	"github.com/berthsim/berth/internal/enum"
)

type (
	Fruit uint8
	Color uint8
)

var (
	fruits = enum.Of[Fruit]("apple", "pear")
	colors = enum.In[Color]([]struct{ n, words string }{{}, {"Red", "like blood"}, {"Blue", "like the sea"}}, func(row struct{ n, words string }) string { return row.n })
)

func TestNamesReadBack(t *testing.T) {
	for v, want := range map[Fruit]string{0: "apple", 1: "pear"} {
		check(t, fruits, v, want)
	}
	for v, want := range map[Color]string{1: "Red", 2: "Blue"} {
		check(t, colors, v, want)
	}
}

func check[T ~uint8](t *testing.T, names enum.Names[T], v T, want string) {
	t.Helper()
	text, err := names.MarshalText(v)
	back := T(99)
	if err != nil || string(text) != want || names.String(v) != want {
		t.Errorf("%d: %s, %v, want %s", v, text, err, want)
	}
	if err := names.UnmarshalText(&back, text); err != nil || back != v {
		t.Errorf("%s: %d, %v, want %d", text, back, err, v)
	}
}

func TestWhatHasNoName(t *testing.T) {
	for want, got := range map[string]string{"Fruit(2)": fruits.String(2), "Color(0)": colors.String(0), "Color(3)": colors.String(3)} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	v := Color(2)
	for text, want := range map[string]string{
		"":     `color "": must be one of Red, Blue`,
		"red":  `color "red": must be one of Red, Blue`,
		"Red ": `color "Red ": must be one of Red, Blue`,
	} {
		if err := colors.UnmarshalText(&v, []byte(text)); err == nil || err.Error() != want || v != 2 {
			t.Errorf("%q: %v, value %d, want %s", text, err, v, want)
		}
	}
}
