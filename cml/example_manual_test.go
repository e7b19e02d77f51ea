package cml_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The code of docs/operations.md and docs/equivalents.md: a test keeps what
// stands there equal to what stands, and runs, here.

// fastest is ready when one of the replicas has answered. How many there are is
// known at run time.
func fastest(replicas []*cml.Chan[string]) cml.Op[string] {
	ops := make([]cml.Op[string], len(replicas))
	for i, r := range replicas {
		ops[i] = cml.Wrap(r.GetOp(), func(answer string) string {
			return fmt.Sprintf("replica %d: %s", i, answer)
		})
	}
	return cml.Choice(ops...)
}

func Example_dynamicChoice() {
	replicas := []*cml.Chan[string]{
		cml.NewChan[string](), cml.NewChan[string](), cml.NewChan[string](),
	}
	go replicas[2].Put("hello")
	fmt.Println(cml.Perform(fastest(replicas)))
	// Output: replica 2: hello
}

// lockWithin locks m, or reports after d that it could not.
func lockWithin(m *cml.Mutex, d time.Duration) bool {
	_, ok := fibers.PerformTimeout(m.LockOp(), d)
	return ok
}

// waitBoth waits for both groups, or until ctx is done.
func waitBoth(ctx context.Context, a, b *cml.WaitGroup) error {
	for _, g := range []*cml.WaitGroup{a, b} {
		if _, err := cml.PerformContext(ctx, g.WaitOp()); err != nil {
			return err
		}
	}
	return nil
}

func Example_giveUp() {
	var m cml.Mutex
	m.Lock()
	fmt.Println(lockWithin(&m, time.Millisecond))
	m.Unlock()
	fmt.Println(lockWithin(&m, time.Millisecond))

	var ready, stuck cml.WaitGroup
	stuck.Add(1)
	ctx, cancel := context.WithCancelCause(context.Background())
	go cancel(errors.New("enough"))
	fmt.Println(waitBoth(ctx, &ready, &stuck))
	// Output:
	// false
	// true
	// enough
}

// worker does the jobs that come, until quit is signalled: after that not one.
func worker(jobs *cml.Chan[int], quit *cml.Cond) (done int) {
	next := cml.Prefer(
		cml.Wrap(quit.WaitOp(), func(cml.Unit) bool { return false }),
		cml.Wrap(jobs.GetOp(), func(int) bool { done++; return true }),
	)
	for cml.Perform(next) {
	}
	return done
}

func Example_priority() {
	jobs, quit := cml.NewBuffered[int](100), cml.NewCond()
	for i := range 100 {
		jobs.Put(i)
	}
	quit.Signal()
	fmt.Println(worker(jobs, quit))
	// Output: 0
}

// lookup is ready at once: with the value, if somebody offers it, or with none.
func lookup(cache *cml.Chan[string]) cml.Op[string] {
	return cml.OrElse(cache.GetOp(), func() string { return "(unknown)" })
}

func Example_default() {
	cache := cml.NewBuffered[string](1)
	fmt.Println(cml.Perform(lookup(cache)))
	cache.Put("known")
	fmt.Println(cml.Perform(lookup(cache)))
	// Any op can be polled: here, is there a value and somebody to give it to?
	fmt.Println(cml.Poll(cml.Choice(cache.GetOp(), cml.NewIVar[string]().ReadOp())))
	// Output:
	// (unknown)
	// known
	//  false
}

// A query asks for the price of an item; the answer goes to reply.
type query struct {
	item  string
	reply *cml.Chan[int]
}

// priceOp asks when it is performed, each time with a reply channel of its own.
func priceOp(shop *cml.Queue[query], item string) cml.Op[int] {
	return cml.Guard(func() cml.Op[int] {
		q := query{item, cml.NewBuffered[int](1)}
		_ = shop.Put(q) // does not wait: the queue has no bound
		return q.reply.GetOp()
	})
}

