package rollout_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/rollout"
)

// What is data reads back from its JSON to an equal value.
func TestDataReadsBack(t *testing.T) {
	for name, check := range map[string]func(*rapid.T){
		"Kubelet":      readsBack(rapid.Make[rollout.Kubelet]()),
		"Timing":       readsBack(rapid.Make[rollout.Timing]()),
		"Jitter":       readsBack(rapid.Make[rollout.Jitter]()),
		"Pod":          readsBack(rapid.Make[rollout.Pod]()),
		"Drain":        readsBack(rapid.Make[rollout.Drain]()),
		"DrainStatus":  readsBack(rapid.Make[rollout.DrainStatus]()),
		"RemainingPod": readsBack(rapid.Make[rollout.RemainingPod]()),
		"UpdateLimit":  readsBack(rapid.Make[rollout.UpdateLimit]()),
		"Outage":       readsBack(rapid.Make[rollout.Outage]()),
		"Event":        readsBack(rapid.Make[rollout.Event]()),
		"Reference":    readsBack(rapid.Make[rollout.Reference]()),
		"State":        readsBack(states),
		"Config":       readsBack(configs()),
		"Estimate":     readsBack(estimates()),
		"Revision":     readsBack(revisions()),
	} {
		t.Run(name, rapid.MakeCheck(check))
	}
}

// states are all states that a simulation can have.
var states = rapid.OneOf(
	rapid.SampledFrom([]rollout.State{rollout.StateUnknown, rollout.StateProgressing, rollout.StateDone, rollout.StateStuck}),
	rapid.Map(rapid.IntRange(0, math.MaxInt32), waitingUntil),
)

// waitingUntil returns the state of an object to which nothing happens before a tick.
func waitingUntil(tick int) (s rollout.State) {
	if err := s.UnmarshalText(fmt.Appendf(nil, "WaitingUntil(%d)", tick)); err != nil {
		panic(err)
	}
	return s
}

func configs() *rapid.Generator[rollout.Config] {
	return rapid.Custom(func(t *rapid.T) rollout.Config {
		return rollout.Config{
			Tick: rapid.Make[time.Duration]().Draw(t, "tick"), PodGC: rapid.Make[time.Duration]().Draw(t, "podGC"), NodeGrace: rapid.Make[time.Duration]().Draw(t, "nodeGrace"),
			Start:   time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "start"), 0).UTC(), // time.Time has hidden fields
			Seed:    rapid.Uint64().Draw(t, "seed"),
			Order:   rapid.SampledFrom([]rollout.Order{"", rollout.OrderByName, rollout.OrderSeeded, rollout.OrderFromScript}).Draw(t, "order"),
			Choices: rapid.SliceOf(rapid.Int()).Draw(t, "choices"), Kubelet: rapid.Make[rollout.Kubelet]().Draw(t, "kubelet"),
			Instant: rapid.Bool().Draw(t, "instant"),
			ControllerManager: rollout.ControllerManager{
				NodeMonitorPeriod: rapid.Make[time.Duration]().Draw(t, "period"), NodeEvictionRate: rapid.Float64Range(-1, 1e9).Draw(t, "rate"),
				LargeClusterSizeThreshold: rapid.Int().Draw(t, "large"),
			},
			DisableAdmissionPlugins: rapid.Make[[]string]().Draw(t, "plugins"),
		}
	})
}

func estimates() *rapid.Generator[rollout.Estimate] {
	return rapid.Custom(func(t *rapid.T) rollout.Estimate {
		outages := rapid.Make[[]rollout.Outage]().Draw(t, "outages")
		n := rapid.SliceOfN(rapid.Int(), 4, 4).Draw(t, "numbers")
		return rollout.Estimate{
			Version: "berth.estimate/v1", Key: rapid.String().Draw(t, "key"), Limit: rapid.Make[rollout.UpdateLimit]().Draw(t, "limit"), State: states.Draw(t, "state"),
			Ticks: n[0], Waves: n[1], Desired: n[2], MinAvailable: n[3], Outages: outages,
		}
	})
}

// revisions have a template of some fields: its type is from the API, which tests it.
func revisions() *rapid.Generator[rollout.Revision] {
	return rapid.Custom(func(t *rapid.T) rollout.Revision {
		return rollout.Revision{
			Number: rapid.Int64().Draw(t, "number"), Name: rapid.String().Draw(t, "name"), Hash: rapid.String().Draw(t, "hash"), ChangeCause: rapid.String().Draw(t, "cause"),
			Template: agent(rapid.String().Draw(t, "image")).Spec.Template,
		}
	})
}

func readsBack[T any](values *rapid.Generator[T]) func(t *rapid.T) {
	return func(t *rapid.T) {
		want := values.Draw(t, "value")
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got T
		if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %s\n%+v\n%+v", err, text, got, want)
		}
	}
}

// A State is words in JSON. Other words are an error that lists them.
func TestStateText(t *testing.T) {
	for state, want := range map[rollout.State]string{
		rollout.StateUnknown: `"Unknown"`, rollout.StateProgressing: `"Progressing"`, rollout.StateDone: `"Done"`, rollout.StateStuck: `"Stuck"`,
		waitingUntil(0): `"WaitingUntil(0)"`, waitingUntil(12): `"WaitingUntil(12)"`,
	} {
		if text, err := json.Marshal(state); err != nil || string(text) != want {
			t.Errorf("%s, %v; want %s", text, err, want)
		}
	}
	for _, wrong := range []string{"", "done", "WaitingUntil(-1)", "WaitingUntil(+1)", "WaitingUntil()", "WaitingUntil(1", "1)", "WaitingUntil(99999999999)"} {
		state, want := rollout.StateStuck, fmt.Sprintf("state %q: must be one of Unknown, Progressing, Done, Stuck, WaitingUntil(tick)", wrong)
		if err := state.UnmarshalText([]byte(wrong)); err == nil || err.Error() != want || state != rollout.StateStuck {
			t.Errorf("%q: %v, %v", wrong, state, err)
		}
	}
}
