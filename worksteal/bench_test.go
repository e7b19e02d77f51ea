package worksteal_test

import (
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/worksteal"
)

// The rows:
//
//	op=pushpop          the owner pushes and pops one element, others being queued
//	op=last             the same, the queue being empty otherwise
//	op=fifo             push one, take the oldest, others being queued
//	op=fork/n=1024      push 1024, then pop 1024; per element
//	op=steal/thieves=n  push and pop 4 while n goroutines steal without pause;
//	                    per element; the share stolen is reported
//	op=half             StealHalf of 32 of 64 elements; per element, with the
//	                    pushes before and the pops after
//	op=empty            look into an empty queue
//
// with the same for a slice under a mutex and a channel with a buffer, where
// they can do it.

// pushPop says how many elements are queued besides. The loops are written out:
// a call through an interface would be a tenth of what they measure.
var pushPop = map[string]int{"pushpop": 10, "last": 0}

type lifo interface {
	Push(*int)
	Pop() *int
}

// locked is a slice under a mutex.
type locked struct {
	mu struct {
		sync.Mutex
		xs []*int
	}
}

func (l *locked) Push(x *int) {
	l.mu.Lock()
	l.mu.xs = append(l.mu.xs, x)
	l.mu.Unlock()
}

func (l *locked) Pop() (x *int) {
	l.mu.Lock()
	if n := len(l.mu.xs); n > 0 {
		x = l.mu.xs[n-1]
		l.mu.xs[n-1] = nil
		l.mu.xs = l.mu.xs[:n-1]
	}
	l.mu.Unlock()
	return x
}

// Steal takes the oldest element, as append reuses what it leaves behind.
func (l *locked) Steal() (x *int, o worksteal.Outcome) {
	l.mu.Lock()
	if len(l.mu.xs) > 0 {
		x, o = l.mu.xs[0], worksteal.Got
		l.mu.xs[0] = nil
		l.mu.xs = l.mu.xs[1:]
	}
	l.mu.Unlock()
	return x, o
}

// channel is a channel with a buffer.
type channel chan *int

func (c channel) Push(x *int) { c <- x }

func (c channel) Pop() *int {
	x, _ := c.Steal()
	return x
}

func (c channel) Steal() (*int, worksteal.Outcome) {
	select {
	case x := <-c:
		return x, worksteal.Got
	default:
		return nil, worksteal.Empty
	}
}

