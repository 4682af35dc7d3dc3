package rollout

import (
	"fmt"
	"math"
	"strings"

	"github.com/berthsim/berth/placement"
)

// burst is how many pods one sync creates, and deletes, at most
// (pkg/controller/daemon: BurstReplicas).
const burst = 250

// creation and deletion are what a sync decides; nothing of it happens before
// the sync has ended.
type creation struct {
	node int32
	ground
}

type deletion struct {
	pod int32
	ground
}

// ground is a Why without details: a third of the size, since all of them are
// copied and few are read.
type ground struct {
	rule     Rule
	used, of int32
}

func (g ground) why(detail string) Why { return Why{g.rule, int(g.used), int(g.of), detail} }

// sync is one pass of the controller over one DaemonSet
// (pkg/controller/daemon: syncDaemonSet, updateDaemonSet).
func (s *Sim) sync(d *daemon) {
	if d.deleting || d.blind {
		s.refresh(d)
		d.queued.clear(specChanged | ownersChanged)
		s.finish(d)
		return
	}
	if d.queued.has(specChanged) {
		if err := s.constructHistory(d); err != nil {
			s.syncFailed(d, fmt.Errorf("failed to construct revisions of DaemonSet: %w", err))
			return
		}
	}
	if d.queued.has(ownersChanged) {
		s.claim(d)
	}
	s.refresh(d)
	s.creations = s.creations[:0]
	s.deletions = s.deletions[:0]
	s.manage(d)
	var err error
	if len(s.creations)+len(s.deletions) == 0 && d.rolling {
		err = s.rollingUpdate(d)
	}
	if err == nil {
		s.cleanupHistory(d)
	}
	if err != nil || d.failure != "" {
		s.syncFailed(d, err)
	}
	s.storeStatus(d)
	if d.queued.has(hashesChanged) {
		s.relabel(d)
	}
	s.act(d)
}

// syncFailed notes that a sync ended with an error; the same again is no event.
func (s *Sim) syncFailed(d *daemon, err error) {
	message := ""
	if err != nil {
		message = err.Error()
	}
	if message != "" && message != d.failure {
		s.emit(Event{Kind: SyncFailed, DaemonSet: d.key, Why: Why{Detail: message}})
	}
	d.failure = message
}

// manage creates pods where one is wanted and none is, and deletes those that
// should not run, have failed or are too many (pkg/controller/daemon: manage,
// podsShouldBeOnNode, getUnscheduledPodsWithoutNode).
func (s *Sim) manage(d *daemon) {
	if d.number(toCreate) > 0 {
		for _, n := range s.walk(d, toCreate, toCreate, burst) {
			rule, _ := s.manageNode(d, n, s.doomed[:0])
			s.creations = append(s.creations, creation{n, ground{rule: rule}})
		}
	}
	if d.number(toPrune) == 0 {
		return
	}
	nodes := s.walk(d, toPrune, toPrune, math.MaxInt)
	for _, there := range [...]bool{true, false} {
		for _, n := range nodes {
			if s.nodes[n].there() == there {
				s.prune(d, n)
			}
		}
	}
	s.deletions = s.deletions[:min(burst, len(s.deletions))]
}

// prune also starts the backoff of a node whose failed pod goes: that happens
// even if the burst then leaves the pod for a later sync.
func (s *Sim) prune(d *daemon, node int32) {
	from := len(s.deletions)
	_, s.deletions = s.manageNode(d, node, s.deletions)
	for _, x := range s.deletions[from:] {
		if x.rule == FailedPod {
			s.backOff(d, node)
		}
	}
}

// manageNode is what manage does on one node: the reason to create a pod, 0 if
// there is none, and the pods to delete, added to doomed. It changes nothing.
func (s *Sim) manageNode(d *daemon, node int32, doomed []deletion) (Rule, []deletion) {
	first := d.head[node]
	for first != none && s.pods[first].gone() {
		first = s.pods[first].next
	}
	decision := d.decision[node]
	switch {
	case !s.nodes[node].there():
		return 0, s.pruneUnbound(first, doomed)
	case first == none && decision == placement.Eligible:
		return NoPod, doomed
	case first == none:
		return 0, doomed
	case decision == placement.Excluded:
		return 0, s.pruneAll(first, doomed)
	}
	return s.pruneSome(d, node, first, doomed)
}

// pruneUnbound is for a node that is gone: what is bound to it is left to the pod collector.
func (s *Sim) pruneUnbound(first int32, doomed []deletion) []deletion {
	for id := first; id != none; id = s.pods[id].next {
		if p := &s.pods[id]; !p.gone() && !p.is(bound) {
			doomed = append(doomed, deletion{id, ground{rule: NodeGone}})
		}
	}
	return doomed
}

