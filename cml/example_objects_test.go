package cml_test

import (
	"errors"
	"fmt"

	"github.com/seed222ee791/fibers/cml"
)

func ExampleNewChan() {
	c := cml.NewChan[int]()
	go func() {
		for i := range 3 {
			c.Put(i)
		}
	}()
	fmt.Println(c.Get(), c.Get(), c.Get())
	// Output: 0 1 2
}

func ExampleNewBuffered() {
	c := cml.NewBuffered[int](2)
	c.Put(1)
	c.Put(2)
	fmt.Println(c.TryPut(3), c.Get(), c.Get())
	// Output: false 1 2
}

func ExampleChan_Put() {
	c := cml.NewChan[string]()
	go func() { fmt.Println(c.Get()); c.Put("thanks") }()
	c.Put("hello")
	fmt.Println(c.Get())
	// Output:
	// hello
	// thanks
}

func ExampleChan_PutOp() {
	a, b := cml.NewChan[int](), cml.NewChan[int]()
	go func() { cml.Select(a.PutOp(1), b.PutOp(2)) }()
	fmt.Println(b.Get())
	// Output: 2
}

func ExampleChan_Get() {
	c := cml.NewChan[int]()
	go c.Put(1)
	fmt.Println(c.Get())
	// Output: 1
}

func ExampleChan_GetOp() {
	c := cml.NewChan[int]()
	go c.Put(20)
	fmt.Println(cml.Perform(cml.Wrap(c.GetOp(), func(v int) int { return 2 * v })))
	// Output: 40
}

func ExampleChan_TryPut() {
	fmt.Println(cml.NewChan[int]().TryPut(1)) // nobody gets
	// Output: false
}

func ExampleChan_TryGet() {
	c := cml.NewBuffered[int](1)
	c.Put(5)
	fmt.Println(c.TryGet())
	fmt.Println(c.TryGet())
	// Output:
	// 5 true
	// 0 false
}

func ExampleNewCond() {
	c := cml.NewCond()
	go c.Signal()
	c.Wait()
	c.Wait() // it has happened, for ever
	fmt.Println(c.Signalled())
	// Output: true
}

func ExampleCond_Signal() {
	c := cml.NewCond()
	fmt.Println(c.Signal(), c.Signal())
	// Output: true false
}

func ExampleCond_Signalled() {
	fmt.Println(cml.NewCond().Signalled())
	// Output: false
}

func ExampleCond_Wait() {
	c := cml.NewCond()
	go func() { fmt.Println("now"); c.Signal() }()
	c.Wait()
	// Output: now
}

func ExampleCond_WaitOp() {
	c, idle := cml.NewCond(), cml.NewChan[cml.Unit]()
	go c.Signal()
	cml.Select(idle.GetOp(), c.WaitOp())
	fmt.Println(c.Signalled())
	// Output: true
}

func ExampleNewIVar() {
	iv := cml.NewIVar[int]()
	go iv.Fill(3)
	fmt.Println(iv.Read(), iv.Read())
	// Output: 3 3
}

func ExampleIVar_Fill() {
	iv := cml.NewIVar[int]()
	fmt.Println(iv.Fill(1), iv.Fill(2), iv.Read())
	// Output: true false 1
}

func ExampleIVar_Read() {
	iv := cml.NewIVar[string]()
	go iv.Fill("written")
	fmt.Println(iv.Read())
	// Output: written
}

func ExampleIVar_ReadOp() {
	a, b := cml.NewIVar[int](), cml.NewIVar[int]()
	b.Fill(2)
	fmt.Println(cml.Perform(cml.Choice(a.ReadOp(), b.ReadOp())))
	// Output: 2
}

func ExampleNewMVar() {
	counter := cml.NewMVar[int]()
	counter.Put(0)
	done := make(chan bool)
	for range 3 {
		go func() {
			counter.Put(counter.Take() + 1)
			done <- true
		}()
	}
	<-done
	<-done
	<-done
	fmt.Println(counter.Read())
	// Output: 3
}

func ExampleMVar_Put() {
	m := cml.NewMVar[int]()
	m.Put(1)
	fmt.Println(m.Take())
	// Output: 1
}

func ExampleMVar_PutOp() {
	m := cml.NewMVar[int]()
	m.Put(1)
	_, ok := cml.Poll(m.PutOp(2)) // it is full
	fmt.Println(ok)
	// Output: false
}

func ExampleMVar_Take() {
	m := cml.NewMVar[int]()
	go m.Put(1)
	fmt.Println(m.Take())
	// Output: 1
}

func ExampleMVar_TakeOp() {
	m := cml.NewMVar[int]()
	_, ok := cml.Poll(m.TakeOp())
	fmt.Println(ok)
	// Output: false
}

func ExampleMVar_Read() {
	m := cml.NewMVar[int]()
	m.Put(1)
	fmt.Println(m.Read(), m.Read())
	// Output: 1 1
}

