package cml_test

import (
	"fmt"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleNewRendezvous() {
	fibers.Run(func() {
		q := cml.NewRendezvous[string]()
		fibers.Go(func() {
			q.Put("hello") // waits for the get below
			q.Close(nil)
		})
		fmt.Println(q.Get())
		fmt.Println(q.Get())
	})
	// Output:
	// hello <nil>
	//  cml: queue closed
}

func ExampleNewSliding() {
	latest := cml.NewSliding[int](1)
	for v := range 5 {
		latest.Put(v)
	}
	fmt.Println(latest.Get())
	// Output: 4 <nil>
}

func ExampleQueue_GetMany() {
	q := cml.NewQueue[int](0)
	for v := range 5 {
		q.Put(v)
	}
	fmt.Println(q.GetMany(3))
	fmt.Println(q.GetMany(3))
	// Output:
	// [0 1 2] <nil>
	// [3 4] <nil>
}

func ExampleQueue_GetManyOp() {
	q := cml.NewQueue[string](0)
	q.Put("a")
	q.Put("b")
	b := cml.Perform(q.GetManyOp(10))
	fmt.Println(b.Values, b.Err)
	// Output: [a b] <nil>
}

func ExampleQueue_Cap() {
	fmt.Println(cml.NewQueue[int](3).Cap(), cml.NewQueue[int](0).Cap(), cml.NewRendezvous[int]().Cap())
	// Output: 3 -1 0
}

func ExampleQueue_Dropped() {
	q := cml.NewSliding[int](2)
	for v := range 5 {
		q.Put(v)
	}
	fmt.Println(q.Dropped())
	// Output: 3
}

func ExampleNewCounting() {
	fibers.Run(func() {
		letters := cml.NewCounting(0)
		fibers.Go(func() { letters.Release(3) })
		letters.Acquire(2)
		fmt.Println(letters.Available())
	})
	// Output: 1
}

func ExampleSemaphore_Available() {
	s := cml.NewSemaphore(5)
	s.Acquire(2)
	fmt.Println(s.Available())
	// Output: 3
}

func ExampleRWMutex_RLocker() {
	var rw cml.RWMutex
	r := rw.RLocker()
	r.Lock()
	fmt.Println(rw.TryLock())
	r.Unlock()
	fmt.Println(rw.TryLock())
	// Output:
	// false
	// true
}

func ExampleMVar_Modify() {
	balance := cml.NewMVar[int]()
	balance.Put(10)
	fmt.Println(balance.Modify(func(n int) int { return n + 5 }))
	// Output: 15
}

func ExampleMVar_ModifyOp() {
	balance := cml.NewMVar[int]()
	deposit := balance.ModifyOp(func(n int) int { return n + 5 })
	_, ready := cml.Poll(deposit)
	fmt.Println(ready)
	balance.Put(10)
	fmt.Println(cml.Perform(deposit))
	// Output:
	// false
	// 15
}

func ExamplePort_Copy() {
	news := cml.NewMulticast[string]()
	a := news.Subscribe()
	news.Publish("one")
	b := a.Copy()
	fmt.Println(a.Get(), b.Get())
	// Output: one one
}

func ExampleWaitGroup_Go() {
	fibers.Run(func() {
		var all cml.WaitGroup
		sum := cml.NewCounting(0)
		for range 10 {
			all.Go(func() { sum.Release(1) })
		}
		all.Wait()
		fmt.Println(sum.Available())
	})
	// Output: 10
}

func ExampleNewLazy() {
	config := cml.NewLazy(func() string { fmt.Println("reading"); return "quiet = yes" })
	fmt.Println(config.Get())
	fmt.Println(config.Get())
	// Output:
	// reading
	// quiet = yes
	// quiet = yes
}

func ExampleLazy_Get() {
	fmt.Println(cml.NewLazy(func() int { return 7 }).Get())
	// Output: 7
}

func ExampleLazy_GetOp() {
	l := cml.NewLazy(func() int { return 7 })
	cml.Select(cml.On(l.GetOp(), func(v int) { fmt.Println(v) }))
	// Output: 7
}

func ExampleLazy_Made() {
	l := cml.NewLazy(func() int { return 7 })
	fmt.Println(l.Made())
	l.Get()
	fmt.Println(l.Made())
	// Output:
	// false
	// true
}

func ExampleNewWatch() {
	limit := cml.NewWatch(10)
	changes := limit.Observe()
	fmt.Println(limit.Load())
	limit.Store(20)
	limit.Store(30)
	fmt.Println(changes.Next()) // not 20: that is over
	// Output:
	// 10
	// 30
}

func ExampleWatch_Load() {
	fmt.Println(cml.NewWatch("as it is").Load())
	// Output: as it is
}

func ExampleWatch_Store() {
	w := cml.NewWatch(1)
	w.Store(2)
	fmt.Println(w.Load())
	// Output: 2
}

func ExampleWatch_Observe() {
	w := cml.NewWatch(1)
	o := w.Observe()
	w.Store(2)
	fmt.Println(o.Next())
	// Output: 2
}

func ExampleObserver_Next() {
	w := cml.NewWatch("off")
	o := w.Observe()
	w.Store("on")
	fmt.Println(o.Next())
	// Output: on
}

func ExampleObserver_NextOp() {
	w := cml.NewWatch("off")
	o := w.Observe()
	_, changed := cml.Poll(o.NextOp())
	fmt.Println(changed)
	w.Store("on")
	fmt.Println(cml.Perform(o.NextOp()))
	// Output:
	// false
	// on
}
