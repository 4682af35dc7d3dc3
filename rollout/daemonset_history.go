package rollout

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

// constructHistory finds the revision of the DaemonSet's template, and creates or
// renumbers it if necessary. The revision decides which pods are new
// (pkg/controller/daemon/update.go: constructHistory).
func (dsc *daemonSetController) constructHistory(d *daemonSet) error {
	adopted := dsc.claimRevisions(d)
	if err := dsc.labelRevisions(d, adopted); err != nil {
		return err
	}
	var current []int
	highest := int64(0)
	for i, r := range d.revisions {
		if bytes.Equal(r.patch, d.patch) {
			current = append(current, i)
		} else {
			highest = max(highest, r.object.Revision)
		}
	}
	now, err := dsc.currentRevision(d, current, highest+1, adopted)
	if err != nil {
		return err
	}
	d.current = now.object.Name
	dsc.setHash(d, now.hash())
	dsc.numberClasses(d)
	d.queued.clear(specChanged)
	return nil
}

// currentRevision returns the revision of the template, chosen from the revisions
// with the same data. Its number is above all others.
func (dsc *daemonSetController) currentRevision(d *daemonSet, same []int, number int64, adopted []string) (revision, error) {
	if len(same) == 0 {
		return dsc.snapshot(d, number)
	}
	keep := d.revisions[same[0]]
	if len(same) > 1 {
		keep = dsc.dedup(d, same)
	}
	if keep.object.Revision < number && slices.Contains(adopted, keep.object.Name) {
		return revision{}, conflict(keep)
	}
	return dsc.renumber(d, keep, number), nil
}

// conflict returns the error of a change to a revision that the controller has
// just adopted: its copy is older than the adoption. The next sync succeeds.
func conflict(r revision) error {
	//lint:ignore ST1005 the words of the API server
	return fmt.Errorf("Operation cannot be fulfilled on controllerrevisions.apps %q: the object has been modified; "+
		"please apply your changes to the latest version and try again", r.object.Name)
}

func (dsc *daemonSetController) setHash(d *daemonSet, hash string) {
	if d.hash == hash && d.class != none && dsc.classes[d.class].generation == d.generation() {
		return
	}
	d.hash, d.class, d.denied, d.stale = hash, none, denial{}, true
	for _, c := range d.classes {
		dsc.fresh[c] = d.updated(dsc.classes[c])
	}
}

// claimRevisions adopts orphans that the selector matches and releases owned
// revisions that it does not match (pkg/controller/controller_ref_manager.go:
// ControllerRevisionControllerRefManager). It returns the names of the adopted
// ones.
func (dsc *daemonSetController) claimRevisions(d *daemonSet) (adopted []string) {
	dsc.orphans = slices.DeleteFunc(dsc.orphans, func(r revision) bool {
		if !d.claims(r) {
			return false
		}
		owned := r.with(func(o *appsv1.ControllerRevision) {
			o.OwnerReferences = append(o.OwnerReferences, *d.reference())
		})
		d.revisions = append(d.revisions, owned)
		adopted = append(adopted, r.object.Name)
		return true
	})
	d.revisions = slices.DeleteFunc(d.revisions, func(r revision) bool {
		if !d.claims(r) {
			dsc.orphanRevision(r)
			return true
		}
		return false
	})
	slices.SortFunc(d.revisions, byName)
	dsc.busy = dsc.busy || len(adopted) > 0
	return adopted
}

// claims reports whether the DaemonSet's selector matches the revision.
func (d *daemonSet) claims(r revision) bool {
	return r.object.Namespace == d.object.Namespace && d.selector.Matches(labels.Set(r.object.Labels))
}

// labelRevisions adds the hash label to adopted revisions. The hash is their
// name.
func (dsc *daemonSetController) labelRevisions(d *daemonSet, adopted []string) error {
	for i, r := range d.revisions {
		if _, ok := r.object.Labels[hashLabel]; !ok {
			if slices.Contains(adopted, r.object.Name) {
				return conflict(r)
			}
			d.revisions[i] = r.with(func(o *appsv1.ControllerRevision) {
				o.Labels = maps.Clone(o.Labels)
				if o.Labels == nil {
					o.Labels = map[string]string{}
				}
				o.Labels[hashLabel] = o.Name
			})
			dsc.busy = true
		}
	}
	return nil
}

// snapshot creates the revision of the current template. If a revision of that
// name has other data, snapshot counts a collision and fails; the next sync tries
// another hash (pkg/controller/daemon/update.go: snapshot).
func (dsc *daemonSetController) snapshot(d *daemonSet, number int64) (revision, error) {
	template := &d.object.Spec.Template
	hash := kube.TemplateHash(dsc.release(), d.decoded, d.status.CollisionCount)
	name := d.object.Name + "-" + hash
	if other, taken := dsc.revisionNamed(d.object.Namespace, name); taken {
		return dsc.collide(d, other)
	}
	meta := maps.Clone(template.Labels)
	if meta == nil {
		meta = map[string]string{}
	}
	meta[hashLabel] = hash
	object := &appsv1.ControllerRevision{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: d.object.Namespace, Labels: meta,
			Annotations:       maps.Clone(d.object.Annotations),
			OwnerReferences:   []metav1.OwnerReference{*d.reference()},
			CreationTimestamp: dsc.timestamp(dsc.clock),
			UID:               uid(dsc.config.Seed, d.key, "revision", hash),
		},
		Data:     runtime.RawExtension{Raw: d.patch},
		Revision: number,
	}
	made := revision{object, d.patch}
	d.revisions = append(d.revisions, made)
	slices.SortFunc(d.revisions, byName)
	dsc.busy = true
	dsc.emit(Event{Kind: EventRevisionCreated, Key: d.fullKey, Revision: number, Detail: name})
	return made, nil
}

