//go:build linux && (amd64 || arm64) && gc && go1.26 && !go1.27 && !purego && !pull && !race && !msan && !asan

package coro

import (
	"iter"
	goruntime "runtime"
	"strings"
	"unsafe"
)

// Finding the two functions of the Go runtime that iter.Pull calls.
//
// The linker lets package iter alone name them; but a program that has iter.Pull in it
// has calls of them in it, in machine code whose place is known: that of a function
// which calls iter.Pull, and that of a next. So all that looks like a call there is
// followed. What it leads to is accepted only if the Go runtime's own table of functions
// (runtime.FuncForPC) says that a function of the right name begins exactly there. That
// the bytes may have been no call, but parts of other instructions, does no harm: an
// address is accepted for what lies there, not for how it was found. Where the tables
// are made unreadable, or calls go by way of a trampoline, nothing is found.
//
// They are called as iter.Pull calls them: by Go's calling convention of this version,
// with one pointer as the argument. The compiler knows the types, and so keeps alive,
// and finds on the stack, what the collector must see.
const (
	nameOfNew  = "runtime.newcoro"
	nameOfSwap = "runtime.coroswitch"
	pullPrefix = "iter.Pull["
)

// find returns the two functions, or nil, nil.
func find() (newSlot func(start func(slot unsafe.Pointer)) (slot unsafe.Pointer), swap func(slot unsafe.Pointer)) {
	next, stop := pull(func(func(struct{}) bool) {})
	defer stop()
	pullCaller := pull
	inNew := target(codeOf(unsafe.Pointer(&pullCaller)), nameOfNew)
	inSwap := target(codeOf(unsafe.Pointer(&next)), nameOfSwap)
	if inNew == 0 || inSwap == 0 {
		return nil, nil
	}
	newFunc, swapFunc := &function{inNew}, &function{inSwap}
	return *(*func(func(unsafe.Pointer)) unsafe.Pointer)(unsafe.Pointer(&newFunc)),
		*(*func(unsafe.Pointer))(unsafe.Pointer(&swapFunc))
}

// A function is what a value of a function type points to: the code, and behind it,
// what is closed over (here nothing).
type function struct{ code uintptr }

// codeOf returns the code of the function in the variable at f.
func codeOf(f unsafe.Pointer) uintptr { return (**(**function)(f)).code }

// pull has a call of iter.Pull in its code, or where that is inlined, the code itself.
//
//go:noinline
func pull(seq iter.Seq[struct{}]) (next func() (struct{}, bool), stop func()) {
	return iter.Pull(seq)
}

// target returns the entry of the function of that name that the function at entry
// calls, itself or by way of an instance of iter.Pull; 0 if there is none.
func target(entry uintptr, name string) uintptr {
	through := []uintptr{entry}
	for i := 0; i < len(through) && i < 4; i++ {
		for to := range calls(through[i]) {
			f := goruntime.FuncForPC(to)
			if f == nil || f.Entry() != to {
				continue
			}
			if f.Name() == name {
				return to
			}
			if strings.HasPrefix(f.Name(), pullPrefix) {
				through = append(through, to)
			}
		}
	}
	return 0
}

// mostCode bounds how much of a function is read, in bytes: iter.Pull has 350 to 400.
const mostCode = 4096

// calls yields where the calls go to that are in the code of the function at entry, and
// more that only looks like one.
func calls(entry uintptr) iter.Seq[uintptr] {
	return func(yield func(uintptr) bool) {
		end := entry
		for end < entry+mostCode && within(end, entry) {
			end += step
		}
		// The last of them may not be within, or reach beyond the function: it is left out.
		for at := entry; at+callSize <= end-step; at += align {
			if to := callAt((*[callSize]byte)(address(at)), at); to != 0 && !yield(to) {
				return
			}
		}
	}
}

// step is the least that functions are apart.
const step = 16

// within reports whether pc is in the function at entry, whatever is inlined there.
func within(pc, entry uintptr) bool {
	f := goruntime.FuncForPC(pc)
	return f != nil && f.Entry() == entry
}

// address returns a pointer to code.
func address(pc uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&pc)) }
