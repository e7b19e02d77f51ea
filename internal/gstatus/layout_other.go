//go:build !(gc && go1.26 && !go1.27 && !purego && (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x))

package gstatus

const (
	looked   = false
	statusAt = 0
	numberAt = 0
	reasonAt = 0
	lockedAt = 0
	lowAt    = 0
	highAt   = 0
	pcAt     = 0
	bpAt     = 0
	callPCAt = 0
	callBPAt = 0

	forSemaphore = 0
	forChannel   = 1
	forCoroutine = 2
	forDurable   = 3
	forRuntime   = 0
)
