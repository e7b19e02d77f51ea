package poll

import (
	"errors"
	"io"
	"net"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// onBoth runs a test with parties that are fibers, and with goroutines, on each
// backend.
func onBoth(t *testing.T, f func(t *testing.T, spawn func(func()))) {
	onEach(t, func(t *testing.T) {
		t.Run("fibers", func(t *testing.T) { f(t, fibers.Default().Go) })
		t.Run("goroutines", func(t *testing.T) { f(t, func(g func()) { go g() }) })
	})
}

// within fails if f has not returned in time.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("still waiting: " + what)
	}
}

// eventually polls a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(time.Millisecond) { // sleep: polling with a deadline
		if time.Since(start) > 30*time.Second {
			t.Fatal("not in time: " + what)
		}
	}
}

// parked waits until n parties wait at a direction of x, so that what follows finds
// them there. On a busy machine they may have come and gone by the time of the look,
// and on the portable backend nobody can tell: then it gives up.
func parked(t testing.TB, x any, in bool, n int) {
	t.Helper()
	w := waitersOf(x, in)
	for start := time.Now(); w != nil && w() < n && time.Since(start) < 2*time.Second; {
		time.Sleep(100 * time.Microsecond) // sleep: polling with a deadline
	}
}

// openFDs counts the descriptors of the process, or returns −1. Timers of the kernel are left out:
// the schedulers of the Default runtime make one when they first need it, and keep it.
func openFDs() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	n := len(entries)
	for _, e := range entries {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "anon_inode:[timerfd]" {
			n--
		}
	}
	return n
}

// leaveNoFDs checks at the end that no descriptor is left over.
func leaveNoFDs(t testing.TB) {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // Go's own poller keeps two from the first use on
		r.Close()
		w.Close()
	}
	before := openFDs()
	t.Cleanup(func() {
		eventually(t, "all descriptors are closed", func() bool { return openFDs() <= before })
	})
}

func mustListen(t testing.TB, network, addr string) *Listener {
	t.Helper()
	l, err := Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// echo serves until l is closed, each connection in a party of its own.
func echo(l *Listener, spawn func(func())) {
	spawn(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			spawn(func() {
				defer c.Close()
				io.Copy(onlyWriter{c}, onlyReader{c})
			})
		}
	})
}

type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }

// fill writes until nothing more goes in for a while, so that the next Write waits. The while begins
// anew with each Write: on a busy machine it may be over when few of them have been made.
func fill(t testing.TB, c net.Conn) {
	t.Helper()
	const patience = 50 * time.Millisecond
	buf := make([]byte, 64<<10)
	for {
		begin := time.Now()
		c.SetWriteDeadline(begin.Add(patience))
		late := time.Since(begin) > patience/2 // too late for a Write that has time to find room
		n, err := c.Write(buf)
		timedOut := errors.Is(err, os.ErrDeadlineExceeded)
		if err != nil && (!timedOut || n == 0 && !late) {
			break
		}
	}
	c.SetWriteDeadline(time.Time{})
}

// isReady reports whether an op commits at once.
func isReady[T any](op cml.Op[T]) bool {
	_, ok := cml.Poll(op)
	return ok
}

// spawnFiber is fibers.Go.
func spawnFiber(f func()) { fibers.Go(f) }

// heap returns the bytes in use after a collection.
func heap() uint64 {
	collect()
	collect()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.HeapAlloc
}

// collect is a garbage collection.
func collect() { goruntime.GC() }

func ioReader(s string) io.Reader { return strings.NewReader(s) }
