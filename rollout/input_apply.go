package rollout

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/internal/kube"
)

// Apply is kubectl apply of a DaemonSet or a Deployment: it is created, or its
// spec, labels and annotations are replaced. Exactly one of the two fields must
// be set. Defaults are filled in and mistakes refused. Unvalidated skips both for
// an object that an API server has already accepted, but a Deployment gets its
// defaults all the same. An object without spec.replicas keeps the present number
// of replicas. A paused Deployment stays paused until Resume.
type Apply struct {
	DaemonSet   *appsv1.DaemonSet
	Deployment  *appsv1.Deployment
	Unvalidated bool
}

// Undo is kubectl rollout undo: the template of a revision is restored. Revision
// 0 is the one before the current revision.
type Undo struct {
	Key      string
	Revision int64
}

// Propagation decides what happens to the pods and revisions of a DaemonSet or
// Deployment that is deleted.
type Propagation uint8

const (
	Background Propagation = iota // they are deleted after it
	Foreground                    // they are deleted first; the object is deleted with the last pod
	Orphan                        // they stay, without an owner
)

// Delete deletes a DaemonSet or a Deployment.
type Delete struct {
	Key         string
	Propagation Propagation
}

// String returns kubectl's name of the policy.
func (p Propagation) String() string {
	switch p {
	case Foreground:
		return "foreground"
	case Orphan:
		return "orphan"
	}
	return "background"
}

func (in Apply) String() string {
	what := "nothing"
	switch {
	case in.DaemonSet != nil:
		what = kube.Key(in.DaemonSet)
	case in.Deployment != nil:
		what = "deployment " + kube.Key(in.Deployment)
	default:
		return "apply nothing"
	}
	if in.Unvalidated {
		return "apply unvalidated " + what
	}
	return "apply " + what
}

func (in Undo) String() string {
	if in.Revision == 0 {
		return "undo " + word(in.Key)
	}
	return fmt.Sprintf("undo %s to %d", word(in.Key), in.Revision)
}

func (in Delete) String() string {
	if in.Propagation == Background {
		return "delete " + word(in.Key)
	}
	return fmt.Sprintf("delete %s %v", word(in.Key), in.Propagation)
}

func (in Apply) check() error {
	switch {
	case in.DaemonSet != nil && in.Deployment != nil:
		return errors.New("a DaemonSet and a Deployment: must be one of them")
	case in.DaemonSet != nil:
		return in.checkDaemonSet()
	case in.Deployment != nil:
		return in.checkDeployment()
	}
	return errors.New("no DaemonSet or Deployment")
}

func (in Undo) check() error {
	if in.Revision < 0 {
		return errors.Join(checkKey(in.Key), fmt.Errorf("unable to find specified revision %d in history", in.Revision))
	}
	return checkKey(in.Key)
}

func (in Delete) check() error {
	if in.Propagation > Orphan {
		return errors.Join(checkKey(in.Key), fmt.Errorf("propagation %d: must be Background, Foreground or Orphan", uint8(in.Propagation)))
	}
	return checkKey(in.Key)
}

func (in Apply) copied() Input {
	if in.DaemonSet != nil {
		in = in.defaultDaemonSet()
	}
	if in.Deployment != nil {
		in = in.defaultDeployment()
	}
	return in
}

func (in Apply) apply(s *Sim) {
	switch {
	case in.DaemonSet != nil:
		in.applyDaemonSet(s)
	default:
		in.applyDeployment(s)
	}
}

func (in Undo) apply(s *Sim) {
	switch d, deployed := s.target(in, in.Key); {
	case d != nil:
		in.undoDaemonSet(s, d)
	case deployed != nil:
		in.undoDeployment(s, deployed)
	}
}

func (in Delete) apply(s *Sim) {
	switch d, deployed := s.target(in, in.Key); {
	case d != nil:
		in.deleteDaemonSet(s, d)
	case deployed != nil:
		in.deleteDeployment(s, deployed)
	}
}
