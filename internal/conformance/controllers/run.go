package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// Options are the options of Run.
type Options struct {
	// Draws is how often, at most, a sync in which the controller had a choice is
	// repeated until it acts in the order of node names. 0: accept any outcome.
	// Up to 8 nodes a Go map has 8 orders, each as likely: 100 draws miss one in
	// 10^5.8 times.
	Draws int
	// AnyNode has each draw see the nodes in another order, so that every choice is
	// as likely, and not only those next to each other by name.
	AnyNode bool
	// Accept ends the drawing early: what the sync did is wanted. It is how another
	// program's choice is shown to be one the controller makes too.
	Accept func(At, Did) bool
	// Choices are another program's, for the pods of ReplicaSets.
	Choices Choices

	at At
}

// Choices are what Kubernetes leaves open about the pods of ReplicaSets.
type Choices interface {
	// Name and UID of the n-th pod, from 0, that a ReplicaSet creates in a sync; an
	// empty name leaves them to the driver.
	Name(at At, n int) (string, types.UID)
	// Node returns which feasible node the scheduler picks for the pod.
	Node(pod string) string
	// Arrival returns the position of a pod among pods that come to the scheduler at the
	// same time.
	Arrival(pod string) int
	// Turn returns the position of a pod among pods that no rule orders when some of
	// them are deleted.
	Turn(pod string) int
}

func (o Options) order() func([]any) {
	switch {
	case o.Choices != nil:
		return sortByKey
	case o.AnyNode:
		return shuffleNodes
	case o.Draws > 0:
		return sortByKey
	}
	return asItComes
}

// At is one sync: rounds count from 1 in every tick.
type At struct {
	Tick, Round int
	Key         string
}

// Did is what one sync did: acts by node, without revisions, and how it failed, if it did.
type Did struct {
	Created, Deleted []Act
	Failure          string
}

func (o Options) wanted(key string, out outcome) bool {
	o.at.Key = key
	return o.Accept != nil && o.Accept(o.at, Did{out.created, out.deleted, message(out.err)})
}

// ByName is for traces that do not differ from run to run (up to 8 nodes).
var ByName = Options{Draws: 120}

// world is the whole of it.
type world struct {
	*server
	config     Config
	controller *controller
	deployer   *deployer // nil if there is no Deployment in the scenario
	faults     map[string]*faults
	evictions  map[string]time.Time // by pod: when taints evict it
	line       map[types.UID]int    // in which pods of a ReplicaSet stand for deletion
	otherwise  map[types.UID]int    // and would stand if none had been restarted
	queue      *podQueue
	podFaults
	failure map[types.UID]string // how the last sync of a DaemonSet failed, if it did
}

// Run plays a scenario against the real controller. An error is the driver's,
// never the controller's: those stand in the trace.
func Run(s Scenario, options Options) (Trace, error) {
	p, err := NewPlay(s, options)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	trace := make(Trace, 0, s.Ticks)
	for range s.Ticks {
		end, err := p.Tick()
		if err != nil {
			return trace, err
		}
		trace = append(trace, end)
	}
	return trace, nil
}

// Play is a scenario being played.
type Play struct {
	world *world
	at    map[int][]Input
	next  int
}

// NewPlay is a scenario before tick 0. Stop it in the end.
func NewPlay(s Scenario, options Options) (*Play, error) {
	w, err := newWorld(s, options)
	if err != nil {
		return nil, err
	}
	return &Play{world: w, at: s.At}, nil
}

// RestartScheduler has the scheduler forget when it tried which pod, as a dump does.
func (p *Play) RestartScheduler() { p.world.queue.restart() }

// Tick plays the next tick.
func (p *Play) Tick() (Tick, error) {
	end, err := p.world.tick(p.next, p.at[p.next])
	if err != nil {
		return end, fmt.Errorf("tick %d: %w", p.next, err)
	}
	p.next++
	return end, nil
}

// Spent is how long the controllers have been in their syncs, and how many these
// were.
func (p *Play) Spent() (spent time.Duration, syncs int) {
	spent, syncs = p.world.controller.spent, p.world.controller.syncs
	if d := p.world.deployer; d != nil {
		spent, syncs = spent+d.spent, syncs+d.syncs
	}
	return spent, syncs
}

// Objects are copies of all there is now, as kubectl get -o yaml would show it.
func (p *Play) Objects() []runtime.Object {
	w := p.world
	return slices.Concat(copies(w.nodes), copies(w.daemonSets), copies(w.deployments), copies(w.replicaSets), copies(w.revisions), copies(w.pods))
}

func copies[T object](s *store[T]) []runtime.Object {
	var out []runtime.Object
	for _, o := range s.list() {
		out = append(out, o.DeepCopyObject())
	}
	return out
}

// Stop ends the controller's goroutines.
func (p *Play) Stop() {
	p.world.controller.stop()
	if p.world.deployer != nil {
		p.world.deployer.stop()
	}
}

func newWorld(s Scenario, options Options) (*world, error) {
	w := &world{server: newServer(options.order()), config: s.Config, faults: map[string]*faults{}, evictions: map[string]time.Time{}, failure: map[types.UID]string{}, podFaults: newPodFaults()}
	w.config.Tick = cmp.Or(s.Config.Tick, time.Second)
	if w.config.Start.IsZero() {
		w.config.Start = Start
	}
	w.now = w.config.Start
	w.queue = newPodQueue(w.server, options.Choices)
	w.stopsAtOnce = w.stopsNow
	if options.Choices != nil {
		w.pods.index.order = w.inLine
	}
	if s.deploys() {
		sleepUntil(w.now) // before anything waits for a ticker
	}
	controller, err := newController(w.server, options)
	w.controller = controller
	if err == nil && s.deploys() {
		w.deployer, err = newDeployer(w.server, controller.client)
	}
	for _, n := range s.Nodes {
		w.updateNode(n.DeepCopy())
	}
	return w, err
}

