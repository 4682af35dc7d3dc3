// Package span checks durations from users.
package span

import (
	"fmt"
	"time"
)

// Check returns an error for a duration that cannot be meant: one that is negative, or
// a positive one below 1 ms, where the unit is missing.
func Check(what string, d time.Duration) error {
	switch {
	case d < 0:
		return fmt.Errorf("%s %v: must not be negative", what, d)
	case d > 0 && d < time.Millisecond:
		return fmt.Errorf("%s %v: must be at least 1ms: did you mean %d*time.Second?", what, d, int64(d))
	}
	return nil
}
