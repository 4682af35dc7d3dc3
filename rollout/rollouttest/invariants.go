package rollouttest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// NeverBelow states that the number of available pods never falls below a share once it
// has reached it: a number, or a percentage, rounded up, of the pods that the DaemonSet
// wants. Its premise is that the share has been reached.
func NeverBelow(key, share string) Invariant {
	least := intstr.Parse(share)
	return Invariant{claim: key + " is never below " + share, start: func() judge {
		reached := false
		return judge{always: func(m *Observed) error {
			wanted, up := m.Wanted(key).Len(), m.Available(key).Len()
			need, err := intstr.GetScaledValueFromIntOrPercent(&least, wanted, true)
			switch {
			case err != nil:
				return err
			case up >= need && wanted > 0:
				reached = true
			case !reached || wanted == 0:
				return ErrNoPremise
			}
			if up < need {
				return fmt.Errorf("%d of %d wanted pods are available, and %d should be", up, wanted, need)
			}
			return nil
		}}
	}}
}

// Covered states that at the end every node that the label selector matches has an
// available pod of the DaemonSet. Nodes that are not ready are exempt, since pods may
// not start there. Its premise is that there is such a node.
func Covered(key, selector string) Invariant {
	which := "the nodes " + selector
	if strings.TrimSpace(selector) == "" {
		which = "all nodes"
	}
	return AtEnd(key+" covers "+which, func(m *Observed) error {
		nodes, err := m.nodes().Select(selector)
		if err != nil {
			return err
		}
		ready, bare := 0, []string{}
		for node := range nodes.All() {
			if kube.NodeNotReady(node) {
				continue
			}
			if ready++; !m.Available(key).Has(node.Name) {
				bare = append(bare, node.Name)
			}
		}
		switch {
		case ready == 0:
			return ErrNoPremise
		case len(bare) > 0:
			why := firstFew(bare, func(name string) string { return m.whyNot(key, name) })
			return fmt.Errorf("%d of %d nodes have no available pod:\n\t%s", len(bare), ready, strings.Join(why, "\n\t"))
		}
		return nil
	})
}

// firstFew returns what say returns for the first five nodes, and a note if there are
// more.
func firstFew[T any](nodes []T, say func(T) string) []string {
	const few = 5
	var lines []string
	for _, n := range nodes[:min(few, len(nodes))] {
		lines = append(lines, say(n))
	}
	if more := len(nodes) - few; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}

// whyNot returns why the node has no available pod: it wants none, or what it waits
// for.
func (m *Observed) whyNot(key, node string) string {
	waits, _ := diagnosis.Waiting(m.sim, key)
	for _, wait := range waits {
		if wait.Node == node {
			return wait.String()
		}
	}
	if p := m.prediction(key); p != nil {
		v, _ := p.Verdict(node)
		return v.String()
	}
	return node + ": there is no DaemonSet " + key
}

// OnePerNode states that no node ever has two pods of the DaemonSet that have not
// ended, terminating pods included. With a surge a node may have two pods that are not
// terminating if they are of different revisions. Its premise is that there are pods.
func OnePerNode(key string) Invariant {
	return Always(key+" has one pod per node", func(m *Observed) error {
		pods, err := m.sim.Pods(kube.DaemonSetKey(key))
		if err != nil || len(pods) == 0 {
			return ErrNoPremise
		}
		surges := surge(m.daemonSet(key))
		var last *rollout.Pod // the last pod that counts
		there := 0            // pods on its node
		for i, p := range pods {
			if ended(p) || surges && p.Terminating {
				continue
			}
			if last == nil || last.Node != p.Node {
				there = 0
			}
			if there++; there > 2 || there == 2 && !(surges && p.Revision != last.Revision) {
				return fmt.Errorf("%s has two pods: %v, and %v", p.Node, last, p)
			}
			last = &pods[i]
		}
		return nil
	})
}

