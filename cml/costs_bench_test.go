package cml_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// BenchmarkCost is what docs/operations.md says of costs: one fiber, alone,
// performs what is ready at once, so nobody waits and nothing is exchanged. The
// ready part is a Cond that has been signalled, for goroutines a closed channel;
// the other parts are channels on which nothing happens.
func BenchmarkCost(b *testing.B) {
	ready, closed := cml.NewCond(), make(chan struct{})
	ready.Signal()
	close(closed)
	idle := cml.NewChan[cml.Unit]()
	silent := make(chan struct{})
	choiceOf := func(n int) []cml.Op[cml.Unit] {
		ops := []cml.Op[cml.Unit]{ready.WaitOp()}
		for len(ops) < n {
			ops = append(ops, cml.NewChan[cml.Unit]().GetOp())
		}
		return ops
	}
	same := func(u cml.Unit) cml.Unit { return u }
	fiber := func(name string, f func()) {
		b.Run(name+"/on=fibers", func(b *testing.B) {
			onFibers(b, 1, func(n int) {
				for range n {
					f()
				}
			})
		})
	}
	performed := func(name string, op cml.Op[cml.Unit]) { fiber(name, func() { cml.Perform(op) }) }

	performed("op=ready", ready.WaitOp())
	for _, n := range []int{2, 8} {
		ops := choiceOf(n)
		performed(fmt.Sprintf("op=choice/arms=%d/made=before", n), cml.Choice(ops...))
		fiber(fmt.Sprintf("op=choice/arms=%d/made=each", n), func() { cml.Perform(cml.Choice(ops...)) })
	}
	pair := choiceOf(2)
	performed("op=prefer/arms=2/made=before", cml.Prefer(pair[1], pair[0]))
	performed("op=wrap", cml.Wrap(ready.WaitOp(), same))
	performed("op=guard", cml.Guard(func() cml.Op[cml.Unit] { return pair[0] }))
	performed("op=nack/lost", cml.Prefer(pair[0], cml.WithNack(func(cml.Op[cml.Unit]) cml.Op[cml.Unit] { return pair[1] })))
	performed("op=onabort/lost", cml.Prefer(pair[0], cml.OnAbort(pair[1], func() {})))
	performed("op=orelse", cml.OrElse(pair[1], func() (u cml.Unit) { return u }))
	fiber("op=poll/fails", func() { cml.Poll(pair[1]) })
	for _, n := range []int{10, 1000} { // all of them are looked at
		many := cml.Choice(choiceOf(n + 1)[1:]...)
		fiber(fmt.Sprintf("op=poll/fails/arms=%d", n), func() { cml.Poll(many) })
	}
	fiber("op=tryget/fails", func() { idle.TryGet() })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	fiber("op=context", func() { cml.PerformContext(ctx, pair[0]) })
	fiber("op=timeout", func() { fibers.PerformTimeout(pair[0], time.Minute) })

	goroutine := func(name string, f func()) {
		b.Run(name+"/on=goroutines", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	goroutine("op=ready", func() { <-closed })
	goroutine("op=choice/arms=2", func() {
		select {
		case <-closed:
		case <-silent:
		}
	})
	var s [7]chan struct{}
	for i := range s {
		s[i] = make(chan struct{})
	}
	goroutine("op=choice/arms=8", func() {
		select {
		case <-closed:
		case <-s[0]:
		case <-s[1]:
		case <-s[2]:
		case <-s[3]:
		case <-s[4]:
		case <-s[5]:
		case <-s[6]:
		}
	})
	goroutine("op=tryget/fails", func() {
		select {
		case <-silent:
		default:
		}
	})
	goroutine("op=context", func() {
		select {
		case <-closed:
		case <-ctx.Done():
		}
	})
	goroutine("op=timeout", func() {
		select {
		case <-closed:
		case <-time.After(time.Minute):
		}
	})
}