func ExampleMVar_ReadOp() {
	m := cml.NewMVar[int]()
	m.Put(1)
	fmt.Println(cml.Perform(m.ReadOp()))
	// Output: 1
}

func ExampleMVar_Swap() {
	m := cml.NewMVar[int]()
	m.Put(1)
	fmt.Println(m.Swap(2), m.Swap(3))
	// Output: 1 2
}

func ExampleMVar_SwapOp() {
	m := cml.NewMVar[int]()
	m.Put(1)
	fmt.Println(cml.Perform(m.SwapOp(2)), m.Read())
	// Output: 1 2
}

func ExampleNewSwap() {
	s := cml.NewSwap[string]()
	got := make(chan string)
	go func() { got <- s.Swap("from a") }()
	fmt.Println(s.Swap("from b"))
	fmt.Println(<-got)
	// Output:
	// from a
	// from b
}

func ExampleSwap_Swap() {
	s := cml.NewSwap[int]()
	go s.Swap(1)
	fmt.Println(s.Swap(2))
	// Output: 1
}

func ExampleSwap_SwapOp() {
	s := cml.NewSwap[int]()
	go s.Swap(1)
	fmt.Println(cml.Perform(cml.Choice(s.SwapOp(2), cml.Never[int]())))
	// Output: 1
}

func ExampleNewQueue() {
	q := cml.NewQueue[int](0)
	go func() {
		for i := range 3 {
			q.Put(i)
		}
		q.Close(nil)
	}()
	for v := range q.All() {
		fmt.Println(v)
	}
	// Output:
	// 0
	// 1
	// 2
}

func ExampleQueue_Put() {
	q := cml.NewQueue[int](0)
	q.Close(nil)
	fmt.Println(q.Put(1))
	// Output: cml: queue closed
}

func ExampleQueue_PutOp() {
	q := cml.NewQueue[int](1)
	fmt.Println(cml.Perform(q.PutOp(1)))
	_, ok := cml.Poll(q.PutOp(2)) // it is full
	fmt.Println(ok)
	// Output:
	// <nil>
	// false
}

func ExampleQueue_Get() {
	q := cml.NewQueue[int](0)
	q.Put(1)
	q.Close(errors.New("that was all"))
	fmt.Println(q.Get())
	fmt.Println(q.Get())
	// Output:
	// 1 <nil>
	// 0 that was all
}

func ExampleQueue_GetOp() {
	q := cml.NewQueue[int](0)
	q.Put(1)
	item := cml.Perform(q.GetOp())
	fmt.Println(item.Value, item.Err)
	// Output: 1 <nil>
}

func ExampleQueue_Close() {
	q := cml.NewQueue[int](0)
	q.Close(nil)
	_, err := q.Get()
	fmt.Println(errors.Is(err, cml.ErrClosed))
	// Output: true
}

func ExampleQueue_All() {
	q := cml.NewQueue[string](0)
	q.Put("a")
	q.Put("b")
	q.Close(nil)
	for v := range q.All() {
		fmt.Print(v, " ")
	}
	// Output: a b
}

func ExampleQueue_Len() {
	q := cml.NewQueue[int](0)
	q.Put(1)
	fmt.Println(q.Len())
	// Output: 1
}

func ExampleNewMulticast() {
	m := cml.NewMulticast[string]()
	a, b := m.Subscribe(), m.Subscribe()
	m.Publish("news")
	fmt.Println(a.Get(), b.Get())
	// Output: news news
}

func ExampleMulticast_Publish() {
	m := cml.NewMulticast[int]()
	m.Publish(1) // nobody has subscribed
	p := m.Subscribe()
	m.Publish(2)
	fmt.Println(p.Get())
	// Output: 2
}

func ExampleMulticast_Subscribe() {
	m := cml.NewMulticast[int]()
	p := m.Subscribe()
	go m.Publish(1)
	fmt.Println(p.Get())
	// Output: 1
}

func ExamplePort_Get() {
	m := cml.NewMulticast[int]()
	p := m.Subscribe()
	m.Publish(1)
	m.Publish(2)
	fmt.Println(p.Get(), p.Get())
	// Output: 1 2
}

func ExamplePort_GetOp() {
	_, ok := cml.Poll(cml.NewMulticast[int]().Subscribe().GetOp())
	fmt.Println(ok)
	// Output: false
}

func ExamplePort_Close() {
	m := cml.NewMulticast[int]()
	p := m.Subscribe()
	m.Publish(1)
	p.Close()
	_, ok := cml.Poll(p.GetOp())
	fmt.Println(ok)
	// Output: false
}

func ExampleNewSemaphore() {
	s := cml.NewSemaphore(2)
	s.Acquire(1)
	fmt.Println(s.TryAcquire(2), s.TryAcquire(1))
	// Output: false true
}

