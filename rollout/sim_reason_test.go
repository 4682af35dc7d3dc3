package rollout

import "testing"

// Every reason has words and a rule. That file and function exist is for
// internal/conformance to see.
func TestReasonsHaveAReference(t *testing.T) {
	for reason, row := range reasonTable {
		if r := reason.Reference(); row.words == "" || r.File == "" || r.Func == "" || r.Text == "" {
			t.Errorf("%s: %q, %v", reason, row.words, r)
		}
	}
	if r := Reason("Missin").Reference(); r != (Reference{}) {
		t.Errorf("an unknown reason has %v", r)
	}
}
