package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// exam is a deadlocked DaemonSet and what is found out about it.
type exam struct {
	ward
	d *daemon

	whole    Obstacle  // of the DaemonSet as a whole, or 0
	wanted   []Culprit // on nodes whose pods must come to be as wanted
	spending []Culprit // on nodes that only use the budget
	blocked  []string
	surge    bool // what budget and used count
	budget   int
	used     int
}

// examine looks at every node. The simulation itself is left alone.
func (s *Sim) examine(key string) *exam {
	f := s.Fork()
	f.inputs = nil
	x := &exam{d: f.find(key)}
	x.ward = ward{sim: f, namespace: x.d.object.Namespace, patient: x}
	x.whole = x.wholeObstacle()
	user := x.readBudget()
	for n := range f.nodes {
		x.look(int32(n), user)
	}
	if x.whole == 0 && len(x.wanted)+len(x.spending) == 0 {
		x.whole = StrategyUnusable // nobody is in the way
	}
	return x
}

// wholeObstacle is what is wrong with the DaemonSet whatever its nodes.
func (x *exam) wholeObstacle() Obstacle {
	if x.d.blind {
		return EmptySelector
	}
	if _, _, err := x.d.budget(); err != nil {
		return StrategyUnusable
	}
	return 0
}

// readBudget gives the mark of the nodes that use a unit of it.
func (x *exam) readBudget() marks {
	if !x.d.rolling {
		return 0
	}
	surge, unavailable, err := x.d.budget()
	switch {
	case err != nil:
		return 0
	case surge > 0:
		x.surge, x.budget, x.used = true, surge, x.d.number(surging)
		return surging
	}
	x.budget, x.used = unavailable, x.d.number(out)
	return out
}

// look finds whether the node is in the way, or waits for its turn.
func (x *exam) look(node int32, user marks) {
	m := x.d.marks[node]
	inTheWay, endless, isWanted := x.inTheWay(node), x.sim.endless(x.d, node), m&desired != 0
	switch {
	case x.d.deleting && inTheWay != none:
		x.wanted = append(x.wanted, x.culprit(node, inTheWay))
	case x.d.deleting:
	case endless != none:
		x.wanted = append(x.wanted, x.culprit(node, endless))
	case inTheWay != none && x.sim.pods[inTheWay].due != none: // it gets on
	case isWanted && m&statusUp != 0 && (m&statusNew != 0 || !x.updates()) && m&user == 0:
	case isWanted && m&statusUp != 0 && m&statusNew != 0 && inTheWay != none: // on its way out, which the status does not see
		x.spending = append(x.spending, x.culprit(node, inTheWay))
	case isWanted && inTheWay != none:
		x.wanted = append(x.wanted, x.culprit(node, inTheWay))
	case isWanted:
		x.blocked = append(x.blocked, x.sim.roster[node].name)
	case (m&user != 0 || m&lost != 0 && x.surge) && inTheWay != none:
		x.spending = append(x.spending, x.culprit(node, inTheWay))
	}
}

// updates says whether the rollout ends only when all pods are updated.
func (x *exam) updates() bool {
	return x.d.object.Spec.UpdateStrategy.Type != appsv1.OnDeleteDaemonSetStrategyType
}

// inTheWay is the pod on the node that does not come to be as wanted, or none.
func (x *exam) inTheWay(node int32) int32 {
	s, d := x.sim, x.d
	c := s.count(d, node)
	lost := !s.nodes[node].there()
	switch {
	case d.deleting || lost:
		return d.head[node]
	case c.newest != none && !s.available(d, &s.pods[c.newest]):
		return c.newest
	case c.first != none && s.pods[c.first].is(terminating):
		return c.first
	case c.oldest != none && !s.available(d, &s.pods[c.oldest]):
		return c.oldest
	}
	return none
}

func (x *exam) culprit(node, id int32) Culprit {
	s := x.sim
	c := Culprit{
		Node: s.roster[node].name, Pod: s.podName(id), Why: s.obstacle(x.d, id), Wanted: x.d.marks[node]&desired != 0,
	}
	switch p := &s.pods[id]; {
	case !p.is(bound):
		c.Detail = s.whyUnbound(p)
	case c.Why >= NeverStarts && c.Why <= NeverGetsReady:
		c.Detail = "image " + strings.Join(s.classes[p.class].images(), ", ")
	}
	return c
}

// diagnosis puts it all together.
func (x *exam) diagnosis() *Diagnosis {
	culprits, spare := x.smallest()
	dx := &Diagnosis{
		DaemonSet: x.d.key, Tick: int(x.sim.now), Law: x.law(),
		Culprits: culprits, Spare: spare, Foreseen: x.foreseen(),
		Blocked: x.blocked, Used: x.used, Of: x.budget,
	}
	dx.Cause = x.sentence(dx)
	dx.Remedies, dx.Reliefs = x.remedies(dx)
	return dx
}

