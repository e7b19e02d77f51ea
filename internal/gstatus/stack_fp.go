//go:build (amd64 || arm64) && !windows

package gstatus

import (
	goruntime "runtime"
	"unsafe"
)

// Stacks says that Stack reads them.
const Stacks = true

// Stack reads the return addresses on the stack of a goroutine that does not run, innermost
// first, into pcs, and returns how many. It follows frame pointers, as the tracer of the Go
// runtime does, and stops nobody. If the goroutine goes on meanwhile, what is read may be
// of another place, or nothing: it must be taken for a hint, and be looked up by
// runtime.CallersFrames, which makes nothing of what is no address of code. It returns 0
// where the status is unknown.
//
// The words that are read lie within the bounds of a stack, which were read before; that
// memory may serve something else by now, but the Go runtime never unmaps it. (On Windows
// it does: what it has no use for cannot be read there.)
//
//go:norace
//go:nocheckptr
func Stack(key uintptr, pcs []uintptr) int {
	if key == 0 || len(pcs) == 0 || !known() {
		return 0
	}
	var pc, bp uintptr
	switch read(key) {
	case Waiting, Ready:
		pc, bp = word(key+pcAt), word(key+bpAt)
	case Calling:
		pc, bp = word(key+callPCAt), word(key+callBPAt)
	default:
		return 0
	}
	low, high := word(key+lowAt), word(key+highAt)
	pcs[0] = pc
	n := 1
	for n < len(pcs) && bp&7 == 0 && low <= bp && bp+16 <= high {
		if pc = word(bp + 8); pc == 0 {
			break
		}
		pcs[n] = pc
		n++
		next := word(bp)
		if next <= bp { // callers lie above
			break
		}
		bp = next
	}
	if goruntime.FuncForPC(pcs[0]) == nil {
		return 0
	}
	return n
}

//go:norace
//go:nocheckptr
func word(at uintptr) uintptr {
	return *(*uintptr)(*(*unsafe.Pointer)(unsafe.Pointer(&at)))
}
