package rollout

import (
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
)

// Pod is a pod of a DaemonSet or Deployment: plain, comparable data.
type Pod struct {
	Name        string          `json:"name"`
	Node        string          `json:"node,omitzero"`     // where it runs, or the one node it can run on; empty if the scheduler has found none
	Bound       bool            `json:"bound"`             // whether it is bound to that node
	Revision    int64           `json:"revision,omitzero"` // 0 if its ControllerRevision or ReplicaSet is unknown
	Hash        string          `json:"hash,omitzero"`     // its label controller-revision-hash or pod-template-hash
	Phase       corev1.PodPhase `json:"phase"`
	Ready       bool            `json:"ready"`
	Available   bool            `json:"available"` // ready for minReadySeconds; a terminating pod can be
	Terminating bool            `json:"terminating"`
	Reason      string          `json:"reason,omitzero"`   // what kubectl shows in place of the phase: OutOfcpu, ImagePullBackOff, CrashLoopBackOff; mostly empty
	Restarts    int             `json:"restarts,omitzero"` // the highest restart count of its containers
	Since       int             `json:"since"`             // the tick of its last change; negative if that was before the simulation
}

// String returns the pod in one line.
func (p Pod) String() string {
	state := string(p.Phase)
	switch {
	case p.Terminating:
		state = "Terminating"
	case p.Reason != "":
		state = p.Reason
	case p.Ready:
		state = "Ready"
	}
	where := " on " + p.Node
	if p.Node == "" {
		where = " nowhere"
	}
	again := ""
	if p.Restarts > 0 {
		again = fmt.Sprintf(", restarts %d", p.Restarts)
	}
	return fmt.Sprintf("%s%s: r%d %s since %d%s", p.Name, where, p.Revision, state, p.Since, again)
}

// Pods returns the DaemonSet's pods by node, and each node's as the controller
// orders them: bound before unbound, then oldest first, then by name. The pods of
// a Deployment are ordered by ReplicaSet, oldest first, and then by creation. Keys
// are the same as for Object.
func (s *Sim) Pods(key string) ([]Pod, error) {
	d, deployed, err := s.lookup(key)
	pods := []Pod{}
	switch {
	case err != nil:
		return nil, err
	case d != nil:
		for _, id := range s.podsOf(d) {
			pods = append(pods, s.showPod(id, d.minReady))
		}
	case deployed != nil:
		for _, slot := range deployed.mine {
			for _, id := range s.replicaSets.at[slot].pods {
				pods = append(pods, s.showPod(id, s.replicaSets.at[slot].minReady()))
			}
		}
	}
	return pods, nil
}

func (s *Sim) showPod(id int32, minReady simTime) Pod {
	p := &s.pods[id]
	shown := Pod{
		Name: s.podName(id), Bound: p.is(bound),
		Revision: s.numbers[p.class], Hash: s.classes[p.class].hash,
		Phase: phases[p.phase], Ready: p.is(isReady), Available: s.availableFor(minReady, p), Terminating: p.is(terminating),
		Reason: s.kubelets.reasonOf(p), Restarts: s.kubelets.restartsOf(id).most(), Since: s.sinceTick(p),
	}
	if p.node != none {
		shown.Node = s.nodeNames[p.node].name
	}
	return shown
}

// sinceTick returns the tick of the pod's last change, rounded down.
func (s *Sim) sinceTick(p *pod) int {
	at := p.since
	if p.readied != never {
		at = max(at, p.readied)
	}
	return int(math.Floor(float64(min(at, max(0, s.clock))) / float64(s.step)))
}
