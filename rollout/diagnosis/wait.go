package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

// Wait is a node or pod that is not done, and what it waits for. In a Diagnosis it
// does not end by itself.
type Wait struct {
	Node      string   `json:"node"` // empty for a pod without a node
	Pod       string   `json:"pod"`  // without its namespace, except in the diagnosis of a drain; empty if there is none
	Blocker   Blocker  `json:"blocker"`
	Wanted    bool     `json:"wanted"`          // a pod is wanted there; if false, the node only counts against the update limit
	Until     int      `json:"until,omitempty"` // the tick when the wait ends by itself; 0 if unknown or never
	Detail    string   `json:"detail,omitempty"`
	BlockedBy []string `json:"blockedBy"` // for BlockerQueued and BlockerUpdateLimit: the nodes, or pods, that count against the limit, ascending
}

// String returns the wait in one line. A detail in the scheduler's words begins with
// a plugin, which is not written twice if it names the blocker too.
func (w Wait) String() string {
	s := cmp.Or(strings.TrimSpace(w.Node+" "+w.Pod), "a replica") + ": " + string(w.Blocker)
	if !w.Wanted {
		s += ", not eligible"
	}
	if w.Until > 0 {
		s += fmt.Sprintf(" until %d", w.Until)
	}
	if detail := strings.TrimPrefix(w.Detail, string(w.Blocker)+": "); detail != "" {
		s += ": " + detail
	}
	if len(w.BlockedBy) > 0 {
		s += ", blocked by " + strings.Join(w.BlockedBy, " ")
	}
	return s
}

// Waiting returns what keeps RolloutStatus of a DaemonSet or Deployment from
// reporting success. Of a DaemonSet these are the eligible nodes whose pod is not
// updated or not available, ascending by name. Of a Deployment these are the new pods
// that are not available, pods that are not created yet, and old pods. It is an error
// if there is no such object. Waits with the same BlockedBy share its memory. It costs
// as much as there are nodes, or pods.
func Waiting(sim *rollout.Sim, key string) ([]Wait, error) {
	key, err := find(sim, key)
	if err != nil {
		return nil, err
	}
	p := probe.Of(sim)
	if d := p.Deployment(key); d != nil {
		return deploymentWaits(p, d), nil
	}
	return daemonSetWaits(p, p.Unfinished(key)), nil
}

func daemonSetWaits(p probe.Sim, d *probe.DaemonSet) []Wait {
	waits := []Wait{}
	var queued *Wait
	for i := range d.Rows {
		r := &d.Rows[i]
		if !r.Wanted || r.Updated && r.Available {
			continue // it only counts against the limit
		}
		w := nodeWait(p, d, r)
		if w.Blocker == BlockerQueued {
			if queued == nil {
				queued = limitWait(d)
			}
			w = *queued
		}
		w.Node = r.Node
		waits = append(waits, w)
	}
	return waits
}

// nodeWait returns what the node waits for. It returns BlockerQueued also if it is
// BlockerUpdateLimit.
func nodeWait(p probe.Sim, d *probe.DaemonSet, r *probe.NodeRow) Wait {
	if r.Newest != probe.None {
		if pod := p.Pod(r.Newest); !pod.Available {
			return podWait(p, r.Newest, &pod)
		}
	}
	if r.First != probe.None {
		if pod := p.Pod(r.First); pod.Terminating {
			return waitUntil(BlockerTerminating, pod.Stops)
		}
	}
	switch {
	case r.Oldest == probe.None && d.Denied != "":
		w := waitUntil(BlockerFailedCreate, 0)
		w.Detail = d.Denied
		return w
	case r.Oldest == probe.None:
		return waitUntil(BlockerNotCreated, 0)
	case d.Object.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType:
		return waitUntil(BlockerOnDelete, 0)
	case d.Failure != "":
		return waitUntil(BlockerSyncError, 0)
	}
	return waitUntil(BlockerQueued, 0)
}

func waitUntil(o Blocker, tick int) Wait {
	return Wait{Blocker: o, Wanted: true, Until: tick, BlockedBy: []string{}}
}

