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
	_              uintptr  // syscallsp
	callPC, callBP uintptr  // syscallpc, syscallbp
	_              uintptr  // stktopsp
	_              uintptr  // param
	status         uint32   // atomicstatus
	_              uint32   // stackLock
	number         uint64   // goid
	_              uintptr  // schedlink
	_              int64    // waitsince
	reason         uint8    // waitreason
	_              [8]bool  // preempt to activeStackChans
	_              [3]bool  // parkingOnChan, inMarkAssist, coroexit
	_              int8     // raceignore
	_              [2]bool  // nocgocallback, tracking
	_              uint8    // trackingSeq
	_              [2]int64 // trackingStamp, runnableTime
	lockedTo       uintptr  // lockedm
}

// What a goroutine waits for (type waitReason), of which more than the status is told.
const (
	forSemaphore = 13 // waitReasonSemacquire: not those of package sync
	forChannel   = 19 // waitReasonChanReceive, for the self-test
	forCoroutine = 38 // waitReasonCoroutine
	forDurable   = 42 // waitReasonSynctestChanReceive: forChannel in a bubble of testing/synctest

	// Whoever works for the Go runtime on its thread's own stack is marked as one that
	// waits, so that its stack may be scanned meanwhile (isWaitingForSuspendG); and so is
	// one that was stopped for that (waitReasonPreempted, 30).
	// Those who wait for the collector (7, 8) go on in a moment, most often.
	forRuntime = 1<<1 | 1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<29 | 1<<30 | 1<<32 | 1<<33 | 1<<34 | 1<<35 | 1<<36 | 1<<37
)

const (
	statusAt = unsafe.Offsetof(goroutine{}.status)
	numberAt = unsafe.Offsetof(goroutine{}.number)
	reasonAt = unsafe.Offsetof(goroutine{}.reason)
	lockedAt = unsafe.Offsetof(goroutine{}.lockedTo)
	lowAt    = unsafe.Offsetof(goroutine{}.stackLow)
	highAt   = unsafe.Offsetof(goroutine{}.stackHigh)
	pcAt     = unsafe.Offsetof(goroutine{}.sched) + unsafe.Offsetof(goroutine{}.sched.pc)
	bpAt     = unsafe.Offsetof(goroutine{}.sched) + unsafe.Offsetof(goroutine{}.sched.bp)
	callPCAt = unsafe.Offsetof(goroutine{}.callPC)
	callBPAt = unsafe.Offsetof(goroutine{}.callBP)
)
