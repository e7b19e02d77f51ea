package cml_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A party that adds up what comes in and hands the sum to whoever asks.
func Example() {
	fibers.Run(func() {
		in, out := cml.NewChan[int](), cml.NewChan[int]()
		quit := cml.NewCond()
		fibers.Go(func() {
			done := false
			for v := 0; !done; {
				cml.Select(
					cml.On(in.GetOp(), func(x int) { v += x }),
					cml.On(out.PutOp(v), func(cml.Unit) { v = 0 }),
					cml.On(quit.WaitOp(), func(cml.Unit) { done = true }),
				)
			}
		})
		in.Put(1)
		in.Put(2)
		fmt.Println(out.Get())
		in.Put(4)
		fmt.Println(out.Get())
		quit.Signal()
	})
	// Output:
	// 3
	// 4
}

func ExamplePerform() {
	a, b := cml.NewChan[string](), cml.NewChan[string]()
	go b.Put("from b")
	fmt.Println(cml.Perform(cml.Choice(a.GetOp(), b.GetOp())))
	// Output: from b
}

func ExamplePerformContext() {
	ctx, cancel := context.WithCancelCause(context.Background())
	go cancel(errors.New("no time left"))
	_, err := cml.PerformContext(ctx, cml.NewChan[int]().GetOp())
	fmt.Println(err)
	// Output: no time left
}

func ExamplePoll() {
	c := cml.NewBuffered[int](1)
	_, ok := cml.Poll(c.GetOp())
	fmt.Println(ok)
	c.Put(1)
	fmt.Println(cml.Poll(c.GetOp()))
	// Output:
	// false
	// 1 true
}

func ExampleAlways() {
	fmt.Println(cml.Perform(cml.Always(42)))
	// Output: 42
}

func ExampleNever() {
	_, ok := cml.Poll(cml.Never[int]())
	fmt.Println(ok)
	// Output: false
}

func ExampleChoice() {
	numbers := cml.NewChan[int]()
	stop := cml.NewCond()
	op := cml.Choice(
		cml.Wrap(numbers.GetOp(), func(v int) string { return fmt.Sprint("got ", v) }),
		cml.Wrap(stop.WaitOp(), func(cml.Unit) string { return "stopped" }),
	)
	go numbers.Put(7)
	fmt.Println(cml.Perform(op))
	stop.Signal()
	fmt.Println(cml.Perform(op))
	// Output:
	// got 7
	// stopped
}

func ExamplePrefer() {
	urgent, normal := cml.NewBuffered[string](1), cml.NewBuffered[string](1)
	normal.Put("normal")
	urgent.Put("urgent")
	next := cml.Prefer(urgent.GetOp(), normal.GetOp())
	fmt.Println(cml.Perform(next), cml.Perform(next))
	// Output: urgent normal
}

func ExampleWrap() {
	op := cml.Wrap(cml.Always(20), func(v int) string { return fmt.Sprint(v + 1) })
	fmt.Println(cml.Perform(op))
	// Output: 21
}

func ExampleGuard() {
	n := 0
	op := cml.Guard(func() cml.Op[int] {
		n++
		return cml.Always(n)
	})
	fmt.Println(cml.Perform(op), cml.Perform(op))
	// Output: 1 2
}

// A client asks a server, and tells it if it does not want the answer any more.
func ExampleWithNack() {
	type request struct {
		reply *cml.Chan[string]
		gone  cml.Op[cml.Unit]
	}
	requests := cml.NewChan[request]()
	ask := cml.WithNack(func(gone cml.Op[cml.Unit]) cml.Op[string] {
		r := request{cml.NewChan[string](), gone}
		requests.Put(r)
		return r.reply.GetOp()
	})
	log := make(chan string)
	go func() {
		for range 2 {
			r := requests.Get()
			log <- cml.Perform(cml.Choice(
				cml.Wrap(r.reply.PutOp("answer"), func(cml.Unit) string { return "answered" }),
				cml.Wrap(r.gone, func(cml.Unit) string { return "not wanted" }),
			))
		}
	}()
	fmt.Println(cml.Perform(ask), "/", <-log)
	fmt.Println(cml.Perform(cml.Prefer(cml.Always("something else"), ask)), "/", <-log)
	// Output:
	// answer / answered
	// something else / not wanted
}

func ExampleOnAbort() {
	op := cml.OnAbort(cml.NewChan[int]().GetOp(), func() { fmt.Println("lost") })
	fmt.Println(cml.Perform(cml.Choice(op, cml.Always(1))))
	// Output:
	// lost
	// 1
}

func ExampleBracket() {
	op := cml.Bracket(
		func() string { fmt.Println("open"); return "file" },
		func(name string, aborted bool) { fmt.Println("close", name, aborted) },
		func(name string) cml.Op[int] { return cml.Always(len(name)) },
	)
	fmt.Println(cml.Perform(op))
	// Output:
	// open
	// close file false
	// 4
}

func ExampleOrElse() {
	c := cml.NewChan[string]()
	fmt.Println(cml.Perform(cml.OrElse(c.GetOp(), func() string { return "nobody is there" })))
	// Output: nobody is there
}

func ExampleDone() {
	ctx, cancel := context.WithCancel(context.Background())
	c := cml.NewChan[int]()
	cancel()
	cml.Select(
		cml.On(c.GetOp(), func(v int) { fmt.Println(v) }),
		cml.On(cml.Done(ctx), func(err error) { fmt.Println(err) }),
	)
	// Output: context canceled
}

// An op that is ready when a function has been called back.
func ExampleNewOp() {
	later := func(f func()) { go f() }
	op := cml.NewOp(
		func() (int, bool) { return 0, false },
		func(w cml.Waiter[int]) func() {
			later(func() { w.Commit(5) })
			return nil
		})
	fmt.Println(cml.Perform(op))
	// Output: 5
}

func ExampleOn() {
	cml.Perform(cml.On(cml.Always(3), func(v int) { fmt.Println(v) }))
	// Output: 3
}

func ExampleSelect() {
	in, out := cml.NewBuffered[int](1), cml.NewChan[int]()
	in.Put(1)
	cml.Select(
		cml.On(in.GetOp(), func(v int) { fmt.Println("in", v) }),
		cml.On(out.PutOp(2), func(cml.Unit) { fmt.Println("out") }),
	)
	// Output: in 1
}
