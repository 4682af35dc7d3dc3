package probe

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
)

// Choice is a choice that Kubernetes leaves open and that matters: a sync acts on
// Pick of Candidates nodes or pods. The order in which it acts on them makes no
// difference. It is plain, comparable data.
type Choice struct {
	Tick, Round      int
	Key              string // of the DaemonSet that acts on nodes, or the Deployment that deletes pods; with its kind
	Pick, Candidates int
	Count            int // number of possible choices; math.MaxInt32 if there are more
	Chosen           int // which of them: 0 is the first nodes by name, the highest the last nodes
}

// String returns the choice in one line.
func (c Choice) String() string {
	what := "nodes"
	if strings.HasPrefix(c.Key, kube.DeploymentKind) {
		what = "pods"
	}
	return fmt.Sprintf("%d %s in round %d: %d of %d %s, choice %d of %d", c.Tick, c.Key, c.Round, c.Pick, c.Candidates, what, c.Chosen, c.Count)
}

// Choices returns the choices made so far with rollout.OrderFromScript: where the
// nodes outnumber what a sync may act on, or the pods of a Deployment that no rule
// tells apart outnumber what it deletes. To see everything that Kubernetes may do
// with the same inputs, try every Chosen below its Count: raise the last choice
// that can be raised and leave out the choices after it.
var Choices func(sim any) []Choice

// Before returns the cluster as the controllers will find it in the given round
// of the next tick, the first being 1: the tick's inputs have taken effect,
// kubelets have acted, and the changes of earlier rounds are included. It runs
// that tick in a fork.
var Before func(sim any, round int) *cluster.Cluster
