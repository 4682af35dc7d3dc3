// Package par does independent work on all cores. It is the only package of the
// library that starts goroutines. Results are in the order of the input, so callers
// stay deterministic.
package par

import (
	"iter"
	"runtime"
)

// result is the result of one call of work, or the value of its panic.
type result[Out any] struct {
	value    Out
	panicked any
}

// Map yields work(x) for each x of in, in the order of in. It runs work on several
// values at once, and in itself on the goroutine of the caller, at most a few values
// ahead of the results yielded. work must not use state that another call changes. A
// panic of work reaches the caller. No goroutine outlives Map.
func Map[In, Out any](in iter.Seq[In], work func(In) Out) iter.Seq[Out] {
	ahead := 2 * runtime.GOMAXPROCS(0)
	return func(yield func(Out) bool) {
		var running []chan result[Out]
		defer func() {
			for _, r := range running {
				<-r
			}
		}()
		oldest := func() bool {
			r := <-running[0]
			running = running[1:]
			if r.panicked != nil {
				panic(r.panicked)
			}
			return yield(r.value)
		}
		for x := range in {
			r := make(chan result[Out], 1)
			running = append(running, r)
			go run(r, x, work)
			if len(running) >= ahead && !oldest() {
				return
			}
		}
		for len(running) > 0 {
			if !oldest() {
				return
			}
		}
	}
}

func run[In, Out any](to chan<- result[Out], x In, work func(In) Out) {
	var r result[Out]
	defer func() {
		r.panicked = recover()
		to <- r
	}()
	r.value = work(x)
}
