package dryrun

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// Effect is what a plan does to one DaemonSet or Deployment, as plain data. Lists are
// ascending and never nil.
type Effect struct {
	Key    string        `json:"key"` // with its kind: "daemonset/ops/agent"
	Action Action        `json:"action"`
	Fields []FieldChange `json:"fields"` // of the spec that change, in the order of their paths
	// Wanted counts the nodes that want a pod of a DaemonSet, or the replicas of a
	// Deployment. Placed counts the nodes that get a running pod; for a Deployment, its
	// pods that have a node. Kept counts the nodes that want no pod but keep a running one.
	Wanted    Count                      `json:"wanted"`
	Placed    Count                      `json:"placed"`
	Kept      Count                      `json:"kept"`
	Changes   []placement.DecisionChange `json:"changes"` // the nodes where a DaemonSet's pod becomes, or is no longer, wanted, placed or kept
	Clashes   []string                   `json:"clashes"` // with other DaemonSets that the plan creates or changes, and where
	Pods      PodChanges                 `json:"pods"`
	Rollout   *Rollout                   `json:"rollout,omitempty"`   // nil if no pod changes
	Admission *Admission                 `json:"admission,omitempty"` // nil if admission neither changes nor refuses the pod, and for Deployments
	Error     string                     `json:"error,omitempty"`     // why there is no prediction after the plan

	of   effect
	text string
}

// PodChanges is what a plan does to pods, apart from what would happen without the
// edits. For a DaemonSet the lists name nodes, and no node is in two of them. For a
// Deployment they name pods.
type PodChanges struct {
	Created   []string `json:"created"`   // there was no pod
	Updated   []string `json:"updated"`   // the rolling update replaces the pod
	Recreated []string `json:"recreated"` // the pod is deleted regardless of maxUnavailable and replaced
	Deleted   []string `json:"deleted"`   // by the controllers; for a DaemonSet also evicted: no pod is wanted there any more
	Dropped   []string `json:"dropped"`   // deleted by the rolling update and not replaced: the node only kept it
	Outdated  []string `json:"outdated"`  // the pod stays although the template changed: OnDelete, or the rollout does not get that far
	Evicted   []string `json:"evicted"`   // by NoExecute taints; Deployments only
	Preempted []string `json:"preempted"` // by the scheduler, for pods of higher priority; Deployments only
}

// Rollout is the course of a DaemonSet or Deployment in the simulation of the plan.
type Rollout struct {
	Completes    bool          `json:"completes"`    // whether it completes, except on nodes that were stuck before
	State        string        `json:"state"`        // at the end: "Done", "Stuck", ...
	After        time.Duration `json:"after"`        // from the edits until its last event
	Waves        int           `json:"waves"`        // of the rolling update of a DaemonSet
	Available    int           `json:"available"`    // nodes that had an available pod and still want one; for a Deployment, available pods before
	MinAvailable int           `json:"minAvailable"` // the lowest number of these that are available; terminating pods do not count
	Unavailable  []string      `json:"unavailable"`  // the other nodes at that time
	Waiting      []string      `json:"waiting"`      // what keeps it from completing, a line for each node or pod
}

// Prediction returns where pods of a DaemonSet are wanted and placed before and after
// the plan. Each is nil if the DaemonSet does not exist then, and for a Deployment.
func (e Effect) Prediction() (before, after *placement.Prediction) {
	return e.of.before.prediction(), e.of.after.prediction()
}

// Violation returns a Violation of a node, with the verdict on the DaemonSet's pod there
// after the plan.
func (e Effect) Violation(node, message string) Violation { return e.of.violation(node, message) }

// String returns the effect as text.
func (e Effect) String() string {
	if e.text == "" {
		return e.Action.sign() + " " + workloadName(e.Key) + "\n"
	}
	return e.text
}

// Effects returns the effects on the DaemonSets and Deployments that the edits affect,
// ascending by key. It runs the simulation.
func (p *Plan) Effects() []Effect { return deepCopy(p.orNothing().effects()) }

// Effect returns the effect on one DaemonSet or Deployment, affected or not, or false if
// it exists neither before nor after the plan. Keys are as in rollout.Sim. It runs the
// simulation.
func (p *Plan) Effect(key string) (Effect, bool) {
	p = p.orNothing()
	kind, plain, ok := strings.Cut(p.withKind(key), "/")
	if kind == "deployment" && ok {
		return p.deploymentEffect(plain)
	}
	e := p.effect(plain)
	return e.record(), e.before != nil || e.after != nil
}

// findEffects returns the effects on all affected DaemonSets and Deployments.
func (p *Plan) findEffects() []Effect {
	var all []Effect
	for _, e := range p.whole() {
		if !e.empty() {
			all = append(all, e.record())
		}
	}
	for _, key := range p.affectedDeployments() {
		e, _ := p.deploymentEffect(key)
		all = append(all, e)
	}
	return all
}

