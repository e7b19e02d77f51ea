package cml_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A client that has gone on to something else ends what the server does for it.
func ExampleWithOp() {
	stopped := cml.NewCond()
	request := func() cml.Op[string] {
		return cml.WithNack(func(nack cml.Op[cml.Unit]) cml.Op[string] {
			reply := cml.NewChan[string]()
			go func() {
				ctx, cancel := cml.WithOp(context.Background(), nack)
				defer cancel()
				<-ctx.Done() // as what takes long does
				fmt.Println("the server stops:", context.Cause(ctx))
				stopped.Signal()
			}()
			return reply.GetOp()
		})
	}
	fmt.Println(cml.Perform(cml.Choice(request(), cml.Always("something else"))))
	stopped.Wait()
	// Unordered output:
	// something else
	// the server stops: cml: the operation of the context has been performed
}

func ExamplePerformContextErr() {
	q := cml.NewQueue[int](1)
	ctx, cancel := context.WithCancel(context.Background())
	fmt.Println(cml.PerformContextErr(ctx, q.PutOp(1)))
	cancel()
	fmt.Println(cml.PerformContextErr(ctx, q.PutOp(2)))
	q.Close(nil)
	fmt.Println(cml.PerformContextErr(ctx, q.PutOp(3)))
	// Output:
	// <nil>
	// context canceled
	// cml: queue closed
}

func ExampleQueue_TryPut() {
	q := cml.NewQueue[int](1)
	fmt.Println(q.TryPut(1), q.TryPut(2))
	// Output: true false
}

func ExampleQueue_TryGet() {
	q := cml.NewQueue[int](0)
	q.TryPut(1)
	fmt.Println(q.TryGet())
	fmt.Println(q.TryGet())
	// Output:
	// 1 true
	// 0 false
}

// inEither runs f in a plain goroutine and in a fiber.
func inEither(t *testing.T, f func(t *testing.T)) {
	t.Run("goroutine", f)
	t.Run("fiber", func(t *testing.T) {
		if err := newRuntime(t, 2).Run(func() { f(t) }); err != nil {
			t.Error(err)
		}
	})
}

// Nobody waits by Try, and who waits is served by it.
func TestQueueTry(t *testing.T) {
	q := cml.NewQueue[int](1)
	got := make(chan int)
	go func() { v, _ := q.Get(); got <- v }()
	for len(got) == 0 && q.Len() == 0 { // until the getter has it, or it lies there
		if q.TryPut(7) {
			break
		}
	}
	if v := <-got; v != 7 {
		t.Errorf("the getter got %d", v)
	}
	q.TryPut(1)
	put := make(chan error)
	go func() { put <- q.Put(2) }()
	for want := 1; want <= 2; {
		if v, ok := q.TryGet(); ok {
			if v != want {
				t.Errorf("got %d, want %d", v, want)
			}
			want++
		}
		goruntime.Gosched()
	}
	if err := <-put; err != nil {
		t.Error(err)
	}
	q.TryPut(3)
	q.Close(nil)
	if q.TryPut(4) {
		t.Error("a closed queue took a value")
	}
	if v, ok := q.TryGet(); v != 3 || !ok {
		t.Errorf("what was in it when it was closed: %d, %v", v, ok)
	}
	if _, ok := q.TryGet(); ok {
		t.Error("a value from an empty queue")
	}
}

func TestWithOpEndsTheContextWhenTheOpIsReady(t *testing.T) {
	failure := errors.New("failure")
	inEither(t, func(t *testing.T) {
		ctx, cancel := cml.WithOp(context.Background(), cml.Always(1))
		if ctx.Err() != context.Canceled || context.Cause(ctx) != cml.ErrReady {
			t.Errorf("an op that is ready at once: %v, because of %v", ctx.Err(), context.Cause(ctx))
		}
		cancel()

		c := cml.NewChan[error]()
		for _, v := range []error{nil, failure} {
			ctx, cancel = cml.WithOp(context.Background(), cml.Wrap(c.GetOp(), func(err error) error { return err }))
			if ctx.Err() != nil {
				t.Error("done too early")
			}
			if !c.TryPut(v) {
				t.Error("it does not wait yet when WithOp returns")
			}
			if cause := cml.Perform(cml.Done(ctx)); v == nil && cause != cml.ErrReady || v != nil && cause != v {
				t.Errorf("the op came to %v, the context to %v", v, cause)
			}
			cancel()
		}

		parent, stop := context.WithCancelCause(context.Background())
		ctx, cancel = cml.WithOp(parent, cml.Never[int]())
		stop(failure)
		if cause := cml.Perform(cml.Done(ctx)); cause != failure {
			t.Errorf("the parent ended with %v, the context with %v", failure, cause)
		}
		cancel()

		func() {
			defer func() {
				if v := recover(); v != failure {
					t.Errorf("a guard panicked: %v", v)
				}
			}()
			cml.WithOp(context.Background(), cml.Guard(func() cml.Op[int] { panic(failure) }))
		}()
	})
}

// Cancelled, the op has lost: it takes nothing any more, and its nacks are ready.
func TestWithOpThatIsCancelledTakesNothing(t *testing.T) {
	inEither(t, func(t *testing.T) {
		c := cml.NewChan[int]()
		var lost atomic.Bool
		for range 1000 {
			var nack cml.Op[cml.Unit]
			ctx, cancel := cml.WithOp(context.Background(), cml.WithNack(func(n cml.Op[cml.Unit]) cml.Op[int] {
				nack = n
				return cml.OnAbort(c.GetOp(), func() { lost.Store(true) })
			}))
			cancel()
			cml.Perform(nack)
			if c.TryPut(1) {
				t.Fatal("a value was taken after cancel")
			}
			if context.Cause(ctx) != context.Canceled {
				t.Error(context.Cause(ctx))
			}
		}
		for !lost.Load() {
			fibers.Yield()
		}
	})
}

// Commits and cancellations race: either the value is taken and the context says so, or
// neither.
func TestWithOpStress(t *testing.T) {
	const rounds = 5000
	c := cml.NewChan[error]()
	for i := range rounds {
		mark := errors.New("taken")
		ctx, cancel := cml.WithOp(context.Background(), cml.Choice(c.GetOp(), cml.Wrap(fibers.After(time.Hour), func(time.Time) error { return nil })))
		put := make(chan bool)
		go func() { put <- c.TryPut(mark) }()
		if i%2 == 0 {
			goruntime.Gosched()
		}
		cancel()
		<-ctx.Done()
		taken := <-put
		if cause := context.Cause(ctx); cause == mark && !taken {
			t.Fatalf("the value was taken: %v, the context came to %v", taken, cause)
		}
	}
	if c.TryPut(nil) {
		t.Error("somebody waits at the end")
	}
}

// What is none, or cannot be, says so.
func TestZeroPortsAndEndlessBuffersSayWhatTheyAre(t *testing.T) {
	var p cml.Port[int]
	mustPanic(t, "cml: Get of a Port that is none", func() { p.Get() })
	mustPanic(t, "cml: GetOp of a Port that is none", func() { p.GetOp() })
	mustPanic(t, "cml: Close of a Port that is none", p.Close)
	mustPanic(t, "cml: NewBuffered", func() { cml.NewBuffered[int](math.MaxInt) })
}
