package rollout

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/internal/kube"
)

const (
	hashLabel       = appsv1.DefaultDaemonSetUniqueLabelKey // also ControllerRevisionHashLabelKey
	generationLabel = "pod-template-generation"             // k8s.io/api/extensions/v1beta1: DaemonSetTemplateGenerationKey
)

// revision is a ControllerRevision. The object is shared between forks and
// never modified: a change makes another one.
type revision struct {
	object *appsv1.ControllerRevision
	patch  []byte // of object.Data, canonical
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

// constructHistory finds the revision of the DaemonSet's template, making or
// renumbering it if need be, and so says which pods are new
// (pkg/controller/daemon: constructHistory).
func (s *Sim) constructHistory(d *daemon) error {
	adopted := s.claimRevisions(d)
	if err := s.labelRevisions(d, adopted); err != nil {
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
	now, err := s.currentRevision(d, current, highest+1, adopted)
	if err != nil {
		return err
	}
	d.current = now.object.Name
	s.setHash(d, now.hash())
	s.numberClasses(d)
	d.queued.clear(specChanged)
	return nil
}

// currentRevision gives the revision of the template, of those that have its
// data, with a number above all others.
func (s *Sim) currentRevision(d *daemon, same []int, number int64, adopted []string) (revision, error) {
	if len(same) == 0 {
		return s.snapshot(d, number)
	}
	keep := d.revisions[same[0]]
	if len(same) > 1 {
		keep = s.dedup(d, same)
	}
	if keep.object.Revision < number && slices.Contains(adopted, keep.object.Name) {
		return revision{}, conflict(keep)
	}
	return s.renumber(d, keep, number), nil
}

// conflict is what the controller gets for a change to a revision that it has
// just adopted: what it holds is older than its own adoption. The next sync succeeds.
func conflict(r revision) error {
	return fmt.Errorf("Operation cannot be fulfilled on controllerrevisions.apps %q: the object has been modified; "+
		"please apply your changes to the latest version and try again", r.object.Name)
}

func (s *Sim) setHash(d *daemon, hash string) {
	if d.hash == hash && d.class != none && s.classes[d.class].generation == d.generation() {
		return
	}
	d.hash, d.class, d.stale = hash, none, true
	for _, c := range d.classes {
		s.fresh[c] = d.updated(s.classes[c])
	}
}

// claimRevisions adopts orphans that the selector matches and releases what it
// does not match (pkg/controller: ControllerRevisionControllerRefManager). It
// names those it adopted.
func (s *Sim) claimRevisions(d *daemon) (adopted []string) {
	matches := func(r revision) bool { return d.selector.Matches(labels.Set(r.object.Labels)) }
	s.orphans = slices.DeleteFunc(s.orphans, func(r revision) bool {
		if r.object.Namespace != d.object.Namespace || !matches(r) {
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
		if !matches(r) {
			s.orphanRevision(r)
			return true
		}
		return false
	})
	slices.SortFunc(d.revisions, byName)
	s.busy = s.busy || len(adopted) > 0
	return adopted
}

func byName(a, b revision) int { return strings.Compare(a.object.Name, b.object.Name) }

func (s *Sim) orphanRevision(r revision) {
	s.orphans = append(s.orphans, r.with(func(o *appsv1.ControllerRevision) {
		o.OwnerReferences = slices.DeleteFunc(o.OwnerReferences, func(ref metav1.OwnerReference) bool {
			return ref.Controller != nil && *ref.Controller
		})
	}))
	slices.SortFunc(s.orphans, byName)
}

// labelRevisions gives revisions of old the label that is their hash: their name.
func (s *Sim) labelRevisions(d *daemon, adopted []string) error {
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
			s.busy = true
		}
	}
	return nil
}

// snapshot makes the revision of the current template, or, if there is one of
// that name with other data, counts a collision and fails: the next sync tries
// another hash (pkg/controller/daemon: snapshot).
func (s *Sim) snapshot(d *daemon, number int64) (revision, error) {
	template := &d.object.Spec.Template
	hash := kube.TemplateHash(d.decoded, d.status.CollisionCount)
	name := d.object.Name + "-" + hash
	if other, taken := s.revisionNamed(d.object.Namespace, name); taken {
		return s.collide(d, other)
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
			CreationTimestamp: s.timestamp(s.clock),
			UID:               uid(s.config.Seed, d.key, "revision", hash),
		},
		Data:     runtime.RawExtension{Raw: d.patch},
		Revision: number,
	}
	made := revision{object, d.patch}
	d.revisions = append(d.revisions, made)
	slices.SortFunc(d.revisions, byName)
	s.busy = true
	s.emit(Event{Kind: RevisionAdded, DaemonSet: d.key, Revision: number, Why: Why{Detail: name}})
	return made, nil
}

func (s *Sim) collide(d *daemon, other revision) (revision, error) {
	if bytes.Equal(other.patch, d.patch) {
		return other, nil
	}
	count := int32(0)
	if d.status.CollisionCount != nil {
		count = *d.status.CollisionCount
	}
	count++
	d.status.CollisionCount = &count
	s.busy = true
	return revision{}, fmt.Errorf("controllerrevisions.apps %q already exists", other.object.Name)
}

