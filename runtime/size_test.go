package runtime

import (
	"testing"
	"unsafe"
)

// There may be millions of each.
func TestRecordsAreSmall(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("sizes are stated for 64-bit systems")
	}
	if n := unsafe.Sizeof(fiber{}); n > 64 {
		t.Errorf("a fiber record takes %d bytes, want at most 64", n)
	}
	if n := unsafe.Sizeof(coroutine{}); n > 64 {
		t.Errorf("a coroutine takes %d bytes, want at most 64", n)
	}
	if n := unsafe.Sizeof(scheduler{}); n > 2688 { // the size of a class of Go's allocator
		t.Errorf("a scheduler, of which each one that stalls makes another, takes %d bytes, want at most 2688", n)
	}
}
