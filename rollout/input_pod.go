package rollout

import "fmt"

// DeletePod is kubectl delete pod of one pod, "namespace/name". With Force it
// does not wait for the kubelet: the pod is removed at once.
type DeletePod struct {
	Pod   string
	Force bool
}

func (in DeletePod) String() string {
	if in.Force {
		return "delete-pod " + word(in.Pod) + " --force"
	}
	return "delete-pod " + word(in.Pod)
}

func (in DeletePod) check() error { return checkKey(in.Pod) }

func (in DeletePod) apply(s *Sim) {
	id := s.findPod(in.Pod)
	if id == none {
		_, name, _ := cutKey(in.Pod)
		s.emit(Event{Kind: EventInputRefused, Pod: name, Detail: fmt.Sprintf("%s: pods %q not found", in, name)})
		return
	}
	switch p := &s.pods[id]; {
	case in.Force:
		s.emitPod(EventDeletedByUser, id, cause{Detail: in.String()})
		s.vanish(id)
	case !p.is(terminating):
		s.emitPod(EventDeletedByUser, id, cause{Detail: in.String()})
		s.kubelets.deletePod(id)
	}
}
