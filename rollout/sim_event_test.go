package rollout

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// A trace reads back as it was written, and of no other version.
func TestTraceReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		trace := Trace(stepped(y.sim(t), y.ticks))
		data, err := json.Marshal(trace)
		if err != nil {
			t.Fatalf("%v", err)
		}
		var read Trace
		if err := json.Unmarshal(data, &read); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		unequal(t, "read back", trace, read)
		if json.Unmarshal(bytes.Replace(data, []byte("/v1"), []byte("/v2"), 1), &read) == nil {
			t.Fatalf("another version is read")
		}
	})
}
