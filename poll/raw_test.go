package poll

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// A program that peeks at a connection before it uses it, as database drivers do,
// is answered at once: the function is called whether there is something or not.
func TestRawReadDoesNotWaitFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, s := pairOf(t, "tcp", "127.0.0.1:0")
		if _, err := s.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 100)); n != 5 || err != nil { // a short read
			t.Fatal(n, err)
		}
		raw, err := c.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan int)
		spawn(func() {
			calls := 0
			raw.Read(func(uintptr) bool { calls++; return true })
			done <- calls
		})
		select {
		case n := <-done:
			if n != 1 {
				t.Errorf("called %d times", n)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("Read of the raw connection waits for an event")
		}
	})
}

// A function that is not done is called again after an event, and not before.
func TestRawReadWaitsForAnEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, s := pairOf(t, "tcp", "127.0.0.1:0")
		raw, err := c.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		called := make(chan int, 10)
		done := make(chan error)
		spawn(func() {
			calls := 0
			done <- raw.Read(func(uintptr) bool {
				calls++
				called <- calls
				return calls > 1
			})
		})
		<-called
		parked(t, c, true, 1)
		select {
		case <-called:
			t.Fatal("called again without an event")
		default:
		}
		s.Write([]byte("x"))
		if err := <-done; err != nil || <-called != 2 {
			t.Fatal(err)
		}
	})
}

// Writes do not come between the calls of a function that was given to Write.
func TestRawWriteExcludesWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, _ := pairOf(t, "tcp", "127.0.0.1:0")
		raw, err := c.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		inside, leave, wrote := make(chan bool), make(chan bool), make(chan bool, 1)
		go raw.Write(func(uintptr) bool {
			inside <- true
			<-leave
			return true
		})
		<-inside
		spawn(func() { c.Write([]byte("x")); wrote <- true })
		select {
		case <-wrote:
			t.Error("a write went through meanwhile")
		case <-time.After(50 * time.Millisecond): // too short is too kind, never wrong
		}
		leave <- true
		within(t, "the write", func() { <-wrote })
	})
}

// Who has a raw connection has the connection: it is not collected.
func TestRawConnKeepsItsConnection(t *testing.T) {
	onEach(t, func(t *testing.T) {
		if r, w, err := os.Pipe(); err == nil { // Go's own poller keeps two from the first use on
			r.Close()
			w.Close()
		}
		before := openFDs()
		forgotten := func() map[string]syscall.RawConn {
			l, err := Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c, err := Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			p, err := ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			r, w, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			all := make(map[string]syscall.RawConn)
			for name, x := range map[string]syscall.Conn{"listener": l, "connection": c.(syscall.Conn), "packets": p, "file": r} {
				if all[name], err = x.SyscallConn(); err != nil {
					t.Fatal(err)
				}
			}
			return all
		}
		raws := forgotten()
		for range 5 {
			collect()
			time.Sleep(2 * time.Millisecond) // sleep: for finalizers, which nobody can wait for; too short is too kind
		}
		for name, raw := range raws {
			if err := raw.Control(func(uintptr) {}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		raws = nil
		eventually(t, "what nobody has any more is closed", func() bool { collect(); return openFDs() <= before })
	})
}

// A function that panics leaves nothing locked.
func TestRawPanics(t *testing.T) {
	onEach(t, func(t *testing.T) {
		c, _ := pairOf(t, "tcp", "127.0.0.1:0")
		raw, err := c.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		for _, do := range []func(func(uintptr) bool) error{raw.Read, raw.Write} {
			func() {
				defer func() { recover() }()
				do(func(uintptr) bool { panic("oh") })
			}()
		}
		within(t, "a write and a close", func() {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Error(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	})
}

// What a Control function is given means the connection as long as it lives, and
// nothing afterwards.
func TestControlsRawConnOutlivesTheDial(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		var raw syscall.RawConn
		d := &Dialer{Control: func(_, _ string, c syscall.RawConn) error { raw = c; return nil }}
		c, err := d.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(uintptr) {}); err != nil {
			t.Error("connected:", err)
		}
		c.Close()
		if err := raw.Control(func(uintptr) { t.Error("called") }); !errors.Is(err, net.ErrClosed) {
			t.Error("closed:", err)
		}
	})
}
