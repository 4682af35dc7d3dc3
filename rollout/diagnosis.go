package rollout

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/berthsim/berth/internal/kube"
)

// Diagnosis is why a rollout does not end, and what would make it end.
type Diagnosis struct {
	DaemonSet  string `json:"daemonSet,omitempty"`  // namespace/name
	Deployment string `json:"deployment,omitempty"` // likewise: one of the two
	Tick       int    `json:"tick"`
	Cause      string `json:"cause"` // in one sentence
	Law        Law    `json:"law"`   // that the cause follows from

	// Culprits are the smallest set of nodes, or of a Deployment of pods, that must be
	// put right for the rollout to end, ascending: none of them can be left out. They
	// are empty where the cause is the whole, like a pause. Of nodes that only
	// use the budget as many are named as must give it back, the first by name;
	// Spare are the others, any of which would do in their place. Foreseen are those
	// that come to be culprits when these are put right.
	Culprits []Culprit `json:"culprits,omitempty"`
	Spare    []Culprit `json:"spare,omitempty"`
	Foreseen []Culprit `json:"foreseen,omitempty"`

	// Blocked are the nodes that wait only since others use the budget, ascending: Used
	// of its Of units, maxUnavailable or with surge maxSurge. Of a Deployment they are
	// the old pods, and the budget is how many of its pods need not be available.
	Blocked []string `json:"blocked,omitempty"`
	Used    int      `json:"used"`
	Of      int      `json:"of"`

	// Remedies let the rollout end, cheapest first (see Remedy): each was tried. Reliefs, tried
	// too, let all nodes go on but those that they leave.
	Remedies []Remedy `json:"remedies,omitempty"`
	Reliefs  []Remedy `json:"reliefs,omitempty"`
}

// Culprit is a node with a pod that is in the way of a rollout, or a pod of a
// Deployment.
type Culprit struct {
	Node   string   `json:"node"` // empty for a pod that has none
	Pod    string   `json:"pod,omitempty"`
	Why    Obstacle `json:"why"`
	Wanted bool     `json:"wanted"` // whether a pod is wanted there; else it only uses the budget
	Detail string   `json:"detail,omitempty"`
}

// String is the culprit in one line.
func (c Culprit) String() string {
	s := strings.TrimSpace(c.Node+" "+c.Pod) + ": " + c.Why.String()
	if !c.Wanted {
		s += ", no pod is wanted there"
	}
	if c.Detail != "" {
		s += ": " + c.Detail
	}
	return s
}

// String is the diagnosis in full, ending with a line feed.
func (x *Diagnosis) String() string {
	if x == nil {
		return ""
	}
	var b strings.Builder
	file, function := x.Law.Source()
	fmt.Fprintf(&b, "%s\n%v (%s: %s): %s\n", x.Cause, x.Law, file, function, x.Law.Words())
	section(&b, "culprit", x.Culprits)
	section(&b, "spare", x.Spare)
	section(&b, "foreseen", x.Foreseen)
	for _, r := range x.Remedies {
		fmt.Fprintf(&b, "remedy %v\n", r)
	}
	for _, r := range x.Reliefs {
		fmt.Fprintf(&b, "relief %v\n", r)
	}
	return b.String()
}

// section lists culprits, of many alike only the first.
func section(b *strings.Builder, title string, list []Culprit) {
	const shown = 3
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Why == list[0].Why && list[n].Wanted == list[0].Wanted {
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

// Diagnose says why the rollout of a DaemonSet or Deployment does not end; nil if
// there is none, if it is Done, or if something is still to happen by itself:
// what is slow is not stuck, and the queue of coming events tells the two apart,
// not a timeout. What comes again and again for ever is stuck all the same, and so
// is a Deployment to which nothing will happen but that its deadline is exceeded. As
// for State, inputs to come do not count.
//
// Every remedy has been tried on a fork. A diagnosis costs a fork and the rest of
// a rollout for each that is tried, some ten to thirty, and so grows with the nodes
// times what is tried: 4 to 11 ms for 288 nodes of which 7 % are dead, 0.2 s for 5000
// (BenchmarkDiagnose); of a Deployment of 100 replicas 10 to 70 ms, of 2000 up to
// some seconds (BenchmarkDiagnoseDeployment). Nil costs what State does, and a look at each node, or replica,
// where State is not Done.
func (s *Sim) Diagnose(key string) *Diagnosis {
	switch d, deployed := s.resolve(key); {
	case d != nil && s.stuck(d):
		return s.examine(d.key).diagnosis()
	case deployed != nil && s.stuckDeployment(deployed):
		return s.examineDeployment(deployed.key).diagnosis()
	}
	return nil
}

func (s *Sim) stuck(d *daemon) bool {
	switch s.State("daemonset/" + d.key) {
	case Done:
		return false
	case Deadlocked:
		return true
	}
	for n := range s.nodes {
		if s.endless(d, int32(n)) != none {
			return true
		}
	}
	return false
}

// some lists names, of many only the first.
func some(names []string) string {
	return kube.FirstNames(names)
}

func nodesOf(list []Culprit) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.Node)
	}
	return names
}