func benchFork(b *testing.B, q lifo) {
	const n = 1024
	b.ReportAllocs()
	x := new(int)
	for b.Loop() {
		for range n {
			q.Push(x)
		}
		for range n {
			q.Pop()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
}

func benchFIFO(b *testing.B, push func(*int), steal func() (*int, worksteal.Outcome)) {
	b.ReportAllocs()
	x := new(int)
	for range 10 {
		push(x)
	}
	for b.Loop() {
		push(x)
		steal()
	}
}

func benchSteal(b *testing.B, q lifo, steal func() (*int, worksteal.Outcome)) {
	const n = 4
	b.ReportAllocs()
	var (
		done   atomic.Bool
		stolen atomic.Int64
		wg     sync.WaitGroup
	)
	wg.Go(func() {
		got := 0
		for !done.Load() {
			if _, o := steal(); o == worksteal.Got {
				got++
			}
		}
		stolen.Add(int64(got))
	})
	x := new(int)
	for b.Loop() {
		for range n {
			q.Push(x)
		}
		for range n {
			q.Pop()
		}
	}
	done.Store(true)
	wg.Wait()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
	b.ReportMetric(100*float64(stolen.Load())/float64(b.N)/n, "%stolen")
}

func BenchmarkDeque(b *testing.B) {
	for op, queued := range pushPop {
		b.Run("op="+op, func(b *testing.B) {
			b.ReportAllocs()
			q, _ := worksteal.New[int]()
			x := new(int)
			for range queued {
				q.Push(x)
			}
			for b.Loop() {
				q.Push(x)
				q.Pop()
			}
		})
	}
	b.Run("op=fork/n=1024", func(b *testing.B) {
		o, _ := worksteal.New[int]()
		benchFork(b, o)
	})
	b.Run("op=fifo", func(b *testing.B) {
		o, t := worksteal.New[int]()
		benchFIFO(b, o.Push, t.Steal)
	})
	b.Run("op=steal/thieves=1", func(b *testing.B) {
		o, t := worksteal.New[int]()
		benchSteal(b, o, t.Steal)
	})
	b.Run("op=empty/by=owner", func(b *testing.B) {
		o, _ := worksteal.New[int]()
		for b.Loop() {
			o.Pop()
		}
	})
	b.Run("op=empty/by=thief", func(b *testing.B) {
		_, t := worksteal.New[int]()
		for b.Loop() {
			t.Steal()
		}
	})
}

func BenchmarkRing(b *testing.B) {
	for op, queued := range pushPop {
		b.Run("op="+op, func(b *testing.B) {
			b.ReportAllocs()
			q, _ := worksteal.NewRing[int]()
			x := new(int)
			for range queued {
				q.Push(x)
			}
			for b.Loop() {
				q.Push(x)
				q.Pop()
			}
		})
	}
	b.Run("op=fifo", func(b *testing.B) {
		o, t := worksteal.NewRing[int]()
		benchFIFO(b, o.Push, t.Steal)
	})
	b.Run("op=steal/thieves=1", func(b *testing.B) {
		o, t := worksteal.NewRing[int]()
		benchSteal(b, o, t.Steal)
	})
	b.Run("op=half", func(b *testing.B) {
		b.ReportAllocs()
		o, t := worksteal.NewRing[int]()
		dst, _ := worksteal.NewRing[int]()
		x := new(int)
		for range 32 {
			o.Push(x)
		}
		for b.Loop() {
			for range 32 {
				o.Push(x)
			}
			t.StealHalf(dst, 32)
			for range 31 {
				dst.Pop()
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/32, "ns/elem")
	})
}

func BenchmarkInjector(b *testing.B) {
	for op, queued := range pushPop {
		b.Run("op="+op, func(b *testing.B) {
			b.ReportAllocs()
			q, x := worksteal.NewInjector[int](), new(int)
			for range queued {
				q.Push(x)
			}
			for b.Loop() {
				q.Push(x)
				q.Pop()
			}
		})
	}
	b.Run("op=steal/thieves=1", func(b *testing.B) {
		q := worksteal.NewInjector[int]()
		benchSteal(b, q, func() (*int, worksteal.Outcome) {
			if x := q.Pop(); x != nil {
				return x, worksteal.Got
			}
			return nil, worksteal.Empty
		})
	})
	b.Run("op=empty", func(b *testing.B) {
		q := worksteal.NewInjector[int]()
		for b.Loop() {
			if !q.Empty() {
				b.Fatal("not empty")
			}
		}
	})
}

func BenchmarkMutexSlice(b *testing.B) {
	for op, queued := range pushPop {
		b.Run("op="+op, func(b *testing.B) {
			b.ReportAllocs()
			q, x := &locked{}, new(int)
			for range queued {
				q.Push(x)
			}
			for b.Loop() {
				q.Push(x)
				q.Pop()
			}
		})
	}
	b.Run("op=fork/n=1024", func(b *testing.B) { benchFork(b, &locked{}) })
	b.Run("op=fifo", func(b *testing.B) {
		q := &locked{}
		benchFIFO(b, q.Push, q.Steal)
	})
	b.Run("op=steal/thieves=1", func(b *testing.B) {
		q := &locked{}
		benchSteal(b, q, q.Steal)
	})
}

func BenchmarkChannel(b *testing.B) {
	for op, queued := range pushPop {
		b.Run("op="+op, func(b *testing.B) {
			b.ReportAllocs()
			q, x := make(channel, 2048), new(int)
			for range queued {
				q.Push(x)
			}
			for b.Loop() {
				q.Push(x)
				q.Pop()
			}
		})
	}
	b.Run("op=fork/n=1024", func(b *testing.B) { benchFork(b, make(channel, 2048)) })
	b.Run("op=steal/thieves=1", func(b *testing.B) {
		q := make(channel, 2048)
		benchSteal(b, q, q.Steal)
	})
}
