package rollout

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// epoch is the time of a dump without timestamps.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// end is the end of time: 34 years after tick 0, or after a billion ticks.
const end simTime = math.MaxInt32 / 2

// virtualClock counts ticks and the rounds in one.
type virtualClock struct {
	start int64   // Unix time of tick 0
	step  simTime // seconds per tick
	last  int32   // the last tick before the end of time

	now   int32   // the last tick
	clock simTime // of now
	round int32   // of the controllers and the scheduler, from 1; 0 outside
	busy  bool    // something changed in this round
}

func newClock(start time.Time, tick time.Duration) virtualClock {
	step := seconds(tick)
	return virtualClock{start: start.Unix(), step: step, last: end / step, now: -1}
}

// none means no pod, no node, no DaemonSet or no tick.
const none int32 = -1

// simTime is a time: whole seconds since tick 0, negative before it.
type simTime = int32

// never is later than all other times.
const never simTime = math.MaxInt32

// simTimeOf returns the time of a timestamp; a zero timestamp is long ago.
func (c *virtualClock) simTimeOf(t metav1.Time) simTime {
	if t.IsZero() {
		return math.MinInt32 / 2
	}
	return simTime(min(max(t.Unix()-c.start, math.MinInt32/2), math.MaxInt32/2))
}

// tickOf returns the first tick at or after the time, but no past tick. It
// returns none if the simulation ends before it.
func (c *virtualClock) tickOf(moment int64) int32 {
	step := int64(c.step)
	tick := moment / step
	if moment%step > 0 {
		tick++
	}
	if tick > int64(c.last) {
		return none
	}
	return int32(max(tick, int64(c.now), 0))
}

func (c *virtualClock) timestamp(at simTime) metav1.Time {
	return metav1.Unix(c.start+int64(at), 0)
}

// skip passes ticks in which nothing is due, up to one.
func (c *virtualClock) skip(to int32) {
	if to > c.now {
		c.now, c.clock = to, to*c.step
	}
}
