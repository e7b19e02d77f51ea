//go:build gc && !purego && !race

#include "go_asm.h"
#include "textflag.h"

// func here(t *table) unsafe.Pointer
TEXT ·here(SB), NOSPLIT, $0-16
	MOVQ t+0(FP), DI
	MOVQ table_array(DI), DX
	MOVQ (TLS), AX
	TESTQ DX, DX
	JEQ  absent
	MOVQ $const_golden, BX
	IMULQ AX, BX
	MOVBLZX array_shift(DX), CX
	SHRQ CX, BX // home
	SHLQ $const_slotShift, BX
	ADDQ array_slots(DX), BX
	CMPQ AX, slot_key(BX)
	JNE  elsewhere
	MOVQ slot_value(BX), AX // T1: after the key
	MOVQ AX, ret+8(FP)
	RET

elsewhere:
	JMP ·hereSlowly(SB)

absent:
	MOVQ $0, ret+8(FP)
	RET
