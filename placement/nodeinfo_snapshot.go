package placement

import (
	"iter"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/snapshot"
)

// nodeInfoSnapshot is the usage of a snapshot's pods. Snapshots share it while
// nothing changes that it was computed from.
type nodeInfoSnapshot struct {
	room    *room                // frozen
	owned   map[string]following // by namespace/name
	bare    sync.Map             // by bareID: the room without these pods, frozen
	counted sync.Once
	byKind  *podCounts
}

// following is the pods of the DaemonSets that have had one name.
type following struct {
	pods []resident
	uids []types.UID // of these DaemonSets
}

// resident is a pod on a node.
type resident struct {
	position int
	pod      *corev1.Pod
	load     *load
}

// origin is the source of a room.
type origin struct {
	base   *nodeInfoSnapshot // the room is the base plus its log; nil if the log may have been cut
	absent []resident        // pods of the base that the room was created without, ascending by position
	added  []ownPods         // pods that were added
}

func snapshotOf(c *cluster.Cluster) *nodeInfoSnapshot {
	return borrow.From(c).Account().Get(func() any { return newSnapshot(c) }).(*nodeInfoSnapshot)
}

func newSnapshot(c *cluster.Cluster) *nodeInfoSnapshot {
	a := &nodeInfoSnapshot{owned: map[string]following{}}
	b, room := borrow.From(c), emptyRoom(c)
	pods, loads := b.Pods(), loadsOf(b)
	for i := range b.Len() {
		for _, k := range b.PodNumbersOn(i) {
			pod, l := pods[k], loads[k]
			if !counts(pod) {
				continue
			}
			room.add(l, i)
			if ref := kube.ControllerOf(pod, "DaemonSet"); ref != nil {
				key := pod.Namespace + "/" + ref.Name
				f := a.owned[key]
				if f.pods = append(f.pods, resident{i, pod, l}); !slices.Contains(f.uids, ref.UID) {
					f.uids = append(f.uids, ref.UID)
				}
				a.owned[key] = f
			}
		}
	}
	a.room = room.share()
	return a
}

// podCounts returns where the room's pods are, by kind.
func (a *nodeInfoSnapshot) podCounts() *podCounts {
	a.counted.Do(func() { a.byKind = a.room.countPods() })
	return a.byKind
}

// own returns the workload's own pods: the pods that its DaemonSet controls, or
// the pod of this name. Control is by uid, or by name if either uid is missing.
func (a *nodeInfoSnapshot) own(w *Workload, b *snapshot.Snapshot) []resident {
	if w.daemonSet != nil {
		return a.controlled(kube.Key(w.daemonSet), w.daemonSet.UID)
	}
	pod, ok := b.Pod(w.pod.Namespace, w.pod.Name)
	if !ok || !counts(pod) {
		return nil
	}
	i, ok := b.Position(pod.Spec.NodeName)
	if !ok {
		return nil
	}
	return []resident{{i, pod, loadAt(b.Release(), pod)}}
}

func (a *nodeInfoSnapshot) controlled(key string, uid types.UID) []resident {
	f := a.owned[key]
	foreign := func(owner types.UID) bool { return !kube.SameUID(owner, uid) }
	if !slices.ContainsFunc(f.uids, foreign) {
		return f.pods
	}
	return slices.DeleteFunc(slices.Clone(f.pods), func(r resident) bool { return foreign(kube.ControllerOf(r.pod, "DaemonSet").UID) })
}

// without returns the room of a snapshot without the pods of a workload. The
// room must not be changed. Snapshots that share the nodeInfoSnapshot share the
// cost.
func (a *nodeInfoSnapshot) without(pods []resident, c *cluster.Cluster) *room {
	r := *a.lacking(pods)
	r.cluster, r.base, r.absent, r.log = c, a, pods, slices.Clip(r.log)
	return &r
}

