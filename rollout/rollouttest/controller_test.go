package rollouttest_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/shrunk"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout/rollouttest"
)

// theirs is a DaemonSet controller that is independent of package rollout: loops over
// objects, with state for backoffs. wrong selects a typical mistake of a first attempt.
type theirs struct {
	wrong    string
	backward bool // the last nodes go first
	backoffs map[string]*wait
	seen     rollouttest.Observation
	pods     map[string][]*corev1.Pod // by node, in the controller's order
	decided  map[string]placement.Decision
	acts     rollouttest.Actions
}

type wait struct {
	delay time.Duration
	since time.Time
}

func (c *theirs) Sync(seen rollouttest.Observation) rollouttest.Actions {
	c.seen, c.acts, c.pods, c.decided = seen, rollouttest.Actions{}, map[string][]*corev1.Pod{}, map[string]placement.Decision{}
	if seen.DaemonSet.DeletionTimestamp != nil && c.wrong != "works on while it is deleted" {
		return c.acts
	}
	w, err := placement.ForDaemonSet(seen.DaemonSet, placement.Unvalidated())
	if err != nil {
		return c.acts
	}
	for _, n := range seen.Nodes {
		c.decided[n.Name] = w.Check(n).Decision
		if n.Spec.Unschedulable && c.wrong == "skips cordoned nodes" {
			c.decided[n.Name] = placement.Excluded
		}
		if c.decided[n.Name] == placement.Kept && c.wrong == "evicts what is not tolerated" {
			c.decided[n.Name] = placement.Excluded
		}
	}
	for _, p := range seen.Pods {
		if p.DeletionTimestamp == nil || p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded {
			c.pods[nodeOf(p)] = append(c.pods[nodeOf(p)], p)
		}
	}
	for _, pods := range c.pods { // any order: each by itself
		slices.SortFunc(pods, inTheirOrder)
	}
	c.manage()
	if c.acts.String() == "does nothing" && seen.DaemonSet.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		c.update()
	}
	return c.acts
}

func inTheirOrder(a, b *corev1.Pod) int {
	bound := func(p *corev1.Pod) int { return min(1, len(p.Spec.NodeName)) }
	return cmp.Or(bound(b)-bound(a), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

// nodeOf returns the node that the pod runs on or is created for.
func nodeOf(p *corev1.Pod) string {
	if p.Spec.NodeName != "" {
		return p.Spec.NodeName
	}
	return p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
}

func (c *theirs) delete(pods ...*corev1.Pod) {
	for _, p := range pods {
		c.acts.Delete = append(c.acts.Delete, p.Name)
	}
}

func (c *theirs) create(node string) { c.acts.Create = append(c.acts.Create, node) }

func (c *theirs) manage() {
	for _, n := range c.seen.Nodes {
		pods := c.pods[n.Name]
		switch {
		case c.decided[n.Name] == placement.Eligible && len(c.present(pods)) == 0:
			c.create(n.Name)
		case c.decided[n.Name] >= placement.Kept:
			c.tidy(n.Name, pods)
		default:
			c.delete(slices.DeleteFunc(slices.Clone(pods), leaving)...)
		}
	}
	for _, p := range c.seen.Pods {
		if _, there := c.decided[nodeOf(p)]; !there && p.Spec.NodeName == "" {
			c.delete(p)
		}
	}
}

// present returns the pods that prevent the creation of a new one.
func (c *theirs) present(pods []*corev1.Pod) []*corev1.Pod {
	if c.wrong == "does not wait for pods on their way out" {
		return slices.DeleteFunc(slices.Clone(pods), leaving)
	}
	return pods
}

func leaving(p *corev1.Pod) bool { return p.DeletionTimestamp != nil }

func (c *theirs) surges() bool {
	s := c.seen.DaemonSet.Spec.UpdateStrategy
	return s.RollingUpdate != nil && s.RollingUpdate.MaxSurge != nil && scaled(s.RollingUpdate.MaxSurge, 1, true) > 0
}

func (c *theirs) tidy(node string, pods []*corev1.Pod) {
	backoff := c.waits(node)
	var running []*corev1.Pod
	for _, p := range pods {
		switch {
		case leaving(p) || p.Status.Phase == corev1.PodFailed && backoff:
		case p.Status.Phase == corev1.PodFailed:
			backoff = true
			c.backOff(node)
			c.delete(p)
		case p.Status.Phase == corev1.PodSucceeded:
			c.delete(p)
		default:
			running = append(running, p)
		}
	}
	switch {
	case !c.surges() && len(running) > 1:
		c.delete(running[1:]...)
	case c.surges() && len(running) == 0 && c.decided[node] == placement.Eligible:
		c.create(node)
	case c.surges() && len(running) > 1:
		c.tidySurge(running)
	}
}

func (c *theirs) tidySurge(running []*corev1.Pod) {
	var fresh, old []*corev1.Pod
	for _, p := range running {
		list := &old
		if c.isNew(p) {
			list = &fresh
		}
		if *list = append(*list, p); len(*list) > 1 {
			c.delete(p)
		}
	}
	if len(fresh) > 0 && len(old) > 0 && (readySince(old[0]) == nil || c.available(fresh[0]) || c.wrong == "deletes before the new pod is available") {
		c.delete(old[0])
	}
}

func (c *theirs) backoffKey(node string) string {
	return fmt.Sprint(c.seen.DaemonSet.Status.ObservedGeneration, node)
}

func (c *theirs) waits(node string) bool {
	b := c.backoffs[c.backoffKey(node)]
	return b != nil && c.seen.Now.Sub(b.since) < b.delay && c.wrong != "has no backoff"
}

func (c *theirs) backOff(node string) {
	key := c.backoffKey(node)
	b := c.backoffs[key]
	if b == nil {
		b = &wait{delay: time.Second}
		c.backoffs[key] = b
	} else {
		b.delay = min(2*b.delay, 15*time.Minute)
	}
	b.since = c.seen.Now
}

func (c *theirs) isNew(p *corev1.Pod) bool {
	return p.Labels[appsv1.ControllerRevisionHashLabelKey] == c.seen.Hash
}

func readySince(p *corev1.Pod) *metav1.Time {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return &c.LastTransitionTime
		}
	}
	return nil
}

