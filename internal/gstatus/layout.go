//go:build gc && go1.26 && !go1.27 && !purego && (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x)

package gstatus

import "unsafe"

// looked says that the layout was compared with the source of this version of Go
// (runtime/runtime2.go, type g).
const looked = true

// goroutine is the beginning of the structure, up to what is read.
type goroutine struct {
	stackLow, stackHigh    uintptr
	guard0, guard1         uintptr
	panics, defers, thread uintptr
	sched                  struct{ sp, pc, g, ctxt, lr, bp uintptr }
	callSP, callPC, callBP uintptr
	topSP                  uintptr
	param                  uintptr
	status                 uint32
	lock                   uint32
	number                 uint64
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
