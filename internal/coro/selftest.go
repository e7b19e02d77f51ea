//go:build linux && (amd64 || arm64) && gc && go1.26 && !go1.27 && !purego && !pull && !race && !msan && !asan

package coro

import (
	goruntime "runtime"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/getg"
)

// tried puts the two functions to the test, and reports whether they do what this
// package expects of them, as far as that can be told without the end of the process:
// what the Go runtime itself finds wrong ends it. It must be called in a goroutine that
// is not locked to a thread, and has been when it reports true; one that a Goexit ends
// was not the right one. pause is called while coroutines sleep, if it is not nil.
func tried(newSlot func(func(unsafe.Pointer)) unsafe.Pointer, swap func(unsafe.Pointer), pause func()) (right bool) {
	defer func() {
		if recover() != nil {
			right = false
		}
	}()
	if pause == nil {
		pause = func() {}
	}
	t := &trial{newSlot, swap, pause}
	return t.alternates() && t.grows() && t.panics() && t.exits() && t.rotates()
}

// trial is what the self-test has in its hands.
type trial struct {
	newSlot func(func(unsafe.Pointer)) unsafe.Pointer
	swap    func(unsafe.Pointer)
	pause   func()
}

// alternates: a coroutine runs when it is swapped to and no sooner, on a goroutine of
// its own, whoever swaps; it is told its slot; and its end wakes whoever sleeps there.
func (t *trial) alternates() bool {
	const laps = 5
	self, runs, ended, key, told := getg.Get(), 0, false, uintptr(0), unsafe.Pointer(nil)
	slot := t.newSlot(func(slot unsafe.Pointer) {
		key, told = getg.Get(), slot
		for range laps {
			runs++
			t.swap(slot)
		}
		ended = key == getg.Get()
	})
	if slot == nil || runs != 0 {
		return false
	}
	for i := 1; i <= laps; i++ {
		if i == 2 { // from elsewhere
			back := make(chan struct{})
			go func() {
				defer close(back)
				t.swap(slot)
			}()
			<-back
		} else {
			t.swap(slot)
		}
		if runs != i || ended {
			return false
		}
		t.pause()
	}
	t.swap(slot)
	return ended && told == slot && key != self && key != 0 && getg.Get() == self
}

// grows: the stack of a coroutine is moved as it grows, and what lies on it, with a
// pointer to there, comes along; also while it sleeps deep down.
func (t *trial) grows() bool {
	const depth = 200 // frames of more than a hundred bytes
	sum, deep := 0, 0
	slot := t.newSlot(func(slot unsafe.Pointer) {
		local := 1
		t.dig(slot, depth, &local, &deep)
		sum = local
	})
	t.swap(slot)
	if deep != depth {
		return false
	}
	t.pause()
	t.swap(slot)
	return sum == 1+depth
}

//go:noinline
func (t *trial) dig(slot unsafe.Pointer, n int, counter, deep *int) {
	var frame [16]uintptr
	frame[n%len(frame)] = uintptr(n)
	if n == 0 {
		t.swap(slot)
		return
	}
	*deep++
	t.dig(slot, n-1, counter, deep)
	if frame[n%len(frame)] == uintptr(n) {
		*counter++
	}
}

// panics: a coroutine survives a panic that it recovers from, and may sleep in the
// function that does so.
func (t *trial) panics() bool {
	var seen any
	after := false
	slot := t.newSlot(func(slot unsafe.Pointer) {
		func() {
			defer func() {
				seen = recover()
				t.swap(slot)
			}()
			panic(t)
		}()
		after = true
	})
	t.swap(slot)
	t.pause()
	if seen != any(t) || after {
		return false
	}
	t.swap(slot)
	return after
}

// exits: a Goexit ends the coroutine alone, which may sleep in a deferred function.
func (t *trial) exits() bool {
	deferred, after := 0, false
	slot := t.newSlot(func(slot unsafe.Pointer) {
		defer func() { deferred++ }()
		defer func() {
			deferred++
			t.swap(slot)
		}()
		goruntime.Goexit()
		after = true
	})
	t.swap(slot)
	t.pause()
	if deferred != 1 {
		return false
	}
	t.swap(slot)
	return deferred == 2 && !after
}

// rotates: coroutines swap into each other's slots, and end there.
//
//	         in a's slot   in b's slot   runs
//	         a             b             caller
//	caller   caller        b             a
//	a        caller        a             b
//	b        b             a             caller
//	caller   b             caller        a, which ends
//	         (gone)        caller        b, which ends
func (t *trial) rotates() bool {
	log := ""
	var a, b unsafe.Pointer
	a = t.newSlot(func(unsafe.Pointer) {
		log += "a"
		t.swap(b)
		log += "A"
	})
	b = t.newSlot(func(unsafe.Pointer) {
		log += "b"
		t.swap(a)
		log += "B"
	})
	t.swap(a)
	t.pause()
	if log != "ab" {
		return false
	}
	t.swap(b)
	return log == "abAB"
}
