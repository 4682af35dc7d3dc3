package rollout

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/internal/kube"
)

// latest returns the time of a dump, as far as the dump tells: its latest timestamp,
// or the time at which as many pods were available as its controllers count.
func latest(c *cluster.Cluster) time.Time {
	var last time.Time
	see := func(times ...metav1.Time) {
		for _, t := range times {
			if t.After(last) {
				last = t.Time
			}
		}
	}
	b := borrow.From(c)
	for i := range b.Len() {
		n := b.At(i)
		see(n.CreationTimestamp)
		for _, x := range n.Spec.Taints {
			if x.TimeAdded != nil {
				see(*x.TimeAdded)
			}
		}
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
	seeAvailable(c, see)
	if last.IsZero() {
		return epoch
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

// counted is how many pods of a controller its status counts as available.
type counted struct {
	owner     metav1.Object
	minReady  int32
	available int32
	since     []metav1.Time // when its ready pods became available
}

// seeAvailable sees when the pods became available that the controllers have
// counted. A controller with minReadySeconds that has settled has no timestamp as
// late as that.
func seeAvailable(c *cluster.Cluster, see func(...metav1.Time)) {
	b, all := borrow.From(c), map[string]*counted{}
	for _, ds := range b.DaemonSets() {
		if st := &ds.Status; ds.Spec.MinReadySeconds > 0 && st.ObservedGeneration >= ds.Generation {
			all["DaemonSet/"+kube.Key(ds)] = &counted{owner: ds, minReady: ds.Spec.MinReadySeconds, available: st.NumberAvailable}
		}
	}
	for _, rs := range b.ReplicaSets() {
		if st := &rs.Status; rs.Spec.MinReadySeconds > 0 && st.ObservedGeneration >= rs.Generation {
			all["ReplicaSet/"+kube.Key(rs)] = &counted{owner: rs, minReady: rs.Spec.MinReadySeconds, available: st.AvailableReplicas}
		}
	}
	if len(all) == 0 {
		return
	}
	for _, p := range b.Pods() {
		ref := metav1.GetControllerOfNoCopy(p)
		if ref == nil {
			continue
		}
		ready := condition(p, corev1.PodReady)
		c := all[ref.Kind+"/"+p.Namespace+"/"+ref.Name]
		if c != nil && kube.RefersTo(ref, c.owner) && ready.Status == corev1.ConditionTrue && !ready.LastTransitionTime.IsZero() {
			c.since = append(c.since, metav1.NewTime(ready.LastTransitionTime.Add(time.Duration(c.minReady)*time.Second)))
		}
	}
	for _, c := range all {
		slices.SortFunc(c.since, func(a, b metav1.Time) int { return a.Compare(b.Time) })
		see(c.since[:min(len(c.since), int(max(0, c.available)))]...)
	}
}
