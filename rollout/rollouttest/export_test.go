package rollouttest

import "pgregory.net/rapid"

// Counted is Explore that also returns what it covered.
func Counted(t rapid.TB, scenarios *rapid.Generator[Scenario], invariants ...Invariant) (drawn, exhaustive, orders int, held map[string]int) {
	e := explore(t, scenarios, invariants)
	return e.scenarios, e.exhaustive, e.orders, e.held
}

// ControllerClaims returns the claims of Follows.
func ControllerClaims() []string {
	var claims []string
	for _, c := range cases() {
		claims = append(claims, c.claim)
	}
	return claims
}
