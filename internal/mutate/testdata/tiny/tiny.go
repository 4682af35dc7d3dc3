// Package tiny is to be mutated.
package tiny

// Grade returns the grade for a number of points.
func Grade(points int) string {
	switch {
	case points >= 90:
		return "good"
	case points >= 50:
		return "fair"
	}
	return "poor"
}

// Untested is called by no test.
func Untested(a, b bool) bool { return a && b }
