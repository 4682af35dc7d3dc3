package placement

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/room/hook"
)

func init() { hook.Placement = plumbing{} }

// plumbing has the functions that internal/room documents and offers to berth's
// own packages.
type plumbing struct{}

func (plumbing) NewRoom(c *cluster.Cluster) hook.Room { return newRoom(c) }
func (plumbing) LoadOfPod(pod *corev1.Pod) hook.Load  { return loadOf(pod) }
func (plumbing) LoadsOfPods(c *cluster.Cluster) []hook.Load {
	loads := loadsOf(borrow.From(c))
	all := make([]hook.Load, len(loads))
	for i, l := range loads {
		all[i] = l
	}
	return all
}
func (plumbing) LoadOfWorkload(w *Workload) hook.Load { return w.load() }
func (plumbing) WithSurge(w *Workload) *Workload      { return w.withSurge() }
func (plumbing) WithWebhooks(w *Workload, admit func(*corev1.Pod)) *Workload {
	return w.withWebhooks(admit)
}
func (plumbing) Predict(p *Prediction, r hook.Room) *Prediction { return p.in(asRoom(r)) }
func (plumbing) Fits(r hook.Room, w *Workload, position int) bool {
	return asRoom(r).admits(w, position)
}
func (plumbing) Why(r hook.Room, w *Workload, position int) []FilterReason {
	return asRoom(r).refusals(w, position)
}
func (plumbing) Bind(p *Prediction, pod string, seed uint64) (Replica, bool) {
	return p.bindPod(pod, seed)
}

func asRoom(r hook.Room) *room {
	own, _ := r.(*room)
	return own
}

func asLoad(l hook.Load) *load {
	own, _ := l.(*load)
	return own
}

func (r *room) Len() int                             { return r.len() }
func (r *room) Clone() hook.Room                     { return r.clone() }
func (r *room) Add(l hook.Load, position int)        { r.add(asLoad(l), position) }
func (r *room) Remove(l hook.Load, position int)     { r.remove(asLoad(l), position) }
func (r *room) SetNode(position int, n *corev1.Node) { r.setNode(position, n) }
func (r *room) Over(c *cluster.Cluster)              { r.over(c) }
func (l *load) Leaving() hook.Load                   { return l.gone() }
