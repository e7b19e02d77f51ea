package gstatus_test

import (
	"iter"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/getg"
	"github.com/seed222ee791/fibers/internal/gstatus"
)

func needKnown(t *testing.T) {
	t.Helper()
	if !gstatus.Known() {
		t.Skip("not known of this version of Go")
	}
}

// The first who asks may be in a bubble of testing/synctest, where goroutines wait for other reasons.
func TestKnownInABubble(t *testing.T) {
	needKnown(t)
	synctest.Test(t, func(t *testing.T) {
		if !gstatus.Tried() {
			t.Error("not known if the first who asks is in a bubble")
		}
	})
}

// The version with which this is developed must be among those looked at: a new one is
// to be compared, and then added to layout.go.
func TestKnownOfThisVersion(t *testing.T) {
	if !gstatus.Known() && getg.Exact && strings.HasPrefix(goruntime.Version(), "go1.26") {
		t.Fatalf("not known of %s: compare layout.go with its runtime2.go", goruntime.Version())
	}
}

func TestOfOneself(t *testing.T) {
	needKnown(t)
	if s := gstatus.Of(getg.Get()); s != gstatus.Running {
		t.Errorf("the caller is seen as %d", s)
	}
	if s := gstatus.Of(0); s != gstatus.Unknown {
		t.Errorf("nobody is seen as %d", s)
	}
}

// becomes waits until the goroutine is seen as want.
func becomes(t *testing.T, key uintptr, want gstatus.Status) {
	t.Helper()
	for start := time.Now(); gstatus.Of(key) != want; goruntime.Gosched() {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("it is seen as %d, want %d", gstatus.Of(key), want)
		}
	}
}

func TestOfThoseWhoWait(t *testing.T) {
	needKnown(t)
	var mu sync.Mutex
	mu.Lock()
	never, end := make(chan int), make(chan int)
	var wg sync.WaitGroup
	wg.Add(1)
	cond := sync.NewCond(new(sync.Mutex))
	over := false
	for name, block := range map[string]func(){
		"channel": func() { <-end },
		"select": func() {
			select {
			case <-never:
			case <-end:
			}
		},
		"mutex":     func() { mu.Lock(); defer mu.Unlock() },
		"WaitGroup": func() { wg.Wait() },
		"Cond": func() {
			cond.L.Lock()
			for !over {
				cond.Wait()
			}
			cond.L.Unlock()
		},
		"Sleep": func() {
			for !done(end) {
				time.Sleep(time.Millisecond) // sleep: it is what is looked at
			}
		},
	} {
		keys := make(chan uintptr, 1)
		t.Cleanup(func() { <-keys })
		go func() {
			defer close(keys)
			keys <- getg.Get()
			block()
		}()
		t.Run(name, func(t *testing.T) { becomes(t, <-keys, gstatus.Waiting) })
	}
	mu.Unlock()
	close(end)
	wg.Done()
	cond.L.Lock()
	over = true
	cond.L.Unlock()
	cond.Broadcast()
}

func done[T any](c chan T) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestOfOneThatComputes(t *testing.T) {
	needKnown(t)
	var stop atomic.Bool
	keys, gone := make(chan uintptr), make(chan bool)
	go func() {
		keys <- getg.Get()
		for !stop.Load() {
		}
		close(gone)
	}()
	key := <-keys
	for range 10000 {
		if s := gstatus.Of(key); s != gstatus.Running && s != gstatus.Ready {
			t.Fatalf("it is seen as %d", s)
		}
		goruntime.Gosched()
	}
	stop.Store(true)
	<-gone
}

func BenchmarkOf(b *testing.B) {
	key := getg.Get()
	for b.Loop() {
		gstatus.Of(key)
	}
}

//go:noinline
func waitsHere(c chan uintptr, end chan bool) {
	c <- getg.Get()
	<-end
}

func TestStackOfOneThatWaits(t *testing.T) {
	needKnown(t)
	keys, end := make(chan uintptr), make(chan bool)
	go waitsHere(keys, end)
	key := <-keys
	becomes(t, key, gstatus.Waiting)
	var pcs [16]uintptr
	n := gstatus.Stack(key, pcs[:])
	close(end)
	if n == 0 && (goruntime.GOARCH != "amd64" && goruntime.GOARCH != "arm64" || goruntime.GOOS == "windows") {
		t.Skip("stacks are not read here")
	}
	frames := goruntime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, ".waitsHere") {
			return
		}
		if !more {
			t.Fatalf("waitsHere is not among the %d frames", n)
		}
	}
}

// Whatever the goroutine does meanwhile, the reader comes to no harm.
func TestStackStress(t *testing.T) {
	needKnown(t)
	var stop atomic.Bool
	var wg sync.WaitGroup
	ball := make(chan int)
	keys := make(chan uintptr, 4)
	var grow func(n int) int
	grow = func(n int) int {
		if n == 0 {
			select {
			case ball <- 1:
			case <-ball:
			default:
				time.Sleep(time.Microsecond) // sleep: a wait to be looked at
			}
			return 0
		}
		var room [128]byte
		room[n%128] = byte(n)
		return grow(n-1) + int(room[n%128])
	}
	for range cap(keys) {
		wg.Go(func() {
			keys <- getg.Get()
			for i := 0; !stop.Load(); i++ {
				grow(i % 100)
			}
		})
	}
	var all []uintptr
	for range cap(keys) {
		all = append(all, <-keys)
	}
	var pcs [32]uintptr
	for i := range 200_000 {
		n := gstatus.Stack(all[i%len(all)], pcs[:])
		if i%1000 == 0 && n > 0 {
			goruntime.CallersFrames(pcs[:n]).Next()
			goruntime.GC()
		}
	}
	stop.Store(true)
	wg.Wait()
}

var kept [][]byte

// One that allocates helps the collector, and counts as one that waits for the Go runtime
// meanwhile.
func TestOfOneThatAllocates(t *testing.T) {
	needKnown(t)
	goruntime.GC() // whoever triggers the first one waits on a channel for the workers to start
	keys, gone := make(chan uintptr), make(chan bool)
	go func() {
		keys <- getg.Get()
		var list [][]byte
		for start := time.Now(); time.Since(start) < time.Second/2; {
			if list = append(list, make([]byte, 1<<10)); len(list) > 1<<14 {
				list = nil
			}
		}
		kept = list
		close(gone)
	}()
	key := <-keys
	seen := make(map[gstatus.Status]int)
	for {
		select {
		case <-gone:
			if seen[gstatus.Waiting] > 0 || seen[gstatus.Running] == 0 {
				t.Errorf("seen as: %v", seen)
			}
			kept = nil
			return
		default:
			if s := gstatus.Of(key); !done(gone) {
				seen[s]++
			}
		}
	}
}

func TestOfCoroutine(t *testing.T) {
	needKnown(t)
	next, stop := iter.Pull(func(yield func(uintptr) bool) { yield(getg.Get()) })
	defer stop()
	key, _ := next()
	if s := gstatus.Of(key); s != gstatus.Asleep {
		t.Errorf("a coroutine at rest is seen as %d", s)
	}
}
