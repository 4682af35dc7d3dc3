// Package sum has no test for 50 points of its own: its tests see those of tiny.
package sum

import "tiny"

// Grades returns all grades.
func Grades(points ...int) (grades []string) {
	for _, p := range points {
		grades = append(grades, tiny.Grade(p))
	}
	return grades
}
