package prefetch_test

import (
	"math"
	"testing"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/getg"
	"github.com/seed222ee791/fibers/internal/prefetch"
)

// No address does harm, there need not be memory. (A load from these ends the process.)
func TestAnyAddressWillDo(t *testing.T) {
	x := 0
	for _, p := range []uintptr{0, 1, 4095, math.MaxInt32, ^uintptr(0), uintptr(unsafe.Pointer(&x)), uintptr(unsafe.Pointer(t))} {
		prefetch.Line(p)
		prefetch.Goroutine(p)
	}
	prefetch.Stack(0)
}

// The goroutine sleeps, runs, or has ended.
func TestStackOfAnyGoroutine(t *testing.T) {
	prefetch.Stack(getg.Get())
	keys, end, ended := make(chan uintptr), make(chan bool), make(chan bool)
	go func() { keys <- getg.Get(); <-end; close(ended) }()
	key := <-keys
	for range 1000 {
		prefetch.Goroutine(key)
		prefetch.Stack(key)
	}
	close(end)
	<-ended
	for range 1000 {
		prefetch.Stack(key)
	}
}

func BenchmarkGoroutine(b *testing.B) {
	key := getg.Get()
	for b.Loop() {
		prefetch.Goroutine(key)
		prefetch.Stack(key)
	}
}
