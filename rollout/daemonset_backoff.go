package rollout

// The controller waits between deletions of failed pods on a node: the first is
// deleted at once, the next after 1 s, doubling to 15 minutes
// (cmd/kube-controller-manager/app/apps.go: newDaemonSetController), per
// DaemonSet, observed generation and node
// (pkg/controller/daemon/daemon_controller.go: failedPodsBackoffKey).
const (
	firstBackoff  = 1
	longestFailed = 15 * 60
)

// backoff is one node's entry (k8s.io/client-go/util/flowcontrol/backoff.go:
// Backoff).
type backoff struct{ delay, last simTime }

func (b backoff) expired(now simTime) bool { return now-b.last > 2*longestFailed }

// next starts the wait after a deletion at now, twice as long as the last one
// (k8s.io/client-go/util/flowcontrol/backoff.go: Backoff.Next).
func (b *backoff) next(now simTime) {
	if b.delay == 0 || b.expired(now) {
		b.delay = firstBackoff
	} else {
		b.delay = min(2*b.delay, longestFailed)
	}
	b.last = now
}
