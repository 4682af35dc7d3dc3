package placement

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// victimSearch evicts pods from nodes and puts them back.
type victimSearch struct {
	*Prediction
	pod      podPriority
	room     *room     // a clone
	question *question // a copy that follows the trial
	budgets  []budget
}

// budget is a PodDisruptionBudget that can protect pods.
type budget struct {
	*policyv1.PodDisruptionBudget
	selector labels.Selector
}

func (p *Prediction) victimSearch() *victimSearch {
	b := borrow.From(p.cluster)
	t := &victimSearch{Prediction: p, pod: podPriorityOf(p.scheduled().pod, b), room: p.left().clone(), question: p.question.clone()}
	for _, d := range b.PodDisruptionBudgets() {
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err == nil && !selector.Empty() { // an empty selector protects no pod here
			t.budgets = append(t.budgets, budget{d, selector})
		}
	}
	return t
}

// victimNode is a pod on the node that may be evicted.
type victimNode struct {
	priority int32
	started  int64 // s since 1970; a pod that has not started is later than any other
	pod      *corev1.Pod
	load     *load
	kind     int32
}

const (
	noVictims  = "No preemption victims found for incoming pod"
	notHelpful = "Preemption is not helpful for scheduling"
)

// attempt is a preemption that was tried.
type attempt struct {
	Preemption
	victims  []victimNode
	messages []string // what the scheduler says of the node, if it tries it in vain
	started  int64    // start of the first of the most important victims
	none     bool     // the pod fits beside all pods that it was to evict
}

// preempt follows SelectVictimsOnNode: it removes all pods of lower priority
// and puts back every pod that leaves room for the preemptor.
func (t *victimSearch) preempt(position int) attempt {
	p := attempt{Preemption: Preemption{Node: borrow.From(t.cluster).Name(position), Victims: []string{}}}
	if p.Impossible = t.hopeless(position); p.Impossible != "" {
		return p
	}
	lower, equal := t.victimNodes(position)
	if len(lower) == 0 {
		p.messages = []string{noVictims}
		p.Impossible = fmt.Sprintf("no pod here has a lower priority than %d", t.pod.priority)
		if equal {
			p.Impossible = "equal priority: " + p.Impossible
		}
		return p
	}
	saved, gone := t.room.save(position), lower
	for _, c := range lower {
		t.evict(c, position)
	}
	if t.room.fits(t.scheduled(), t.question, position) {
		gone, p.Violations = t.reprieve(lower, position)
		p.name(gone)
	} else {
		for _, r := range lowerFirst(t.room.why(nil, t.scheduled(), t.question, position)) {
			p.messages = append(p.messages, r.Message)
		}
		p.Impossible = fmt.Sprintf("not even without the %d pods of lower priority: %s", len(lower), p.messages[0])
	}
	for _, c := range gone {
		t.question.shift(t.room, c.kind, position, 1)
	}
	t.room.restore(position, saved)
	return p
}

// name sets the victims to the pods that were not put back.
func (p *attempt) name(gone []victimNode) {
	p.victims = gone
	for _, c := range gone {
		p.Victims = append(p.Victims, kube.Key(c.pod))
	}
	if len(gone) == 0 {
		p.none, p.Impossible = true, "with every pod back the pod fits, by a mistake in how the scheduler counts"
		return
	}
	p.started = gone[0].started
	for _, c := range gone {
		if c.priority == gone[0].priority {
			p.started = min(p.started, c.started)
		}
	}
}

// hopeless returns the reason why the node is not tried, or "" if it is.
func (t *victimSearch) hopeless(position int) string {
	if t.pod.never {
		return "preemptionPolicy is Never"
	}
	for _, r := range lowerFirst(t.why(position)) {
		if r.Unresolvable {
			return "evicting pods would not help: " + r.Message
		}
	}
	return ""
}

// victimNodes returns the pods of lower priority, the most important first: by
// priority, then the longest running (MoreImportantVictim), then by name, where
// the scheduler may use any order. It reports whether there are pods of equal
// priority.
func (t *victimSearch) victimNodes(position int) (lower []victimNode, equal bool) {
	b := borrow.From(t.cluster)
	for _, pod := range b.PodsOn(position) {
		if !counts(pod) || t.left().lacks(pod, position) {
			continue
		}
		priority := kube.RunningPriority(&pod.Spec, b)
		equal = equal || priority == t.pod.priority
		if priority >= t.pod.priority {
			continue
		}
		l := loadAt(b.Release(), pod)
		lower = append(lower, victimNode{priority, started(pod), pod, l, t.room.kinds.id(l)})
	}
	slices.SortFunc(lower, func(a, b victimNode) int {
		return cmp.Or(a.compare(&b), cmp.Compare(a.pod.Name, b.pod.Name), cmp.Compare(a.pod.Namespace, b.pod.Namespace))
	})
	return lower, equal
}

// compare orders by importance, the more important first.
func (c *victimNode) compare(d *victimNode) int {
	return cmp.Or(cmp.Compare(d.priority, c.priority), cmp.Compare(c.started, d.started))
}

// started returns the start time of the pod. A pod that has not started counts
// as starting now.
func started(pod *corev1.Pod) int64 {
	if pod.Status.StartTime == nil {
		return math.MaxInt64
	}
	return pod.Status.StartTime.Unix()
}

