package getg

import (
	"iter"
	goruntime "runtime"
	"sync"
	"testing"
)

// keysOfRuntime yields n keys as the Go runtime hands them out: structures of
// 448 bytes, eighteen to a span of 8 KiB.
func keysOfRuntime(n int) iter.Seq[uintptr] {
	const base, span, size = 0xc0000000 >> 8, 8192, 448
	return func(yield func(uintptr) bool) {
		for i := range n {
			if !yield(uintptr(base + i/(span/size)*span + i%(span/size)*size)) {
				return
			}
		}
	}
}

func TestGetDiffersAmongGoroutines(t *testing.T) {
	const n = 1000
	keys := make([]uintptr, n)
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for i := range keys {
		ready.Add(1)
		done.Go(func() {
			keys[i] = Get()
			ready.Done()
			<-release // all are alive at once: no key serves two
			if key := Get(); key != keys[i] {
				t.Errorf("goroutine %d had key %#x, now %#x", i, keys[i], key)
			}
		})
	}
	ready.Wait()
	seen := map[uintptr]int{Get(): -1}
	for i, key := range keys {
		if key == 0 || key&1 != 0 {
			t.Errorf("goroutine %d: %#x is not a key", i, key)
		}
		if j, ok := seen[key]; ok {
			t.Errorf("goroutines %d and %d share key %#x", i, j, key)
		}
		seen[key] = i
	}
	close(release)
	done.Wait()
}

// deep uses up stack, so that it is moved, and returns the keys it saw there.
//
//go:noinline
func deep(n int, keys []uintptr) []uintptr {
	var frame [256]byte
	frame[n%len(frame)] = byte(n)
	keys = append(keys, Get())
	if n > 0 {
		keys = deep(n-1, keys)
	}
	if frame[n%len(frame)] != byte(n) {
		panic("getg: frame lost")
	}
	return keys
}

func TestGetIsStable(t *testing.T) {
	done := make(chan struct{})
	go func() { // a new goroutine: its stack is still small
		defer close(done)
		key := Get()
		same := func(when string) {
			if k := Get(); k != key {
				t.Errorf("%s: key was %#x, is %#x", when, key, k)
			}
		}
		for _, k := range deep(4000, nil) {
			if k != key {
				t.Errorf("deep in the stack: key was %#x, is %#x", key, k)
			}
		}
		same("after stack growth")
		goruntime.GC()
		goruntime.GC()
		same("after GC, which shrinks the stack")
		for range 1000 {
			goruntime.Gosched()
		}
		same("after Gosched")
		goruntime.LockOSThread()
		same("locked to its thread")
		goruntime.UnlockOSThread()
		func() {
			defer func() {
				_ = recover()
				same("in a deferred call during a panic")
			}()
			panic("for the test")
		}()
	}()
	<-done
}

// A coroutine keeps its key while goroutines on other threads resume it, and
// they keep theirs.
func TestGetInCoroutine(t *testing.T) {
	next, stop := iter.Pull(func(yield func(uintptr) bool) {
		key := Get()
		for yield(Get()) {
			if k := Get(); k != key {
				t.Errorf("coroutine: key was %#x, is %#x after a switch", key, k)
			}
		}
	})
	const resumers, turns = 8, 200
	var (
		mu    sync.Mutex
		inner uintptr
		wg    sync.WaitGroup
	)
	for range resumers {
		wg.Go(func() {
			own := Get()
			for range turns {
				mu.Lock()
				key, ok := next()
				if inner == 0 {
					inner = key
				}
				if !ok || key != inner || key == own {
					t.Errorf("coroutine's key %#x, was %#x; resumer's is %#x", key, inner, own)
				}
				if k := Get(); k != own {
					t.Errorf("resumer: key was %#x, is %#x after a switch", own, k)
				}
				mu.Unlock()
				goruntime.Gosched()
			}
		})
	}
	wg.Wait()
	stop()
}

func TestGetInGoStatementAndDefer(t *testing.T) {
	// A go statement and a deferred call: the first has a key of its own, the
	// second the caller's.
	key := Get()
	var inGo, inDefer uintptr
	done := make(chan struct{})
	go func() { inGo = Get(); close(done) }()
	<-done
	func() { defer func() { inDefer = Get() }() }()
	if inGo == key || inDefer != key {
		t.Errorf("caller %#x, go statement %#x, deferred call %#x", key, inGo, inDefer)
	}
}

// The fall-back counts as a key just as well; it is compiled in everywhere so
// that it is tested everywhere.
func TestNumber(t *testing.T) {
	own := number()
	if again := number(); again != own {
		t.Errorf("number was %d, is %d", own, again)
	}
	other := make(chan uint64)
	go func() { other <- number() }()
	if n := <-other; n == own {
		t.Errorf("two goroutines have number %d", n)
	}
	keys := map[uint64]bool{}
	next, stop := iter.Pull(func(yield func(uint64) bool) {
		for yield(number()) {
		}
	})
	defer stop()
	for range 10 {
		n, _ := next()
		keys[n] = true
	}
	if len(keys) != 1 || keys[own] {
		t.Errorf("numbers of one coroutine: %v; its resumer has %d", keys, own)
	}
}
