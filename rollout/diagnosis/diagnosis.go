package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Diagnosis is why a rollout does not end, and what would let it end.
type Diagnosis struct {
	DaemonSet  string `json:"daemonSet,omitempty"`  // namespace/name
	Deployment string `json:"deployment,omitempty"` // namespace/name; one of the two is set
	Tick       int    `json:"tick"`
	Cause      string `json:"cause"`     // in one sentence
	Reference  Law    `json:"reference"` // the rule behind the cause

	// Blocking is the smallest set of nodes, or of pods of a Deployment, that
	// must be repaired for the rollout to end, ascending: none can be left out.
	// It is empty if the cause is the object as a whole, like a pause. Some
	// nodes only use the update limit. Only as many of these are included as
	// must free it, the first by name. Alternatives are the others, any of which
	// would do instead. Latent are the nodes that become blocking when these are
	// repaired.
	Blocking     []BlockingNode `json:"blocking,omitempty"`
	Alternatives []BlockingNode `json:"alternatives,omitempty"`
	Latent       []BlockingNode `json:"latent,omitempty"`

	// Queued are the nodes that wait only because others use the update limit,
	// ascending. Used of Limit units are in use, of maxUnavailable or with surge
	// of maxSurge. For a Deployment Queued are the old pods, and Limit is how
	// many of its pods may be unavailable.
	Queued []string `json:"queued,omitempty"`
	Used   int      `json:"used"`
	Limit  int      `json:"limit"`

	// Remedies let the rollout end, cheapest first (see Remedy). PartialRemedies
	// let all nodes continue except their Unresolved ones. Each was tried.
	Remedies        []Remedy `json:"remedies,omitempty"`
	PartialRemedies []Remedy `json:"partialRemedies,omitempty"`
}

// BlockingNode is a node with a pod that blocks a rollout, or a pod that blocks
// the rollout of a Deployment.
type BlockingNode struct {
	Node    string  `json:"node"` // empty for a pod without a node
	Pod     string  `json:"pod,omitempty"`
	Blocker Blocker `json:"blocker"`
	Wanted  bool    `json:"wanted"` // the node wants a pod; if false, it only uses the update limit
	Detail  string  `json:"detail,omitempty"`
}

// String returns the blocking node in one line. A detail in the scheduler's words
// begins with a plugin, which is not written twice where it names the blocker too.
func (c BlockingNode) String() string {
	s, detail := strings.TrimSpace(c.Node+" "+c.Pod)+": "+c.Blocker.String(), c.Detail
	if c.Wanted {
		detail = strings.TrimPrefix(detail, c.Blocker.String()+": ")
	} else {
		s += ", no pod is wanted there"
	}
	if detail != "" {
		s += ": " + detail
	}
	return s
}

// String returns the diagnosis in full, ending with a line feed.
func (x *Diagnosis) String() string {
	if x == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(head(x.Cause, x.Reference))
	section(&b, "blocking", x.Blocking)
	section(&b, "alternative", x.Alternatives)
	section(&b, "latent", x.Latent)
	for _, r := range x.Remedies {
		fmt.Fprintf(&b, "remedy %v\n", r)
	}
	for _, r := range x.PartialRemedies {
		fmt.Fprintf(&b, "partial remedy %v\n", r)
	}
	return b.String()
}

// section writes blocking nodes: of many alike, only the first.
func section(b *strings.Builder, title string, list []BlockingNode) {
	const shown = 3
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Blocker == list[0].Blocker && list[n].Wanted == list[0].Wanted {
			n++
		}
		for _, c := range list[:min(n, shown)] {
			fmt.Fprintf(b, "%s %v\n", title, c)
		}
		if n > shown {
			last := cmp.Or(list[n-1].Node, list[n-1].Pod)
			fmt.Fprintf(b, "%s and %d more like these, up to %s\n", title, n-shown, last)
		}
		list = list[n:]
	}
}

// head returns the cause and the law behind it.
func head(cause string, law Law) string {
	file, function := law.Source()
	return fmt.Sprintf("%s\n%v (%s: %s): %s\n", cause, law, file, function, law.Words())
}

// Diagnose returns why the rollout of a DaemonSet or Deployment does not end. It
// returns nil if there is no such object, if it is Done, or if something is still
// to happen by itself. Slow is not stuck: the queue of coming events decides, not
// a timeout. An endless loop is stuck, and so is a Deployment to which nothing
// will happen except that its deadline is exceeded. As for Sim.State, inputs to
// come do not count. The simulation is not changed.
//
// Every remedy has been tried on a fork. A diagnosis costs a fork and the rest of
// a rollout for each remedy tried, some ten to thirty. So it grows with the nodes
// times what is tried: 4 to 11 ms for 288 nodes of which 7 % are dead, 0.2 s for
// 5000 (BenchmarkDiagnose); 10 to 70 ms for a Deployment of 100 replicas, up to
// some seconds for 2000 (BenchmarkDiagnoseDeployment). A nil result costs what
// State does, and a look at each node, or replica, where State is not Done.
func Diagnose(sim *rollout.Sim, key string) *Diagnosis {
	if sim == nil || !stuck(sim, key) {
		return nil
	}
	return newDiagnoser(sim, key).diagnosis()
}

// stuck reports whether the object's rollout does not end by itself.
func stuck(sim *rollout.Sim, key string) bool {
	state, p := sim.State(key), probe.Of(sim)
	if state == rollout.StateUnknown || state == rollout.StateDone {
		return false
	}
	if d := p.Deployment(key); d != nil {
		return deploymentStuck(sim, d)
	}
	return state == rollout.StateStuck ||
		slices.ContainsFunc(p.DaemonSet(key).Rows, func(r probe.NodeRow) bool { return r.Endless != probe.None })
}

func nodesOf(list []BlockingNode) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.Node)
	}
	return names
}
