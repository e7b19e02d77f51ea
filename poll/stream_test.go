package poll

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
)

// A reader and a writer wait on one descriptor at once, and both are woken.
func TestFullDuplex(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		for _, network := range []string{"tcp", "unix"} {
			addr := "127.0.0.1:0"
			if network == "unix" {
				addr = tempSocket(t)
			}
			c, peer := pairOf(t, network, addr)
			const size = 32 << 20 // more than the buffers of the system
			sent := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			var wg sync.WaitGroup
			got := map[net.Conn][]byte{c: nil, peer: nil}
			var mu sync.Mutex
			for _, x := range []net.Conn{c, peer} {
				wg.Add(2)
				spawn(func() {
					defer wg.Done()
					all := make([]byte, size)
					if _, err := io.ReadFull(x, all); err != nil {
						t.Error(err)
					}
					mu.Lock()
					got[x] = all
					mu.Unlock()
				})
				parked(t, x, true, 1)
				spawn(func() {
					defer wg.Done()
					if n, err := x.Write(sent); n != size || err != nil {
						t.Errorf("%d, %v", n, err)
					}
				})
			}
			within(t, "both directions", wg.Wait)
			for _, all := range got {
				if !bytes.Equal(all, sent) {
					t.Error("what arrives is not what was sent")
				}
			}
		}
	})
}

// Writes of several parties do not mix.
func TestWritesDoNotMix(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		const parties, size = 4, 3 << 20
		for i := range parties {
			spawn(func() {
				if _, err := c.Write(bytes.Repeat([]byte{byte(i)}, size)); err != nil {
					t.Error(err)
				}
			})
		}
		buf := make([]byte, size)
		for range parties {
			if _, err := io.ReadFull(peer, buf); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(buf, bytes.Repeat(buf[:1], size)) {
				t.Fatal("two writes are mixed")
			}
		}
	})
}

func TestHalfClose(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		for _, network := range []string{"tcp", "unix"} {
			addr := "127.0.0.1:0"
			if network == "unix" {
				addr = tempSocket(t)
			}
			a, b := pairOf(t, network, addr)
			answer := make(chan string)
			spawn(func() {
				all, err := io.ReadAll(b)
				if err != nil {
					t.Error(err)
				}
				b.Write(append([]byte("got "), all...))
				b.Close()
			})
			spawn(func() {
				all, err := io.ReadAll(a)
				if err != nil {
					t.Error(err)
				}
				answer <- string(all)
			})
			parked(t, a, true, 1)
			parked(t, b, true, 1)
			a.Write([]byte("all"))
			if err := a.(*Conn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			within(t, "the answer", func() {
				if s := <-answer; s != "got all" {
					t.Errorf("got %q", s)
				}
			})
			if _, err := a.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("Write after CloseWrite: %v", err)
			}

			// The other side: who waits to read finds the end.
			c, _ := pairOf(t, network, addrAgain(t, network))
			end := make(chan error)
			spawn(func() { _, err := c.Read(make([]byte, 1)); end <- err })
			parked(t, c, true, 1)
			if err := c.(*Conn).CloseRead(); err != nil {
				t.Fatal(err)
			}
			within(t, "CloseRead to wake", func() {
				if err := <-end; err != io.EOF {
					t.Errorf("Read after CloseRead: %v", err)
				}
			})
		}
	})
}

func addrAgain(t *testing.T, network string) string {
	if network == "unix" {
		return tempSocket(t)
	}
	return "127.0.0.1:0"
}

// The peer resets the connection: both directions learn of it, and nobody spins.
func TestReset(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		fill(t, c)
		errs := make(chan error)
		spawn(func() { _, err := c.Read(make([]byte, 1)); errs <- err })
		spawn(func() { _, err := c.Write(make([]byte, 8<<20)); errs <- err })
		parked(t, c, true, 1)
		parked(t, c, false, 1)
		peer.(*Conn).SetLinger(0)
		peer.Close()
		within(t, "the reset", func() {
			reset := 0
			for range 2 {
				err := <-errs
				if errors.Is(err, syscall.ECONNRESET) {
					reset++
				} else if err != io.EOF && !errors.Is(err, syscall.EPIPE) {
					t.Errorf("%v", err)
				}
			}
			if reset == 0 {
				t.Error("nobody learns of the reset")
			}
		})
	})
}

// A connection whose peer is gone, and that nobody reads, is no work for the poller.
func TestHangUpDoesNotSpin(t *testing.T) {
	onEach(t, func(t *testing.T) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		c.Write([]byte("x"))
		peer.Close()
		eventually(t, "the end is seen", func() bool { return isReady(c.(*Conn).ReadableOp()) })
		before := cpuTime()
		time.Sleep(300 * time.Millisecond) // sleep: the time in which processor time is measured
		if used := cpuTime() - before; used > 200*time.Millisecond {
			t.Errorf("%v of processor time in 300 ms with nothing to do", used)
		}
	})
}

