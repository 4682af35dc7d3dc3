package rollout

import (
	"cmp"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/json"
)

// revision is a ControllerRevision. The object is shared between forks and never
// modified; a change creates another one.
type revision struct {
	object *appsv1.ControllerRevision
	patch  []byte // of object.Data, canonical
}

// templatePatch returns the data of the decoded template's ControllerRevision
// (pkg/controller/daemon/update.go: getPatch).
func templatePatch(decoded *corev1.PodTemplateSpec) ([]byte, error) {
	data, err := json.Marshal(decoded)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	return encodePatch(fields)
}

func encodePatch(template map[string]any) ([]byte, error) {
	template["$patch"] = "replace"
	return json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
}

// canonicalPatch returns the data of a stored ControllerRevision in the form of
// templatePatch, so that they can be compared byte by byte as the controller
// does. Two differences in a dump would make the first tick of a settled cluster
// change everything, so canonicalPatch removes them: another order of fields, and
// the "creationTimestamp":null that API servers before 1.34 wrote.
func canonicalPatch(data []byte) []byte {
	var patch struct {
		Spec struct {
			Template map[string]any `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &patch); err != nil || patch.Spec.Template == nil {
		return data
	}
	if meta, ok := patch.Spec.Template["metadata"].(map[string]any); ok {
		if stamp, has := meta["creationTimestamp"]; has && stamp == nil {
			delete(meta, "creationTimestamp")
		}
	}
	canonical, err := encodePatch(patch.Spec.Template)
	if err != nil {
		return data
	}
	return canonical
}

// patchedTemplate returns the template that a ControllerRevision restores.
func patchedTemplate(data []byte) (*corev1.PodTemplateSpec, error) {
	var patch struct {
		Spec struct {
			Template *corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &patch); err != nil {
		return nil, err
	}
	if patch.Spec.Template == nil {
		return nil, fmt.Errorf("no spec.template in the data")
	}
	return patch.Spec.Template, nil
}

func newRevision(object *appsv1.ControllerRevision) revision {
	return revision{object, canonicalPatch(object.Data.Raw)}
}

func (r revision) hash() string { return r.object.Labels[hashLabel] }

func (r revision) with(change func(*appsv1.ControllerRevision)) revision {
	object := r.object.DeepCopy()
	change(object)
	return revision{object, r.patch}
}

func byName(a, b revision) int { return strings.Compare(a.object.Name, b.object.Name) }

func byNumber(a, b revision) int {
	if c := cmp.Compare(a.object.Revision, b.object.Revision); c != 0 {
		return c
	}
	return byName(a, b)
}
