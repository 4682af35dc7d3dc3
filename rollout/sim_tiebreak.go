package rollout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/internal/kube"
)

// Order is which node goes first where a sync has a choice. Kubernetes ranges
// over a Go map: each sync may take any order.
type Order uint8

const (
	OrderByName     Order = iota // ascending by name
	OrderSeeded                  // drawn in every sync from the seed, the DaemonSet, the sync and the node
	OrderFromScript              // as in Config.Choices, one by one; Sim.Choices returns what there was to choose
)

// Choice is a choice that Kubernetes leaves open and that matters: a sync acts on
// Pick of Candidates nodes. The order in which it acts on them makes no
// difference. It is plain, comparable data.
type Choice struct {
	Tick, Round      int
	DaemonSet        string // of the DaemonSet that acts on nodes
	Deployment       string // or of the Deployment that deletes pods
	Pick, Candidates int
	Count            int // number of possible choices; math.MaxInt32 if there are more
	Chosen           int // which of them: 0 is the first nodes by name, the highest the last nodes
}

// String returns the choice in one line.
func (c Choice) String() string {
	key, what := c.DaemonSet, "nodes"
	if c.Deployment != "" {
		key, what = c.Deployment, "pods"
	}
	return fmt.Sprintf("%d %s in round %d: %d of %d %s, way %d of %d", c.Tick, key, c.Round, c.Pick, c.Candidates, what, c.Chosen, c.Count)
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

// binomial returns in how many ways k of n can be chosen, at most math.MaxInt32.
func binomial(n, k int) int {
	ways := 1
	for i := range min(k, n-k) {
		if ways = ways * (n - i) / (i + 1); ways > math.MaxInt32 {
			return math.MaxInt32
		}
	}
	return ways
}

// uid returns a generated UID, the same in every run.
func uid(seed uint64, parts ...string) types.UID {
	var g rand.PCG
	g.Seed(seed, kube.HashName(strings.Join(parts, "\x00")))
	a, b := g.Uint64(), g.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff))
}

// String returns "ByName", "Seeded" or "FromScript".
func (o Order) String() string {
	switch o {
	case OrderSeeded:
		return "Seeded"
	case OrderFromScript:
		return "FromScript"
	}
	return "ByName"
}

// GoString returns the name of the constant.
func (o Order) GoString() string { return "rollout.Order" + o.String() }
