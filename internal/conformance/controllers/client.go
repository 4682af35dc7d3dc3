package controllers

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// client is the API as the controller (and kubectl) reach it. Writes are done as
// far as later calls can tell, but held: the watches see them after the sync.
type client struct {
	*fake.Clientset
	server *server
	mu     sync.Mutex // the controller creates and deletes from several goroutines
	held   []write
	after  map[string]object // what held writes made of objects, by resource and key; nil: gone
}

// write is one call that changes something.
type write struct {
	verb, resource string
	object         object // the object as sent, or the one to delete
}

func newClient(s *server) *client {
	c := &client{Clientset: &fake.Clientset{}, server: s, after: map[string]object{}}
	c.AddReactor("*", "*", func(a clienttesting.Action) (bool, runtime.Object, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		o, err := c.react(a)
		return true, o, err
	})
	return c
}

func (c *client) react(a clienttesting.Action) (runtime.Object, error) {
	switch a := a.(type) {
	case clienttesting.CreateActionImpl:
		return c.create(a)
	case clienttesting.UpdateActionImpl:
		return c.update(a)
	case clienttesting.PatchActionImpl:
		return c.patch(a)
	case clienttesting.DeleteActionImpl:
		return c.delete(a)
	case clienttesting.GetActionImpl:
		o, err := c.get(a.Resource, a.Namespace, a.Name)
		return o, err
	case clienttesting.ListActionImpl:
		return c.list(a)
	}
	return nil, fmt.Errorf("the driver knows no %s of %s", a.GetVerb(), a.GetResource().Resource)
}

// hold keeps a write that is as good as done; the caller may change its copy.
func (c *client) hold(verb string, r schema.GroupVersionResource, o object) (runtime.Object, error) {
	c.held = append(c.held, write{verb, r.Resource, o})
	if o.GetName() != "" {
		c.after[place(r, key(o))] = o
	}
	return o.DeepCopyObject(), nil
}

// modify is an update of any kind; a write that changes nothing is none.
func (c *client) modify(r schema.GroupVersionResource, subresource string, o, old object) (runtime.Object, error) {
	updated, err := c.server.update(r.Resource, subresource, o, old, true)
	if err != nil || updated == old {
		return old, err
	}
	return c.hold("update", r, updated)
}

func place(r schema.GroupVersionResource, key string) string { return r.Resource + "/" + key }

// update refuses what was changed since it was read, as the API server does.
func (c *client) update(a clienttesting.UpdateActionImpl) (runtime.Object, error) {
	o := a.Object.(object)
	old, err := c.get(a.Resource, a.Namespace, o.GetName())
	if err != nil {
		return nil, err
	}
	if v := o.GetResourceVersion(); v != "" && v != old.GetResourceVersion() {
		return nil, apierrors.NewConflict(a.Resource.GroupResource(), o.GetName(), errors.New(genericregistry.OptimisticLockErrorMsg))
	}
	return c.modify(a.Resource, a.Subresource, o, old)
}

func (c *client) create(a clienttesting.CreateActionImpl) (runtime.Object, error) {
	o := a.Object.(object)
	o.SetNamespace(a.Namespace)
	if _, err := c.get(a.Resource, a.Namespace, o.GetName()); err == nil {
		return nil, apierrors.NewAlreadyExists(a.Resource.GroupResource(), o.GetName())
	}
	if _, ok := registries[a.Resource.Resource]; !ok {
		o.SetResourceVersion(c.server.nextVersion())
		return c.hold("create", a.Resource, o)
	}
	created, err := c.server.create(a.Resource.Resource, o, true)
	if err != nil {
		return nil, err
	}
	return c.hold("create", a.Resource, created)
}

func (c *client) delete(a clienttesting.DeleteActionImpl) (runtime.Object, error) {
	o, err := c.get(a.Resource, a.Namespace, a.Name)
	if err != nil {
		return nil, err
	}
	c.server.nextVersion()
	c.held = append(c.held, write{"delete", a.Resource.Resource, o})
	if a.Resource.Resource != "pods" { // a pod's deletion is an effect that no sync sees of itself
		c.after[place(a.Resource, key(o))] = nil
	}
	return o, nil
}

func (c *client) patch(a clienttesting.PatchActionImpl) (runtime.Object, error) {
	old, err := c.get(a.Resource, a.Namespace, a.Name)
	if err != nil {
		return nil, err
	}
	patched, err := patched(old, a.PatchType, a.Patch)
	if err != nil {
		return nil, err
	}
	return c.modify(a.Resource, a.Subresource, patched, old)
}