// smallest tells those that must be put right from those that need not. On a node
// that wants a pod it must be there; of the others as many must go as leave one
// unit of the budget.
func (x *exam) smallest() (culprits, spare []Culprit) {
	culprits = slices.Clone(x.wanted)
	if x.spent() && len(x.spending) > 0 {
		n := min(len(x.spending), max(0, len(x.spending)-x.budget+1))
		culprits, spare = append(culprits, x.spending[:n]...), slices.Clone(x.spending[n:])
	} else {
		spare = slices.Clone(x.spending)
	}
	slices.SortFunc(culprits, byNode)
	return culprits, spare
}

func byNode(a, b Culprit) int { return strings.Compare(a.Node, b.Node) }

// spent says whether others wait for the budget.
func (x *exam) spent() bool { return len(x.blocked) > 0 && x.used >= x.budget }

// law is the rule by which the obstacles stop the rollout.
func (x *exam) law() Law {
	all := x.kinds()
	switch {
	case x.whole != 0:
		return x.whole.Law()
	case x.d.deleting:
		return ForegroundWaits
	case x.d.failure != "" && slices.Contains(all, PodOnLostNode):
		return LostNodeFailsSurge
	case x.spent() && x.surge:
		return SurgeIsSpent
	case x.spent():
		return UnavailableIsSpent
	case len(all) == 1:
		return all[0].Law()
	}
	return EndsWhenAvailable
}

func (x *exam) kinds() []Obstacle { return obstaclesAmong(slices.Concat(x.wanted, x.spending)) }

// obstaclesAmong are the obstacles that there are, the most frequent first.
func obstaclesAmong(list []Culprit) []Obstacle {
	var counts [len(obstacles)]int
	for _, c := range list {
		counts[c.Why]++
	}
	var kinds []Obstacle
	for o, n := range counts {
		if n > 0 {
			kinds = append(kinds, Obstacle(o))
		}
	}
	slices.SortStableFunc(kinds, func(a, b Obstacle) int { return cmp.Compare(counts[b], counts[a]) })
	return kinds
}

// foreseen are the culprits that there would be beside these if the budget were no
// object: a fork tries.
func (x *exam) foreseen() []Culprit {
	if len(x.blocked) == 0 || x.whole != 0 {
		return nil
	}
	f := x.sim.Fork()
	if f.Inject(x.withBudget(intstr.FromInt32(x.plenty()))) != nil {
		return nil
	}
	if f.rest(x.owner()); f.State("daemonset/"+x.d.key) == Done {
		return nil
	}
	known := append(nodesOf(x.wanted), nodesOf(x.spending)...)
	slices.Sort(known)
	return slices.DeleteFunc(f.examine(x.d.key).wanted, func(c Culprit) bool {
		_, isKnown := slices.BinarySearch(known, c.Node)
		return isKnown
	})
}

// plenty is a budget that cannot be used up. A percentage can: it is of the nodes
// that want a pod, and others use it too.
func (x *exam) plenty() int32 { return int32(len(x.sim.nodes) + 1) }

// sentence is the cause.
func (x *exam) sentence(dx *Diagnosis) string {
	start := x.d.key + " is stuck: "
	if x.whole != 0 {
		return start + obstacles[x.whole].words
	}
	var parts []string
	for _, o := range x.kinds() {
		parts = append(parts, fmt.Sprintf(obstacles[o].words, x.subject(o)))
	}
	text := start + strings.Join(parts, "; ") + x.consequence()
	switch n := len(dx.Foreseen); {
	case n == 0:
		return text
	case n == len(x.blocked):
		return text + ", to be stuck too when their turn comes"
	default:
		return text + fmt.Sprintf(", %d of them to be stuck too when their turn comes", n)
	}
}

// consequence is what the obstacles come to for the rest.
func (x *exam) consequence() string {
	switch {
	case x.d.deleting:
		return "; its deletion waits for that"
	case x.spent():
		return fmt.Sprintf("; %s is used up (%d of %d) and %s", x.budgetName(), x.used, x.budget, waits(len(x.blocked)))
	case len(x.blocked) > 0:
		return fmt.Sprintf("; the controller fails (%s) and %s", x.d.failure, waits(len(x.blocked)))
	}
	return ""
}

func waits(n int) string {
	if n == 1 {
		return "1 other node waits"
	}
	return fmt.Sprintf("%d other nodes wait", n)
}

// subject names the nodes with an obstacle.
func (x *exam) subject(o Obstacle) string {
	var names []string
	unwanted := 0
	for _, c := range append(slices.Clone(x.wanted), x.spending...) {
		if c.Why == o {
			names = append(names, c.Node)
			if !c.Wanted {
				unwanted++
			}
		}
	}
	slices.Sort(names)
	text, verb := some(names), "is"
	if len(names) > 1 {
		verb = "are"
	}
	if len(names) > 4 {
		text = fmt.Sprintf("%d nodes, %s,", len(names), text)
	}
	if unwanted > 0 && unwanted == len(names) {
		text += " (no pod is wanted there)"
	}
	return text + " " + verb
}
