package decode_test

import (
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/apiserver/decode"
)

// Invalid YAML is reported at the line that causes it, even if the parser names no
// line. Mutant seen to fail: d.content in the place of the suspicious line.
func TestWhatIsNoYAMLIsTold(t *testing.T) {
	const node = "apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n"
	for want, text := range map[string]string{
		"document 2, line 8: YAML: control characters are not allowed (line 8 is not text in UTF-8)":                               node + "---\n" + strings.Replace(node, "metadata", "\x1b[33mmetadata\x1b[0m", 1),
		"document 1, line 4: YAML: invalid trailing UTF-8 octet (line 4 is not text in UTF-8)":                                     strings.Replace(node, "name: a", "name: \xe9\n", 1),
		"document 1, line 1: YAML: control characters are not allowed (line 1 is not text in UTF-8)":                               "\x1f\x8b\x08\x00",
		"document 1, line 4: YAML: invalid map key (is line 4 of a template? render it first)":                                     strings.Replace(node, "name: a", "name: {{ .Name }}", 1),
		"document 1, line 4: YAML: found character that cannot start any token (line 4 is indented with a tab; YAML wants spaces)": strings.Replace(node, "  name", "\tname", 1),
	} {
		if got := decode.Read([]byte(text)).Mistakes; len(got) != 1 || got[0].String() != want {
			t.Errorf("%v\n%s", got, want)
		}
	}
}
