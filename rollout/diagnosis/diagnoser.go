package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// subject is a DaemonSet or a Deployment that is examined.
type subject interface {
	// look calls see with the facts about each node, or about each pod of a
	// Deployment, and the pod that blocks it, or probe.None.
	look(see func(f facts, name string, pod int32))
	// whole returns what is wrong with the object as a whole, if anything, and
	// details. found reports that some nodes or pods block the rollout.
	whole(found bool) (o Blocker, detail string)

	// reference returns the rule that lets the blockers together stop the
	// rollout, or nil, and the rule that says when it ends.
	reference(x *diagnoser) (together, end *rollout.Reference)
	// clause returns the clause about the nodes or pods with the blocker.
	clause(o Blocker, of []Wait) string
	// consequence returns what the blockers mean for the rest.
	consequence(x *diagnoser) string
	// foreseen returns the nodes that would become blocking beside these if the
	// update limit did not matter.
	foreseen(x *diagnoser) []Wait

	// general returns candidates for the object as a whole, except undo; only reports
	// whether no other candidates can help.
	general(x *diagnoser) (all []candidate, only bool)
	// undo returns the candidate that rolls back to a revision.
	undo(revision int64) candidate
	// against returns candidates against one blocker.
	against(x *diagnoser, o Blocker, of []Wait) []candidate
	// recovered returns the nodes or pods of the object, which still exists,
	// that a remedy leaves in a fork (see goal).
	recovered(x *diagnoser, f *rollout.Sim, settled bool) (leaves []string, ok bool)
}

// identity is the common part of subjects.
type identity struct {
	kind, name, namespace string
	deleting              bool    // in the foreground
	pods                  bool    // blocking nodes go by their pod, and not by their node
	earlier               []int64 // ascending
	used, of              int     // of the update limit
}

// key returns the object's key, with its kind.
func (i *identity) key() string { return i.kind + "/" + i.name }

// diagnoser is a stuck object and what has been found out about it.
type diagnoser struct {
	identity
	subject
	sim      *rollout.Sim // a fork without inputs to come
	probe    probe.Sim    // of sim
	snapshot *cluster.Cluster

	all      Blocker // of the object as a whole, or ""
	detail   string  // of all
	blockers []Wait
	spenders []Wait
	queued   []string
	users    map[Blocker]int  // how many of the blockers and spenders use the update limit
	unbound  map[int32]string // why, by class, of pods that may go to any node
}

// newDiagnoser looks at every node, or pod. The simulation itself is left alone.
func newDiagnoser(sim *rollout.Sim, key string) *diagnoser {
	f := sim.Fork()
	x := &diagnoser{sim: f, probe: probe.Of(f), users: map[Blocker]int{}, unbound: map[int32]string{}}
	x.probe.DropInputs()
	if d := x.probe.Deployment(key); d != nil {
		x.identity, x.subject = ofDeployment(x.probe, d)
	} else {
		x.identity, x.subject = ofDaemonSet(x.probe, x.probe.DaemonSet(key))
	}
	x.look(x.see)
	slices.SortFunc(x.blockers, x.byName)
	slices.Sort(x.queued)
	if x.pods && len(x.queued) == 0 {
		x.used, x.of = 0, 0
	}
	if found := len(x.blockers)+len(x.spenders) > 0; !found || !x.deleting {
		x.all, x.detail = x.whole(found)
	}
	return x
}

// facts decide whether a node of a DaemonSet, or a pod of a Deployment, blocks
// the rollout.
type facts uint8

const (
	deleting    facts = 1 << iota // the object is being deleted, in the foreground
	endless                       // an endless loop
	blocking                      // it has, or is, a pod that is not updated and available
	progressing                   // something is still to happen to that pod by itself
	wanted                        // the rollout ends only if a pod there is updated and available
	upToDate                      // its pod is updated, according to the status
	spending                      // it uses the update limit
)

// role is the role of a node, or pod, in the rollout.
type role uint8

const (
	fine    role = iota
	blocker      // it must be repaired
	spender      // it only uses the update limit
	queued       // it waits for its turn
)

// roles lists the role for combinations of facts. The first row applies that has
// all its facts and none of the facts in not. If no row applies, the role is
// fine.
var roles = []struct {
	facts, not facts
	role       role
}{
	{deleting | blocking, 0, blocker},
	{deleting, 0, fine},
	{endless, 0, blocker},
	{blocking | progressing, 0, fine},
	{wanted | upToDate, spending, fine},
	{wanted | upToDate | blocking, 0, spender}, // its pod is terminating, which the status does not see
	{wanted | blocking, 0, blocker},
	{wanted, 0, queued},
	{spending | blocking, 0, spender},
}

func (f facts) role() role {
	for _, r := range roles {
		if f&r.facts == r.facts && f&r.not == 0 {
			return r.role
		}
	}
	return fine
}

// when returns the facts if they hold.
func when(holds bool, f facts) facts {
	if holds {
		return f
	}
	return 0
}

// see notes the role of a node, or pod.
func (x *diagnoser) see(f facts, name string, pod int32) {
	switch role := f.role(); role {
	case blocker, spender:
		w := x.blockingWait(f, pod)
		if f&spending != 0 {
			x.users[w.Blocker]++
		}
		if role == blocker {
			x.blockers = append(x.blockers, w)
		} else {
			x.spenders = append(x.spenders, w)
		}
	case queued:
		x.queued = append(x.queued, name)
	}
}

