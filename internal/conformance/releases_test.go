package conformance

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/conformance/gen"
	"github.com/berthsim/berth/internal/conformance/oracles/driver/wire"
	"github.com/berthsim/berth/internal/conformance/upstream"
	"github.com/berthsim/berth/placement"
)

// oracle is the running program of one release: see oracles.
type oracle struct {
	questions *json.Encoder
	answers   *json.Decoder
}

// newOracle builds and starts the oracle of a release. BERTH_RELEASES names the
// releases to ask: each takes minutes to build for the first time.
func newOracle(t *testing.T, v cluster.Version) *oracle {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("BERTH_RELEASES"), ","), string(v)) {
		t.Skipf("BERTH_RELEASES does not name %s", v)
	}
	program := filepath.Join(t.TempDir(), "oracle")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("oracles", "v"+string(v))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the oracle: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program)
	run.Stderr = os.Stderr
	in, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := run.Wait(); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return &oracle{json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))}
}

func (o *oracle) ask(t failer, q wire.Question) (a wire.Answer) {
	if err := errors.Join(o.questions.Encode(q), o.answers.Decode(&a)); err != nil {
		t.Fatalf("the oracle: %v", err)
	}
	return a
}

func texts[T any](t failer, objects []T) []json.RawMessage {
	all := make([]json.RawMessage, len(objects))
	for i, o := range objects {
		all[i] = asJSON(t, o)
	}
	return all
}

func asJSON(t failer, object any) json.RawMessage {
	s, err := json.Marshal(object)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

// Under cluster.WithVersion, berth answers as the real code of that release does.
// Fault seen: the rules of 1.37 for all.
func TestReleases(t *testing.T) {
	for _, v := range cluster.Versions() {
		if v == cluster.Latest {
			continue // all other suites
		}
		t.Run(string(v), func(t *testing.T) {
			o := newOracle(t, v)
			t.Run("Scheduling", func(t *testing.T) { compareScheduling(t, o, v) })
			t.Run("Eligibility", func(t *testing.T) { compareEligibility(t, o) })
		})
	}
}

// The totals of every node that a pod fits on, or the message of its event.
func compareScheduling(t *testing.T, o *oracle, v cluster.Version) {
	const preempts = "found a potential placement"
	seen := newCensus("ranked", "sentence", "names a node", "cannot be scored", preempts)
	check(t, 300, func(t *rapid.T) {
		world, pod := drawn(t)
		upstream.Default(world.Pods...)
		upstream.Default(pod)
		a := o.ask(t, wire.Question{Schedule: &wire.Schedule{
			Nodes: texts(t, world.Nodes), Pods: texts(t, world.Pods), Namespaces: texts(t, world.Namespaces), Services: texts(t, world.Services),
			ReplicaSets: texts(t, world.ReplicaSets), StatefulSets: texts(t, world.StatefulSets), Budgets: texts(t, world.Budgets), Pod: asJSON(t, pod),
		}})
		w, err := placement.ForPod(pod, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		c, err := snapshot(t, world).WithVersion(v)
		if err != nil {
			t.Fatal(err)
		}
		p := w.Predict(c)
		seen.cases++
		if err := p.ScoreError(); err != nil && strings.HasPrefix(a.Message, "running PreScore plugin") {
			seen.note("cannot be scored")
			return
		}
		if a.Error != "" || a.Scores != nil {
			if failed := p.ScoreError() != nil; failed != (a.Error != "") {
				t.Fatalf("error %q, want %q\n%s", p.ScoreError(), a.Error, shown(pod))
			}
			got := map[string]int64{}
			for _, n := range p.Ranking() {
				got[n.Node] = n.Total
			}
			if diff := cmp.Diff(a.Scores, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("totals (-%s +berth): %s\n%s", v, diff, shown(pod))
			}
			seen.noteIf(len(got) > 1, "ranked")
			return
		}
		got, _ := p.FailedScheduling()
		want := a.Message
		if strings.Contains(want, preempts) && strings.Contains(got, preempts) { // on which of several equal nodes differs
			got, _, _ = strings.Cut(got, preempts)
			want, _, _ = strings.Cut(want, preempts)
			seen.note(preempts)
		}
		if got != want {
			t.Fatalf("berth: %s\n%s:  %s\n%s", got, v, want, shown(pod))
		}
		seen.note("sentence")
		seen.noteIf(pod.Spec.NodeName != "", "names a node")
	})
	seen.report(t, "pods in worlds")
}

// Where a DaemonSet's pods should run, and where they may stay.
func compareEligibility(t *testing.T, o *oracle) {
	seen := newCensus("runs", "only stays", "neither")
	check(t, 300, func(t *rapid.T) {
		nodes, ds := gen.Nodes(8).Draw(t, "nodes"), gen.DaemonSet().Draw(t, "daemonset")
		a := o.ask(t, wire.Question{Eligible: &wire.Eligible{DaemonSet: asJSON(t, ds), Nodes: texts(t, nodes)}})
		if a.Error != "" {
			t.Fatal(a.Error)
		}
		w, err := placement.ForDaemonSet(ds, placement.Unvalidated())
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range nodes {
			d := w.Check(n).Decision
			if run, stay := d == placement.Eligible, d == placement.Eligible || d == placement.Kept; run != a.Run[i] || stay != a.Stay[i] {
				t.Fatalf("%s: %v, want run %v, stay %v\n%s", n.Name, d, a.Run[i], a.Stay[i], shown(ds))
			}
			seen.cases++
			seen.noteIf(a.Run[i], "runs")
			seen.noteIf(a.Stay[i] && !a.Run[i], "only stays")
			seen.noteIf(!a.Stay[i], "neither")
		}
	})
	seen.report(t, "nodes and DaemonSets")
}