func (c *theirs) available(p *corev1.Pod) bool {
	since := readySince(p)
	least := time.Duration(c.seen.DaemonSet.Spec.MinReadySeconds) * time.Second
	return since != nil && (least == 0 || c.wrong == "knows no minReadySeconds" || !since.IsZero() && !since.Add(least).After(c.seen.Now))
}

func scaled(v *intstr.IntOrString, of int, up bool) int {
	n, _ := intstr.GetScaledValueFromIntOrPercent(v, of, up)
	return n
}

func (c *theirs) update() {
	wanted := 0
	for _, d := range c.decided { // any order: a count
		if d == placement.Eligible {
			wanted++
		}
	}
	r := c.seen.DaemonSet.Spec.UpdateStrategy.RollingUpdate
	unavailable, surge := scaled(r.MaxUnavailable, wanted, c.wrong != "rounds down"), 0
	if r.MaxSurge != nil {
		surge = scaled(r.MaxSurge, wanted, true)
	}
	if wanted > 0 && unavailable == 0 && surge == 0 {
		unavailable = 1
	}
	if surge > 0 {
		c.updateWithSurge(surge, wanted)
		return
	}
	c.updateInPlace(unavailable)
}

// pair returns the new and the old pod of a node, or false if there are more.
func (c *theirs) pair(pods []*corev1.Pod) (fresh, old *corev1.Pod, ok bool) {
	for _, p := range pods {
		which := &old
		if c.isNew(p) {
			which = &fresh
		}
		if leaving(p) {
			continue
		}
		if *which != nil {
			return nil, nil, false
		}
		*which = p
	}
	return fresh, old, true
}

// places returns the existing nodes and the nodes that pods name.
func (c *theirs) places() []string {
	set := map[string]bool{}
	for node := range c.pods { // any order: sorted below
		set[node] = true
	}
	for node := range c.decided { // any order: sorted below
		set[node] = true
	}
	var names []string
	for node := range set { // any order: sorted below
		names = append(names, node)
	}
	slices.Sort(names)
	if c.backward {
		slices.Reverse(names)
	}
	return names
}

