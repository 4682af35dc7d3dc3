package rollout

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// New makes a simulation of the cluster as it is. The error names every mistake
// in the configuration and every DaemonSet that cannot be read.
func New(c *cluster.Cluster, cfg Config) (*Sim, error) {
	if c == nil {
		return nil, fmt.Errorf("no cluster")
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Tick == 0 {
		cfg.Tick = time.Second
	}
	if cfg.Start.IsZero() {
		cfg.Start = latest(c)
	}
	cfg.Script = slices.Clone(cfg.Script)
	s := &Sim{
		config: cfg, cluster: c, now: -1, free: none,
		start: cfg.Start.Unix(), step: seconds(cfg.Tick), gc: seconds(cfg.PodGC), grace: seconds(cfg.NodeGrace),
		paces:  cfg.Kubelet.paces(),
		spread: times{seconds(cfg.Kubelet.Spread.Start), seconds(cfg.Kubelet.Spread.Ready), seconds(cfg.Kubelet.Spread.Stop)},
	}
	s.last = end / s.step
	s.adoptNodes()
	if err := s.adoptDaemonSets(); err != nil {
		return nil, err
	}
	s.adoptRevisions()
	if err := errors.Join(s.adoptDeployments(), s.adoptReplicaSets()); err != nil {
		return nil, err
	}
	if err := s.adoptPods(); err != nil {
		return nil, err
	}
	return s, nil
}

// adoptNodes makes slots for the nodes and for those that only pods know of,
// which count as just removed.
func (s *Sim) adoptNodes() {
	b := s.cluster.Borrow()
	names := map[string]bool{}
	for i := range b.Len() {
		names[b.Name(i)] = true
	}
	for _, p := range b.Pods() {
		if node := targetNode(p); node != "" {
			names[node] = true
		}
	}
	s.addSlots(slices.Sorted(maps.Keys(names)))
	for n := range s.roster {
		if object, ok := b.Node(s.roster[n].name); ok {
			s.nodes[n].flags = isThere
			s.readCondition(int32(n), object)
		} else {
			s.alarm(collection, int32(n), s.gc)
		}
	}
}

func (s *Sim) adoptDaemonSets() error {
	for _, ds := range s.cluster.Borrow().DaemonSets() {
		object := cluster.Default(ds)
		object.Status = appsv1.DaemonSetStatus{}
		if object.Generation == 0 {
			firstGeneration(object)
		}
		d := s.addDaemon(object)
		d.status = *ds.Status.DeepCopy()
		d.deleting = ds.DeletionTimestamp != nil
		if err := s.setObject(d, object); err != nil {
			return fmt.Errorf("DaemonSet %s: %w", d.key, err)
		}
	}
	return nil
}

// ownerOf is the DaemonSet that controls the object; free says that nothing does.
func (s *Sim) ownerOf(o metav1.Object) (d *daemon, free bool) {
	ref := metav1.GetControllerOfNoCopy(o)
	if ref == nil {
		return nil, true
	}
	if ref.Kind != "DaemonSet" {
		return nil, false
	}
	if d := s.find(o.GetNamespace() + "/" + ref.Name); d != nil && d.object.UID == ref.UID {
		return d, false
	}
	return nil, false
}

func (s *Sim) adoptRevisions() {
	for _, object := range s.cluster.Borrow().ControllerRevisions() {
		r := newRevision(object)
		switch d, free := s.ownerOf(object); {
		case d != nil:
			d.revisions = append(d.revisions, r)
		case free:
			s.orphans = append(s.orphans, r)
		default:
			s.foreign = append(s.foreign, r)
		}
	}
	for _, slot := range s.order {
		slices.SortFunc(s.daemons[slot].revisions, byName)
	}
	slices.SortFunc(s.orphans, byName)
}

func (s *Sim) adoptPods() error {
	known := map[string]int32{} // classes
	for _, object := range s.cluster.Borrow().Pods() {
		d, free := s.ownerOf(object)
		rs := s.setOf(object)
		p := s.readPod(object)
		if rs != nil && !p.is(bound) {
			p.node = none
		}
		var err error
		if p.class, err = s.adoptClass(d, rs, object, known); err != nil {
			return err
		}
		if d != nil {
			p.owner = d.slot
			if serial, ok := parseSerial(strings.TrimPrefix(object.Name, namePrefix(d.object.Name))); ok {
				d.taken = append(d.taken, serial)
			}
		} else if free {
			p.flags |= orphan
		}
		p.name = ^int32(len(s.named))
		s.named, s.loads = append(s.named, object), append(s.loads, placement.LoadOf(object))
		id := s.newPod(p)
		s.link(id)
		if rs != nil {
			s.joinAdopted(id, rs)
		}
		if p.phase == pending && !p.is(bound) && (p.node != none || rs != nil) {
			s.unbound = append(s.unbound, id)
			s.pods[id].flags |= tried
		}
	}
	for _, slot := range s.sets.order {
		s.sortAdopted(s.sets.at[slot])
	}
	for _, slot := range s.order {
		slices.Sort(s.daemons[slot].taken)
		s.guessRevision(s.daemons[slot])
	}
	for id := range s.pods {
		if p := &s.pods[id]; s.overdue(p) {
			p.flags |= stays
		}
		s.arm(int32(id))
	}
	for n := range s.nodes {
		if object, ok := s.cluster.Borrow().Node(s.roster[n].name); ok {
			s.expel(int32(n), object)
		}
	}
	err := s.dropPods()
	s.survey()
	return err
}

// adoptClass gives pods that are alike one class.
func (s *Sim) adoptClass(d *daemon, rs *replicaSet, object *corev1.Pod, known map[string]int32) (int32, error) {
	prefix, slot, set := "", none, none
	switch {
	case d != nil:
		prefix, slot = namePrefix(d.object.Name), d.slot
	case rs != nil:
		prefix, set = namePrefix(rs.object.Name), rs.slot
	}
	c := newClass(prefix, object.Labels, &object.Spec)
	c.cost = deletionCost(object.Annotations)
	if rs != nil {
		c.hash = object.Labels[templateHashLabel]
	}
	c.priority = s.runningPriority(&object.Spec)
	key := fmt.Sprint(slot, set, c.labels, c.grace, c.images, c.cost, c.priority)
	if object.Spec.NodeName == "" {
		w, err := placement.ForPod(object, placement.Unvalidated())
		if err != nil {
			return none, fmt.Errorf("Pod %s: %w", keyOf(object), err)
		}
		c.priority, c.workload = s.priorityOf(&object.Spec), w
		key += keyOf(object)
	}
	id, ok := known[key]
	if !ok && rs != nil {
		id = s.addSetClass(rs, c)
	} else if !ok {
		id = s.addClass(d, c)
	}
	known[key] = id
	return id, nil
}

// readPod is the pod as the dump shows it, without owner, class and name.
func (s *Sim) readPod(object *corev1.Pod) pod {
	p := pod{node: none, owner: none, set: none, created: s.stampOf(object.CreationTimestamp), readied: never, phase: pending}
	if node := targetNode(object); node != "" {
		p.node = s.slotOf(node)
	}
	if object.Spec.NodeName != "" {
		p.flags |= bound
	}
	if i := slices.Index(phases[:], object.Status.Phase); i > 0 {
		p.phase = phase(i)
	}
	p.reason = s.intern(waitingFor(object))
	since := condition(object, corev1.PodScheduled).LastTransitionTime
	if p.phase != pending && object.Status.StartTime != nil {
		since = *object.Status.StartTime
	}
	if ready := condition(object, corev1.PodReady); ready.Status != "" {
		if ready.Status == corev1.ConditionTrue {
			p.flags |= isReady
		}
		if !ready.LastTransitionTime.IsZero() {
			p.readied = s.stampOf(ready.LastTransitionTime)
		}
	}
	if object.DeletionTimestamp != nil {
		p.flags |= terminating
		since = *object.DeletionTimestamp
		if g := object.DeletionGracePeriodSeconds; g != nil {
			since = metav1.NewTime(since.Add(-time.Duration(*g) * time.Second))
		}
	}
	if !since.IsZero() {
		p.since = s.stampOf(since)
	}
	return p
}

// waitingFor is why the pod has failed, or does not start or is not ready.
func waitingFor(object *corev1.Pod) string {
	if object.Status.Phase == corev1.PodFailed {
		return object.Status.Reason
	}
	for _, c := range object.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && condition(object, corev1.PodReady).Status != corev1.ConditionTrue {
			return w.Reason
		}
	}
	return ""
}

