package rollout

import (
	"fmt"
	"math"
	"slices"
)

// Choice is a choice that Kubernetes leaves open and that matters: a sync acts
// on Take nodes, and Of would do. In which order it acts on them makes no
// difference to them. It is plain, comparable data.
type Choice struct {
	Tick, Round int
	DaemonSet   string // that acts on nodes
	Deployment  string // or that deletes pods
	Take, Of    int
	Ways        int // to choose; math.MaxInt32 if there are more
	Took        int // which of them; 0 is the first nodes by name, the last is the last ones
}

// String is the choice in one line.
func (c Choice) String() string {
	key, what := c.DaemonSet, "nodes"
	if c.Deployment != "" {
		key, what = c.Deployment, "pods"
	}
	return fmt.Sprintf("%d %s in round %d: %d of %d %s, way %d of %d", c.Tick, key, c.Round, c.Take, c.Of, what, c.Took, c.Ways)
}

// Choices are those that a simulation with Order Scripted has made so far. Who
// gives each in turn every Took below its Ways sees everything that Kubernetes
// may do with the same inputs: the last choice that can be raised is raised,
// and what comes after is left out of the script.
func (s *Sim) Choices() []Choice { return slices.Clone(s.choices) }

// Config is the configuration that the simulation was made with.
func (s *Sim) Config() Config {
	c := s.config
	c.Script, c.Kubelet.Timings = slices.Clone(c.Script), slices.Clone(c.Kubelet.Timings)
	return c
}

// choose takes what the script says from nodes or pods, which it reorders. A
// number beyond the ways counts from the first again. The choice says whose it is.
func (s *Sim) choose(c Choice, nodes []int32, take int) []int32 {
	if take >= len(nodes) || take <= 0 {
		return nodes[:max(0, min(take, len(nodes)))]
	}
	c.Tick, c.Round, c.Take, c.Of, c.Ways = int(s.now), int(s.round), take, len(nodes), binomial(len(nodes), take)
	if i := len(s.choices); i < len(s.config.Script) {
		c.Took = s.config.Script[i] % c.Ways
	}
	s.choices = append(s.choices, c)
	return combination(nodes, take, c.Took)
}

// combination keeps the k-th of the sets of some nodes, in the order of a
// dictionary.
func combination(nodes []int32, take, k int) []int32 {
	kept := nodes[:0]
	for i, n := range nodes {
		if take == 0 {
			break
		}
		if with := binomial(len(nodes)-i-1, take-1); k < with {
			kept, take = append(kept, n), take-1
		} else {
			k -= with
		}
	}
	return kept
}

// binomial is in how many ways k of n can be chosen, at most math.MaxInt32.
func binomial(n, k int) int {
	ways := 1
	for i := range min(k, n-k) {
		if ways = ways * (n - i) / (i + 1); ways > math.MaxInt32 {
			return math.MaxInt32
		}
	}
	return ways
}
