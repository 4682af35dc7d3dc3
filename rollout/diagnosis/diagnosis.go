package diagnosis

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// version is the version of the JSON form of a Diagnosis.
const version = "berth.diagnosis/v1"

// Diagnosis is why a rollout or drain does not end, and what would let it end.
type Diagnosis struct {
	Version   string            `json:"version"` // "berth.diagnosis/v1"
	Key       string            `json:"key"`     // "daemonset/namespace/name", "deployment/namespace/name", or for a drain "node/name"
	Tick      int               `json:"tick"`
	Cause     string            `json:"cause"`     // in one sentence
	Reference rollout.Reference `json:"reference"` // the rule behind the cause

	// Blocking is the smallest set of nodes of a DaemonSet, or of pods, that must
	// be repaired for the rollout to end, ascending: none can be left out. It is
	// empty if the cause is the object as a whole, such as a pause. Nodes that
	// only count against the update limit are included, by name, until enough of
	// the limit would be free. Alternatives are the others, which would do as
	// well. Latent are the nodes that become blocking when these are repaired.
	Blocking     []Wait `json:"blocking"`
	Alternatives []Wait `json:"alternatives"`
	Latent       []Wait `json:"latent"`

	// Queued are the nodes that wait only because others use the update limit,
	// ascending. Used of Limit units are in use, of maxUnavailable or with surge
	// of maxSurge. For a Deployment Queued are the old pods, and Limit is how
	// many of its pods may be unavailable.
	Queued []string `json:"queued"`
	Used   int      `json:"used"`
	Limit  int      `json:"limit"`

	// Remedies let the rollout or drain end, cheapest first (see Remedy).
	// PartialRemedies let all nodes continue except their Unresolved ones. Each
	// was tried.
	Remedies        []Remedy `json:"remedies"`
	PartialRemedies []Remedy `json:"partialRemedies"`
}

// String returns the diagnosis in full, ending with a line feed.
func (x *Diagnosis) String() string {
	if x == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nrule: %v\n", x.Cause, x.Reference)
	section(&b, "blocking", x.Blocking)
	section(&b, "alternative", x.Alternatives)
	section(&b, "latent", x.Latent)
	for _, r := range x.Remedies {
		fmt.Fprintf(&b, "remedy %v\n%s", r, r.commands(x.Key))
	}
	for _, r := range x.PartialRemedies {
		fmt.Fprintf(&b, "partial remedy %v\n%s", r, r.commands(x.Key))
	}
	return b.String()
}

// section writes waits. Of many alike it writes only the first.
func section(b *strings.Builder, title string, list []Wait) {
	const shown = 3
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Blocker == list[0].Blocker && list[n].Wanted == list[0].Wanted {
			n++
		}
		for _, w := range list[:min(n, shown)] {
			fmt.Fprintf(b, "%s %v\n", title, w)
		}
		if n > shown {
			last := cmp.Or(list[n-1].Node, list[n-1].Pod)
			fmt.Fprintf(b, "%s and %d more like these, up to %s\n", title, n-shown, last)
		}
		list = list[n:]
	}
}

// Diagnose returns why the rollout of a DaemonSet or Deployment does not end, or nil
// if it is not stuck: it is Done, an input takes effect in the next tick, or something
// is still to happen by itself. It is an error if there is no such object. Slow is not
// stuck: the queue of coming events decides, not a timeout. An endless loop is stuck,
// and so is a Deployment whose only coming event is that its deadline is exceeded. Inputs of later ticks do not count. The simulation is not changed.
//
// Every remedy has been tried on a fork. A diagnosis costs a fork and the rest of
// a rollout for each remedy tried, some ten to thirty. So it grows with the nodes
// times what is tried: 4 to 11 ms for 288 nodes, 7 % dead, 0.2 s for
// 5000 (BenchmarkDiagnose); 10 to 70 ms for a Deployment of 100 replicas, up to
// some seconds for 2000 (BenchmarkDiagnoseDeployment). A nil result costs what
// State does, and a look at each node, or replica, if State is not Done.
func Diagnose(sim *rollout.Sim, key string) (*Diagnosis, error) {
	key, err := find(sim, key)
	if err != nil || !stuck(sim, key) {
		return nil, err
	}
	return newDiagnoser(sim, key).diagnosis(), nil
}

// find returns the key of a DaemonSet or Deployment, with its kind.
func find(sim *rollout.Sim, key string) (string, error) {
	if sim == nil {
		return "", errors.New("no simulation")
	}
	return probe.Of(sim).Find(key)
}

// stuck reports whether the object's rollout does not end by itself.
func stuck(sim *rollout.Sim, key string) bool {
	state, p := sim.State(key), probe.Of(sim)
	if state == rollout.StateDone || p.InputDue() {
		return false
	}
	if d := p.Deployment(key); d != nil {
		return deploymentStuck(sim, d)
	}
	return state == rollout.StateStuck ||
		slices.ContainsFunc(p.DaemonSet(key).Rows, func(r probe.NodeRow) bool { return r.Endless != probe.None })
}

func nodesOf(list []Wait) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.Node)
	}
	return names
}

func podsOf(list []Wait) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.Pod)
	}
	return names
}

// listed lists names as a sentence does. If there are many, it lists the first three.
func listed(names []string) string {
	const shown = 3
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > shown+1:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), n-shown)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// full returns the list, or an empty one: no list of a result is nil.
func full[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
