package placement

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// ReplicaPlacement is the placement of the pods of a Deployment, ReplicaSet or
// StatefulSet.
type ReplicaPlacement struct {
	Bound   []Replica         `json:"bound"`   // in the order of binding
	Pending []PendingReplicas `json:"pending"` // the rest
	// NotModelled lists the fields of the pods that affect scheduling but that
	// were ignored, as Prediction.NotModelled returns them.
	NotModelled []string `json:"notModelled"`
}

// Replica is a pod that was bound to a node.
type Replica struct {
	Pod       string `json:"pod"`
	Node      string `json:"node"`
	Total     int64  `json:"total"`     // the node's weighted score; 0 if it was the only node, which the scheduler does not score
	TiedNodes int    `json:"tiedNodes"` // number of nodes with this total, including this one; the seed chose among them
}

// PendingReplicas is a group of pods that stay pending for one reason.
type PendingReplicas struct {
	First   string `json:"first"` // the name of the first of them
	Count   int    `json:"count"`
	Message string `json:"message"` // kube-scheduler's sentence, or what it or the controller waits for
}

// Replicas places the pods of a Deployment, ReplicaSet or StatefulSet one by
// one, as the default scheduler would in an otherwise idle cluster. Each pod
// goes to the node with the highest total, and the next pod sees it there.
// Among equal totals the seed decides, separately for each pod and node: adding
// or removing a node does not change other choices.
//
// The controller's running pods do not count, as if it had just been created.
// No pod is preempted. Pods that DaemonSets want but do not run yet take no
// room (NewCapacityReport counts them). Pods belong to a ReplicaSet with its
// pod-template-hash, as in a real cluster: to the ReplicaSet that the snapshot
// has for the template, or to a new one. A paused Deployment gets no new
// ReplicaSet. After the first pod that fits on no node the others are not tried.
// The API server admits the pods first: see Prediction.Admitted. From 100 nodes on the
// real scheduler does not look at all nodes: see Table.
//
// The controller must be an *appsv1.Deployment, ReplicaSet or StatefulSet with
// at most 200,000 replicas, a limit of berth. It is defaulted and validated
// unless Unvalidated is given. The error reports every mistake. A pod costs some
// ten ns per node.
func Replicas(c *cluster.Cluster, controller runtime.Object, seed uint64, opts ...Option) (ReplicaPlacement, error) {
	switch o := controller.(type) {
	case *appsv1.Deployment:
		if o != nil {
			return replicas(c, o, "Deployment", seed, collect(opts))
		}
	case *appsv1.ReplicaSet:
		if o != nil {
			return replicas(c, o, "ReplicaSet", seed, collect(opts))
		}
	case *appsv1.StatefulSet:
		if o != nil {
			return replicas(c, o, "StatefulSet", seed, collect(opts))
		}
	case nil:
	default:
		return ReplicaPlacement{}, fmt.Errorf("%T has no replicas: want a Deployment, ReplicaSet or StatefulSet", controller)
	}
	return ReplicaPlacement{}, errors.New("the controller of the replicas is nil")
}

// replicated is a controller whose pods the scheduler places.
type replicated interface {
	runtime.Object
	metav1.Object
}

func replicas[T replicated](c *cluster.Cluster, controller T, kind string, seed uint64, o options) (ReplicaPlacement, error) {
	accepted, err := accept(controller, kind, o)
	if err != nil {
		return ReplicaPlacement{}, err
	}
	t, err := podSetOf(c, accepted)
	if err != nil {
		return ReplicaPlacement{}, fmt.Errorf("%s %s/%s: %w", kind, accepted.GetNamespace(), accepted.GetName(), err)
	}
	return t.place(seed, o)
}