func (x *diagnoser) blockingWait(f facts, id int32) Wait {
	p := x.probe.Pod(id)
	c := Wait{Node: p.Node.Name, Pod: p.Name, Blocker: x.blockerOf(id, &p), Wanted: f&wanted != 0, BlockedBy: []string{}}
	switch {
	case !p.Bound:
		c.Detail = x.whyUnbound(id, &p)
	case c.Blocker.ofImage():
		c.Detail = "image " + strings.Join(x.probe.Images(id), ", ")
	}
	return c
}

// whyUnbound asks once for all pods of one template that may go to any node, since an
// answer costs as much as there are nodes.
func (x *diagnoser) whyUnbound(id int32, p *probe.Pod) string {
	if !p.AnyNode {
		return x.probe.WhyUnbound(id)
	}
	why, ok := x.unbound[p.Class]
	if !ok {
		why = x.probe.WhyUnbound(id)
		x.unbound[p.Class] = why
	}
	return why
}

// byName orders blocking nodes.
func (x *diagnoser) byName(a, b Wait) int {
	if x.pods {
		return strings.Compare(a.Pod, b.Pod)
	}
	return strings.Compare(a.Node, b.Node)
}

// diagnosis reports all that is found out.
func (x *diagnoser) diagnosis() *Diagnosis {
	culprits, spare := x.smallest()
	latent := x.foreseen(x)
	remedies, partial := x.remedies(slices.Concat(culprits, latent))
	return &Diagnosis{
		Version: version, Key: x.key(), Tick: x.sim.Now(), Cause: x.cause(len(latent)), Reference: x.rule(),
		Blocking: full(culprits), Alternatives: full(spare), Latent: full(latent),
		Queued: full(x.queued), Used: x.used, Limit: x.of,
		Remedies: full(remedies), PartialRemedies: full(partial),
	}
}

// smallest separates the nodes that must be repaired from the rest. All blockers
// must be, and as many spenders as free one unit of the limit.
func (x *diagnoser) smallest() (culprits, spare []Wait) {
	n := 0
	if x.spent() {
		n = min(len(x.spenders), max(0, len(x.spenders)-x.of+1))
	}
	culprits = slices.Concat(x.blockers, x.spenders[:n])
	slices.SortFunc(culprits, x.byName)
	return culprits, slices.Clone(x.spenders[n:])
}

// spent reports whether others wait for the update limit.
func (x *diagnoser) spent() bool { return len(x.queued) > 0 && x.used >= x.of }

// rule returns the rule that lets the blockers stop the rollout.
func (x *diagnoser) rule() rollout.Reference {
	together, end := x.reference(x)
	switch kinds := x.kinds(); {
	case x.all != "":
		return x.all.Reference()
	case x.deleting:
		return foregroundDeletion
	case together != nil:
		return *together
	case len(kinds) == 1:
		return kinds[0].Reference()
	}
	return *end
}

// kinds lists the blockers that there are. First come those of nodes that use the update
// limit while others wait for it, then the most frequent ones.
func (x *diagnoser) kinds() []Blocker {
	counts := map[Blocker]int{}
	for _, c := range slices.Concat(x.blockers, x.spenders) {
		counts[c.Blocker]++
	}
	var kinds []Blocker
	for _, row := range blockers {
		if counts[row.blocker] > 0 {
			kinds = append(kinds, row.blocker)
		}
	}
	slices.SortStableFunc(kinds, func(a, b Blocker) int {
		users := 0
		if x.spent() {
			users = cmp.Compare(x.users[b], x.users[a])
		}
		return cmp.Or(users, cmp.Compare(counts[b], counts[a]))
	})
	return kinds
}

// cause returns the cause.
func (x *diagnoser) cause(foreseen int) string {
	var parts []string
	if x.all != "" {
		parts = append(parts, x.wholeText())
	}
	if x.all == "" || x.pods {
		for _, o := range x.kinds() {
			parts = append(parts, x.clause(o, among(o, slices.Concat(x.blockers, x.spenders))))
		}
	}
	text := x.key() + " is stuck: " + strings.Join(parts, "; ")
	switch {
	case x.deleting:
		text += "; its deletion waits for that"
	case x.all == "" || x.pods:
		text += x.consequence(x)
	}
	switch {
	case foreseen == 0:
		return text
	case foreseen == len(x.queued):
		return text + numbered(", and {it|they} would get stuck too when updated", foreseen)
	}
	return text + fmt.Sprintf(", and %d of them would get stuck too when updated", foreseen)
}

func (x *diagnoser) wholeText() string {
	switch {
	case x.all == BlockerUnknown:
		return "it is not as desired"
	case x.detail == "":
		return x.all.row().nodes
	}
	return x.all.row().nodes + ": " + x.detail
}

// among returns the waits that have the blocker.
func among(o Blocker, list []Wait) (of []Wait) {
	for _, c := range list {
		if c.Blocker == o {
			of = append(of, c)
		}
	}
	return of
}

// cluster returns a snapshot of the simulation.
func (x *diagnoser) cluster() *cluster.Cluster {
	if x.snapshot == nil {
		x.snapshot = x.sim.Cluster()
	}
	return x.snapshot
}
