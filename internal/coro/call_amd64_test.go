package coro

import "testing"

func TestCallAt(t *testing.T) {
	for _, c := range []struct {
		code [callSize]byte
		to   uintptr
	}{
		{[...]byte{0xe8, 0, 0, 0, 0}, 0x401005},
		{[...]byte{0xe8, 0x78, 0x56, 0x34, 0x12}, 0x401005 + 0x12345678},
		{[...]byte{0xe8, 0xfb, 0xff, 0xff, 0xff}, 0x401000}, // itself
		{[...]byte{0xe9, 0, 0, 0, 0}, 0},                    // a jump
	} {
		if to := callAt(&c.code, 0x401000); to != c.to {
			t.Errorf("% x: leads to %#x, want %#x", c.code, to, c.to)
		}
	}
}
