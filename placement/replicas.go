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
	"github.com/berthsim/berth/internal/kube"
)

// Replicated is a controller whose pods go where the scheduler likes.
type Replicated interface {
	*appsv1.Deployment | *appsv1.ReplicaSet | *appsv1.StatefulSet
	runtime.Object
	metav1.Object
}

// ReplicaPlacement is what becomes of the pods of a Deployment, ReplicaSet or StatefulSet.
type ReplicaPlacement struct {
	Bound   []Replica         `json:"bound,omitempty"`   // in the order in which they are
	Pending []PendingReplicas `json:"pending,omitempty"` // the rest
	// NotModelled is what of the pods decides where they run and was not looked at,
	// as Prediction.NotModelled has it.
	NotModelled []string `json:"notModelled,omitempty"`
}

// Replica is a pod that found a node.
type Replica struct {
	Pod       string `json:"pod"`
	Node      string `json:"node"`
	Total     int64  `json:"total"`     // the node's weighted score; 0 if it was the only one, which the scheduler does not score
	TiedNodes int    `json:"tiedNodes"` // how many nodes had this total, this one included: the seed decided
}

// PendingReplicas is pods that stay pending for one reason.
type PendingReplicas struct {
	First   string `json:"first"` // the name of the first of them
	Count   int    `json:"count"`
	Message string `json:"message"` // kube-scheduler's sentence, or what it or the controller waits for
}

// Replicas places the pods of a Deployment, ReplicaSet or StatefulSet one by one,
// as the default scheduler would in an otherwise quiet cluster: each goes to the
// node with the highest total and is seen by the next. Among equals the seed
// decides, for each pod and node by itself, so that a node more or less does not
// change other choices. Pods of the controller that run already are left out, as
// if it were created anew; nobody is preempted, and what DaemonSets want and do not
// run yet takes no room (NewCapacityReport counts it). Pods belong to a ReplicaSet with
// its pod-template-hash, as in a real cluster: the one that the snapshot has for
// the template, or a new one, whose hash is then not Kubernetes' own and which a
// paused Deployment does not get. After the
// first pod that no node takes the others are not tried. From 100 nodes on the
// real scheduler does not look at all of them: see Prediction.Sampled.
//
// The controller is defaulted and validated unless Unvalidated says otherwise;
// the error is every mistake. A pod costs some ten ns a node.
func Replicas[T Replicated](c *cluster.Cluster, controller T, seed uint64, opts ...Option) (ReplicaPlacement, error) {
	if controller == nil {
		return ReplicaPlacement{}, errors.New("the controller of the replicas is nil")
	}
	o := collect(opts)
	kind := kindNameOf(controller)
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

func kindNameOf(controller runtime.Object) string {
	switch controller.(type) {
	case *appsv1.Deployment:
		return "Deployment"
	case *appsv1.ReplicaSet:
		return "ReplicaSet"
	}
	return "StatefulSet"
}

// place binds one pod after the other.
func (t *podSet) place(seed uint64, o options) (ReplicaPlacement, error) {
	var out ReplicaPlacement
	if t.paused != "" && t.count > 0 {
		return ReplicaPlacement{Pending: t.waiting(0, t.paused)}, nil
	}
	var field *Prediction // where the pods may go at all
	room := t.room()
	for i := range t.count {
		if field == nil || !t.alike {
			w, err := ForPod(t.pod(i), Option{func(to *options) { *to = o }})
			if err != nil {
				return ReplicaPlacement{}, err
			}
			field = w.Predict(t.cluster)
			if i == 0 {
				out.NotModelled = field.NotModelled()
			}
			clear(room.questions) // those of other pods
		}
		now := field.In(room)
		r, why := now.bind(t.name(i), seed)
		if why != "" {
			out.Pending = t.waiting(i, why)
			break
		}
		out.Bound = append(out.Bound, r)
		position, _ := t.cluster.Borrow().Position(r.Node)
		room.Add(now.workload.Load(), position)
	}
	return out, nil
}

// bind chooses the node, or says why there is none.
func (p *Prediction) bind(pod string, seed uint64) (Replica, string) {
	r, ok := p.Bind(pod, seed)
	switch {
	case ok:
		return r, ""
	case p.ScoreError() != nil && p.Placed().Len() > 0:
		return r, p.ScoreError().Error()
	}
	return r, p.String()
}

// Bind gives the node to which the scheduler would bind the pod of ForPod now,
// under the name given: the one that passes the filters, or of several the best,
// or among equals the one that the seed draws for the pod
// (pkg/scheduler/schedule_one.go: schedulePod). False if there is none, of which
// String and ScoreError say why, and for the pods of a DaemonSet, which are made
// for one node each.
func (p *Prediction) Bind(pod string, seed uint64) (Replica, bool) {
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

// draw chooses among the best nodes: each gets a number that depends on nothing
// but the seed, the pod and its own name, and the highest wins.
func (p *Prediction) draw(b *board, pod string, seed uint64) (node string, tied int) {
	nodes, best := p.cluster.Borrow(), b.best()
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

// Count is how many pods were bound to a node.
func (o ReplicaPlacement) Count(node string) int {
	n := 0
	for _, r := range o.Bound {
		if r.Node == node {
			n++
		}
	}
	return n
}

// String lists the pods, one a line, and then what was not looked at.
func (o ReplicaPlacement) String() string {
	var b strings.Builder
	for _, r := range o.Bound {
		b.WriteString(r.String() + "\n")
	}
	for _, w := range o.Pending {
		b.WriteString(w.String() + "\n")
	}
	for _, what := range o.NotModelled {
		b.WriteString("not modelled: " + what + "\n")
	}
	return b.String()
}

// String is the pod and its node in one line.
func (r Replica) String() string {
	switch {
	case r.TiedNodes > 1:
		return fmt.Sprintf("%s: %s (%d, drawn from %d)", r.Pod, r.Node, r.Total, r.TiedNodes)
	case r.Total > 0:
		return fmt.Sprintf("%s: %s (%d)", r.Pod, r.Node, r.Total)
	}
	return fmt.Sprintf("%s: %s (the only one)", r.Pod, r.Node)
}

// String is the pods and what they wait for in one line.
func (w PendingReplicas) String() string {
	if w.Count > 1 {
		return fmt.Sprintf("%s and %d more are pending: %s", w.First, w.Count-1, w.Message)
	}
	return fmt.Sprintf("%s is pending: %s", w.First, w.Message)
}

// waiting is the pods from the i-th on, which no node takes.
func (t *podSet) waiting(i int, why string) []PendingReplicas {
	rest := t.count - i
	if !t.inOrder || rest == 1 {
		return []PendingReplicas{{t.name(i), rest, why}}
	}
	return []PendingReplicas{{t.name(i), 1, why}, {t.name(i + 1), rest - 1, "not created before " + t.name(i) + " is ready"}}
}