func surge(ds *appsv1.DaemonSet) bool {
	if ds == nil || ds.Spec.UpdateStrategy.RollingUpdate == nil || ds.Spec.UpdateStrategy.RollingUpdate.MaxSurge == nil {
		return false
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(ds.Spec.UpdateStrategy.RollingUpdate.MaxSurge, math.MaxInt16, true)
	return err == nil && n > 0
}

// NothingLost states that at the end no node lacks a pod of the DaemonSet that it once
// had, unless the node is gone or evicts such pods. A NoSchedule taint does not evict,
// so an update on such a node loses the pod. Its premise is that nodes have had a pod.
func NothingLost(key string) Invariant {
	return Invariant{claim: key + " loses no pod", start: func() judge {
		var had cluster.NodeSet
		note := func(m *Observed) error {
			had = had.Or(m.Running(key))
			return ErrNoPremise
		}
		return judge{always: note, end: func(m *Observed) error {
			note(m)
			p := m.prediction(key)
			if p == nil || had.Len() == 0 {
				return ErrNoPremise
			}
			lost := had.And(m.nodes().Nodes()).Minus(p.Excluded()).Minus(m.Running(key))
			if lost.Len() == 0 {
				return nil
			}
			v, _ := p.Verdict(lost.Names()[0])
			return fmt.Errorf("%d nodes have no pod any more: %v; %v", lost.Len(), lost, v)
		}}
	}}
}

// Ends states that the rollout ends: at the end the DaemonSet is as wanted, neither
// stuck nor in progress. Its premise is that the controller did something for it. The
// message has the cause from diagnosis.Diagnose and the remedies that it has tried.
func Ends(key string) Invariant {
	return Invariant{claim: key + " completes", start: func() judge {
		acted := false
		note := func(m *Observed) error {
			acted = acted || slices.ContainsFunc(m.events, func(e rollout.Event) bool {
				return e.Key == kube.DaemonSetKey(key) && (e.Kind == rollout.EventCreated || e.Kind == rollout.EventDeleted)
			})
			return ErrNoPremise
		}
		return judge{always: note, end: func(m *Observed) error {
			if !acted || m.sim.State(key) == rollout.StateUnknown {
				return ErrNoPremise
			}
			return unfinished(m.sim, key)
		}}
	}}
}

// unfinished returns what keeps the DaemonSet from being as wanted: the diagnosis, if
// there is one, with the remedies that were tried, and what each node waits for.
func unfinished(sim *rollout.Sim, key string) error {
	state := sim.State(key)
	if state == rollout.StateDone {
		return nil
	}
	lines := []string{"it is " + state.String()}
	if x, _ := diagnosis.Diagnose(sim, key); x != nil {
		lines[0] += ": " + x.Cause
		for _, r := range x.Remedies {
			lines = append(lines, "remedy: "+r.String())
		}
	}
	waits, _ := diagnosis.Waiting(sim, key)
	lines = append(lines, firstFew(waits, diagnosis.Wait.String)...)
	return errors.New(strings.Join(lines, "\n\t"))
}

// RollsBack states that kubectl rollout undo at the end restores the DaemonSet's
// previous template, with pods available everywhere. It tries this in a fork. Its
// premise is that there is a revision to go back to.
func RollsBack(key string) Invariant {
	return AtEnd(key+" rolls back", func(m *Observed) error {
		before, err := m.sim.History(kube.DaemonSetKey(key))
		if err != nil || len(before) < 2 {
			return ErrNoPremise
		}
		fork := m.sim.Fork()
		if err := fork.Inject(rollout.Undo{Key: kube.DaemonSetKey(key)}); err != nil {
			return err
		}
		for range fork.Run(limit) {
		}
		if err := unfinished(fork, key); err != nil {
			return fmt.Errorf("after the undo %w", err)
		}
		after, err := fork.History(kube.DaemonSetKey(key))
		if err != nil {
			return err
		}
		want, got := before[len(before)-2], after[len(after)-1]
		if !equality.Semantic.DeepEqual(want.Template, got.Template) {
			return fmt.Errorf("the template after the undo is that of %s, and not of %s", got.Name, want.Name)
		}
		return nil
	})
}
