package controllers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// fact is a statement about Kubernetes, and a scenario whose trace it explains.
type fact struct {
	Scenario
	// want is the expected state of a DaemonSet by ticks: "3" or "4-9". Words:
	// want have mis ready updated avail unavail gen revisions created deleted
	// terminating pods pending failed syncs = a number (revisions: a list); -n1 +n1
	// are the deletes and creates, all of them; quiet: none; error: a sync failed,
	// fine: none did.
	want map[string]string
	any  bool // whichever nodes the controller takes
}

const agent = "default/agent"

var stops = Kubelet{Stop: 3 * time.Second}

func TestFacts(t *testing.T) {
	for _, f := range facts {
		t.Run(strings.ReplaceAll(f.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			f.check(t)
		})
	}
}

func (f fact) check(t *testing.T) {
	options := ByName
	if f.any {
		options = Options{}
	}
	trace, err := Run(f.Scenario, options)
	if err != nil {
		t.Fatal(err)
	}
	failed := false
	for _, ticks := range sortedKeys(f.want) {
		from, to := span(t, ticks)
		for tick := from; tick <= to; tick++ {
			if bad := mismatches(trace[tick].DaemonSets[agent], f.want[ticks]); bad != "" {
				t.Errorf("tick %d: want %s", tick, bad)
				failed = true
			}
		}
	}
	if failed && len(f.Nodes) < 20 {
		t.Logf("%v%v", f.Scenario, trace)
	}
}

func span(t *testing.T, ticks string) (from, to int) {
	first, last, ok := strings.Cut(ticks, "-")
	if !ok {
		last = first
	}
	from, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if to, err = strconv.Atoi(last); err != nil {
		t.Fatal(err)
	}
	return from, to
}

// mismatches are the words that are not true of the set, with what is.
func mismatches(s Set, words string) string {
	var bad, acts []string
	exact := false
	for _, word := range strings.Fields(words) {
		name, value, number := strings.Cut(word, "=")
		switch {
		case number && s.word(name) != value:
			bad = append(bad, fmt.Sprintf("%s (have %s)", word, s.word(name)))
		case number:
		case word == "error" && len(s.Errors) == 0, word == "fine" && len(s.Errors) > 0:
			bad = append(bad, fmt.Sprintf("%s (have %v)", word, s.Errors))
		case word == "quiet":
			exact = true
		case word[0] == '-', word[0] == '+':
			exact, acts = true, append(acts, word)
		}
	}
	if exact && !slices.Equal(slices.Sorted(slices.Values(acts)), s.acts()) {
		bad = append(bad, fmt.Sprintf("acts %v (have %v)", acts, s.acts()))
	}
	return strings.Join(bad, ", ")
}

func (s Set) acts() []string {
	var words []string
	for _, a := range s.Created {
		words = append(words, "+"+a.Node)
	}
	for _, a := range s.Deleted {
		words = append(words, "-"+a.Node)
	}
	slices.Sort(words)
	return words
}

func (s Set) word(name string) string {
	st := s.Status
	switch name {
	case "want":
		return fmt.Sprint(st.DesiredNumberScheduled)
	case "have":
		return fmt.Sprint(st.CurrentNumberScheduled)
	case "mis":
		return fmt.Sprint(st.NumberMisscheduled)
	case "ready":
		return fmt.Sprint(st.NumberReady)
	case "updated":
		return fmt.Sprint(st.UpdatedNumberScheduled)
	case "avail":
		return fmt.Sprint(st.NumberAvailable)
	case "unavail":
		return fmt.Sprint(st.NumberUnavailable)
	case "gen":
		return fmt.Sprint(st.ObservedGeneration)
	case "revisions":
		var numbers []string
		for _, r := range s.Revisions {
			numbers = append(numbers, fmt.Sprint(r.Number))
		}
		return strings.Join(numbers, ",")
	case "created":
		return fmt.Sprint(len(s.Created))
	case "deleted":
		return fmt.Sprint(len(s.Deleted))
	case "syncs":
		return fmt.Sprint(s.Syncs)
	case "pods":
		return fmt.Sprint(len(s.Pods))
	case "terminating":
		return s.count(func(p Pod) bool { return p.Terminating })
	case "pending":
		return s.count(func(p Pod) bool { return !p.Bound })
	case "failed":
		return s.count(func(p Pod) bool { return p.Phase == "Failed" })
	}
	return "no such word"
}

func (s Set) count(is func(Pod) bool) string {
	n := 0
	for _, p := range s.Pods {
		if is(p) {
			n++
		}
	}
	return fmt.Sprint(n)
}

// apply is the DaemonSet of every fact.
func apply(image string, changes ...Change) Apply {
	return Apply{DaemonSet: DaemonSet("agent", image, changes...)}
}

func on(nodes []string, input func(string) Input) []Input {
	var in []Input
	for _, n := range nodes {
		in = append(in, input(n))
	}
	return in
}

func down(n string) Input { return NodeDown{n} }

func edit(edits ...string) func(string) Input {
	return func(n string) Input { return EditNode{n, edits} }
}

// names are n1 ... nk of Nodes(n).
func names(n, k int) []string {
	var s []string
	for _, node := range Nodes(n)[:k] {
		s = append(s, node.Name)
	}
	return s
}

func at(tick int, in ...Input) map[int][]Input { return map[int][]Input{tick: in} }

// then adds what happens in a tick.
func then(m map[int][]Input, tick int, in ...Input) map[int][]Input {
	m[tick] = append(m[tick], in...)
	return m
}

type nodeT = *corev1.Node

// endPods turns the terminating pods of the node Succeeded, as a kubelet does
// shortly before it confirms their deletion.
type endPods struct{ Node string }

func (endPods) input() {}

func (e endPods) do(w *world) error {
	for _, pod := range w.podsOn(e.Node) {
		if pod.DeletionTimestamp != nil {
			pod = pod.DeepCopy()
			pod.Status.Phase = corev1.PodSucceeded
			w.updatePod(pod)
		}
	}
	return nil
}
