package sim

import (
	"fmt"
	goruntime "runtime"
	"strings"
	"time"
)

// The watchdog of a run: it finds fibers that block their goroutine, or do not come
// to a point. Nothing else in a simulation waits in real time.

const (
	glance  = 50 * time.Millisecond
	blocked = 5 // glances at which the same goroutine is blocked, in the same step
)

// watch waits until the run is done, and returns how many fibers are left. If it is
// never done, it fails the run and gives it up: then a goroutine remains, as long as
// the fiber does not come to a wait.
func (r *run) watch(done <-chan int) (left int) {
	t := r.x.ticker
	before, since, stuck := int64(-1), time.Now(), 0
	for {
		select {
		case left := <-done:
			return left
		case <-t.C:
		}
		if n := r.steps.Load(); n != before {
			before, since, stuck = n, time.Now(), 0
			continue
		}
		state, stack := r.look()
		switch {
		case !waits(state):
			stuck = 0
			if d := time.Since(since); d > r.x.conf.patience {
				r.giveUp(Livelock, "a fiber does not come to a point: for %v it has neither waited nor used anything that others may see (Patience sets how long it may). It cannot be ended before it does\n%s", d.Round(time.Millisecond), stack)
				return 0
			}
		case stuck < blocked:
			stuck++
		default:
			r.giveUp(Deadlock, "a fiber blocks its goroutine (%s): in a simulation wait by package cml or fibers only, as nothing else is in its schedule or its time. It cannot be ended before it comes back\n%s", state, stack)
			return 0
		}
	}
}

// giveUp fails a run that does not end.
func (r *run) giveUp(k Kind, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.failure == nil {
		r.mu.failure = &Failure{Kind: k, Seed: r.seed, Message: fmt.Sprintf(format, args...), stuck: true}
	}
	r.mu.abandoned = true
	r.over.Store(true)
}

// look returns the state of the goroutine that runs, as the Go runtime names it, and
// the user's part of its stack.
func (r *run) look() (state, stack string) {
	mark := r.engine.Stack()
	buf := make([]byte, 1<<20)
	buf = buf[:goruntime.Stack(buf, true)]
	for _, g := range strings.Split(string(buf), "\n\n") {
		if !strings.Contains(g, mark) {
			continue
		}
		head, _, _ := strings.Cut(g, "\n")
		_, state, _ = strings.Cut(head, "[")
		state, _, _ = strings.Cut(state, "]")
		state, _, _ = strings.Cut(state, ",")
		return state, userStack([]byte(g))
	}
	return "", ""
}

// waits reports whether a goroutine in that state waits for others.
func waits(state string) bool {
	switch state {
	case "", "running", "runnable", "coroutine", "syscall", "waiting", "copystack", "preempted":
		return false
	}
	return !strings.Contains(state, "GC") && !strings.Contains(state, "trace")
}
