package rollout

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Every letter of a timeline is what a look at the pods says, and the events are
// those of Run. Mutants seen to fail: touched without Node events; fill before
// the letters are known.
func TestTimelineShowsThePods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		drawn, stepped := y.sim(t), y.sim(t)
		picture := drawn.Watch("default/agent", y.ticks)
		var events Trace
		for tick := 0; tick <= drawn.Now(); tick++ {
			events = append(events, stepped.Tick()...)
			r := &recorder{watch: newWatch(stepped, "default/agent")}
			for i, node := range picture.Nodes {
				want := byte('.')
				if n := stepped.slotOf(node); n != none {
					want = r.letter(n)
				}
				if got := picture.Rows[i][tick]; got != want {
					t.Fatalf("tick %d %s: drawn %c, is %c\n%s", tick, node, got, want, picture)
				}
			}
		}
		unequal(t, "events", events, picture.Events)
	})
}

// What an estimate counts event by event is what a look at every node counts.
// Mutants seen to fail: a gap closed one tick early; LowestAt of the last low;
// emitPod that notes nothing while nobody reads events.
func TestEstimateIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		s := y.sim(t)
		for range y.ticks {
			s.Tick()
		}
		if d := s.find("default/agent"); d != nil && d.deleting {
			t.Skip("it goes with its last pod, and there is nothing to count any more")
		}
		ds := &y.sets[0]
		before := lines(nil)
		if d := s.find("default/agent"); d != nil {
			before = lines([]Event{{Revision: d.object.Generation}})
		}
		got, err := s.Estimate(ds, 200, Budget{MaxUnavailable: "2"}, Budget{MaxSurge: "50%"}, Budget{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		if d := s.find("default/agent"); d != nil && before != lines([]Event{{Revision: d.object.Generation}}) {
			t.Fatalf("the simulation has changed")
		}
		for _, e := range got {
			if diff := cmp.Diff(estimateNaive(t, s, e.Budget, y), e); diff != "" {
				t.Fatalf("-naive +estimate:\n%s", diff)
			}
		}
	})
}

func estimateNaive(t failer, parent *Sim, b Budget, y *story) Estimate {
	s := parent.Fork()
	if err := s.Apply(b.on(&y.sets[0])); err != nil {
		t.Fatalf("%v", err)
	}
	e := Estimate{Budget: b}
	start, last := s.Now(), s.Now()
	open, longest := map[string]int{}, map[string]int{}
	for s.Now() < start+200 && !s.Settled() {
		events := s.Tick()
		rolled := false
		for _, x := range events {
			last = x.Tick
			rolled = rolled || x.DaemonSet == "default/agent" && x.Why.Rule.rolls()
		}
		if rolled {
			e.Waves++
		}
		d := s.find("default/agent")
		w := newWatch(s, d.key)
		up, wanted := 0, 0
		for n, node := range s.roster {
			switch is := w.wanted(d, int32(n)); {
			case is && w.served(d, int32(n)):
				up++
				open[node.name] = 0
			case is:
				open[node.name]++
				longest[node.name] = max(longest[node.name], open[node.name])
			default:
				open[node.name] = 0
			}
			if w.wanted(d, int32(n)) {
				wanted++
			}
		}
		if s.Now() == start+1 || up < e.Lowest {
			e.Lowest, e.LowestAt = up, s.Now()
		}
		e.Desired = wanted
	}
	for _, node := range s.roster {
		if g := (Gap{node.name, longest[node.name]}); g.Ticks > 0 {
			e.Gaps = append(e.Gaps, g)
			if g.Ticks > e.LongestAt.Ticks {
				e.LongestAt = g
			}
		}
	}
	e.State, e.Ticks = s.State("default/agent"), last-start
	return e
}

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

// The picture is well-formed XML whatever nodes are called.
func TestSVGIsXML(t *testing.T) {
	picture := &Timeline{DaemonSet: "a/<b>", First: 3, Nodes: []string{"n&1", "n2"}, Rows: []string{"aatWRMA", "fs-.FTA"}}
	var b bytes.Buffer
	if err := picture.SVG(&b); err != nil {
		t.Fatal(err)
	}
	bands := 0
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "title" {
			bands++
		}
	}
	if bands != 13 {
		t.Errorf("%d bands: %s", bands, strings.Join(picture.Rows, " "))
	}
}