func condition(p *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range p.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}

// overdue says whether the pod should have moved before tick 0 and has not.
func (s *Sim) overdue(p *pod) bool {
	due := p.since
	switch {
	case p.phase == vacant || p.node == none || !p.is(bound):
		return false
	case p.is(terminating):
		due += s.stopTime(p)
	case p.phase == pending:
		due += max(s.step, s.pace(p).start)
	case p.phase == running && !p.is(isReady):
		due += s.pace(p).ready
	default:
		return false
	}
	return due < 0
}

// stampOf is the moment of a timestamp; long ago if there is none.
func (s *Sim) stampOf(t metav1.Time) stamp {
	if t.IsZero() {
		return math.MinInt32 / 2
	}
	return stamp(min(max(t.Unix()-s.start, math.MinInt32/2), math.MaxInt32/2))
}

// targetNode follows pkg/controller/daemon/util: GetTargetNodeName.
func targetNode(p *corev1.Pod) string {
	if p.Spec.NodeName != "" {
		return p.Spec.NodeName
	}
	a := p.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && f.Operator == corev1.NodeSelectorOpIn {
				if len(f.Values) == 1 {
					return f.Values[0]
				}
				return ""
			}
		}
	}
	return ""
}

// guessRevision is for a dump without ControllerRevisions. The hash in the pods'
// labels depends on the version of Kubernetes that made it, so the revision of
// the present template is taken to be the one that the status counts as updated.
func (s *Sim) guessRevision(d *daemon) {
	if len(d.revisions) > 0 || d.deleting || d.status.ObservedGeneration != d.object.Generation {
		return
	}
	counts := map[string]int32{}
	for n, head := range d.head {
		if head != none && s.nodes[n].there() {
			counts[s.classes[s.pods[head].class].hash]++
		}
	}
	for _, hash := range slices.Sorted(maps.Keys(counts)) {
		if hash == "" || counts[hash] != d.status.UpdatedNumberScheduled {
			continue
		}
		meta := maps.Clone(d.object.Spec.Template.Labels)
		if meta == nil {
			meta = map[string]string{}
		}
		meta[hashLabel] = hash
		object := &appsv1.ControllerRevision{
			ObjectMeta: metav1.ObjectMeta{
				Name: d.object.Name + "-" + hash, Namespace: d.object.Namespace, Labels: meta,
				OwnerReferences: []metav1.OwnerReference{*d.reference()},
			},
			Revision: max(1, templateGeneration(d.object)),
		}
		object.Data.Raw = d.patch
		d.revisions = []revision{{object, d.patch}}
		return
	}
}

