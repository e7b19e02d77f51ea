package runtime

import (
	"context"
	"errors"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// Run: a function runs in a fiber, and the caller waits for its end.

// Run runs main in a fiber of a runtime made for it, ends that runtime and
// returns. The fibers that are alive when main returns are ended as by
// runtime.Goexit at the point where they wait, or with WithDrain, waited for.
//
// Their deferred functions run to their end, within the grace: see Close.
//
// The error is one of the options', or a *LeftoverError. A panic in main is
// raised again in the caller, as a *PanicError; if a panic handler is set, it
// gets the panic, and Run returns the *PanicError. If main ends by
// runtime.Goexit, as t.FailNow does it, Run returns ErrGoexit, joined with a
// *LeftoverError if there is one.
//
// If nothing can happen any more, because every fiber waits for another, or for what
// nobody will give it, Run ends the runtime and returns a Report that says who waits for
// whom. It does so where that can be known: if no fiber, timer, descriptor, blocking call
// or operation of NewOp is left in any runtime of the process, every other goroutine
// waits for others too, and no timer of Go's is set. That takes some seconds to make
// sure of. Where it cannot be known, Run waits; see WithStallReport.
//
// Run may be called in a fiber: only that fiber waits.
func Run(main func(), opts ...Option) error {
	if main == nil {
		panic("fibers: Run(nil): give it a function")
	}
	if simhook.On() {
		if c, sm := simCaller(); sm != nil {
			return sm.runInside(c, main, opts)
		}
	}
	rt, err := New(opts...)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed { // the caller, a fiber, is ended while it waits
			_ = outside(rt.close)
		}
	}()
	ctx, abort := context.WithCancel(context.Background())
	defer abort()
	var done future
	over := rt.waitsFor(&run{&done, abort})
	defer over()
	outcome := rt.runMainUntil(main, &done)
	if rt.conf.drain && (outcome.err == nil || rt.conf.panicHandler != nil) {
		_ = outsideUntil(ctx, rt.drain)
	}
	over()
	err = outside(rt.close)
	closed = true
	switch stall := rt.stall.Load(); {
	case stall != nil && err != nil:
		return errors.Join(*stall, err)
	case stall != nil:
		return *stall
	case outcome.err != nil:
		return outcome.report(rt)
	case outcome.exited && err != nil:
		return errors.Join(ErrGoexit, err)
	case outcome.exited:
		return ErrGoexit
	}
	return err
}

// outside runs fn on a plain goroutine: the caller's, if it is one.
func outside(fn func() error) error {
	c := current()
	if c == nil {
		return fn()
	}
	refuseBlocking()
	return offload(c, fn, nil)
}

// outsideUntil is outside for waits: if the caller is a fiber that is ended
// while it waits, the context of fn is cancelled.
func outsideUntil(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if current() == nil {
		return fn(ctx)
	}
	var (
		done future
		err  error
	)
	go func() { defer done.complete(); err = fn(ctx) }()
	done.await(wait.Blocking)
	return err
}

// Run runs fn in a fiber of rt and returns when it has returned; other fibers
// go on. Panics and Goexit are treated as by the function Run. It may be called
// many times, at once, and in fibers. It returns ErrClosed if rt is closed, or
// is closed before fn has returned.
func (rt *Runtime) Run(fn func()) error {
	rt.check("Run")
	if fn == nil {
		panic("fibers: Run(nil): give it a function")
	}
	outcome := rt.runMain(fn)
	if outcome.err != nil {
		return outcome.report(rt)
	}
	switch {
	case !outcome.ran:
		return ErrClosed
	case outcome.exited:
		return ErrGoexit
	}
	return nil
}

type outcome struct {
	ran    bool // to its end, by return, panic or Goexit of its own
	exited bool // by that Goexit
	err    *PanicError
}

// report raises the panic again, or returns it if a handler has had it.
func (o outcome) report(rt *Runtime) error {
	if rt.conf.panicHandler == nil {
		panic(o.err)
	}
	return o.err
}

// runMain runs fn in a fiber and waits for its end.
func (rt *Runtime) runMain(fn func()) outcome { return rt.runMainUntil(fn, new(future)) }

// runMainUntil is runMain that others end by completing done.
func (rt *Runtime) runMainUntil(fn func(), done *future) (o outcome) {
	started := rt.trySpawn(job{fn: func() {
		defer done.complete() // also if a handler calls Goexit
		returned := false
		defer func() {
			o.err, o.exited = capture(returned, recover())
			o.exited = o.exited && !current().Flags[sheltered]
			o.ran = returned || o.err != nil || o.exited
			if o.err != nil && rt.conf.panicHandler != nil {
				rt.panicked(current().fiber, o.err.Value, o.err.Stack)
			}
		}()
		if wait.Watched() {
			done.by.Store(wait.Self())
		}
		fn()
		returned = true
	}, dropped: done.complete, origin: entry(fn)})
	if started {
		done.await(wait.Await)
	}
	return o
}
