package rollout

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/internal/apiserver/admission"
	"github.com/berthsim/berth/internal/borrow"
)

// quotaTable holds the ResourceQuotas by namespace, with the status that the API server
// charges for each new pod and that the quota controller counts again when a pod has
// gone. Entries are replaced when they change.
type quotaTable struct {
	quotas  map[string]quotas
	waiting bool // some namespace is to be counted
	hopeful bool // some object's next attempt may succeed
}

type quotas struct {
	all   []*corev1.ResourceQuota
	stale bool // pods of the namespace have gone since the last count
}

func (t *quotaTable) fork() quotaTable { return quotaTable{maps.Clone(t.quotas), t.waiting, t.hopeful} }

// adoptQuotas adopts the ResourceQuotas of the cluster, which are counted before any pod
// is created.
func (s *store) adoptQuotas() {
	if slices.Contains(s.config.DisableAdmissionPlugins, admission.ResourceQuota.String()) {
		return
	}
	all := map[string]quotas{}
	for _, q := range borrow.From(s.cluster).ResourceQuotas() {
		entry := all[q.Namespace]
		all[q.Namespace] = quotas{append(entry.all, q), true}
	}
	if len(all) > 0 {
		s.quotas, s.waiting = all, true
	}
}

// charge charges the quotas of the namespace for a new pod of a class, or returns why one
// of them refuses it.
func (s *store) charge(c *class) *admission.Refusal {
	entry, ok := s.quotas[c.namespace]
	if !ok || c.admitted == nil {
		return nil
	}
	charged, refusal := admission.Charge(entry.all, c.admitted)
	if refusal != nil {
		return refusal
	}
	s.quotas[c.namespace] = quotas{charged, entry.stale}
	return nil
}

// uncharge has the quota controller count the pod's namespace again: the pod has ended or
// is gone (pkg/quota/v1/evaluator/core/pods.go: QuotaV1Pod;
// pkg/controller/resourcequota/resource_quota_monitor.go: processResourceChanges).
func (s *store) uncharge(p *pod) {
	namespace := s.classes[p.class].namespace
	if entry, ok := s.quotas[namespace]; ok {
		s.quotas[namespace] = quotas{entry.all, true}
		s.waiting = true
	}
}

// recountQuotas counts the pods of namespaces whose pods have gone. Controllers that wait
// for their next attempt there may succeed then.
func (s *store) recountQuotas() {
	if !s.waiting {
		return
	}
	s.waiting = false
	for namespace, entry := range s.quotas { // any order: each by itself
		if !entry.stale {
			continue
		}
		pods := s.chargedPods(namespace)
		counted := make([]*corev1.ResourceQuota, len(entry.all))
		for i, old := range entry.all {
			q := *old
			q.Status = admission.Recount(old, pods, s.timestamp(s.clock).Time)
			counted[i] = &q
		}
		s.quotas[namespace] = quotas{counted, false}
		s.wakeRefused(namespace)
	}
}

// chargedPods returns the pods of a namespace as far as a quota counts them.
func (s *store) chargedPods(namespace string) []*corev1.Pod {
	var all []*corev1.Pod
	for id := range s.pods {
		p := &s.pods[id]
		if p.phase == vacant || s.classes[p.class].namespace != namespace {
			continue
		}
		object := s.classes[p.class].admitted
		if p.name < 0 {
			object = s.named[^p.name]
		}
		if object == nil {
			continue
		}
		if p.terminal() || p.is(terminating) || p.name < 0 && object.Status.Phase != phases[p.phase] {
			now := *object
			now.Status.Phase = phases[p.phase]
			if p.is(terminating) {
				grace := s.graceOf(p)
				at := s.timestamp(p.deletedAt() + grace) // as the API server writes it
				now.DeletionTimestamp, now.DeletionGracePeriodSeconds = &at, new(int64(grace))
			}
			object = &now
		}
		all = append(all, object)
	}
	return all
}

// setQuota adds or replaces a ResourceQuota, which keeps its status until it is counted.
func (s *store) setQuota(q *corev1.ResourceQuota) {
	if slices.Contains(s.config.DisableAdmissionPlugins, admission.ResourceQuota.String()) {
		return
	}
	q = q.DeepCopy()
	all := slices.DeleteFunc(slices.Clone(s.quotas[q.Namespace].all), func(old *corev1.ResourceQuota) bool {
		if old.Name == q.Name {
			q.Status = old.Status
		}
		return old.Name == q.Name
	})
	all = append(all, q)
	slices.SortFunc(all, func(a, b *corev1.ResourceQuota) int { return strings.Compare(a.Name, b.Name) })
	if s.quotas == nil {
		s.quotas = map[string]quotas{}
	}
	s.quotas[q.Namespace] = quotas{all, true}
	s.waiting = true
}

// readmit has the API server look again at the pods that are created from now on in a
// namespace.
func (s *store) readmit(namespace string) {
	for _, slot := range s.daemonSets.order {
		if d := s.daemonSets.at[slot]; d.object.Namespace == namespace {
			d.class, d.denied = none, denial{}
		}
	}
	for _, slot := range s.replicaSets.order {
		if rs := s.replicaSets.at[slot]; rs.object.Namespace == namespace {
			rs.class, rs.denied = none, denial{}
		}
	}
	s.wakeRefused(namespace)
}

// wakeRefused has the controllers whose pods are refused in the namespace try again when
// their next attempt is due.
func (s *store) wakeRefused(namespace string) {
	s.hopeful = true
	for _, slot := range s.daemonSets.order {
		if d := s.daemonSets.at[slot]; d.object.Namespace == namespace {
			d.requeue.wake(s.clock)
		}
	}
	for _, slot := range s.replicaSets.order {
		if rs := s.replicaSets.at[slot]; rs.object.Namespace == namespace {
			rs.requeue.wake(s.clock)
		}
	}
}

// fireRetries queues the objects whose next attempt is due and may succeed.
func (s *store) fireRetries() {
	next := s.nextRetry()
	if s.hopeful = next != int64(never); next > int64(s.clock) {
		return
	}
	for _, slot := range s.daemonSets.order {
		if d := s.daemonSets.at[slot]; d.requeue.fires(s.clock) {
			d.queued.add(stateChanged)
		}
	}
	for _, slot := range s.replicaSets.order {
		if rs := s.replicaSets.at[slot]; rs.requeue.fires(s.clock) {
			rs.queued.add(stateChanged)
		}
	}
}

// nextRetry returns the time of the next attempt that may succeed, in seconds, or never.
func (s *store) nextRetry() int64 {
	next := int64(never)
	if !s.hopeful {
		return next
	}
	for _, slot := range s.daemonSets.order {
		next = min(next, s.daemonSets.at[slot].requeue.due())
	}
	for _, slot := range s.replicaSets.order {
		next = min(next, s.replicaSets.at[slot].requeue.due())
	}
	return next
}

// quotasNow returns the ResourceQuotas with their status.
func (s *store) quotasNow() []*corev1.ResourceQuota {
	if s.quotas == nil {
		return borrow.From(s.cluster).ResourceQuotas()
	}
	var all []*corev1.ResourceQuota
	for _, namespace := range slices.Sorted(maps.Keys(s.quotas)) {
		all = append(all, s.quotas[namespace].all...)
	}
	return all
}