// record returns the data of an effect on a DaemonSet.
func (e effect) record() Effect {
	r := Effect{
		Key: kube.DaemonSetKey(e.key), Action: e.action, Fields: append([]FieldChange{}, e.fields()...),
		Wanted:  e.count(func(d *daemon) cluster.NodeSet { return d.Eligible() }),
		Placed:  e.count((*daemon).placed),
		Kept:    e.count(func(d *daemon) cluster.NodeSet { return d.Kept() }),
		Changes: []placement.DecisionChange{}, Clashes: append([]string{}, e.clashes()...), Pods: podChanges(nil),
		of: e,
	}
	for c := range e.changes.All() {
		r.Changes = append(r.Changes, c)
	}
	if e.plan == nil {
		return r
	}
	pods := e.pods()
	r.Pods = pods
	if !pods.empty() && e.after != nil {
		r.Rollout = e.rollout()
	}
	if e.after != nil {
		r.Admission = e.after.admission()
	}
	if e.wrong != nil {
		r.Error = e.wrong.Error()
	}
	r.text = e.String()
	return r
}

func (e effect) count(of func(*daemon) cluster.NodeSet) (c Count) {
	if e.before != nil {
		c.Before = of(e.before).Len()
	}
	if e.after != nil {
		c.After = of(e.after).Len()
	}
	return c
}

func (e effect) rollout() *Rollout {
	end, low := e.ending(), e.worst()
	r := &Rollout{
		Completes: e.completes(), State: end.state.String(), After: e.plan.duration(end.last), Waves: end.waves, Available: low.of, MinAvailable: low.available,
		Unavailable: append([]string{}, low.down...), Waiting: []string{},
	}
	if !r.Completes {
		r.Waiting = append(r.Waiting, waitTexts(e.waits())...)
	}
	return r
}

func waitTexts(waits []diagnosis.Wait) []string {
	lines := make([]string, len(waits))
	for i, w := range waits {
		lines[i] = w.String()
	}
	return lines
}

// podChanges returns PodChanges with a list for each change.
func podChanges(names map[podChange][]string) PodChanges {
	of := func(c podChange) []string { return append([]string{}, names[c]...) }
	return PodChanges{of(created), of(updated), of(recreated), of(deleted), of(dropped), of(outdated), of(evicted), of(preempted)}
}

func (p PodChanges) empty() bool {
	return len(p.Created)+len(p.Updated)+len(p.Recreated)+len(p.Deleted)+len(p.Dropped)+len(p.Outdated)+len(p.Evicted)+len(p.Preempted) == 0
}

// deploymentEffect returns the effect on a Deployment, or false if it exists neither
// before nor after the plan.
func (p *Plan) deploymentEffect(plain string) (Effect, bool) {
	key := kube.DeploymentKey(plain)
	namespace, name := split(plain)
	before, was := ofName(borrow.From(p.Before()).Deployments(), namespace, name)
	after, is := ofName(borrow.From(p.After()).Deployments(), namespace, name)
	c := p.course()
	e := Effect{Key: key, Action: ActionNone, Fields: []FieldChange{}, Changes: []placement.DecisionChange{}, Clashes: []string{}, Pods: podChanges(c.deployed[plain])}
	switch {
	case !was && !is:
		return e, false
	case !was:
		e.Action = ActionCreated
	case !is:
		e.Action = ActionDeleted
	case !equality.Semantic.DeepEqual(before.Spec, after.Spec):
		e.Action = ActionChanged
		e.Fields = append(e.Fields, fieldChanges("spec", cluster.Default(before).Spec, cluster.Default(after).Spec)...)
	}
	e.Wanted = Count{replicas(before), replicas(after)}
	e.Placed = Count{placedPods(c.before[key]), placedPods(c.after[key])}
	if !e.Pods.empty() {
		e.Rollout = p.deploymentRollout(key)
	}
	e.text = p.deploymentText(e)
	return e, true
}

func replicas(d *appsv1.Deployment) int {
	switch {
	case d == nil:
		return 0
	case d.Spec.Replicas == nil:
		return 1
	}
	return int(*d.Spec.Replicas)
}

// placedPods counts the pods that have a node and are not terminating.
func placedPods(pods []rollout.Pod) int {
	n := 0
	for _, p := range pods {
		if p.Node != "" && !p.Terminating {
			n++
		}
	}
	return n
}

func (p *Plan) deploymentRollout(key string) *Rollout {
	end, was := p.course().ends[key], p.base.baseline().ends[key]
	waits := newWaits(end.waiting, was.waiting)
	r := &Rollout{
		State: end.state.String(), After: p.duration(end.last), Unavailable: []string{}, Waiting: []string{},
		Completes: end.state == rollout.StateDone || end.state == rollout.StateStuck && len(waits) == 0,
	}
	if !r.Completes {
		r.Waiting = append(r.Waiting, waitTexts(waits)...)
	}
	for _, a := range p.availability(key, p.domains(""), nil) {
		r.Available, r.MinAvailable = a.Before, min(a.Before, a.Worst)
	}
	return r
}