func TestReadinessAsOperations(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		a, b := pairOf(t, "tcp", "127.0.0.1:0")
		c := a.(*Conn)
		if isReady(c.ReadableOp()) {
			t.Error("readable, though there is nothing")
		}
		got := make(chan error, 2)
		for range 2 { // the event is for all
			spawn(func() { got <- cml.Perform(c.ReadableOp()) })
		}
		parked(t, a, true, 2)
		b.Write([]byte("hello"))
		within(t, "readiness", func() {
			for range 2 {
				if err := <-got; err != nil {
					t.Error(err)
				}
			}
		})
		// It stays ready until it is read, whatever has been read by then.
		buf := make([]byte, 2)
		for _, want := range []string{"he", "ll", "o"} {
			within(t, "readiness", func() {
				if err := cml.Perform(c.ReadableOp()); err != nil {
					t.Error(err)
				}
			})
			if n, err := c.Read(buf); err != nil || string(buf[:n]) != want {
				t.Fatalf("%q, %v", buf[:n], err)
			}
		}
		if isReady(c.ReadableOp()) {
			t.Error("readable, though all has been read")
		}
		within(t, "writability", func() {
			if err := cml.Perform(c.WritableOp()); err != nil {
				t.Error(err)
			}
		})
		// The system may make room once more, by handing on to b what it has.
		eventually(t, "it is full", func() bool { fill(t, a); return !isReady(c.WritableOp()) })
		spawn(func() { got <- cml.Perform(c.WritableOp()) })
		parked(t, a, false, 1)
		go io.Copy(io.Discard, b)
		within(t, "room", func() {
			if err := <-got; err != nil {
				t.Error(err)
			}
		})
	})
}

// Choices that lose on a descriptor where nothing happens leave nothing.
func TestLosersLeaveNothing(t *testing.T) {
	n := 200_000
	if race.Enabled {
		n = 20_000
	}
	a, _ := pairOf(t, "tcp", "127.0.0.1:0")
	c := a.(*Conn)
	l := mustListen(t, "tcp", "127.0.0.1:0")
	inFiber(t, func() {
		never := cml.Choice(
			cml.On(c.ReadableOp(), func(error) {}),
			cml.On(cml.Wrap(l.AcceptOp(), func(a Accepted) error { return a.Err }), func(error) {}),
		)
		turn := cml.NewChan[int]()
		both := cml.Choice(never, cml.On(turn.GetOp(), func(int) {}), never)
		round := func(n int) {
			done := cml.NewCond()
			spawnFiber(func() {
				for range n {
					turn.Put(1)
				}
				done.Signal()
			})
			for range n {
				cml.Perform(both)
			}
			done.Wait()
		}
		round(n / 20)
		before := heap()
		round(n)
		if after := heap(); after > before+before/2+(1<<20) {
			t.Errorf("the heap grew from %d to %d bytes", before, after)
		}
		for _, x := range []any{a, l} {
			if w := waitersOf(x, true); w != nil && w() != 0 {
				t.Errorf("%d wait still", w())
			}
		}
	})
}

// Urgent data stops a read short of what is there. That must not be taken for the
// end of what is there.
func TestUrgentData(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		peer.Write([]byte("abc"))
		if !sendUrgent(t, peer, []byte("U")) {
			t.Skip("no urgent data on this system")
		}
		peer.Write([]byte("def"))
		got := make(chan string)
		spawn(func() {
			all := ""
			buf := make([]byte, 100)
			for len(all) < 6 {
				n, err := c.Read(buf)
				if err != nil {
					t.Error(err)
					break
				}
				all += string(buf[:n])
			}
			got <- all
		})
		within(t, "what follows the urgent data", func() {
			if s := <-got; s != "abcdef" {
				t.Errorf("got %q", s)
			}
		})
	})
}

func TestCopyBothWays(t *testing.T) {
	onEach(t, func(t *testing.T) {
		a, b := pairOf(t, "tcp", "127.0.0.1:0")
		text := bytes.Repeat([]byte("copy"), 100_000)
		go func() {
			if n, err := io.Copy(a, onlyReader{bytes.NewReader(text)}); n != int64(len(text)) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			a.(*Conn).CloseWrite()
		}()
		var got bytes.Buffer
		if n, err := io.Copy(onlyWriter{&got}, b); n != int64(len(text)) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if !bytes.Equal(got.Bytes(), text) {
			t.Error("what arrives is not what was sent")
		}
	})
}
