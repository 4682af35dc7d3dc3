package rollout

import (
	"errors"
	"fmt"
)

// DeletePods is kubectl delete pod of all pods on a node, or of one pod,
// "namespace/name". Exactly one of Node and Pod must be set. With Force it does not
// wait for the kubelet: pods are removed at once.
type DeletePods struct {
	Node  string `json:"node,omitzero"`
	Pod   string `json:"pod,omitzero"`
	Force bool   `json:"force,omitzero"`
}

func (in DeletePods) line() string {
	line := "delete-pods " + word(in.Node)
	if in.Pod != "" {
		line = "delete-pod " + word(in.Pod)
	}
	if in.Force {
		line += " --force"
	}
	return line
}

func (in DeletePods) check() error {
	switch {
	case in.Pod == "":
		return checkNode(in.Node)
	case in.Node != "":
		return errors.New("a node and a pod: must be one of them")
	}
	return checkKey(in.Pod)
}

func (in DeletePods) apply(s *Sim) {
	if in.Pod == "" {
		in.deleteAll(s)
		return
	}
	id := s.findPod(in.Pod)
	if id == none {
		_, name, _ := cutKey(in.Pod)
		s.emit(Event{Kind: EventInputRefused, Pod: name, Detail: fmt.Sprintf("%s: pods %q not found", in.line(), name)})
		return
	}
	in.deletePod(s, id, cause{Detail: in.line()})
}

func (in DeletePods) deleteAll(s *Sim) {
	n := s.onNode(in, in.Node)
	if n == none {
		return
	}
	for id := range s.podsOn(n) {
		in.deletePod(s, id, cause{})
	}
}

func (in DeletePods) deletePod(s *Sim, id int32, why cause) {
	switch p := &s.pods[id]; {
	case in.Force:
		s.emitPod(EventDeletedByUser, id, why)
		s.vanish(id)
	case !p.is(terminating):
		s.emitPod(EventDeletedByUser, id, why)
		s.kubelets.deletePod(id)
	}
}
