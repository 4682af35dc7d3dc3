package rollout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
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
		config: cfg, cluster: c, now: -1, free: none, agenda: agenda{free: none},
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
	if d := s.find(o.GetNamespace() + "/" + ref.Name); d != nil && kube.RefersTo(ref, d.object) {
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
