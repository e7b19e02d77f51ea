package coro

import "encoding/binary"

const (
	align    = 4 // of instructions
	callSize = 4
)

// callAt returns where the BL goes to that lies at the address at, or 0 if that is none.
func callAt(code *[callSize]byte, at uintptr) uintptr {
	instruction := binary.LittleEndian.Uint32(code[:])
	if instruction>>26 != 0b100101 {
		return 0
	}
	return at + uintptr(int32(instruction<<6)>>6)*4
}