func (t *victimSearch) evict(c victimNode, position int) {
	t.room.remove(c.load, position)
	t.room.forget(c.load.ports, position)
	t.question.shift(t.room, c.kind, position, -1)
}

// reprieve puts the candidates back, pods protected by a PodDisruptionBudget
// first. It returns the pods that would leave no room for the preemptor, the
// most important first, and the number of protected pods among them.
func (t *victimSearch) reprieve(all []victimNode, position int) (victims []victimNode, violations int) {
	protected, free := t.protect(all)
	for i, c := range append(protected, free...) {
		t.room.add(c.load, position)
		t.question.shift(t.room, c.kind, position, 1)
		if t.room.fits(t.scheduled(), t.question, position) {
			continue
		}
		t.evict(c, position)
		victims = append(victims, c)
		if i < len(protected) {
			violations++
		}
	}
	slices.SortStableFunc(victims, func(a, b victimNode) int { return a.compare(&b) })
	return victims, violations
}

// protect follows the scheduler (pkg/scheduler/framework/preemption/util.go:
// FilterVictimsWithPDBViolation): each budget allows as many evictions as its status
// says.
func (t *victimSearch) protect(all []victimNode) (protected, free []victimNode) {
	allowed := make([]int32, len(t.budgets))
	for i, b := range t.budgets {
		allowed[i] = b.Status.DisruptionsAllowed
	}
	for _, c := range all {
		if t.violates(c.pod, allowed) {
			protected = append(protected, c)
		} else {
			free = append(free, c)
		}
	}
	return protected, free
}

// violates counts an eviction against the budgets that match a pod. It stops at
// the first exhausted budget and reports whether there is one.
func (t *victimSearch) violates(pod *corev1.Pod, allowed []int32) bool {
	for i, b := range t.budgets {
		if b.Namespace != pod.Namespace || len(pod.Labels) == 0 || !b.selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if _, known := b.Status.DisruptedPods[pod.Name]; known {
			continue
		}
		if allowed[i]--; allowed[i] < 0 {
			return true
		}
	}
	return false
}

// save replaces the block of a node by a copy and returns the original for
// restore.
func (r *room) save(position int) *cow[block] {
	saved := r.blocks[position>>6]
	r.blocks[position>>6] = saved.copy(r.self(), (*block).clone)
	return saved
}

func (r *room) restore(position int, saved *cow[block]) { r.blocks[position>>6] = saved }

// forget frees host ports, whichever pods hold them. The scheduler does so when
// it removes one of two pods that share a port. Only pods that it did not place
// can share one (k8s.io/kube-scheduler/framework/types.go:
// HostPortInfo.Remove).
func (r *room) forget(ports []hostPort, position int) {
	b := r.change(position)
	for _, p := range ports {
		for b.ports.free(p, position&63, func(holder) bool { return true }) {
		}
	}
}

// clone returns a copy that can follow changes that the original must not see.
func (q *question) clone() *question {
	if q == nil {
		return nil
	}
	copied := *q
	copied.counters, copied.spreads, copied.kinds = slices.Clone(q.counters), slices.Clone(q.spreads), slices.Clip(q.kinds)
	for i := range copied.counters {
		copied.counters[i].pods = slices.Clone(copied.counters[i].pods)
	}
	return &copied
}

// shift adds or removes the pods of a trial. It follows the PreFilter
// extensions of the plugins. The extension of podtopologyspread (updateWithPod)
// also counts terminating pods and pods for an empty selector.
func (q *question) shift(r *room, number int32, position int, pods int64) {
	if q == nil {
		return
	}
	k := r.kinds.list()[number]
	for i := range q.spreads {
		if q.spreads[i].means(k, q.w.pod.Namespace) && q.counters[i].add(int32(position), pods) {
			q.spreads[i].stale = true
		}
	}
	for _, i := range q.counting(r, number) {
		if int(i) >= len(q.spreads) && q.counters[i].add(int32(position), pods) && int(i) < len(q.spreads)+len(q.with) {
			q.met += pods
		}
	}
	q.settle()
}

// Preemption is the set of pods that the scheduler would evict from a node to
// make room for a pod if it chose that node
// (pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go:
// SelectVictimsOnNode).
type Preemption struct {
	Node       string   `json:"node"`
	Victims    []string `json:"victims"`    // namespace/name, the most important first
	Violations int      `json:"violations"` // number of victims that a PodDisruptionBudget protects
	// Impossible is the reason why no eviction on this node helps. It is empty
	// if there are victims.
	Impossible string `json:"impossible,omitempty"`
}

// String returns the preemption in one line.
func (p Preemption) String() string {
	if p.Impossible != "" {
		return p.Node + ": never: " + p.Impossible
	}
	s := p.Node + ": evicts " + strings.Join(p.Victims, ", ")
	if p.Violations > 0 {
		s += fmt.Sprintf(", against %d disruption budgets", p.Violations)
	}
	return s
}

// sum counts every victim as positive, so that one more never makes it less.
func (a *attempt) sum() int64 {
	var sum int64
	for _, v := range a.victims {
		sum += int64(v.priority) + math.MaxInt32 + 1
	}
	return sum
}