func Example_request() {
	fibers.Run(func() {
		shop := cml.NewQueue[query](0)
		fibers.Go(func() {
			for q := range shop.All() {
				q.reply.Put(len(q.item)) // does not wait: there is room for one
			}
		})
		price := priceOp(shop, "apple") // has asked nobody yet
		fmt.Println(cml.Perform(price))
		fmt.Println(cml.Perform(price))
		fmt.Println(fibers.PerformTimeout(priceOp(shop, "banana"), time.Minute))
		shop.Close(nil)
	})
	// Output:
	// 5
	// 5
	// 6 true
}

// A claim asks for a seat. gone is ready if the one who asked has chosen
// something else.
type claim struct {
	seat *cml.Chan[int]
	gone cml.Op[cml.Unit]
}

// seatOp is ready when the office has a seat for us. If it is chosen the seat is
// ours, and otherwise it stays with the office.
func seatOp(office *cml.Queue[claim]) cml.Op[int] {
	return cml.WithNack(func(gone cml.Op[cml.Unit]) cml.Op[int] {
		c := claim{cml.NewChan[int](), gone}
		_ = office.Put(c)
		return c.seat.GetOp()
	})
}

// sell hands out seats 1, 2, … and returns how many it has sold.
func sell(office *cml.Queue[claim]) (sold int) {
	for c := range office.All() {
		sold += cml.Perform(cml.Choice(
			cml.Wrap(c.seat.PutOp(sold+1), func(cml.Unit) int { return 1 }),
			cml.Wrap(c.gone, func(cml.Unit) int { return 0 }),
		))
	}
	return sold
}

func Example_negativeAcknowledgement() {
	fibers.Run(func() {
		office := cml.NewQueue[claim](0)
		seller := fibers.Spawn(func() (int, error) { return sell(office), nil })
		seat := seatOp(office)
		fmt.Println("seat", cml.Perform(seat))
		// The second time there is something that we like better.
		fmt.Println("seat", cml.Perform(cml.Prefer(cml.Always(0), seat)))
		fmt.Println("seat", cml.Perform(seat))
		office.Close(nil)
		sold, _ := seller.Await()
		fmt.Println(sold, "sold")
	})
	// Output:
	// seat 1
	// seat 0
	// seat 2
	// 2 sold
}

// counted is op, and counts how often it was given up.
func counted[T any](op cml.Op[T], lost *int) cml.Op[T] {
	return cml.OnAbort(op, func() { *lost++ })
}

func Example_hook() {
	lost := 0
	op := counted(cml.NewChan[int]().GetOp(), &lost)
	cml.Poll(op)
	cml.Perform(cml.Choice(op, cml.Always(1)))
	fibers.PerformTimeout(op, time.Millisecond)
	fmt.Println(lost)
	// Output: 3
}

// A job is work that has been started, and how to stop it.
type job struct {
	task *fibers.Task[int]
	stop context.CancelFunc
}

// startOp starts work each time it is performed, and is ready when it has ended.
// If something else is chosen, work is told to stop.
func startOp(work func(ctx context.Context) (int, error)) cml.Op[fibers.Result[int]] {
	return cml.Bracket(
		func() job {
			ctx, stop := context.WithCancel(context.Background())
			return job{fibers.Spawn(func() (int, error) { return work(ctx) }), stop}
		},
		func(j job, aborted bool) { j.stop() },
		func(j job) cml.Op[fibers.Result[int]] { return j.task.AwaitOp() },
	)
}

func Example_bracket() {
	fibers.Run(func() {
		fmt.Println(cml.Perform(startOp(func(context.Context) (int, error) { return 42, nil })))
		stopped := cml.NewCond()
		_, ok := fibers.PerformTimeout(startOp(func(ctx context.Context) (int, error) {
			err := cml.Perform(cml.Done(ctx))
			stopped.Signal()
			return 0, err
		}), time.Millisecond)
		fmt.Println(ok)
		stopped.Wait()
		fmt.Println("and stopped")
	})
	// Output:
	// {42 <nil>}
	// false
	// and stopped
}

// A Counter counts, and lets others wait for numbers.
type Counter struct {
	mu      sync.Mutex
	n       int                     // under mu
	waiting map[cml.Waiter[int]]int // under mu: what each waits for
}