// revisionNamed finds a revision, whosever it is.
func (s *Sim) revisionNamed(namespace, name string) (revision, bool) {
	for _, r := range s.everyRevision() {
		if r.object.Namespace == namespace && r.object.Name == name {
			return r, true
		}
	}
	return revision{}, false
}

// dedup keeps the revision with the highest number of several with the same
// data. Pods of the others get its hash, which the next sync will see
// (pkg/controller/daemon: dedupCurHistories).
func (s *Sim) dedup(d *daemon, same []int) revision {
	keep := d.revisions[same[0]]
	for _, i := range same {
		if r := d.revisions[i]; r.object.Revision >= keep.object.Revision {
			keep = r
		}
	}
	s.removeRevisions(d, func(r revision) bool {
		return bytes.Equal(r.patch, d.patch) && r.object.Name != keep.object.Name
	})
	d.queued.add(hashesChanged)
	return keep
}

// relabel gives all pods the current hash, after a dedup.
func (s *Sim) relabel(d *daemon) {
	d.queued.clear(hashesChanged)
	d.stale, s.busy = true, true
	for n := range d.head {
		for id := d.head[n]; id != none; id = s.pods[id].next {
			p := &s.pods[id]
			s.live[p.class]--
			p.class = s.classLike(d, s.classes[p.class], d.hash)
			s.live[p.class]++
		}
	}
	s.numberClasses(d)
}

func (s *Sim) renumber(d *daemon, r revision, number int64) revision {
	if r.object.Revision >= number {
		return r
	}
	i := slices.IndexFunc(d.revisions, func(x revision) bool { return x.object.Name == r.object.Name })
	d.revisions[i] = r.with(func(o *appsv1.ControllerRevision) { o.Revision = number })
	s.busy = true
	s.emit(Event{Kind: RevisionRenumbered, DaemonSet: d.key, Revision: number, Why: Why{Detail: r.object.Name}})
	return d.revisions[i]
}

// cleanupHistory removes old revisions beyond the limit, lowest first, but none
// that a pod still has, on its way out or not (pkg/controller/daemon: cleanupHistory).
func (s *Sim) cleanupHistory(d *daemon) {
	limit := d.historyLimit()
	if len(d.revisions) <= limit {
		return
	}
	old := slices.DeleteFunc(slices.Clone(d.revisions), func(r revision) bool { return r.object.Name == d.current })
	slices.SortFunc(old, byNumber)
	doomed := map[string]bool{}
	excess := len(old) - limit
	for _, r := range old {
		if excess > 0 && !s.hasLivePods(d, r.hash()) {
			doomed[r.object.Name] = true
			excess--
		}
	}
	s.removeRevisions(d, func(r revision) bool { return doomed[r.object.Name] })
}

func byNumber(a, b revision) int {
	if c := cmp.Compare(a.object.Revision, b.object.Revision); c != 0 {
		return c
	}
	return byName(a, b)
}

func (d *daemon) historyLimit() int {
	if limit := d.object.Spec.RevisionHistoryLimit; limit != nil {
		return int(*limit)
	}
	return 10
}

func (s *Sim) hasLivePods(d *daemon, hash string) bool {
	for _, c := range d.classes {
		if hash != "" && s.classes[c].hash == hash && s.live[c] > 0 {
			return true
		}
	}
	return false
}

func (s *Sim) removeRevisions(d *daemon, doomed func(revision) bool) {
	kept := make([]revision, 0, len(d.revisions))
	for _, r := range d.revisions {
		if !doomed(r) {
			kept = append(kept, r)
			continue
		}
		s.emit(Event{Kind: RevisionRemoved, DaemonSet: d.key, Revision: r.object.Revision, Why: Why{Detail: r.object.Name}})
		s.busy = true
	}
	d.revisions = kept
	s.numberClasses(d)
}

// numberClasses keeps the number of the revision that each class of pods has, for events.
func (s *Sim) numberClasses(d *daemon) {
	for _, c := range d.classes {
		s.numbers[c] = d.numberOf(s.classes[c].hash)
	}
}

// numberOf is the number of the revision with that hash; 0 if there is none any more.
func (d *daemon) numberOf(hash string) int64 {
	for _, r := range d.revisions {
		if hash != "" && r.hash() == hash {
			return r.object.Revision
		}
	}
	return 0
}

// History is what kubectl rollout history shows: the DaemonSet's revisions,
// ascending by number; nil if there is no such DaemonSet.
func (s *Sim) History(key string) []*appsv1.ControllerRevision {
	d, _ := s.resolve(key)
	if d == nil {
		return nil
	}
	sorted := slices.Clone(d.revisions)
	slices.SortFunc(sorted, byNumber)
	var history []*appsv1.ControllerRevision
	for _, r := range sorted {
		history = append(history, r.object.DeepCopy())
	}
	return history
}

// restored is the DaemonSet with the template of the revision that an undo goes
// back to; the words are those of kubectl rollout undo
// (k8s.io/kubectl/pkg/polymorphichelpers: DaemonSetRollbacker).
func (s *Sim) restored(d *daemon, to int64) (template *corev1.PodTemplateSpec, number int64, err error) {
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

// everyRevision returns the revisions of all DaemonSets, then orphans, then those of
// other controllers.
func (s *Sim) everyRevision() []revision {
	var all []revision
	for _, slot := range s.order {
		all = append(all, s.daemons[slot].revisions...)
	}
	return append(append(all, s.orphans...), s.foreign...)
}
