//go:build linux && (amd64 || arm64) && gc && go1.26 && !go1.27 && !purego && !pull && !race && !msan && !asan

package coro

import (
	"iter"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"unsafe"
)

type (
	maker   = func(func(unsafe.Pointer)) unsafe.Pointer
	swapper = func(unsafe.Pointer)
)

// What is found are the functions of those names, and nothing else.
func TestFindTheTwo(t *testing.T) {
	newSlot, swap := find()
	if newSlot == nil || swap == nil {
		t.Fatal("not found: iter.Pull looks different from what find expects")
	}
	for name, code := range map[string]uintptr{
		"runtime.newcoro":    codeOf(unsafe.Pointer(&newSlot)),
		"runtime.coroswitch": codeOf(unsafe.Pointer(&swap)),
	} {
		f := goruntime.FuncForPC(code)
		file, _ := f.FileLine(code)
		if f.Entry() != code || f.Name() != name || !strings.HasSuffix(file, "runtime/coro.go") {
			t.Errorf("found %s+%#x in %s, want the entry of %s", f.Name(), code-f.Entry(), file, name)
		}
	}
}

func TestFindNothing(t *testing.T) {
	here := TestFindNothing
	for name, entry := range map[string]uintptr{
		"runtime.newcoro":    codeOf(unsafe.Pointer(&here)), // which calls no such thing
		"runtime.nosuchcoro": func() uintptr { f := pull; return codeOf(unsafe.Pointer(&f)) }(),
	} {
		if to := target(entry, name); to != 0 {
			t.Errorf("%s: found %s", name, goruntime.FuncForPC(to).Name())
		}
	}
}

// The collector may come whenever a coroutine sleeps.
func TestSelfTestWithCollector(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	newSlot, swap := find()
	for range 10 {
		if !tried(newSlot, swap, goruntime.GC) {
			t.Fatal("the self-test failed")
		}
	}
}

// Functions that do not do what is expected are refused.
func TestSelfTestRefuses(t *testing.T) {
	newSlot, swap := find()
	pulled := map[unsafe.Pointer]func(){}
	none := func(func(unsafe.Pointer)) unsafe.Pointer { return unsafe.Pointer(t) } // makes no goroutine
	for name, pair := range map[string]struct {
		newSlot maker
		swap    swapper
	}{
		"a swap that does nothing": {none, func(unsafe.Pointer) {}},
		"a swap that panics":       {none, func(unsafe.Pointer) { panic("no") }},
		"no slot":                  {func(func(unsafe.Pointer)) unsafe.Pointer { return nil }, swap},
		"a start at once": {func(start func(unsafe.Pointer)) unsafe.Pointer {
			start(nil)
			return none(nil)
		}, func(unsafe.Pointer) {}},
		"the caller's goroutine": func() (p struct {
			newSlot maker
			swap    swapper
		}) {
			var start func(unsafe.Pointer)
			p.newSlot = func(f func(unsafe.Pointer)) unsafe.Pointer { start = f; return unsafe.Pointer(t) }
			p.swap = func(slot unsafe.Pointer) {
				if f := start; f != nil {
					start = nil
					f(slot)
				}
			}
			return p
		}(),
		"another slot": {func(start func(unsafe.Pointer)) unsafe.Pointer {
			return newSlot(func(unsafe.Pointer) { start(unsafe.Pointer(t)) })
		}, func(slot unsafe.Pointer) {
			if slot != unsafe.Pointer(t) {
				swap(slot)
			}
		}},
		"a slot that passes a Goexit on": {func(start func(unsafe.Pointer)) unsafe.Pointer {
			slot := unsafe.Pointer(new(int))
			var yield func(struct{}) bool
			next, _ := iter.Pull(func(y func(struct{}) bool) { yield = y; start(slot) })
			due := false
			pulled[slot] = func() {
				if due = !due; due {
					next()
				} else {
					yield(struct{}{})
				}
			}
			return slot
		}, func(slot unsafe.Pointer) { pulled[slot]() }},
	} {
		done, right := make(chan struct{}), false
		go func() {
			defer close(done)
			right = tried(pair.newSlot, pair.swap, nil)
		}()
		<-done
		if right {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The first runtime of a process may be made anywhere.
func TestChooseAnywhere(t *testing.T) {
	t.Setenv(variable, "")
	check := func(where string) {
		way.newSlot, way.swap = nil, nil
		if choose(); way.swap == nil {
			t.Errorf("%s: no direct way", where)
		}
	}
	before := way.swap
	defer func() {
		if before == nil {
			way.newSlot, way.swap = nil, nil
		}
	}()
	check("in a goroutine")
	goruntime.LockOSThread()
	check("locked to a thread")
	goruntime.UnlockOSThread()
	synctest.Test(t, func(*testing.T) { check("in a bubble") })
	next, stop := iter.Pull(func(yield func(int) bool) { check("in a coroutine"); yield(1) })
	next()
	stop()
}

func BenchmarkPrepare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		choose()
	}
}
