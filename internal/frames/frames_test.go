package frames

import (
	"runtime"
	"strings"
	"testing"
)

//go:noinline
func inner(pcs []uintptr) int { return Return(pcs) }

//go:noinline
func middle(pcs []uintptr) int {
	n := inner(pcs)
	runtime.KeepAlive(pcs)
	return n
}

func names(pcs []uintptr) (all []string) {
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		all = append(all, f.Function[strings.LastIndexByte(f.Function, '.')+1:])
		if !more {
			return all
		}
	}
}

func TestReturnNamesTheCallers(t *testing.T) {
	var pcs [8]uintptr
	n := middle(pcs[:])
	got := names(pcs[:n])
	if n < 2 || got[0] != "middle" || got[1] != "TestReturnNamesTheCallers" {
		t.Errorf("%q", got)
	}
	if n := middle(pcs[:1]); n != 1 {
		t.Errorf("%d addresses in one place", n)
	}
}

func TestReturnEndsWithTheStack(t *testing.T) {
	done := make(chan int)
	go func() {
		var pcs [64]uintptr
		done <- middle(pcs[:])
	}()
	if n := <-done; n < 1 || n > 8 {
		t.Errorf("%d addresses on a stack of three functions", n)
	}
}

// A stack that grows moves; frame pointers move with it.
func TestReturnOnAStackThatHasMoved(t *testing.T) {
	var deep func(n int) int
	deep = func(n int) int {
		var room [256]byte
		room[n%256] = 1
		if n > 0 {
			return deep(n-1) + int(room[(n+1)%256])
		}
		var pcs [64]uintptr
		return middle(pcs[:])
	}
	done := make(chan int)
	go func() { done <- deep(1000) }()
	if n := <-done; n != 64 {
		t.Errorf("%d addresses, want 64", n)
	}
}

func BenchmarkReturn(b *testing.B) {
	var pcs [8]uintptr
	for b.Loop() {
		middle(pcs[:])
	}
}

func BenchmarkCallers(b *testing.B) {
	var pcs [8]uintptr
	for b.Loop() {
		runtime.Callers(1, pcs[:])
	}
}
