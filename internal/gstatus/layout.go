//go:build gc && go1.26 && !go1.27 && !purego && (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x)

package gstatus

import "unsafe"

// looked says that the layout was compared with the source of this version of Go
// (runtime/runtime2.go, type g).
const looked = true

// goroutine is the beginning of the structure, up to what is read.
type goroutine struct {
	stackLow, stackHigh uintptr
	_                   [2]uintptr // stackguard0, stackguard1
	_                   [3]uintptr // _panic, _defer, m
	sched               struct {
		_  uintptr // sp
		pc uintptr
		_  [3]uintptr // g, ctxt, lr
		bp uintptr
	}
	_              uintptr // syscallsp
	callPC, callBP uintptr // syscallpc, syscallbp
	_              uintptr // stktopsp
	_              uintptr // param
	status         uint32  // atomicstatus
	_              uint32  // stackLock
	number         uint64  // goid
}

const (
	statusAt = unsafe.Offsetof(goroutine{}.status)
	numberAt = unsafe.Offsetof(goroutine{}.number)
	lowAt    = unsafe.Offsetof(goroutine{}.stackLow)
	highAt   = unsafe.Offsetof(goroutine{}.stackHigh)
	pcAt     = unsafe.Offsetof(goroutine{}.sched) + unsafe.Offsetof(goroutine{}.sched.pc)
	bpAt     = unsafe.Offsetof(goroutine{}.sched) + unsafe.Offsetof(goroutine{}.sched.bp)
	callPCAt = unsafe.Offsetof(goroutine{}.callPC)
	callBPAt = unsafe.Offsetof(goroutine{}.callBP)
)