func ExampleSemaphore_Acquire() {
	s := cml.NewSemaphore(3)
	s.Acquire(3)
	go s.Release(3)
	s.Acquire(2)
	fmt.Println("two of three")
	// Output: two of three
}

func ExampleSemaphore_AcquireOp() {
	s := cml.NewSemaphore(1)
	s.Acquire(1)
	fmt.Println(cml.Perform(cml.OrElse(
		cml.Wrap(s.AcquireOp(1), func(cml.Unit) string { return "mine" }),
		func() string { return "busy" })))
	// Output: busy
}

func ExampleSemaphore_TryAcquire() {
	s := cml.NewSemaphore(1)
	fmt.Println(s.TryAcquire(1), s.TryAcquire(1))
	// Output: true false
}

func ExampleSemaphore_Release() {
	s := cml.NewSemaphore(1)
	s.Acquire(1)
	s.Release(1)
	fmt.Println(s.TryAcquire(1))
	// Output: true
}

func ExampleMutex_Lock() {
	var m cml.Mutex
	m.Lock()
	defer m.Unlock()
	fmt.Println(m.TryLock())
	// Output: false
}

func ExampleMutex_Unlock() {
	var m cml.Mutex
	m.Lock()
	go m.Unlock() // by another
	m.Lock()
	fmt.Println("locked again")
	// Output: locked again
}

func ExampleMutex_TryLock() {
	var m cml.Mutex
	fmt.Println(m.TryLock(), m.TryLock())
	// Output: true false
}

func ExampleMutex_LockOp() {
	var m cml.Mutex
	m.Lock()
	_, ok := cml.Poll(m.LockOp())
	fmt.Println(ok)
	// Output: false
}

func ExampleRWMutex_Lock() {
	var rw cml.RWMutex
	rw.Lock()
	fmt.Println(rw.TryRLock())
	// Output: false
}

func ExampleRWMutex_TryLock() {
	var rw cml.RWMutex
	rw.RLock()
	fmt.Println(rw.TryLock())
	// Output: false
}

func ExampleRWMutex_LockOp() {
	var rw cml.RWMutex
	cml.Perform(rw.LockOp())
	fmt.Println(rw.TryLock())
	// Output: false
}

func ExampleRWMutex_Unlock() {
	var rw cml.RWMutex
	rw.Lock()
	fmt.Println(rw.TryRLock())
	rw.Unlock()
	fmt.Println(rw.TryRLock())
	// Output:
	// false
	// true
}

func ExampleRWMutex_RLock() {
	var rw cml.RWMutex
	rw.RLock()
	rw.RLock() // another reader
	fmt.Println(rw.TryLock())
	// Output: false
}

func ExampleRWMutex_TryRLock() {
	var rw cml.RWMutex
	fmt.Println(rw.TryRLock(), rw.TryRLock())
	// Output: true true
}

func ExampleRWMutex_RLockOp() {
	var rw cml.RWMutex
	rw.Lock()
	_, ok := cml.Poll(rw.RLockOp())
	fmt.Println(ok)
	// Output: false
}

func ExampleRWMutex_RUnlock() {
	var rw cml.RWMutex
	rw.RLock()
	fmt.Println(rw.TryLock())
	rw.RUnlock()
	fmt.Println(rw.TryLock())
	// Output:
	// false
	// true
}

func ExampleWaitGroup_Add() {
	var wg cml.WaitGroup
	n := 0
	wg.Add(1)
	go func() {
		defer wg.Done()
		n = 1
	}()
	wg.Wait()
	fmt.Println(n)
	// Output: 1
}

func ExampleWaitGroup_Done() {
	var wg cml.WaitGroup
	wg.Add(2)
	go wg.Done()
	go wg.Done()
	wg.Wait()
	fmt.Println("both are done")
	// Output: both are done
}

func ExampleWaitGroup_Wait() {
	var wg cml.WaitGroup
	wg.Wait() // nothing was added
	fmt.Println("nothing to do")
	// Output: nothing to do
}

func ExampleWaitGroup_WaitOp() {
	var wg cml.WaitGroup
	wg.Add(1)
	_, ok := cml.Poll(wg.WaitOp())
	fmt.Println(ok)
	// Output: false
}

func ExampleNewBarrier() {
	b := cml.NewBarrier(2)
	go func() {
		b.Wait()
		b.Wait()
	}()
	b.Wait()
	b.Wait()
	fmt.Println("met twice")
	// Output: met twice
}

func ExampleBarrier_Wait() {
	b := cml.NewBarrier(2)
	go func() { fmt.Println("before"); b.Wait() }()
	b.Wait()
	fmt.Println("after")
	// Output:
	// before
	// after
}

func ExampleBarrier_WaitOp() {
	b := cml.NewBarrier(2)
	_, ok := cml.Poll(b.WaitOp()) // alone
	fmt.Println(ok)
	// Output: false
}
