package worksteal_test

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/worksteal"
)

// A history says when which operation was called, when it returned, and with
// what. Elements are numbers, in the order in which one client pushes them.

type kind int

const (
	push      kind = iota // arg: the element
	popNewest             // takes one or none
	popOldest             // takes one or none
	takeHalf              // arg: the most
	isEmpty               // got [1] for true, [0] for false
)

type call struct {
	kind kind
	arg  int
}

func (c call) String() string {
	return fmt.Sprintf("%s(%d)", [...]string{"push", "popNewest", "popOldest", "takeHalf", "isEmpty"}[c.kind], c.arg)
}

// queue is the sequential specification: a slice, oldest first.
var queue = porcupine.Model{
	Init: func() any { return []int(nil) },
	Step: func(state, input, output any) (bool, any) {
		s, in, got := state.([]int), input.(call), output.([]int)
		n := len(s)
		switch in.kind {
		case push:
			return true, append(slices.Clip(s), in.arg)
		case popNewest:
			if n == 0 {
				return len(got) == 0, s
			}
			return slices.Equal(got, s[n-1:]), slices.Clip(s[:n-1])
		case isEmpty:
			return (got[0] == 1) == (n == 0), s
		}
		k := min(n, 1)
		if in.kind == takeHalf {
			k = min((n+1)/2, in.arg)
		}
		return slices.Equal(got, s[:k]), s[k:]
	},
	Equal:             func(a, b any) bool { return slices.Equal(a.([]int), b.([]int)) },
	DescribeOperation: func(in, out any) string { return fmt.Sprint(in, " = ", out) },
}

// client records the operations of one goroutine.
type client struct {
	id    int
	clock *atomic.Int64
	ops   []porcupine.Operation
}

func newClients(n int) []*client {
	cs, clock := make([]*client, n), atomic.NewInt64(0)
	for i := range cs {
		cs[i] = &client{id: i, clock: clock}
	}
	return cs
}

// begun and ended, if set, are told of the borders of operations.
var begun, ended func()

// do records one operation. f returns false if it had no effect.
func (c *client) do(in call, f func() ([]int, bool)) {
	if begun != nil {
		begun()
	}
	t := c.clock.Inc()
	got, ok := f()
	if ended != nil {
		ended()
	}
	if ok {
		c.ops = append(c.ops, porcupine.Operation{ClientId: c.id, Input: in, Call: t, Output: got, Return: c.clock.Inc()})
	}
}

// one is what was taken, as a slice.
func one(x *int) []int {
	if x == nil {
		return nil
	}
	return []int{*x}
}

func (c *client) push(n int, f func(*int)) {
	c.do(call{push, n}, func() ([]int, bool) { f(&n); return nil, true })
}

func (c *client) pop(k kind, f func() *int) {
	c.do(call{k, 0}, func() ([]int, bool) { return one(f()), true })
}

func (c *client) steal(f func() (*int, worksteal.Outcome)) {
	c.do(call{popOldest, 0}, func() ([]int, bool) {
		x, o := f()
		return one(x), o != worksteal.Lost
	})
}

func (c *client) half(most int, t *worksteal.RingThief[int], dst *worksteal.RingOwner[int]) {
	c.do(call{takeHalf, most}, func() ([]int, bool) {
		first, moved, o := t.StealHalf(dst, most)
		got := one(first)
		for range moved {
			got = append(got, *dst.Pop())
		}
		return got, o != worksteal.Lost
	})
}

func (c *client) empty(f func() bool) {
	c.do(call{isEmpty, 0}, func() ([]int, bool) {
		if f() {
			return []int{1}, true
		}
		return []int{0}, true
	})
}

// linear reports whether the operations of all clients have an order.
func linear(cs []*client) bool { return porcupine.CheckOperations(queue, all(cs)) }

func all(cs []*client) (ops []porcupine.Operation) {
	for _, c := range cs {
		ops = append(ops, c.ops...)
	}
	return ops
}

// story writes the operations of all clients with their times.
func story(cs []*client) string {
	s := ""
	for _, o := range all(cs) {
		s += fmt.Sprintf("%d: [%d,%d] %v = %v\n", o.ClientId, o.Call, o.Return, o.Input, o.Output)
	}
	return s
}
