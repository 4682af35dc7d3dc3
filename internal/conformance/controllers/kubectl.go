package controllers

import (
	"encoding/json"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/polymorphichelpers"
)

func (w *world) apply(in Apply) error {
	if in.Deployment == nil {
		return admit(w.server, "daemonsets", w.daemonSets, in.DaemonSet, !in.Unvalidated)
	}
	d := in.Deployment.DeepCopy()
	if old, ok := w.deployments.get(key(d)); ok { // kubectl apply leaves alone what others have set
		if revision, ok := old.Annotations[revisionAnnotation]; ok {
			d.Annotations = maps.Clone(d.Annotations)
			if d.Annotations == nil {
				d.Annotations = map[string]string{}
			}
			d.Annotations[revisionAnnotation] = revision
		}
	}
	return admit(w.server, "deployments", w.deployments, d, !in.Unvalidated)
}

// undo is kubectl's own.
func (w *world) undo(in Undo) error {
	var of runtime.Object
	kind := "DaemonSet"
	if ds, ok := w.daemonSets.get(in.Key); ok {
		of = ds
	} else if d, ok := w.deployments.get(in.Key); ok {
		of, kind = d, "Deployment"
	} else {
		return fmt.Errorf("no DaemonSet or Deployment %s", in.Key)
	}
	kubectl, err := polymorphichelpers.RollbackerFor(appsv1.SchemeGroupVersion.WithKind(kind).GroupKind(), w.controller.client)
	if err != nil {
		return err
	}
	if _, err := kubectl.Rollback(of, nil, in.Revision, util.DryRunNone); err != nil {
		return err
	}
	return w.commit(w.controller.client.take())
}

// changeDeployment is kubectl scale, and rollout pause and resume as kubectl
// has them.
func (w *world) changeDeployment(in Input) error {
	k, _ := w.keyOfInput(in)
	old, ok := w.deployments.get(k)
	if !ok {
		return fmt.Errorf("no Deployment %s", k)
	}
	d := old.DeepCopy()
	var err error
	switch in := in.(type) {
	case Scale:
		d.Spec.Replicas = &in.Replicas
	case Pause:
		err = edited(d, polymorphichelpers.ObjectPauserFn)
	case Resume:
		err = edited(d, polymorphichelpers.ObjectResumerFn)
	}
	if err != nil {
		return err
	}
	return admit(w.server, "deployments", w.deployments, d, true)
}

// edited lets kubectl change the object.
func edited(d *appsv1.Deployment, by func(runtime.Object) ([]byte, error)) error {
	out, err := by(d.DeepCopy())
	if err != nil {
		return err
	}
	*d = appsv1.Deployment{}
	return json.Unmarshal(out, d)
}
