package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Keys returns the keys of all DaemonSets and Deployments, ascending:
// daemonset/namespace/name and deployment/namespace/name.
func (s *Sim) Keys() []string { return s.keys() }

// Object returns a copy of the DaemonSet or Deployment with the key, with the
// status that its controller stored last.
//
// A key is daemonset/namespace/name or deployment/namespace/name. The kind can be
// left out if only one of the two exists. If there is no such object, the error
// names the key that may be meant.
func (s *Sim) Object(key string) (runtime.Object, error) {
	d, deployed, err := s.lookup(key)
	switch {
	case err != nil:
		return nil, err
	case d != nil:
		return d.write(), nil
	}
	return deployed.write(), nil
}

// Revision is an entry of the rollout history of a DaemonSet or Deployment: a
// ControllerRevision or a ReplicaSet.
type Revision struct {
	Number      int64                  `json:"number"`
	Name        string                 `json:"name"`                  // of the ControllerRevision or ReplicaSet
	Hash        string                 `json:"hash"`                  // its label controller-revision-hash or pod-template-hash
	ChangeCause string                 `json:"changeCause,omitempty"` // its annotation kubernetes.io/change-cause
	Template    corev1.PodTemplateSpec `json:"template"`              // as an undo restores it; zero if the ControllerRevision cannot be read
}

// changeCause is the annotation with the command that made a revision
// (k8s.io/kubectl/pkg/polymorphichelpers/history.go: ChangeCauseAnnotation).
const changeCause = "kubernetes.io/change-cause"

// History returns what kubectl rollout history shows: the revisions, ascending by
// number. Keys are the same as for Object.
func (s *Sim) History(key string) ([]Revision, error) {
	d, deployed, err := s.lookup(key)
	switch {
	case err != nil:
		return nil, err
	case d != nil:
		return d.history(), nil
	}
	history := []Revision{}
	for _, rs := range s.revisionsOf(deployed) {
		history = append(history, rs.entry())
	}
	return history, nil
}

func (d *daemonSet) history() []Revision {
	history := []Revision{}
	for _, r := range slices.SortedFunc(slices.Values(d.revisions), byNumber) {
		entry := Revision{Number: r.object.Revision, Name: r.object.Name, Hash: r.hash(), ChangeCause: r.object.Annotations[changeCause]}
		if template, err := patchedTemplate(r.object.Data.Raw); err == nil {
			entry.Template = *template
		}
		history = append(history, entry)
	}
	return history
}

func (rs *replicaSet) entry() Revision {
	template := rs.object.Spec.Template.DeepCopy()
	delete(template.Labels, templateHashLabel)
	return Revision{
		Number: rs.revision(), Name: rs.object.Name, Hash: rs.object.Labels[templateHashLabel], ChangeCause: rs.object.Annotations[changeCause],
		Template: *template,
	}
}
