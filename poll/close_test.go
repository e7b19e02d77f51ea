package poll

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Close wakes everybody who waits, in both directions, calls and operations, with
// net.ErrClosed.
func TestCloseWakesEveryWaiter(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		check := func(t *testing.T, x interface{ Close() error }, in int, waits ...func() error) {
			t.Helper()
			errs := make(chan error)
			for _, w := range waits {
				spawn(func() { errs <- w() })
			}
			parked(t, x, true, in)
			if err := x.Close(); err != nil {
				t.Error(err)
			}
			within(t, "Close to wake all", func() {
				for range waits {
					if err := <-errs; !errors.Is(err, net.ErrClosed) {
						t.Errorf("woken with %v", err)
					}
				}
			})
			if err := x.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the second Close: %v", err)
			}
		}
		read := func(c interface{ Read([]byte) (int, error) }) func() error {
			return func() error { _, err := c.Read(make([]byte, 1)); return err }
		}
		for _, network := range []string{"tcp", "unix"} {
			addr := "127.0.0.1:0"
			if network == "unix" {
				addr = tempSocket(t)
			}
			c, _ := pairOf(t, network, addr)
			conn := c.(*Conn)
			fill(t, c)
			write := func() error { _, err := c.Write(make([]byte, 1<<20)); return err }
			check(t, conn, 3, read(c), read(c), write, write,
				func() error { return cml.Perform(conn.ReadableOp()) },
				func() error { return cml.Perform(conn.WritableOp()) })
			if err := conn.SetDeadline(timeZero); !errors.Is(err, net.ErrClosed) {
				t.Errorf("SetDeadline: %v", err)
			}
		}
		l := mustListen(t, "tcp", "127.0.0.1:0")
		accept := func() error { _, err := l.Accept(); return err }
		check(t, l, 3, accept, accept, func() error { return cml.Perform(l.AcceptOp()).Err })
		again, err := Listen("tcp", l.Addr().String())
		if err != nil {
			t.Fatal("the address is not free when Close has returned: ", err)
		}
		again.Close()

		p, err := ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		check(t, p, 2, func() error { _, _, err := p.ReadFrom(make([]byte, 1)); return err },
			func() error { return cml.Perform(p.ReadableOp()) })

		r, w, err := Pipe()
		if err != nil {
			t.Fatal(err)
		}
		check(t, r, 1, func() error {
			err := read(r)()
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("not os.ErrClosed: %v", err)
			}
			return err
		})
		if _, err := w.Write([]byte("x")); !errors.Is(err, brokenPipe) {
			t.Errorf("a pipe without reader: %v", err)
		}
		w.Close()
	})
}

// Calls come and go while the connection is closed: the number is given back once,
// when all have left, and never used by anyone after that.
func TestCloseWhileInUseStress(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		for range 50 {
			a, b := pairOf(t, "tcp", "127.0.0.1:0")
			var wg sync.WaitGroup
			var ready atomic.Int32
			for _, c := range []net.Conn{a, b} {
				for range 3 {
					wg.Add(2)
					spawn(func() {
						defer wg.Done()
						ready.Inc()
						buf := make([]byte, 100)
						for {
							if _, err := c.Read(buf); err != nil {
								return
							}
						}
					})
					spawn(func() {
						defer wg.Done()
						ready.Inc()
						for {
							if _, err := c.Write(make([]byte, 100)); err != nil {
								return
							}
						}
					})
				}
			}
			eventually(t, "all have begun", func() bool { return ready.Load() == 12 })
			var closed atomic.Int32
			for range 2 {
				wg.Add(1)
				spawn(func() {
					defer wg.Done()
					if a.Close() == nil {
						closed.Inc()
					}
				})
			}
			within(t, "all to leave", wg.Wait)
			if closed.Load() != 1 {
				t.Errorf("closed %d times", closed.Load())
			}
			b.Close()
		}
	})
}

// A descriptor is closed while data waits, or is on its way, and its number is used
// again: who waits there is not disturbed by what was meant for the one before.
func TestRecycledDescriptorNumber(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		for range 30 {
			a, b := pairOf(t, "tcp", "127.0.0.1:0")
			b.Write([]byte("late"))
			spawn(func() { b.Write([]byte("later")) })
			a.Close()
			c, d := pairOf(t, "tcp", "127.0.0.1:0")
			got := make(chan string)
			spawn(func() {
				buf := make([]byte, 16)
				n, err := c.Read(buf)
				if err != nil {
					got <- err.Error()
					return
				}
				got <- string(buf[:n])
			})
			parked(t, c, true, 1)
			d.Write([]byte("mine"))
			if s := <-got; s != "mine" {
				t.Fatalf("got %q", s)
			}
			b.Close()
			c.Close()
			d.Close()
		}
	})
}

// A runtime closes while its fibers wait for I/O: they end, their deferred functions
// run, and nothing is left.
func TestRuntimeClosesWhileFibersWait(t *testing.T) {
	leaveNoFDs(t)
	onEach(t, func(t *testing.T) {
		rt, err := fibers.New(fibers.WithSchedulers(2))
		if err != nil {
			t.Fatal(err)
		}
		l, err := Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		client, server := pairOf(t, "tcp", "127.0.0.1:0")
		fill(t, client)
		var ended atomic.Int32
		wait := func(f func()) {
			rt.Go(func() {
				defer ended.Inc()
				f()
				t.Error("came back")
			})
		}
		wait(func() { l.Accept() })
		wait(func() { cml.Perform(l.AcceptOp()) })
		wait(func() { client.Read(make([]byte, 1)) })
		wait(func() { client.Write(make([]byte, 1<<20)) })
		wait(func() { client.Write(make([]byte, 1<<20)) }) // waits for its turn
		wait(func() { cml.Perform(client.(*Conn).ReadableOp()) })
		parked(t, l, true, 2)
		parked(t, client, true, 2)
		parked(t, client, false, 1)
		eventually(t, "all wait", func() bool {
			for _, f := range rt.Fibers() {
				if f.State != fibers.Waiting {
					return false
				}
			}
			return len(rt.Fibers()) == 6
		})
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		if ended.Load() != 6 {
			t.Errorf("the deferred functions of %d of 6 ran", ended.Load())
		}
		// The connection lives on: nobody took its turn, or use, away.
		within(t, "the connection to work", func() {
			go func() {
				buf := make([]byte, 1<<16)
				for {
					if _, err := server.Read(buf); err != nil {
						return
					}
				}
			}()
			if _, err := client.Write([]byte("x")); err != nil {
				t.Error(err)
			}
			client.Close()
			server.Close()
			l.Close()
		})
	})
}

// A connection that nobody has any more is closed by the garbage collector.
func TestForgottenConnectionIsClosed(t *testing.T) {
	if openFDs() < 0 {
		t.Skip("the descriptors cannot be counted on this system")
	}
	before := openFDs()
	func() {
		for range 10 {
			_, _, _, err := makePair("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
		}
	}()
	eventually(t, "forgotten connections are closed", func() bool {
		collect()
		return openFDs() <= before
	})
}

var _ = os.ErrClosed

// The end of a connection of packets is an end, on either side, and an empty read
// waits for nothing.
func TestUnixpacketEnds(t *testing.T) {
	l, err := Listen("unixpacket", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	dialed, err := Dial("unixpacket", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialed.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted.Write([]byte("a"))
	if n, err := dialed.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	dialed.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := dialed.Read(nil); n != 0 || err != nil {
		t.Errorf("an empty read: %d, %v", n, err)
	}
	accepted.Close()
	if n, err := dialed.Read(make([]byte, 8)); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}
