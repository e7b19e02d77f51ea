//go:build gc && !purego

#include "textflag.h"

// func Line(p uintptr)
TEXT ·Line(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	RET

// func Goroutine(key uintptr)
TEXT ·Goroutine(SB), NOSPLIT, $0-8
	MOVQ key+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	PREFETCHT0 192(AX)
	PREFETCHT0 384(AX)
	RET

// func Stack(key uintptr)
TEXT ·Stack(SB), NOSPLIT, $0-8
	MOVQ  key+0(FP), AX
	TESTQ AX, AX
	JZ    done
	MOVQ  56(AX), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	PREFETCHT0 192(AX)
	PREFETCHT0 256(AX)
	PREFETCHT0 320(AX)
	PREFETCHT0 384(AX)
	PREFETCHT0 448(AX)
done:
	RET
