package rollout_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/rollout"
)

// What is data reads back from its JSON to an equal value.
func TestDataReadsBack(t *testing.T) {
	for name, check := range map[string]func(*rapid.T){
		"Kubelet":      readsBack[rollout.Kubelet],
		"Timing":       readsBack[rollout.Timing],
		"Jitter":       readsBack[rollout.Jitter],
		"Pod":          readsBack[rollout.Pod],
		"Drain":        readsBack[rollout.Drain],
		"RemainingPod": readsBack[rollout.RemainingPod],
		"UpdateLimit":  readsBack[rollout.UpdateLimit],
		"Outage":       readsBack[rollout.Outage],
	} {
		t.Run(name, rapid.MakeCheck(check))
	}
}

func readsBack[T any](t *rapid.T) {
	want := rapid.Make[T]().Draw(t, "value")
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v: %s\n%+v\n%+v", err, text, got, want)
	}
}