func (dsc *daemonSetController) collide(d *daemonSet, other revision) (revision, error) {
	if bytes.Equal(other.patch, d.patch) {
		return other, nil
	}
	count := int32(0)
	if d.status.CollisionCount != nil {
		count = *d.status.CollisionCount
	}
	count++
	d.status.CollisionCount = &count
	dsc.busy = true
	return revision{}, fmt.Errorf("controllerrevisions.apps %q already exists", other.object.Name)
}

// dedup keeps the highest-numbered of several revisions with the same data. Pods
// of the others get its hash, which the next sync will see
// (pkg/controller/daemon/update.go: dedupCurHistories).
func (dsc *daemonSetController) dedup(d *daemonSet, same []int) revision {
	keep := d.revisions[same[0]]
	for _, i := range same {
		if r := d.revisions[i]; r.object.Revision >= keep.object.Revision {
			keep = r
		}
	}
	dsc.removeRevisions(d, func(r revision) bool {
		return bytes.Equal(r.patch, d.patch) && r.object.Name != keep.object.Name
	})
	d.queued.add(hashesChanged)
	return keep
}

// relabel sets the current hash on all pods, after a dedup.
func (dsc *daemonSetController) relabel(d *daemonSet) {
	d.queued.clear(hashesChanged)
	d.stale, dsc.busy = true, true
	for n := range d.head {
		for id := d.head[n]; id != none; id = dsc.pods[id].next {
			p := &dsc.pods[id]
			dsc.live[p.class]--
			dsc.setClass(id, dsc.classLike(d, dsc.classes[p.class], d.hash))
			dsc.live[p.class]++
		}
	}
	dsc.numberClasses(d)
}

func (dsc *daemonSetController) renumber(d *daemonSet, r revision, number int64) revision {
	if r.object.Revision >= number {
		return r
	}
	i := slices.IndexFunc(d.revisions, func(x revision) bool { return x.object.Name == r.object.Name })
	d.revisions[i] = r.with(func(o *appsv1.ControllerRevision) { o.Revision = number })
	dsc.busy = true
	dsc.emit(Event{Kind: EventRevisionRenumbered, Key: d.fullKey, Revision: number, Detail: r.object.Name})
	return d.revisions[i]
}

// cleanupHistory removes old revisions beyond the limit, lowest first. It keeps
// revisions that a pod still has, terminating or not
// (pkg/controller/daemon/update.go: cleanupHistory).
func (dsc *daemonSetController) cleanupHistory(d *daemonSet) {
	limit := d.historyLimit()
	if len(d.revisions) <= limit {
		return
	}
	old := slices.DeleteFunc(slices.Clone(d.revisions), func(r revision) bool { return r.object.Name == d.current })
	slices.SortFunc(old, byNumber)
	doomed := map[string]bool{}
	excess := len(old) - limit
	for _, r := range old {
		if excess > 0 && !dsc.hasLivePods(d, r.hash()) {
			doomed[r.object.Name] = true
			excess--
		}
	}
	dsc.removeRevisions(d, func(r revision) bool { return doomed[r.object.Name] })
}

func (dsc *daemonSetController) removeRevisions(d *daemonSet, doomed func(revision) bool) {
	kept := make([]revision, 0, len(d.revisions))
	for _, r := range d.revisions {
		if !doomed(r) {
			kept = append(kept, r)
			continue
		}
		dsc.emit(Event{Kind: EventRevisionDeleted, Key: d.fullKey, Revision: r.object.Revision, Detail: r.object.Name})
		dsc.busy = true
	}
	d.revisions = kept
	dsc.numberClasses(d)
}

// restored returns the template of the revision that an undo restores. Its errors
// have the words of kubectl rollout undo
// (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go: DaemonSetRollbacker).
func (dsc *daemonSetController) restored(d *daemonSet, to int64) (template *corev1.PodTemplateSpec, number int64, err error) {
	history := slices.Clone(d.revisions)
	slices.SortFunc(history, byNumber)
	if to == 0 && len(history) <= 1 {
		return nil, 0, fmt.Errorf("no last revision to roll back to")
	}
	var r *revision
	if to == 0 {
		r = &history[len(history)-2]
	} else if i := slices.IndexFunc(history, func(r revision) bool { return r.object.Revision == to }); i >= 0 {
		r = &history[i]
	}
	if r == nil {
		return nil, 0, fmt.Errorf("unable to find specified revision %d in history", to)
	}
	if bytes.Equal(r.patch, d.patch) {
		return nil, r.object.Revision, nil
	}
	template, err = patchedTemplate(r.object.Data.Raw)
	if err != nil {
		return nil, 0, fmt.Errorf("failed restoring revision %d: %w", to, err)
	}
	return template, r.object.Revision, nil
}
