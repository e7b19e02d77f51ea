package runtime_test

import (
	goruntime "runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// inStacks returns how much of the heap is in stacks.
func inStacks() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// bitByBit calls spawn so many times, each of which spawns a fiber that says that it is there. What
// is spawned at once runs newest first.
func bitByBit(parties int, spawn func(here *cml.WaitGroup)) {
	var here cml.WaitGroup
	for range parties / 64 {
		here.Add(64)
		for range 64 {
			spawn(&here)
		}
		here.Wait()
	}
}

// What a fiber does when it first waits must not make its stack grow, which would double what
// it takes: it waits with the stack that it began with, in a choice as in a plain wait.
func TestWaitingKeepsTheFirstStack(t *testing.T) {
	switch {
	case race.Enabled:
		t.Skip("frames are larger with the race detector")
	case coro.Kind() != coro.KindDirect:
		t.Skip("a switch by iter.Pull needs some more stack")
	}
	const parties = 8192
	var open []*fibers.Runtime // so that no stack is used twice
	defer func() {
		for _, rt := range open {
			rt.Close()
		}
	}()
	ch, other := cml.NewChan[int](), cml.NewChan[int]()
	get, either := ch.GetOp(), cml.Choice(ch.GetOp(), other.GetOp())
	for _, c := range []struct {
		name string
		get  func() int
	}{
		{"get", ch.Get},
		{"choice", func() int { return cml.Perform(either) }},
		{"timeout", func() int { v, _ := fibers.PerformTimeout(get, time.Hour); return v }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rt, err := fibers.New(fibers.WithSchedulers(1))
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, rt)
			before := inStacks()
			err = rt.Run(func() {
				var end cml.WaitGroup
				end.Add(parties)
				bitByBit(parties, func(here *cml.WaitGroup) {
					fibers.Go(func() {
						here.Done()
						c.get()
						end.Done()
					})
				})
				if each := (inStacks() - before) / parties; each > 2048+64 {
					t.Errorf("each of %d that wait has a stack of %d bytes, on average; want the first 2048", parties, each)
				}
				for range parties {
					ch.Put(1)
				}
				end.Wait()
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// Nor when it goes on: what gives up a time-out is deepest, and a program has some frames of its own.
func TestGivingUpATimeoutKeepsTheFirstStack(t *testing.T) {
	switch {
	case race.Enabled:
		t.Skip("frames are larger with the race detector")
	case coro.Kind() != coro.KindDirect:
		t.Skip("a switch by iter.Pull needs some more stack")
	}
	const parties = 8192
	goruntime.GC() // what others have left
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	ch := cml.NewChan[int]()
	get := ch.GetOp()
	err = rt.Run(func() {
		before := inStacks()
		var got, end cml.WaitGroup
		got.Add(parties)
		end.Add(parties)
		leave := cml.NewChan[int]()
		bitByBit(parties, func(here *cml.WaitGroup) {
			fibers.Go(func() {
				here.Done()
				inAFrame(get)
				got.Done()
				leave.Get()
				end.Done()
			})
		})
		fibers.Sleep(20 * time.Millisecond) // their timers come from the slots into the wheel
		for range parties {
			ch.Put(1)
		}
		got.Wait()
		if each := (inStacks() - before) / parties; each > 2048+256 {
			t.Errorf("each of %d that have given up a time-out has a stack of %d bytes, on average; want the first 2048", parties, each)
		}
		for range parties {
			leave.Put(1)
		}
		end.Wait()
	})
	if err != nil {
		t.Error(err)
	}
}

// inAFrame waits for op in a frame of its own.
//
//go:noinline
func inAFrame(op cml.Op[int]) (int, bool) {
	return fibers.PerformTimeout(op, time.Hour)
}
