package cml_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A bounded buffer with a condition variable, against a count: fibers and goroutines, some
// of whose waits lose, put and get each value once.
func TestNotifierStress(t *testing.T) {
	rt, err := fibers.New()
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	const values, parties = 2000, 3
	var (
		mu      cml.Mutex
		changed cml.Notifier
		buf     []int
		got     int
		seen    = make([]int, values)
		wg      sync.WaitGroup
	)
	spawn := func(i int, f func()) {
		wg.Add(1)
		party := func() { defer wg.Done(); f() }
		if i%2 == 0 {
			rt.Go(party)
		} else {
			go party()
		}
	}
	// until waits, with the lock, until ok: by Wait, or by operations that may lose.
	until := func(i int, ok func() bool) {
		for !ok() {
			if i%3 == 0 {
				changed.Wait(&mu)
				continue
			}
			op := changed.Armed()
			mu.Unlock()
			fibers.PerformTimeout(op, time.Duration(i)*20*time.Microsecond)
			mu.Lock()
		}
	}
	for i := range parties {
		spawn(i, func() {
			for v := i; v < values; v += parties {
				mu.Lock()
				until(i, func() bool { return len(buf) < 4 })
				buf = append(buf, v)
				changed.Broadcast()
				mu.Unlock()
			}
		})
		spawn(i+1, func() {
			for {
				mu.Lock()
				until(i+1, func() bool { return len(buf) > 0 || got == values })
				if len(buf) == 0 {
					mu.Unlock()
					return
				}
				seen[buf[0]]++
				buf = buf[1:]
				got++
				changed.Broadcast()
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for v, n := range seen {
		if n != 1 {
			t.Fatalf("%d came %d times", v, n)
		}
	}
}

// A Broadcast is for those who wait, not for those who come.
func TestNotifierIsForThoseWhoWait(t *testing.T) {
	var n cml.Notifier
	n.Broadcast()
	if _, ok := cml.Poll(n.WaitOp()); ok {
		t.Error("a Broadcast before")
	}
	armed := n.Armed()
	n.Broadcast()
	if _, ok := cml.Poll(armed); !ok {
		t.Error("a Broadcast after Armed was missed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cml.PerformContext(ctx, n.WaitOp()); err != context.Canceled {
		t.Error(err)
	}
}

// Wait gives the lock back also where the fiber is ended.
func TestNotifierWaitLocksWhenTheRuntimeEnds(t *testing.T) {
	var (
		mu   cml.Mutex
		n    cml.Notifier
		held bool
	)
	if err := fibers.Run(func() {
		waiting := cml.NewCond()
		fibers.Go(func() {
			mu.Lock()
			defer func() { held = !mu.TryLock(); mu.Unlock() }()
			waiting.Signal()
			n.Wait(&mu)
		})
		waiting.Wait()
		cml.Perform(mu.LockOp()) // so it waits by now
		mu.Unlock()
	}); err != nil {
		t.Fatal(err)
	}
	if !held {
		t.Error("the lock was not held")
	}
}

func ExampleNotifier_Wait() {
	var (
		mu      cml.Mutex
		changed cml.Notifier
		ready   bool
	)
	go func() {
		mu.Lock()
		ready = true
		changed.Broadcast()
		mu.Unlock()
	}()
	mu.Lock()
	for !ready {
		changed.Wait(&mu)
	}
	mu.Unlock()
	fmt.Println(ready)
	// Output: true
}

func ExampleNotifier_Broadcast() {
	var n cml.Notifier
	a, b := n.Armed(), n.Armed()
	n.Broadcast()
	cml.Perform(a)
	cml.Perform(b)
	fmt.Println("all have been told")
	// Output: all have been told
}

func ExampleNotifier_WaitOp() {
	var n cml.Notifier
	_, ok := fibers.PerformTimeout(n.WaitOp(), time.Millisecond)
	fmt.Println(ok)
	// Output: false
}

func ExampleNotifier_Armed() {
	var n cml.Notifier
	changed := n.Armed()
	n.Broadcast() // before anybody waits
	cml.Perform(changed)
	fmt.Println("not missed")
	// Output: not missed
}