// tick is DESIGN.md's: clock, inputs, kubelets, then controllers and scheduler in
// rounds until nothing changes.
func (w *world) tick(tick int, inputs []Input) (Tick, error) {
	w.setClock(tick)
	now := newTicking()
	for _, pod := range w.pods.list() {
		w.restart(pod)
	}
	for _, in := range inputs {
		w.restarts()
		if err := w.happen(in); err != nil {
			w.refuse(now, in, err)
		}
	}
	w.taintDown()
	w.noteEvictions()
	w.evict()
	w.kubelets()
	w.collect()
	for changed := true; changed; {
		var err error
		if changed, err = w.round(now); err != nil {
			return Tick{}, err
		}
		w.collect()
	}
	return w.end(now), nil
}

func (w *world) setClock(tick int) {
	w.now = w.config.Start.Add(time.Duration(tick) * w.config.Tick)
	if w.deployer != nil {
		sleepUntil(w.now)
	}
	w.controller.clock.SetTime(w.now)
	w.controller.options.at = At{Tick: tick}
	w.controller.backoff.GC() // the controller does once a minute; early is no different
}

// round syncs each DaemonSet, each Deployment and each ReplicaSet once and
// schedules once.
func (w *world) round(tick *ticking) (changed bool, err error) {
	w.controller.options.at.Round++
	for _, ds := range w.daemonSets.list() {
		out, err := w.controller.syncOnce(key(ds))
		if err != nil {
			return false, err
		}
		w.number(ds, out.created)
		w.number(ds, out.deleted)
		tick.set(key(ds)).note(out, w.failure[ds.UID])
		w.failure[ds.UID] = message(out.err)
		changed = changed || len(out.writes) > 0
	}
	if w.deployer != nil {
		deployed, err := w.deploy(tick)
		if err != nil {
			return false, err
		}
		changed = changed || deployed
	}
	if w.schedule() {
		w.noteEvictions()
		changed = true
	}
	return changed, nil
}

// number sets the revision of the pods in the acts.
func (w *world) number(ds *appsv1.DaemonSet, acts []Act) {
	for _, r := range w.revisionsOf(ds) {
		for i := range acts {
			if r.Labels[appsv1.DefaultDaemonSetUniqueLabelKey] == acts[i].Hash {
				acts[i].Revision = r.Revision
			}
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// note adds one sync to the tick; failure is what the sync before ended with.
func (s *Set) note(out outcome, failure string) {
	s.Created = append(s.Created, out.created...)
	s.Deleted = append(s.Deleted, out.deleted...)
	if out.acted() {
		s.Syncs++
	}
	if now := message(out.err); now != "" {
		if !slices.Contains(s.Errors, now) {
			s.Errors = append(s.Errors, now)
		}
		if now != failure {
			s.NewErrors = append(s.NewErrors, now)
		}
	}
}

// refuse notes an input that could not be, with the object that it names.
func (w *world) refuse(tick *ticking, in Input, err error) {
	why := fmt.Sprintf("%s: %v", inputString(in), err)
	k, ofDeployment := w.keyOfInput(in)
	if ofDeployment {
		d := tick.deployment(k)
		d.Refused = append(d.Refused, why)
		return
	}
	s := tick.set(k)
	s.Refused = append(s.Refused, why)
}

func (w *world) keyOfInput(in Input) (k string, ofDeployment bool) {
	switch in := in.(type) {
	case Apply:
		if in.Deployment != nil {
			return key(in.Deployment), true
		}
		return key(in.DaemonSet), false
	case Undo:
		k = in.Key
	case Delete:
		k = in.Key
	case Scale:
		return in.Key, true
	case Pause:
		return in.Key, true
	case Resume:
		return in.Key, true
	}
	_, ofDeployment = w.deployments.get(k)
	return k, ofDeployment
}

func (w *world) end(tick *ticking) Tick {
	for _, ds := range w.daemonSets.list() {
		w.describe(ds, tick.set(key(ds)))
	}
	for _, d := range w.deployments.list() {
		w.describeDeployment(d, tick.deployment(key(d)))
	}
	for _, rs := range w.replicaSets.list() {
		w.describeReplicaSet(rs, tick.replicaSet(key(rs)))
	}
	return tick.end()
}

func (w *world) describe(ds *appsv1.DaemonSet, set *Set) {
	set.Status = ds.Status
	for _, r := range w.revisionsOf(ds) {
		set.Revisions = append(set.Revisions, Revision{r.Revision, r.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]})
	}
	slices.SortFunc(set.Revisions, func(a, b Revision) int { return cmp.Compare(a.Number, b.Number) })
	owned := w.podsOf(ds)
	slices.SortStableFunc(owned, func(a, b *corev1.Pod) int {
		return cmp.Or(strings.Compare(targetNode(a), targetNode(b)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time))
	})
	for _, p := range owned {
		set.Pods = append(set.Pods, podOf(p))
	}
}

func podOf(p *corev1.Pod) Pod {
	return Pod{
		Node: targetNode(p), Hash: p.Labels[appsv1.DefaultDaemonSetUniqueLabelKey], Phase: string(p.Status.Phase),
		Bound: p.Spec.NodeName != "", Ready: ready(p), Terminating: p.DeletionTimestamp != nil,
	}
}