func (a *nodeInfoSnapshot) lacking(pods []resident) *room {
	if len(pods) == 0 {
		return a.room
	}
	id := bareID{pods[0].pod, len(pods)}
	if known, ok := a.bare.Load(id); ok {
		return known.(*room)
	}
	r := a.room.clone()
	r.base = a // it notes what goes
	for _, p := range pods {
		r.remove(p.load, p.position)
	}
	r.share()
	a.bare.Store(id, r)
	return r
}

// bareID identifies the pods of one workload. A pod has one controller, and
// either all of its pods are meant or the pods of one uid.
type bareID struct {
	first *corev1.Pod
	pods  int
}

// ownPods is pods that are to come: one with the same load on each of some
// nodes.
type ownPods struct {
	load *load
	on   []uint64
}

func (c *ownPods) has(position int) bool { return c.on[position>>6]&(1<<(position&63)) != 0 }

// among returns the room of a snapshot without some pods, ascending by
// position, and with pods that are to come.
func (a *nodeInfoSnapshot) among(crowds []ownPods, absent []resident, c *cluster.Cluster) *room {
	r := a.room.clone()
	r.cluster, r.base, r.absent = c, a, absent
	for _, p := range absent {
		r.remove(p.load, p.position)
	}
	for _, more := range crowds {
		r.expect(more)
	}
	return r
}

// expect adds pods that are to come.
func (r *room) expect(c ownPods) {
	r.added = append(r.added, c)
	for position := range members(c.on) {
		r.add(c.load, position)
	}
}

// lacks reports whether the pod of the snapshot was left out of the room.
func (o *origin) lacks(pod *corev1.Pod, position int) bool {
	i, _ := slices.BinarySearchFunc(o.absent, position, func(p resident, position int) int { return p.position - position })
	for ; i < len(o.absent) && o.absent[i].position == position; i++ {
		if o.absent[i].pod == pod {
			return true
		}
	}
	return false
}

// newRoom returns a room with the nodes of a cluster and the pods bound to them
// that are not Succeeded or Failed. The first room of a snapshot costs some µs
// per pod. Later rooms cost a clone, also for snapshots that differ only in
// labels, taints or conditions of nodes.
func newRoom(c *cluster.Cluster) *room {
	r := snapshotOf(c).room.clone()
	r.cluster = c
	return r
}

func (r *room) countPods() *podCounts {
	n := len(r.kinds.list())
	c := &podCounts{start: make([]int32, n+1)}
	for _, g := range r.podClassCounts() {
		c.start[g.kind+1]++
	}
	for k := range n {
		c.start[k+1] += c.start[k]
	}
	c.places = make([]place, c.start[n])
	next := append([]int32(nil), c.start...)
	for position, g := range r.podClassCounts() {
		c.places[next[g.kind]] = place{int32(position), g.pods}
		next[g.kind]++
	}
	return c
}

// podClassCounts returns an iterator over all podClassCounts, ascending by
// position.
func (r *room) podClassCounts() iter.Seq2[int, podClassCount] {
	return func(yield func(int, podClassCount) bool) {
		for k, b := range r.blocks {
			for i := range b.value.pods {
				for _, g := range b.value.pods[i] {
					if !yield(k<<6|i, g) {
						return
					}
				}
			}
		}
	}
}

// presence returns an iterator over the places of the wanted kinds, by number,
// with counts. A kind and a node may occur several times, for pods added and
// removed.
func (r *room) presence(wanted []bool) iter.Seq2[int, place] {
	if r.base == nil {
		return r.presenceByNode(wanted)
	}
	return func(yield func(int, place) bool) {
		census := r.base.podCounts()
		for kind, want := range wanted {
			if !want {
				continue
			}
			for _, p := range census.of(kind) {
				if !yield(kind, p) {
					return
				}
			}
		}
		for _, c := range r.log {
			if wanted[c.kind] && !yield(int(c.kind), place{c.position, c.pods}) {
				return
			}
		}
	}
}

func (r *room) presenceByNode(wanted []bool) iter.Seq2[int, place] {
	return func(yield func(int, place) bool) {
		for position, g := range r.podClassCounts() {
			if wanted[g.kind] && !yield(int(g.kind), place{int32(position), g.pods}) {
				return
			}
		}
	}
}
