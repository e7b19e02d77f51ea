package sim

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// WithTimeout is context.WithTimeout in the time of the simulation that the caller is
// in. Outside any it is the real one: so a program may use it always. (Contexts of
// package context with a deadline go by real time: in a simulation they are refused
// where a fiber waits for one.)
func WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := current(); !ok {
		return context.WithTimeout(parent, d)
	}
	r, _ := current()
	return withDeadline(r, parent, r.sim.Now().Add(d), d)
}

// WithDeadline is WithTimeout until the time t, by the clock of the caller's host.
func WithDeadline(parent context.Context, t time.Time) (context.Context, context.CancelFunc) {
	r, ok := current()
	if !ok {
		return context.WithDeadline(parent, t)
	}
	return withDeadline(r, parent, t, t.Sub(r.sim.Now()))
}

// current returns the run that the caller is a fiber of.
func current() (*run, bool) {
	f := simhook.Current()
	if f == nil {
		return nil, false
	}
	r, ok := f.Driver.(*run)
	return r, ok
}

func withDeadline(r *run, parent context.Context, t time.Time, d time.Duration) (context.Context, context.CancelFunc) {
	if parent == nil {
		panic("sim: a context with a nil parent: use context.Background()")
	}
	if at, ok := parent.Deadline(); ok && at.Before(t) && !simhook.Real(parent) {
		t, d = at, d-t.Sub(at)
	}
	c := &deadline{Context: parent, at: t, done: make(chan struct{})}
	if d <= 0 {
		c.end(context.DeadlineExceeded)
		return c, func() {}
	}
	stopTimer := r.engine.AfterFunc(d, func() { c.end(context.DeadlineExceeded) })
	stopParent := func() bool { return false }
	if parent.Done() != nil {
		stopParent, _ = simhook.AfterFunc(parent, func() { c.end(parent.Err()) })
	}
	return c, func() {
		stopTimer()
		stopParent()
		c.end(context.Canceled)
	}
}

// deadline is a context that ends at a virtual time. Its children hear of its end at
// once, and from nobody else: package context uses AfterFunc for that.
type deadline struct {
	context.Context
	at   time.Time
	done chan struct{}
	mu   struct {
		sync.Mutex
		err   error
		calls []*func()
	}
}

// Deadline implements context.Context.
func (c *deadline) Deadline() (time.Time, bool) { return c.at, true }

// Done implements context.Context.
func (c *deadline) Done() <-chan struct{} { return c.done }

// Err implements context.Context.
func (c *deadline) Err() error {
	c.mu.Lock()
	err := c.mu.err
	c.mu.Unlock()
	if err == nil {
		if err = c.Context.Err(); err != nil {
			c.end(err)
		}
	}
	return err
}

// Value implements context.Context.
func (c *deadline) Value(key any) any {
	if key == (simhook.DeadlineKey{}) {
		return c.at
	}
	return c.Context.Value(key)
}

// AfterFunc is what package context asks for.
func (c *deadline) AfterFunc(f func()) (stop func() bool) {
	call := &f
	c.mu.Lock()
	ended := c.mu.err != nil
	if !ended {
		c.mu.calls = append(c.mu.calls, call)
	}
	c.mu.Unlock()
	if ended {
		f()
	}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := len(c.mu.calls)
		c.mu.calls = slices.DeleteFunc(c.mu.calls, func(x *func()) bool { return x == call })
		return len(c.mu.calls) < n
	}
}

// end ends c, unless it has ended.
func (c *deadline) end(err error) {
	c.mu.Lock()
	if c.mu.err != nil {
		c.mu.Unlock()
		return
	}
	c.mu.err = err
	calls := c.mu.calls
	c.mu.calls = nil
	close(c.done)
	c.mu.Unlock()
	for _, call := range calls {
		(*call)()
	}
}