// Add adds one.
func (c *Counter) Add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	for w, want := range c.waiting {
		if c.n >= want {
			w.Commit(c.n) // false, if it has chosen something else: no harm
			delete(c.waiting, w)
		}
	}
}

// ReachedOp is ready when the count is at least want.
func (c *Counter) ReachedOp(want int) cml.Op[int] {
	return cml.NewOp(
		func() (int, bool) { // try
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.n, c.n >= want
		},
		func(w cml.Waiter[int]) func() { // block
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.n >= want { // it may have changed since try
				w.Commit(c.n)
				return nil
			}
			c.waiting[w] = want
			return func() { // withdraw
				c.mu.Lock()
				defer c.mu.Unlock()
				delete(c.waiting, w)
			}
		})
}

func Example_newKindOfOp() {
	c := &Counter{waiting: map[cml.Waiter[int]]int{}}
	go func() {
		for range 3 {
			c.Add()
		}
	}()
	fmt.Println(cml.Perform(c.ReachedOp(3)))
	_, ok := fibers.PerformTimeout(c.ReachedOp(4), time.Millisecond)
	fmt.Println(ok, len(c.waiting))
	// Output:
	// 3
	// false 0
}

// sum adds what comes in. Its op does not change, and is made once.
func sum(in *cml.Chan[int], quit *cml.Cond) (total int) {
	done := false
	next := cml.Choice(
		cml.On(in.GetOp(), func(v int) { total += v }),
		cml.On(quit.WaitOp(), func(cml.Unit) { done = true }),
	)
	for !done {
		cml.Perform(next)
	}
	return total
}

func Example_loop() {
	in, quit := cml.NewChan[int](), cml.NewCond()
	total := make(chan int)
	go func() { total <- sum(in, quit) }()
	for i := range 10 {
		in.Put(i)
	}
	quit.Signal()
	fmt.Println(<-total)
	// Output: 45
}

// offer hands over the current value each time, so its op depends on a variable:
// a guard looks at it when the op is performed.
func offer(out *cml.Chan[int], quit *cml.Cond) {
	v, done := 0, false
	next := cml.Choice(
		cml.On(
			cml.Guard(func() cml.Op[cml.Unit] { return out.PutOp(v) }),
			func(cml.Unit) { v++ }),
		cml.On(quit.WaitOp(), func(cml.Unit) { done = true }),
	)
	for !done {
		cml.Perform(next)
	}
}

func Example_guardInLoop() {
	out, quit := cml.NewChan[int](), cml.NewCond()
	go offer(out, quit)
	fmt.Println(out.Get(), out.Get(), out.Get())
	quit.Signal()
	// Output: 0 1 2
}

// guarded takes the lock, or is told to stop. The lock is given up also if use
// panics: wraps run after the commit, when the lock is ours.
func guarded(m *cml.Mutex, quit *cml.Cond, use func()) bool {
	return cml.Perform(cml.Choice(
		cml.Wrap(m.LockOp(), func(cml.Unit) bool {
			defer m.Unlock()
			use()
			return true
		}),
		cml.Wrap(quit.WaitOp(), func(cml.Unit) bool { return false }),
	))
}

func Example_lockInWrap() {
	var m cml.Mutex
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		guarded(&m, cml.NewCond(), func() { panic("in use") })
	}()
	fmt.Println(m.TryLock())
	// Output:
	// recovered: in use
	// true
}

// caught is Wrap for functions that may panic: the panic becomes an error.
func caught[A, B any](op cml.Op[A], f func(A) B) cml.Op[fibers.Result[B]] {
	return cml.Wrap(op, func(a A) (r fibers.Result[B]) {
		defer func() {
			if v := recover(); v != nil {
				r.Err = fmt.Errorf("panic: %v", v)
			}
		}()
		r.Value = f(a)
		return r
	})
}

func Example_panicAsError() {
	half := func(n int) int { return 84 / n }
	fmt.Println(cml.Perform(caught(cml.Always(2), half)))
	fmt.Println(cml.Perform(caught(cml.Always(0), half)))
	// Output:
	// {42 <nil>}
	// {0 panic: runtime error: integer divide by zero}
}