// place binds one pod after the other.
func (t *podSet) place(seed uint64, o options) (ReplicaPlacement, error) {
	out := ReplicaPlacement{Bound: []Replica{}, Pending: []PendingReplicas{}, NotModelled: []string{}}
	if t.paused != "" && t.count > 0 {
		out.Pending = t.waiting(0, t.paused)
		return out, nil
	}
	var field *Prediction // where the pods may go at all
	room := t.room()
	for i := range t.count {
		if field == nil || !t.alike {
			w, err := ForPod(t.pod(i), Option{func(to *options) { *to, to.created = o, true }})
			if err != nil {
				return ReplicaPlacement{}, err
			}
			field = w.Predict(t.cluster)
			if i == 0 {
				out.NotModelled = append(out.NotModelled, field.NotModelled()...)
			}
			clear(room.questions) // questions of other pods
		}
		now := field.in(room)
		r, why := now.bind(t.name(i), seed)
		if why != "" {
			out.Pending = t.waiting(i, why)
			break
		}
		out.Bound = append(out.Bound, r)
		position, _ := borrow.From(t.cluster).Position(r.Node)
		room.add(now.scheduled().load(), position)
	}
	return out, nil
}

// bind chooses the node, or returns the reason why there is none.
func (p *Prediction) bind(pod string, seed uint64) (Replica, string) {
	r, ok := p.bindPod(pod, seed)
	switch {
	case ok:
		return r, ""
	case p.ScoreError() != nil && p.Placed().Len() > 0:
		return r, p.ScoreError().Error()
	}
	return r, p.String()
}

// bindPod returns the node that the scheduler would bind the pod to
// (internal/room: Bind).
func (p *Prediction) bindPod(pod string, seed uint64) (Replica, bool) {
	p = p.orNothing()
	r := Replica{Pod: pod, TiedNodes: 1}
	switch names := p.Placed(); names.Len() {
	case 0:
		return r, false
	case 1:
		r.Node = names.Names()[0]
		return r, p.workload.daemonSet == nil
	}
	b := p.board()
	if b == nil || b.err != nil {
		return r, false
	}
	r.Node, r.TiedNodes = p.draw(b, pod, seed)
	r.Total = int64(b.best())
	return r, true
}

// draw chooses among the best nodes. Each node gets a number that depends only
// on the seed, the pod and the node's name. The highest number wins.
func (p *Prediction) draw(b *board, pod string, seed uint64) (node string, tied int) {
	nodes, best := borrow.From(p.cluster), b.best()
	var luck uint64
	place := 0
	for position := range b.positions() {
		if b.totals[place] == best {
			name := nodes.Name(position)
			if l := lot(seed, pod, name); tied == 0 || l > luck {
				node, luck = name, l
			}
			tied++
		}
		place++
	}
	return node, tied
}

func lot(seed uint64, pod, node string) uint64 {
	return rand.NewPCG(seed^kube.HashName(pod), kube.HashName(node)).Uint64()
}

// String lists the pods, one per line, and then what was ignored.
func (o ReplicaPlacement) String() string {
	var b strings.Builder
	for _, r := range o.Bound {
		b.WriteString(r.text() + "\n")
	}
	for _, w := range o.Pending {
		b.WriteString(w.text() + "\n")
	}
	for _, what := range o.NotModelled {
		b.WriteString("not modelled: " + what + "\n")
	}
	return b.String()
}

// text returns the pod and its node in one line.
func (r Replica) text() string {
	switch {
	case r.TiedNodes > 1:
		return fmt.Sprintf("%s: %s (%d, drawn from %d)", r.Pod, r.Node, r.Total, r.TiedNodes)
	case r.Total > 0:
		return fmt.Sprintf("%s: %s (%d)", r.Pod, r.Node, r.Total)
	}
	return fmt.Sprintf("%s: %s (the only one)", r.Pod, r.Node)
}

// text returns the pods and what they wait for in one line.
func (w PendingReplicas) text() string {
	if w.Count > 1 {
		return fmt.Sprintf("%s and %d more are pending: %s", w.First, w.Count-1, w.Message)
	}
	return fmt.Sprintf("%s is pending: %s", w.First, w.Message)
}

// waiting returns the pods from the i-th on, which fit on no node.
func (t *podSet) waiting(i int, why string) []PendingReplicas {
	rest := t.count - i
	if !t.inOrder || rest == 1 {
		return []PendingReplicas{{t.name(i), rest, why}}
	}
	return []PendingReplicas{{t.name(i), 1, why}, {t.name(i + 1), rest - 1, "not created before " + t.name(i) + " is ready"}}
}
