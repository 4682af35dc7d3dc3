package rollout

import (
	"fmt"

	"github.com/berthsim/berth/internal/borrow"
)

// burst is the maximum number of pods that one sync creates, and deletes
// (pkg/controller/daemon/daemon_controller.go: BurstReplicas).
const burst = 250

// creation and deletion are the decisions of a sync. They take effect after the
// sync has ended.
type creation struct {
	node int32
	ground
}

type deletion struct {
	pod int32
	ground
}

// ground is a cause without details. It is a third of the size: all of them are
// copied and few are read.
type ground struct {
	rule     Reason
	used, of int32
}

// storeStatus writes the status as the controller does: with the numbers from
// before the sync's own effects (pkg/controller/daemon/daemon_controller.go:
// updateDaemonSetStatus, storeDaemonSetStatus).
func (dsc *daemonSetController) storeStatus(d *daemonSet) {
	st, generation := &d.status, d.object.Generation
	if st.ObservedGeneration >= generation && d.countedIn(st) {
		return
	}
	d.countInto(st)
	if st.ObservedGeneration != generation {
		st.ObservedGeneration = generation
		dsc.forgetBackoffs(d)
	}
}

func (g ground) why(detail string) cause { return cause{g.rule, int(g.used), int(g.of), detail} }

// sync runs one sync of one DaemonSet
// (pkg/controller/daemon/daemon_controller.go: syncDaemonSet, updateDaemonSet).
func (dsc *daemonSetController) sync(d *daemonSet) {
	d.queued.clear(stateChanged)
	if d.deleting || d.blind {
		dsc.refresh(d)
		d.queued.clear(specChanged | ownersChanged)
		dsc.finish(d)
		return
	}
	if d.queued.has(specChanged) {
		if err := dsc.constructHistory(d); err != nil {
			dsc.syncFailed(d, fmt.Errorf("failed to construct revisions of DaemonSet: %w", err))
			return
		}
	}
	if d.queued.has(ownersChanged) {
		dsc.claim(d)
	}
	dsc.refresh(d)
	dsc.creations = dsc.creations[:0]
	dsc.deletions = dsc.deletions[:0]
	dsc.manage(d)
	var err error
	if len(dsc.creations)+len(dsc.deletions) == 0 && d.rolling {
		err = dsc.rollingUpdate(d)
	}
	refused := !dsc.admitCreations(d)
	if err == nil && !refused {
		dsc.cleanupHistory(d)
	}
	if err != nil || d.failure != "" {
		dsc.syncFailed(d, err)
	}
	dsc.storeStatus(d)
	if d.queued.has(hashesChanged) {
		dsc.relabel(d)
	}
	dsc.act(d)
	if refused {
		dsc.createFailed(d)
	}
}

// syncFailed notes that a sync ended with an error; the same again is no event.
func (dsc *daemonSetController) syncFailed(d *daemonSet, err error) {
	message := ""
	if err != nil {
		message = err.Error()
	}
	if message != "" && message != d.failure {
		dsc.emit(Event{Kind: EventSyncFailed, Key: d.fullKey, Detail: message})
	}
	d.failure = message
}

// act carries out the sync's decisions: creations, then deletions.
func (dsc *daemonSetController) act(d *daemonSet) {
	for _, c := range dsc.creations {
		dsc.create(d, c)
	}
	for _, x := range dsc.deletions {
		p := &dsc.pods[x.pod]
		detail := ""
		if x.rule.unwanted() && !dsc.quiet {
			detail = dsc.whyNot(d, p.node)
		}
		dsc.emitPod(EventDeleted, x.pod, x.why(detail))
		if !p.is(terminating) {
			dsc.kubelets.deletePod(x.pod)
		}
	}
	dsc.busy = dsc.busy || len(dsc.creations)+len(dsc.deletions) > 0
}

// admitCreations drops the pods that the API server refuses from those that the sync
// creates, and reports whether there are none. After the batch that fails, the
// controller tries no more (pkg/controller/daemon/daemon_controller.go: syncNodes). In
// that batch a quota refuses all pods after the first.
func (dsc *daemonSetController) admitCreations(d *daemonSet) bool {
	if len(dsc.creations) > 0 && dsc.classOf(d) == none {
		dsc.creations = dsc.creations[:0]
		d.requeue.failed(dsc.clock)
		return false
	}
	for i := range dsc.creations {
		if refusal := dsc.charge(dsc.classes[d.class]); refusal != nil {
			dsc.creations = dsc.creations[:i]
			d.over = denialOf(refusal)
			d.requeue.failed(dsc.clock)
			return false
		}
	}
	if d.denied == (denial{}) {
		d.over, d.told = denial{}, ""
	}
	d.requeue.succeeded()
	return true
}

// createFailed records that the API server refuses pods. The controller retries after a
// backoff; the same outcome is no event.
func (dsc *daemonSetController) createFailed(d *daemonSet) {
	if message := "Error creating: " + d.refusal().message; d.told != message && !d.refusal().silent {
		d.told = message
		dsc.emit(Event{Kind: EventFailedCreate, Key: d.fullKey, Detail: message})
	}
}

// whyNot returns why the node is not eligible for the DaemonSet.
func (dsc *daemonSetController) whyNot(d *daemonSet, node int32) string {
	object, there := borrow.From(dsc.cluster).Node(dsc.nodeNames[node].name)
	if !there {
		return ""
	}
	return reasons(d.workload.Check(object).Reasons)
}

func (dsc *daemonSetController) create(d *daemonSet, c creation) {
	id, p := dsc.newPod(d.class, nextSerial(&d.serial, &d.taken))
	p.node, p.owner = c.node, d.slot
	dsc.link(id)
	dsc.emitPod(EventCreated, id, c.why(""))
	if dsc.direct(p) {
		dsc.scheduler.bind(id) // its template names the node: it bypasses the scheduler
		return
	}
	dsc.scheduler.enqueue(id)
}
