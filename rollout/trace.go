package rollout

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Trace is events in the order in which they happened. Its String has a line
// for each; its JSON carries a version and reads back to an equal Trace.
type Trace []Event

// traceVersion names the form of a trace in JSON. A field may be added to
// events without another version; nothing else may change.
const traceVersion = "berth.rollout/v1"

// String is one line for each event.
func (t Trace) String() string {
	var b strings.Builder
	for _, e := range t {
		b.WriteString(e.String())
		b.WriteByte('\n')
	}
	return b.String()
}

type traceJSON struct {
	Version string  `json:"version"`
	Events  []Event `json:"events"`
}

// MarshalJSON is {"version":"berth.rollout/v1","events":[...]}.
func (t Trace) MarshalJSON() ([]byte, error) {
	return json.Marshal(traceJSON{traceVersion, append([]Event{}, t...)})
}

// UnmarshalJSON reads what MarshalJSON writes; another version is an error.
func (t *Trace) UnmarshalJSON(data []byte) error {
	var read traceJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if read.Version != traceVersion {
		return fmt.Errorf("trace: version %q: must be %q", read.Version, traceVersion)
	}
	*t = read.Events
	return nil
}
