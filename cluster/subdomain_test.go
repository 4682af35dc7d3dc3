package cluster

import (
	"strings"
	"testing"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"pgregory.net/rapid"
)

// The quick look at a name accepts what NameIsDNSSubdomain accepts. Mutants seen to
// fail: a hyphen at either end is inside; the limit of a label is 64.
func TestSubdomainsAreThoseOfTheServer(t *testing.T) {
	check := func(t interface{ Errorf(string, ...any) }, name string) {
		if got, want := isSubdomain(name), len(apivalidation.NameIsDNSSubdomain(name, false)) == 0; got != want {
			t.Errorf("isSubdomain(%q) = %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"", "-", "a", "-a", "a-", "a-b", "0", "A", "a.b", ".a", "a.", "a..b", "a.-b", "a_b", "ä",
		strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 63) + "-", strings.Repeat("a", 253), strings.Repeat("a", 254)} {
		check(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.StringOfN(rapid.SampledFrom([]rune("a0-.A")), 0, 6, -1).Draw(t, "name"))
	})
}
