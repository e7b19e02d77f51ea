package poll

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	goruntime "runtime"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// soakTime is how long the soak test lasts: FIBERS_SOAK=20m for a real one.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("FIBERS_SOAK")
	if text == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// An echo server, and clients that do everything to it that clients do: they go
// away in the middle, reset, read slowly or not at all, close one half, come in
// crowds that exhaust the descriptors. Those that behave get their answers, nobody
// waits for ever, and at the end nothing is left over.
func TestEchoSoak(t *testing.T) {
	d := soakTime(t)
	beforeFDs, beforeGoroutines, beforeHeap := openFDs(), goruntime.NumGoroutine(), heap()
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{t: t, addr: l.Addr().String()}
	var serving cml.WaitGroup
	serving.Add(1)
	rt.Go(func() {
		defer serving.Done()
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			serving.Add(1)
			fibers.Go(func() {
				defer serving.Done()
				s.serve(c)
			})
		}
	})
	var clients sync.WaitGroup
	for i := range 24 {
		clients.Add(1)
		party := func() {
			defer clients.Done()
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for !s.over.Load() {
				s.visit(r)
			}
		}
		switch i % 4 {
		case 0:
			go party()
		case 1:
			rt.Go(party)
		default: // as behind a library: its goroutine visits, the fiber waits in Go's way
			rt.Go(func() {
				gone := make(chan struct{})
				go func() { defer close(gone); party() }()
				visits := time.NewTicker(time.Millisecond)
				defer visits.Stop()
				for {
					select {
					case <-gone:
						return
					case <-visits.C:
						fibers.Yield() // it takes part in between
					}
				}
			})
		}
	}
	// Now and then there are no descriptors.
	clients.Add(1)
	go func() {
		defer clients.Done()
		for !s.over.Load() {
			time.Sleep(d / 10) // sleep: the time between two exhaustions
			giveBack := exhaust(t)
			s.scarce.Store(true)
			time.Sleep(50 * time.Millisecond) // sleep: how long it lasts
			giveBack()
			s.scarce.Store(false)
		}
	}()
	time.Sleep(d) // sleep: the length of the test
	s.over.Store(true)
	within(t, "the clients to end", clients.Wait)
	l.Close()
	within(t, "the server to end", serving.Wait)
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d visits, %d complete, %d given up, %d bytes", s.visits.Load(), s.complete.Load(), s.givenUp.Load(), s.bytes.Load())
	if s.complete.Load() == 0 {
		t.Error("nobody got an answer")
	}
	eventually(t, "all descriptors are closed", func() bool { return openFDs() <= beforeFDs })
	eventually(t, "all goroutines have ended", func() bool { return goruntime.NumGoroutine() <= beforeGoroutines+2 })
	if after := heap(); after > beforeHeap+(16<<20) {
		t.Errorf("the heap grew from %d to %d bytes", beforeHeap, after)
	}
}

type soak struct {
	t                                *testing.T
	addr                             string
	over, scarce                     atomic.Bool
	visits, complete, givenUp, bytes stdatomic.Int64
}

func (s *soak) serve(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 16<<10)
	for {
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := c.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.t.Error("a client that has ended is waited for")
		}
		if err != nil {
			return
		}
		// A client that does not read must not hold it for ever.
		c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// visit is one connection of a client, that ends in one of many ways.
func (s *soak) visit(r *rand.Rand) {
	s.visits.Add(1)
	c, err := DialTimeout("tcp", s.addr, 20*time.Second)
	if err != nil {
		if !s.scarce.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
			s.t.Error(err)
		}
		s.givenUp.Add(1)
		fibers.Sleep(time.Millisecond)
		return
	}
	defer c.Close()
	conn := c.(*Conn)
	c.SetDeadline(time.Now().Add(25 * time.Second))
	message := bytes.Repeat([]byte{byte(r.Uint32())}, 1+r.IntN(64<<10))
	switch r.IntN(8) {
	case 0: // resets in the middle
		c.Write(message)
		conn.SetLinger(0)
	case 1: // goes without reading
		c.Write(message)
	case 2: // sends and never reads, until the server gives up
		c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		for {
			if _, err := c.Write(message); err != nil {
				break
			}
		}
	case 3: // connects and goes
	case 4: // reads slowly
		go c.Write(message)
		buf := make([]byte, 1+len(message)/4)
		for left := len(message); left > 0; {
			fibers.Sleep(time.Duration(r.IntN(1000)) * time.Microsecond)
			n, err := c.Read(buf)
			if err != nil {
				return // the server had to wait too long
			}
			left -= n
		}
	default: // sends, closes its half, and reads to the end; writes and reads at once
		spawn := func(f func()) { go f() }
		if fibers.Current() != nil {
			spawn = fibers.Go
		}
		spawn(func() {
			for range 3 {
				if _, err := c.Write(message); err != nil {
					return
				}
			}
			conn.CloseWrite()
		})
		all, err := io.ReadAll(c)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.t.Errorf("no answer: %v after %d of %d bytes", err, len(all), 3*len(message))
		}
		s.bytes.Add(int64(len(all)))
		if err == nil && bytes.Equal(all, bytes.Repeat(message, 3)) {
			s.complete.Add(1)
		}
	}
}
