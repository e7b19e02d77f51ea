package poll

import (
	"testing"

	"github.com/seed222ee791/fibers/internal/epoll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestLuck(t *testing.T) {
	var l luck
	tries := func(n int) (made int) {
		for range n {
			if l.tries() {
				made++
				l.note(false)
			}
		}
		return made
	}
	if n := tries(10 * probeEvery); n != 10 {
		t.Errorf("%d tries in vain among %d reads", n, 10*probeEvery)
	}
	for !l.tries() {
	}
	l.note(true)
	if n := tries(lucky); n != lucky {
		t.Errorf("after one that found something %d of %d reads are tries", n, lucky)
	}
	if n := tries(10 * probeEvery); n != 10 {
		t.Errorf("%d tries among %d reads, when all have failed again", n, 10*probeEvery)
	}
}

// A read that has to wait tries once, however lucky reads have been; and one that finds
// something without an event is a success.
func TestReadTriesOnce(t *testing.T) {
	dialed, b, stop, err := makePair("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	a := dialed.(*Conn)
	f := a.s.(*fd)
	within(t, "both reads", func() {
		done := make(chan error)
		read := func() {
			buf := make([]byte, 8)
			_, err := a.Read(buf)
			done <- err
		}
		// The first has all there is, so that the next finds nothing.
		if _, err := b.Write([]byte("one")); err != nil {
			t.Fatal(err)
		}
		fibers.Default().Go(read)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		eventually(t, "no event is left to come", func() bool {
			_, ok, err := a.TryRead(make([]byte, 8))
			_, s := f.desc.Begin(epoll.In)
			return err == nil && !ok && s == epoll.Idle
		})
		f.luck.word.Store(lucky * luckUnit)
		fibers.Default().Go(read)
		parked(t, a, true, 1)
		if got := f.luck.word.Load(); got != (lucky-1)*luckUnit {
			t.Errorf("%d tries are left of %d after a read that waits", got/luckUnit, lucky)
		}
		if _, err := b.Write([]byte("two")); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