// latest is the latest timestamp of what has happened in the cluster.
func latest(c *cluster.Cluster) time.Time {
	var last time.Time
	see := func(times ...metav1.Time) {
		for _, t := range times {
			if t.After(last) {
				last = t.Time
			}
		}
	}
	b := c.Borrow()
	for i := range b.Len() {
		n := b.At(i)
		see(n.CreationTimestamp)
		for _, x := range n.Status.Conditions {
			see(x.LastHeartbeatTime, x.LastTransitionTime)
		}
	}
	for _, p := range b.Pods() {
		seePod(p, see)
	}
	for _, ds := range b.DaemonSets() {
		see(ds.CreationTimestamp)
	}
	for _, d := range b.Deployments() {
		see(d.CreationTimestamp)
		for _, x := range d.Status.Conditions {
			see(x.LastUpdateTime, x.LastTransitionTime)
		}
	}
	for _, rs := range b.ReplicaSets() {
		see(rs.CreationTimestamp)
	}
	for _, r := range b.ControllerRevisions() {
		see(r.CreationTimestamp)
	}
	if last.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return last
}

func seePod(p *corev1.Pod, see func(...metav1.Time)) {
	see(p.CreationTimestamp)
	if p.Status.StartTime != nil {
		see(*p.Status.StartTime)
	}
	for _, x := range p.Status.Conditions {
		see(x.LastProbeTime, x.LastTransitionTime)
	}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, x := range list {
			if x.State.Running != nil {
				see(x.State.Running.StartedAt)
			}
			if x.State.Terminated != nil {
				see(x.State.Terminated.StartedAt, x.State.Terminated.FinishedAt)
			}
		}
	}
	if p.DeletionTimestamp != nil && p.DeletionGracePeriodSeconds != nil {
		see(metav1.NewTime(p.DeletionTimestamp.Add(-time.Duration(*p.DeletionGracePeriodSeconds) * time.Second)))
	}
}
