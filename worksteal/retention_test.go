package worksteal_test

import (
	"runtime"
	"testing"
	"weak"

	"github.com/seed222ee791/fibers/worksteal"
)

// big is an element that has a heap block of its own.
type big struct{ _ [64]uintptr }

// watched pushes n new elements and returns weak pointers to them.
//
//go:noinline
func watched(n int, push func(*big)) []weak.Pointer[big] {
	ws := make([]weak.Pointer[big], n)
	for i := range ws {
		x := new(big)
		ws[i] = weak.Make(x)
		push(x)
	}
	return ws
}

// alive returns how many of ws are still reachable.
func alive(ws []weak.Pointer[big]) (n int) {
	runtime.GC()
	for _, w := range ws {
		if w.Value() != nil {
			n++
		}
	}
	return n
}

func TestDequeRetention(t *testing.T) {
	const n = 33
	o, th := worksteal.New[big]()
	ws := watched(n, o.Push)
	if got := alive(ws); got != n {
		t.Fatalf("%d of %d queued elements alive", got, n)
	}
	o.Pop()
	if got := alive(ws); got != n-1 {
		t.Errorf("popped one: %d of %d alive", got, n)
	}
	for range n / 2 {
		th.Steal()
	}
	o.Pop()
	if got := alive(ws); got != n-2-n/2 {
		t.Errorf("stolen half, popped two: %d of %d alive", got, n)
	}
	for !th.Empty() {
		th.Steal()
	}
	o.Pop()
	if got := alive(ws); got != 0 {
		t.Errorf("stolen all, popped nil: %d alive", got)
	}

	// An owner that only pushes: bounded by the capacity.
	ws = watched(20*worksteal.InitialSlots, func(x *big) { o.Push(x); th.Steal() })
	if got := alive(ws); got > o.Cap() {
		t.Errorf("pushed and stolen: %d alive, capacity %d", got, o.Cap())
	}
	o.Pop()
	if got := alive(ws); got != 0 {
		t.Errorf("popped nil: %d alive", got)
	}

	// Growth and shrinking.
	ws = watched(3000, o.Push)
	for range 1000 {
		th.Steal()
	}
	for o.Pop() != nil {
	}
	if got := alive(ws); got != 0 {
		t.Errorf("after a burst: %d alive", got)
	}
	runtime.KeepAlive(o)
	runtime.KeepAlive(th)
}

func TestRingRetention(t *testing.T) {
	const n = 33
	o, th := worksteal.NewRing[big]()
	dst, _ := worksteal.NewRing[big]()
	ws := watched(n, o.Push)
	o.Pop()
	if got := alive(ws); got != n-1 {
		t.Errorf("popped one: %d of %d alive", got, n)
	}
	_, moved, _ := th.StealHalf(dst, n)
	o.Pop()
	if got := alive(ws); got != n-3 { // the popped and the first of the stolen
		t.Errorf("stolen half, popped two: %d of %d alive", got, n)
	}
	for range moved {
		dst.Pop()
	}
	if got, want := alive(ws), n-3-moved; got != want {
		t.Errorf("popped what was stolen: %d alive, want %d", got, want)
	}
	for !th.Empty() {
		th.Steal()
	}
	o.Pop()
	if got := alive(ws); got != 0 {
		t.Errorf("stolen all, popped nil: %d alive", got)
	}

	ws = watched(20*worksteal.InitialSlots, func(x *big) { o.Push(x); th.Steal() })
	if got := alive(ws); got > o.Cap() {
		t.Errorf("pushed and stolen: %d alive, capacity %d", got, o.Cap())
	}
	o.Pop()
	if got := alive(ws); got != 0 {
		t.Errorf("popped nil: %d alive", got)
	}

	ws = watched(3000, o.Push)
	th.StealHalf(dst, 1000)
	for o.Pop() != nil || dst.Pop() != nil {
	}
	if got := alive(ws); got != 0 {
		t.Errorf("after a burst: %d alive", got)
	}
	runtime.KeepAlive(o)
	runtime.KeepAlive(th)
	runtime.KeepAlive(dst)
}

func TestInjectorRetention(t *testing.T) {
	const n = 5*worksteal.SegmentSlots + 1
	q := worksteal.NewInjector[big]()
	ws := watched(n, q.Push)
	for i := range n {
		if i%worksteal.SegmentSlots < 2 {
			if got := alive(ws); got != n-i {
				t.Errorf("popped %d: %d of %d alive", i, got, n)
			}
		}
		q.Pop()
	}
	if got := alive(ws); got != 0 {
		t.Errorf("popped all: %d alive", got)
	}
	runtime.KeepAlive(q)
}

// TestMemoryReturns: after a burst the queues themselves are small again.
func TestMemoryReturns(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	o, th := worksteal.New[int]()
	r, _ := worksteal.NewRing[int]()
	q := worksteal.NewInjector[int]()
	x, before := new(int), heap()
	for range 1 << 16 {
		o.Push(x)
		r.Push(x)
		q.Push(x)
	}
	if grown := heap() - before; grown < 3<<18 {
		t.Fatalf("the burst took %d bytes only", grown)
	}
	for !th.Empty() {
		th.Steal()
	}
	for o.Pop() != nil || r.Pop() != nil || q.Pop() != nil {
	}
	if kept := heap() - before; kept > 64<<10 {
		t.Errorf("%d bytes kept", kept)
	}
	runtime.KeepAlive(o)
	runtime.KeepAlive(th)
	runtime.KeepAlive(r)
	runtime.KeepAlive(q)
}
