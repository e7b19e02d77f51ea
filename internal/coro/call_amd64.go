package coro

import "encoding/binary"

const (
	align    = 1 // of instructions
	callSize = 5
)

// callAt returns where the CALL rel32 goes to that lies at the address at, or 0 if that
// is none.
func callAt(code *[callSize]byte, at uintptr) uintptr {
	if code[0] != 0xe8 {
		return 0
	}
	return at + callSize + uintptr(int32(binary.LittleEndian.Uint32(code[1:])))
}
