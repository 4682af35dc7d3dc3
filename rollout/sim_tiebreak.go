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
// over a Go map: each sync may take any order. The empty Order is OrderByName.
type Order string

const (
	OrderByName     Order = "ByName"     // ascending by name
	OrderSeeded     Order = "Seeded"     // drawn in every sync from the seed, the DaemonSet, the sync and the node
	OrderFromScript Order = "FromScript" // as in Config.Choices, one by one
)

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
