package runtime

import (
	"unsafe"

	"go.uber.org/atomic"
)

// A place holds one fiber, or none; anyone may take it out. It keeps the address
// as a number: the record stays where it is as long as its runtime (see records),
// so the garbage collector need not know of it, and each change is one atomic
// operation without a write barrier.
type place struct{ at atomic.Uintptr }

// peek returns the fiber in p, or nil.
func (p *place) peek() *fiber { return fiberAt(p.at.Load()) }

// empty reports whether p holds none.
func (p *place) empty() bool { return p.at.Load() == 0 }

// swap puts f in p, and returns what was there.
func (p *place) swap(f *fiber) *fiber { return fiberAt(p.at.Swap(uintptr(unsafe.Pointer(f)))) }

// take takes out what is in p, which may be nothing.
func (p *place) take() *fiber { return fiberAt(p.at.Swap(0)) }

// takeIf takes f out, if that is what is in p.
func (p *place) takeIf(f *fiber) bool {
	return p.at.CompareAndSwap(uintptr(unsafe.Pointer(f)), 0)
}

func fiberAt(at uintptr) *fiber { return *(**fiber)(unsafe.Pointer(&at)) }
