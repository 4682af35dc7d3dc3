package gen

import "pgregory.net/rapid"

// pick draws one of few values; a value listed twice is twice as likely.
func pick[T any](t *rapid.T, label string, few ...T) T {
	return rapid.SampledFrom(few).Draw(t, label)
}

// oneIn says yes once in n times; it shrinks to no.
func oneIn(t *rapid.T, n int, label string) bool {
	return rapid.IntRange(0, n-1).Draw(t, label) == n-1
}

// some draws a list of at most n; it shrinks to nil.
func some[T any](t *rapid.T, n int, label string, one func(*rapid.T) T) []T {
	var list []T
	for range rapid.IntRange(0, n).Draw(t, label) {
		list = append(list, one(t))
	}
	return list
}

// fewest draws like some, but sometimes returns an empty list instead of nil.
func fewest[T any](t *rapid.T, n int, label string, one func(*rapid.T) T) []T {
	list := some(t, n, label, one)
	if list == nil && oneIn(t, 3, label+" is empty") {
		return []T{}
	}
	return list
}

func ptr[T any](v T) *T { return &v }