func (c *theirs) updateInPlace(budget int) {
	used := 0
	var must, may []*corev1.Pod
	for _, node := range c.places() {
		pods := c.pods[node]
		if len(pods) == 0 && c.decided[node] != placement.Eligible {
			continue
		}
		fresh, old, ok := c.pair(pods)
		switch {
		case !ok || (fresh == nil) == (old == nil):
			used++
		case fresh != nil:
			if !c.available(fresh) {
				used++
			}
		case !c.available(old):
			must = append(must, old)
			used++
		default:
			may = append(may, old)
		}
	}
	if c.wrong == "keeps unavailable pods to the budget" {
		may, must = append(must, may...), nil
	}
	c.delete(must...)
	c.delete(may[:min(len(may), max(0, budget-used))]...)
}

func (c *theirs) updateWithSurge(budget, wanted int) {
	var superseded, unwanted []*corev1.Pod
	var must, may []string
	used, up := 0, 0
	for _, node := range c.places() {
		fresh, old, ok := c.pair(c.pods[node])
		if !ok {
			used++
			continue
		}
		if old != nil && c.available(old) || old == nil && fresh != nil && c.available(fresh) {
			up++
		}
		decision, there := c.decided[node]
		switch {
		case old == nil:
		case fresh == nil && !there:
			return // the real controller returns an error until the pod is collected
		case fresh != nil && !c.available(fresh):
			used++
		case fresh != nil, !c.available(old) && decision != placement.Eligible:
			superseded = append(superseded, old)
		case !c.available(old):
			must = append(must, node)
		case decision != placement.Eligible:
			unwanted = append(unwanted, old)
		default:
			may = append(may, node)
		}
	}
	c.delete(superseded...)
	c.delete(unwanted[:min(len(unwanted), max(0, up-wanted))]...)
	for _, node := range append(must, may[:min(len(may), max(0, budget-used))]...) {
		c.create(node)
	}
}

func another(wrong string) func() rollouttest.Controller {
	return func() rollouttest.Controller { return (&theirs{wrong: wrong, backoffs: map[string]*wait{}}).Sync }
}

// A correct controller passes, whichever nodes it prefers.
func TestAFaithfulControllerFollows(t *testing.T) {
	rollouttest.Follows(t, another(""))
	rollouttest.Follows(t, func() rollouttest.Controller { return (&theirs{backward: true, backoffs: map[string]*wait{}}).Sync })
}

// Each typical mistake of a first attempt breaks the claim about it.
func TestMistakesOfControllersAreFound(t *testing.T) {
	for wrong, claim := range map[string]string{ // any order: each by itself
		"skips cordoned nodes":                    "cordoned nodes want one too",
		"evicts what is not tolerated":            "a NoSchedule taint keeps the pod",
		"does not wait for pods on their way out": "and not before the old one is gone",
		"has no backoff":                          "and the next one after a backoff that doubles",
		"knows no minReadySeconds":                "minReadySeconds hold the next one up",
		"rounds down":                             "a percentage rounds up",
		"keeps unavailable pods to the budget":    "pods that are not yet available all go at once",
		"deletes before the new pod is available": "with a surge the new pod comes beside the old one",
		"works on while it is deleted":            "a DaemonSet on its way out does nothing",
	} {
		found := shrunk.Run(func(r *shrunk.Recorder) { rollouttest.Follows(r, another(wrong)) })
		if !found.Failed() || !strings.Contains(found.String(), claim+": ") {
			t.Errorf("%s: no %q in\n%s", wrong, claim, found)
		}
	}
}

// A controller that does nothing passes only where there is nothing to do. So every
// other claim has a scenario in which something happens.
func TestClaimsOfControllersSaySomething(t *testing.T) {
	idle := func() rollouttest.Controller {
		return func(rollouttest.Observation) rollouttest.Actions { return rollouttest.Actions{} }
	}
	found := shrunk.Run(func(r *shrunk.Recorder) { rollouttest.Follows(r, idle) }).String()
	var quiet []string
	for _, claim := range rollouttest.ControllerClaims() {
		if !strings.Contains(found, claim+": ") {
			quiet = append(quiet, claim)
		}
	}
	want := []string{
		"the pod on a node that goes is left to the collector", "a NoSchedule taint keeps the pod",
		"a change of the strategy alone updates nothing", "a DaemonSet on its way out does nothing",
	}
	if !slices.Equal(quiet, want) {
		t.Errorf("%q\nwant %q\n%s", quiet, want, found)
	}
}
