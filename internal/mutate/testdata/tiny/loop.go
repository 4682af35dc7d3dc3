package tiny

// Last returns the last of the values.
func Last(values []int) int {
	i := 0
	for i+1 < len(values) {
		i++
	}
	return values[i]
}