func (s *Sim) pruneAll(first int32, doomed []deletion) []deletion {
	for id := first; id != none; id = s.pods[id].next {
		if !s.pods[id].is(terminating) {
			doomed = append(doomed, deletion{id, ground{rule: NodeExcludes}})
		}
	}
	return doomed
}

// pruneSome is for a node where pods may run: terminal ones go, failed ones one
// at a time and not during the backoff, and of the others one is left, or two
// while surging.
func (s *Sim) pruneSome(d *daemon, node, first int32, doomed []deletion) (Rule, []deletion) {
	backoff := s.inBackoff(d, node)
	alive, excess := 0, none // pods that run or will; the second of them
	for id := first; id != none; id = s.pods[id].next {
		p := &s.pods[id]
		switch {
		case p.is(terminating):
		case p.phase == failed && !backoff:
			doomed = append(doomed, deletion{id, ground{rule: FailedPod}})
			backoff = true
		case p.phase == failed:
		case p.phase == succeeded:
			doomed = append(doomed, deletion{id, ground{rule: SucceededPod}})
		default:
			if alive++; alive == 2 {
				excess = id
			}
		}
	}
	switch {
	case alive > 1 && d.surges:
		return 0, s.pruneSurge(d, first, doomed)
	case alive > 1:
		return 0, s.pruneExcess(excess, doomed)
	case alive == 0 && d.surges && d.decision[node] == placement.Eligible:
		return NoLivePod, doomed
	}
	return 0, doomed
}

func (s *Sim) pruneExcess(id int32, doomed []deletion) []deletion {
	for ; id != none; id = s.pods[id].next {
		if s.pods[id].live() {
			doomed = append(doomed, deletion{id, ground{rule: TooMany}})
		}
	}
	return doomed
}

// pruneSurge leaves the oldest pod of the current hash and the oldest of
// another, and of these two only the new one if the old one is not ready or the
// new one is available. Here the hash alone says what is new.
func (s *Sim) pruneSurge(d *daemon, first int32, doomed []deletion) []deletion {
	fresh, old := none, none
	for id := first; id != none; id = s.pods[id].next {
		p := &s.pods[id]
		switch isNew := s.classes[p.class].hash == d.hash; {
		case !p.live():
		case isNew && fresh == none:
			fresh = id
		case !isNew && old == none:
			old = id
		default:
			doomed = append(doomed, deletion{id, ground{rule: TooMany}})
		}
	}
	switch {
	case fresh == none || old == none:
	case !s.pods[old].is(isReady):
		doomed = append(doomed, deletion{old, ground{rule: OldNotReady}})
	case s.available(d, &s.pods[fresh]):
		doomed = append(doomed, deletion{old, ground{rule: NewAvailable}})
	}
	return doomed
}

// act lets the sync's decisions happen: creations, then deletions.
func (s *Sim) act(d *daemon) {
	for _, c := range s.creations {
		s.create(d, c)
	}
	for _, x := range s.deletions {
		p := &s.pods[x.pod]
		detail := ""
		if x.rule.unwanted() && !s.quiet {
			detail = s.whyNot(d, p.node)
		}
		s.emitPod(Deleted, x.pod, x.why(detail))
		if !p.is(terminating) {
			s.deletePod(x.pod)
		}
	}
	s.busy = s.busy || len(s.creations)+len(s.deletions) > 0
}

// whyNot is what is between the DaemonSet and the node, with the evidence.
func (s *Sim) whyNot(d *daemon, node int32) string {
	object, there := s.cluster.Borrow().Node(s.roster[node].name)
	if !there {
		return ""
	}
	return reasons(d.workload.Check(object).Reasons)
}

func reasons(all []placement.Reason) string {
	var words []string
	for _, r := range all {
		words = append(words, r.String())
	}
	return strings.Join(words, "; ")
}

func (s *Sim) create(d *daemon, c creation) {
	if d.class == none {
		d.class = s.addClass(d, s.newTemplateClass(d))
	}
	id, p := s.newPod(d.class, nextSerial(&d.serial, &d.taken))
	p.node, p.owner = c.node, d.slot
	s.link(id)
	s.emitPod(Created, id, c.why(""))
	if s.direct(p) {
		s.bind(id) // its template names the node: no scheduler is asked
		return
	}
	s.unbound, s.freed = append(s.unbound, id), true
}
