package rollout

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

// Apply is kubectl apply of a *appsv1.DaemonSet or *appsv1.Deployment: it is
// created, or its spec, labels and annotations are replaced. Defaults are filled
// in and mistakes refused. Unvalidated skips both for an object that an API server
// has already accepted, but a Deployment gets its defaults all the same. A
// Deployment without spec.replicas keeps the present number of replicas. A paused
// Deployment stays paused until Resume.
type Apply struct {
	Object      runtime.Object
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
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			return in.verb() + kube.Key(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			return in.verb() + "deployment " + kube.Key(o)
		}
	}
	return "apply nothing"
}

func (in Apply) verb() string {
	if in.Unvalidated {
		return "apply unvalidated "
	}
	return "apply "
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
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			return in.checkDaemonSet(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			return in.checkDeployment(o)
		}
	case nil:
	default:
		return fmt.Errorf("%T: must be a *DaemonSet or *Deployment of apps/v1", o)
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
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		if o != nil {
			in.Object = in.defaultDaemonSet(o)
		}
	case *appsv1.Deployment:
		if o != nil {
			in.Object = in.defaultDeployment(o)
		}
	}
	return in
}

func (in Apply) apply(s *Sim) {
	switch o := in.Object.(type) {
	case *appsv1.DaemonSet:
		in.applyDaemonSet(s, o)
	case *appsv1.Deployment:
		in.applyDeployment(s, o)
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
