package runtime

import (
	"context"
	"time"

	"github.com/seed222ee791/fibers/internal/cores"
	"github.com/seed222ee791/fibers/internal/parkword"
)

// The end of a runtime, in this order:
//
//  1. ending is set: who waits, or comes to a wait, ends as by Goexit; who has
//     not run is dropped; nobody new is admitted from outside. The deferred
//     functions of those who end may wait: shelter.go.
//  2. Every fiber is unparked, again and again with growing pauses, until none
//     is alive: one may have passed the test of ending just before, and deferred
//     functions may wait on others that have to end first.
//  3. If some are alive after the grace, cutting is set: deferred functions are
//     ended at their waits too. Once more all are unparked, again and again, for
//     some time.
//  4. stopping is set and every sleeper woken: the roots end, and unpin.
//  5. All coroutines are idle now, and are ended.
//
// If a fiber is still alive after the third, Close returns and says which. What
// it holds of the runtime then ends when it comes to a wait after all.

// drain waits until no fiber is alive.
func (rt *Runtime) drain(ctx context.Context) error {
	c := make(chan struct{}, 1)
	rt.mu.Lock()
	rt.mu.drained = append(rt.mu.drained, c)
	rt.mu.Unlock()
	rt.drains.Inc()
	defer func() {
		rt.drains.Dec()
		rt.mu.Lock()
		rt.mu.drained = removeOne(rt.mu.drained, c)
		rt.mu.Unlock()
	}()
	for rt.live() > 0 {
		select {
		case <-c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// checkDrained tells those who wait for the last fiber. A scheduler calls it
// when it has published its counters and is about to sleep. The last fiber's
// does so later than drain looks, or drain sees the end itself.
func (rt *Runtime) checkDrained() {
	if rt.drains.Load() == 0 {
		return
	}
	rt.mu.Lock()
	unseated := len(rt.mu.unseated)
	rt.mu.Unlock()
	if unseated > 0 || rt.live() > 0 { // the fiber of each lives; the last one calls this
		return
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for _, c := range rt.mu.drained {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// leastGrace is for fibers that are about to end anyway, as main just after it
// has returned.
const leastGrace = 20 * time.Millisecond

// mostCutting is how long those have that are ended at the end of the grace, if it
// is not less than that itself.
const mostCutting = time.Second

// Close ends rt: see Run for what becomes of its fibers. It returns nil, or a
// *LeftoverError if some did not come to a wait within the grace. Afterwards no
// goroutine or thread pin of rt is left but those of the fibers left over.
//
// The deferred functions of the fibers that it ends run to their end, also where
// they wait, in Blocking too, as long as that takes no longer than the grace. Then
// they are ended where they wait, and what they still had to do is not done: an
// Unlock belongs in a defer of its own. A fiber whose function has just returned is
// not known to be cleaning up: the deferred functions that it runs then are ended
// at their waits at once. What a fiber has been given that has not begun to run is
// not closed by a defer in it: see GoOrElse.
//
// Closing twice is harmless: every call waits for the end and returns the same.
// Close in a fiber of rt itself panics, as it would wait for its caller.
func (rt *Runtime) Close() error {
	rt.check("Close")
	rt.notInside("Close")
	return outside(rt.close)
}

// Shutdown waits until no fiber of rt is alive, then closes it. If ctx is done
// first, it closes rt at once, and returns the cause, or the *LeftoverError.
// Fibers may go on spawning fibers meanwhile. It must not be called in a fiber
// of rt. A fiber of another runtime that is ended while it waits here leaves rt
// open.
func (rt *Runtime) Shutdown(ctx context.Context) error {
	rt.check("Shutdown")
	rt.notInside("Shutdown")
	cause := outsideUntil(ctx, rt.drain)
	if err := outside(rt.close); err != nil {
		return err
	}
	return cause
}

func (rt *Runtime) notInside(what string) {
	if c := current(); c != nil && c.sched.rt == rt {
		panic("fibers: " + what + " in a fiber of the runtime itself: call it from outside, or let main return")
	}
}

// close is Close, on a plain goroutine.
func (rt *Runtime) close() error {
	rt.mu.Lock()
	if done := rt.mu.closing; done != nil {
		rt.mu.Unlock()
		<-done
		rt.mu.Lock()
		defer rt.mu.Unlock()
		return rt.mu.closed
	}
	done := make(chan struct{})
	rt.mu.closing = done
	rt.mu.Unlock()
	defer close(done)

	rt.ending.Store(true)
	grace := max(rt.conf.grace, leastGrace)
	ended := rt.endFibersWithin(grace)
	if !ended {
		rt.cutting.Store(true)
		ended = rt.endFibersWithin(min(grace, mostCutting))
	}
	if ended {
		rt.stop()
		return nil
	}
	left := rt.Fibers()
	for len(left) == 0 { // the last ended between the two
		if rt.endFibersWithin(10 * time.Millisecond) {
			rt.stop()
			return nil
		}
		left = rt.Fibers()
	}
	err := &LeftoverError{Fibers: left}
	rt.mu.Lock()
	rt.mu.closed = err
	rt.mu.Unlock()
	go func() {
		rt.endFibers(context.Background())
		rt.stop()
	}()
	return err
}

func (rt *Runtime) endFibersWithin(d time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return rt.endFibers(ctx)
}

// endFibers unparks all fibers until none is alive, and reports whether that
// was so before ctx was done.
func (rt *Runtime) endFibers(ctx context.Context) bool {
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 50*time.Millisecond) {
		rt.records.each(func(f *fiber) bool {
			if f.word.Wake(parkword.Unserved) {
				rt.inject(f)
			}
			return true
		})
		round, cancel := context.WithTimeout(ctx, pause)
		err := rt.drain(round)
		cancel()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return rt.live() == 0
		}
	}
}

// stop ends the goroutines of a runtime without fibers.
func (rt *Runtime) stop() {
	rt.mu.Lock()
	rt.stopping.Store(true) // under mu: no scheduler is added after this
	rt.mu.Unlock()
	rt.callUnderstudy()
	rt.idle.wakeAll()
	open.Lock()
	open.list = removeOne(open.list, rt)
	open.Unlock()
	rt.fellIdle() // Y1
	if r := rt.recording.Load(); r != nil {
		r.Stop()
	}
	rt.mu.Lock()
	if rt.mu.unwatch != nil {
		rt.mu.unwatch()
	}
	rt.mu.Unlock()
	rt.monitor.end()
	rt.services.Wait()
	rt.roots.Wait()
	rt.detach()
	rt.bell.close()
	rt.monitor.rest.close()
	if left := rt.pool.close(); left > 0 {
		panic("fibers: internal error: coroutines left over at the end")
	}
	if rt.conf.pinning {
		cores.Audit()
	}
}
