package rollout

// requeue is the place of an object in the rate-limited queue of its controller, in
// milliseconds since tick 0. After the n-th failure in a row the next attempt is 5 ms *
// 2^(n-1) later, at most 1,000 s
// (k8s.io/client-go/util/workqueue/default_rate_limiters.go:
// DefaultTypedControllerRateLimiter). Its other limit, 10 attempts a second for all
// objects together, is left out.
type requeue struct {
	failures int8
	waits    bool  // for at
	hopeful  bool  // a pod has gone since the last attempt
	at       int64 // of the next attempt
}

const (
	firstRetry   = 5
	longestRetry = 1_000_000
)

// failed notes an attempt that failed. Of two times to wait for, the earlier one counts
// (k8s.io/client-go/util/workqueue/delaying_queue.go: insert).
func (r *requeue) failed(now simTime) {
	at := int64(now) * 1000
	if r.waits && r.at <= at {
		at, r.waits = r.at, false // this was the attempt
	}
	next := at + min(int64(firstRetry)<<min(r.failures, 20), longestRetry)
	if !r.waits || next < r.at {
		r.at = next
	}
	r.failures = min(r.failures+1, 30)
	r.waits, r.hopeful = true, false
}

// succeeded forgets the failures.
func (r *requeue) succeeded() { *r = requeue{} }

// wake has the next attempt be one that may succeed. Those until now failed as the last
// one did.
func (r *requeue) wake(now simTime) {
	if !r.waits {
		return
	}
	for !r.hopeful && r.at < int64(now)*1000 {
		r.failed(simTime(r.at/1000) + 1)
	}
	r.hopeful = true
}

// due returns the time of an attempt that may succeed, in seconds, or never.
func (r *requeue) due() int64 {
	if !r.waits || !r.hopeful {
		return int64(never)
	}
	return (r.at + 999) / 1000
}

// fires reports whether an attempt that may succeed is due. It is made then.
func (r *requeue) fires(now simTime) bool {
	due := r.due() <= int64(now)
	if due {
		r.hopeful = false
	}
	return due
}
