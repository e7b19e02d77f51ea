package poll

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
)

var timeZero time.Time

const brokenPipe = syscall.EPIPE

// timedOut fails unless err is what a deadline gives.
func timedOut(t testing.TB, err error) {
	t.Helper()
	var ne net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("not a time-out: %v", err)
	}
}

func TestDeadlineInThePast(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		conn := c.(*Conn)
		fill(t, c)
		errs := make(chan error)
		spawn(func() { _, err := c.Read(make([]byte, 1)); errs <- err })
		spawn(func() { _, err := c.Write(make([]byte, 1<<20)); errs <- err })
		spawn(func() { errs <- cml.Perform(conn.ReadableOp()) })
		parked(t, c, true, 2)
		parked(t, c, false, 1)
		if err := c.SetDeadline(time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		within(t, "a deadline in the past to wake all", func() {
			for range 3 {
				timedOut(t, <-errs)
			}
		})
		// It stays over, also where there is something to read.
		peer.Write([]byte("x"))
		_, err := c.Read(make([]byte, 1))
		timedOut(t, err)
		timedOut(t, cml.Perform(conn.WritableOp()))
		// Until it is set anew.
		c.SetReadDeadline(timeZero)
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_, err = c.Write([]byte("x"))
		timedOut(t, err)
	})
}

func TestDeadlineExtendedAndCleared(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		type result struct {
			at  time.Time
			err error
		}
		got := make(chan result)
		read := func() { _, err := c.Read(make([]byte, 1)); got <- result{time.Now(), err} }

		start := time.Now()
		c.SetReadDeadline(start.Add(time.Second))
		spawn(read)
		parked(t, c, true, 1)
		later := start.Add(1200 * time.Millisecond)
		c.SetReadDeadline(later)
		r := <-got
		timedOut(t, r.err)
		if r.at.Before(later) {
			t.Errorf("over %v before the deadline that counts", later.Sub(r.at))
		}

		// Sooner than it was.
		c.SetReadDeadline(time.Now().Add(time.Hour))
		spawn(read)
		parked(t, c, true, 1)
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		within(t, "the sooner deadline", func() { timedOut(t, (<-got).err) })

		// None.
		c.SetReadDeadline(time.Now().Add(time.Second))
		spawn(read)
		parked(t, c, true, 1)
		c.SetReadDeadline(timeZero)
		select {
		case r := <-got:
			t.Errorf("over without a deadline: %v", r.err)
		case <-time.After(1200 * time.Millisecond):
		}
		peer.Write([]byte("x"))
		if r := <-got; r.err != nil {
			t.Error(r.err)
		}

		// Of one direction alone.
		c.SetReadDeadline(time.Now().Add(-1))
		if _, err := c.Write([]byte("x")); err != nil {
			t.Error(err)
		}
	})
}

// Data and the deadline come at the same time: it is either, and no byte is lost.
func TestDeadlineRacedWithData(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		const rounds = 300
		sent := make(chan struct{})
		spawn(func() {
			defer close(sent)
			for i := range rounds {
				pause := time.After(time.Duration(i%7) * 100 * time.Microsecond)
				if <-pause; i%7 == 0 {
					continue
				}
				peer.Write([]byte{byte(i)})
			}
			peer.Close()
		})
		read := make(chan []byte)
		spawn(func() {
			var all []byte
			buf := make([]byte, 8)
			for {
				c.SetReadDeadline(time.Now().Add(300 * time.Microsecond))
				n, err := c.Read(buf)
				all = append(all, buf[:n]...)
				if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					read <- all
					return
				}
			}
		})
		within(t, "all to be read", func() {
			all := <-read
			<-sent
			want := 0
			for i := range rounds {
				if i%7 != 0 {
					if want >= len(all) || all[want] != byte(i) {
						t.Fatalf("byte %d of %d is missing", want, len(all))
					}
					want++
				}
			}
		})
	})
}

func TestAcceptDeadline(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		l.SetDeadline(time.Now().Add(20 * time.Millisecond))
		errs := make(chan error)
		spawn(func() { _, err := l.Accept(); errs <- err })
		spawn(func() { errs <- cml.Perform(l.AcceptOp()).Err })
		within(t, "the deadline of Accept", func() {
			timedOut(t, <-errs)
			timedOut(t, <-errs)
		})
		l.SetDeadline(timeZero)
		go net.Dial("tcp", l.Addr().String())
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}