// podWait returns what a pod that is not available waits for.
func podWait(p probe.Sim, id int32, pod *probe.Pod) Wait {
	w := waitUntil(BlockerMinReadySeconds, pod.Due)
	switch {
	case pod.Phase == corev1.PodFailed:
		w.Blocker, w.Detail = BlockerFailedPodBackoff, pod.Reason
	case !pod.Bound:
		w = waitUntil(unbound(pod), 0)
		w.Detail = p.WhyUnbound(id)
	case pod.Phase == corev1.PodPending:
		w.Blocker, w.Detail = BlockerNotStarted, pod.Reason
	case !pod.Ready:
		w.Blocker, w.Detail = BlockerNotReady, pod.Reason
	}
	return w
}

// unbound returns the blocker of a pod that is not bound.
func unbound(pod *probe.Pod) Blocker {
	switch {
	case pod.Foreign:
		return BlockerOtherScheduler
	case pod.Gated:
		return BlockerSchedulingGates
	}
	return BlockerUnschedulable
}

// limitWait reports whether the queue advances, as a wait. It does not if nodes that make no progress by themselves use the whole update limit.
func limitWait(d *probe.DaemonSet) *Wait {
	w := waitUntil(BlockerQueued, 0)
	if d.Invalid {
		w.Blocker = BlockerSyncError
		return &w
	}
	stuck := 0
	for i := range d.Rows {
		if r := &d.Rows[i]; r.Uses {
			w.BlockedBy = append(w.BlockedBy, r.Node)
			if !r.Moves {
				stuck++
			}
		}
	}
	if stuck >= d.Of {
		w.Blocker = BlockerUpdateLimit
	}
	return &w
}

// deploymentWaits lists the pods that keep the Deployment's rollout from being done:
// new ones that are not available, and old ones.
func deploymentWaits(p probe.Sim, d *probe.Deployment) []Wait {
	waits, blockedBy := []Wait{}, []string{}
	stuck := true // no new pod makes progress by itself
	current := slices.IndexFunc(d.Sets, func(rs probe.ReplicaSet) bool { return rs.Current })
	switch {
	case current >= 0:
		active := 0
		for _, id := range d.Sets[current].Pods {
			pod := p.Pod(id)
			if pod.Terminal || pod.Terminating {
				continue
			}
			active++
			if !pod.Available {
				waits, blockedBy = append(waits, at(&pod, podWait(p, id, &pod))), append(blockedBy, pod.Name)
				stuck = stuck && pod.Waits
			}
		}
		if active < d.Sets[current].Size {
			waits = append(waits, missing(d))
		}
	case d.Failure != "": // and so there will be none
		w := waitUntil(BlockerSyncError, 0)
		w.Detail = d.Failure
		waits = append(waits, w)
	}
	slices.Sort(blockedBy)
	return append(waits, oldWaits(p, d, blockedBy, stuck)...)
}

// at returns the wait with the names of the pod and its node.
func at(p *probe.Pod, w Wait) Wait {
	w.Node, w.Pod = p.Node.Name, p.Name
	return w
}

// missing returns the wait for pods that the ReplicaSet has not created yet.
func missing(d *probe.Deployment) Wait {
	w := waitUntil(BlockerNotCreated, 0)
	if d.Denied != "" {
		w.Blocker, w.Detail = BlockerFailedCreate, d.Denied
	}
	return w
}

// oldWaits returns what the old pods wait for: their turn, the pods that use the
// update limit, or their own deletion if the new pods are created after it.
func oldWaits(p probe.Sim, d *probe.Deployment, blockedBy []string, stuck bool) []Wait {
	w := waitUntil(BlockerQueued, 0)
	switch {
	case d.Object.Spec.Paused:
		w.Blocker = BlockerPaused
	case d.Failure != "":
		w.Blocker, w.Detail = BlockerSyncError, d.Failure
	default:
		w.BlockedBy = blockedBy
		if len(blockedBy) > 0 && stuck {
			w.Blocker = BlockerUpdateLimit
		}
	}
	var waits []Wait
	for _, rs := range d.Sets {
		if rs.Current {
			continue
		}
		for _, id := range rs.Pods {
			switch pod := p.Pod(id); {
			case pod.Terminal:
			case !pod.Terminating:
				waits = append(waits, at(&pod, w))
			case d.Object.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
				waits = append(waits, at(&pod, waitUntil(BlockerTerminating, pod.Stops)))
			}
		}
	}
	return waits
}