// patched takes every patch but a JSON patch for a strategic one: the only JSON
// merge patch, a controller's, sets a label, which is the same in both.
func patched(old object, kind types.PatchType, patch []byte) (object, error) {
	before, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	after, err := applyPatch(old, before, kind, patch)
	if err != nil {
		return nil, err
	}
	empty := emptyOf(old)
	return empty, json.Unmarshal(after, empty)
}

func applyPatch(old object, before []byte, kind types.PatchType, patch []byte) ([]byte, error) {
	if kind != types.JSONPatchType {
		return strategicpatch.StrategicMergePatch(before, patch, old)
	}
	p, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	return p.Apply(before)
}

func emptyOf(o object) object {
	return reflect.New(reflect.TypeOf(o).Elem()).Interface().(object)
}

func (c *client) get(r schema.GroupVersionResource, namespace, name string) (object, error) {
	o, ok := c.after[place(r, namespace+"/"+name)]
	if !ok {
		o, ok = c.stored(r, namespace+"/"+name)
	}
	if !ok || o == nil {
		return nil, apierrors.NewNotFound(r.GroupResource(), name)
	}
	return o.DeepCopyObject().(object), nil
}

func (c *client) stored(r schema.GroupVersionResource, key string) (o object, ok bool) {
	switch r.Resource {
	case "pods":
		o, ok = c.server.pods.get(key)
	case "daemonsets":
		o, ok = c.server.daemonSets.get(key)
	case "deployments":
		o, ok = c.server.deployments.get(key)
	case "replicasets":
		o, ok = c.server.replicaSets.get(key)
	case "controllerrevisions":
		o, ok = c.server.revisions.get(key)
	}
	return o, ok
}

// list is kubectl's; the controllers list from their stores.
func (c *client) list(a clienttesting.ListActionImpl) (runtime.Object, error) {
	meta := metav1.ListMeta{ResourceVersion: c.server.version()}
	switch a.Resource.Resource {
	case "controllerrevisions":
		list := &appsv1.ControllerRevisionList{ListMeta: meta}
		for _, r := range c.server.revisions.list() {
			if r.Namespace == a.Namespace {
				list.Items = append(list.Items, *r.DeepCopy())
			}
		}
		return list, nil
	case "replicasets":
		list := &appsv1.ReplicaSetList{ListMeta: meta}
		for _, rs := range c.server.replicaSets.list() {
			if rs.Namespace == a.Namespace && a.ListRestrictions.Labels.Matches(labels.Set(rs.Labels)) {
				list.Items = append(list.Items, *rs.DeepCopy())
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("the driver lists no %s", a.Resource.Resource)
}

// take ends the holding.
func (c *client) take() []write {
	held := c.held
	c.held, c.after = nil, map[string]object{}
	c.ClearActions()
	return held
}

// pretend has the controller believe that it has seen what these writes did: it
// does not act before it has (its expectations).
func (s *server) pretend(writes []write) {
	for _, w := range writes {
		pod, ok := w.object.(*corev1.Pod)
		switch {
		case ok && w.verb == "create":
			s.pods.added(pod)
		case ok && w.verb == "delete":
			s.pods.removed(pod)
		}
	}
}

// commit lets the writes happen, in the order they came.
func (s *server) commit(writes []write) error {
	for _, w := range writes {
		if err := s.do(w); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) do(w write) error {
	switch o := w.object.(type) {
	case *corev1.Pod:
		s.doPod(w.verb, o)
	case *appsv1.ControllerRevision:
		s.doRevision(w.verb, o)
	case *appsv1.DaemonSet:
		s.daemonSets.put(o)
	case *appsv1.Deployment:
		s.deployments.put(o)
	case *appsv1.ReplicaSet:
		if w.verb == "delete" {
			s.deleteReplicaSet(o)
		} else {
			s.replicaSets.put(o)
		}
	}
	return nil
}

func (s *server) doPod(verb string, pod *corev1.Pod) {
	current, exists := s.pods.get(key(pod))
	switch verb {
	case "create":
		s.createPod(pod)
	case "update":
		if exists {
			pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = current.DeletionTimestamp, current.DeletionGracePeriodSeconds
			s.pods.put(pod)
		}
	case "delete":
		if exists {
			s.deletePod(current)
		}
	}
}

func (s *server) doRevision(verb string, r *appsv1.ControllerRevision) {
	if verb == "delete" {
		s.revisions.remove(r)
		return
	}
	if verb == "create" {
		r.CreationTimestamp = metav1.NewTime(s.now)
		r.UID = types.UID(key(r))
	}
	s.revisions.put(r)
}
