package rollout

import "github.com/berthsim/berth/placement"

// nodePods is the input of classify: the pods on a node.
type nodePods struct {
	first   int32 // the pod that the status looks at
	newest  int32 // a live-or-failed new pod, and an old one; of several, the last
	oldest  int32
	newPods int // not terminating
	oldPods int
}

// refresh brings the node counts up to date.
func (dsc *daemonSetController) refresh(d *daemonSet) {
	if d.stale {
		for n := range d.marks {
			d.put(int32(n), dsc.classify(d, int32(n)))
		}
	} else {
		for _, n := range d.dirty {
			d.put(n, dsc.classify(d, n))
		}
	}
	d.dirty = d.dirty[:0]
	d.stale = false
}

func (dsc *daemonSetController) podsOnNode(d *daemonSet, node int32) nodePods {
	c := nodePods{first: none, newest: none, oldest: none}
	for id := d.head[node]; id != none; id = dsc.pods[id].next {
		p := &dsc.pods[id]
		if p.gone() {
			continue
		}
		if c.first == none {
			c.first = id
		}
		switch {
		case p.is(terminating):
		case dsc.fresh[p.class]:
			c.newest = id
			c.newPods++
		default:
			c.oldest = id
			c.oldPods++
		}
	}
	return c
}

// classify answers a sync's questions about one node.
func (dsc *daemonSetController) classify(d *daemonSet, node int32) marks {
	wanted := d.decision[node] == placement.Eligible
	head := d.head[node]
	if head == none {
		if wanted {
			return desired | toCreate | out
		}
		return 0
	}
	if p := &dsc.pods[head]; p.next == none && p.live() && d.decision[node] != placement.Excluded {
		return dsc.soleMarks(d, node, head, wanted)
	}
	c := dsc.podsOnNode(d, node)
	if c.first == none && !wanted {
		return 0
	}
	return dsc.statusMarks(d, node, c.first, wanted) | dsc.manageMarks(d, node) | dsc.updateMarks(d, node, c, wanted)
}

// soleMarks handles the usual node, with one live pod that may stay. manage has
// nothing to do there.
func (dsc *daemonSetController) soleMarks(d *daemonSet, node, id int32, wanted bool) marks {
	m := dsc.statusMarks(d, node, id, wanted)
	p := &dsc.pods[id]
	switch up := dsc.available(d, p); {
	case !dsc.fresh[p.class] && up:
		return m | dsc.aloneMarks(node, true, wanted) | serving
	case !dsc.fresh[p.class]:
		return m | dsc.aloneMarks(node, false, wanted)
	case up:
		return m | serving
	}
	return m | out
}

// statusMarks follows the controller
// (pkg/controller/daemon/daemon_controller.go: updateDaemonSetStatus), which
// looks at the first pod of each node that there is.
func (dsc *daemonSetController) statusMarks(d *daemonSet, node, first int32, wanted bool) marks {
	switch {
	case first == none:
		return desired
	case !wanted && dsc.nodes[node].there():
		return misplaced
	case !wanted:
		return 0
	}
	m := desired | occupied
	p := &dsc.pods[first]
	if p.is(isReady) {
		m |= statusReady
	}
	if dsc.available(d, p) {
		m |= statusUp
	}
	if dsc.fresh[p.class] {
		m |= statusNew
	}
	return m
}

func (dsc *daemonSetController) manageMarks(d *daemonSet, node int32) marks {
	var m marks
	create, doomed := dsc.manageNode(d, node, dsc.doomed[:0])
	if create != "" {
		m |= toCreate
	}
	if len(doomed) > 0 {
		m |= toPrune
	}
	dsc.doomed = doomed[:0]
	return m
}

// updateMarks follows the controller (pkg/controller/daemon/update.go:
// rollingUpdate), both loops.
func (dsc *daemonSetController) updateMarks(d *daemonSet, node int32, c nodePods, wanted bool) marks {
	if c.newPods > 1 || c.oldPods > 1 {
		return out | surging
	}
	newUp := c.newest != none && dsc.available(d, &dsc.pods[c.newest])
	oldIsUp := c.oldest != none && dsc.available(d, &dsc.pods[c.oldest])
	var m marks
	switch {
	case c.oldest == none && c.newest == none:
		return out
	case c.oldest != none && c.newest != none:
		m = out | surging
		if newUp {
			m = out | superseded
		}
	case c.newest != none:
		if newUp {
			return serving
		}
		return out
	default:
		m = dsc.aloneMarks(node, oldIsUp, wanted)
	}
	if oldIsUp {
		m |= serving
	}
	return m
}

// aloneMarks handles an old pod without a new one beside it.
func (dsc *daemonSetController) aloneMarks(node int32, up, wanted bool) marks {
	var m marks
	switch {
	case up && wanted:
		m = oldUp
	case up:
		m = oldUpOut
	case wanted:
		m = oldDown | out
	default:
		m = oldDownOut | out
	}
	if !dsc.nodes[node].there() {
		m |= lost
	}
	return m
}
