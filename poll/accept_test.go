package poll

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Descriptors have run out when a connection comes: Accept waits, and accepts it
// when there are some again.
func TestAcceptSurvivesExhaustion(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		const clients = 3
		accepted := make(chan error, clients)
		spawn(func() {
			for i := range clients {
				var a Accepted
				if i%2 == 0 {
					a = cml.Perform(l.AcceptOp())
				} else {
					c, err := l.Accept()
					if a.Err = err; err == nil {
						a.Conn = c.(*Conn)
					}
				}
				if a.Err == nil {
					a.Conn.Close()
				}
				accepted <- a.Err
			}
		})
		parked(t, l, true, 1)
		sockets := make([]func() error, clients)
		for i := range sockets {
			sockets[i] = dialer(t, l.Addr().(*net.TCPAddr)) // has its descriptor already
		}
		giveBack := exhaust(t)
		for _, connect := range sockets {
			if err := connect(); err != nil {
				giveBack()
				t.Fatal(err)
			}
		}
		early := 0 // somebody else may have given descriptors back meanwhile
		for end := time.After(50 * time.Millisecond); end != nil; {
			select {
			case err := <-accepted:
				if err != nil {
					t.Errorf("without a descriptor to be had: %v", err)
				}
				early++
			case <-end:
				end = nil
			}
		}
		giveBack()
		if early == clients {
			t.Log("descriptors were to be had all the time")
		}
		within(t, "Accept to recover", func() {
			for range clients - early {
				if err := <-accepted; err != nil {
					t.Error(err)
				}
			}
		})
		l.Close()
	})
}

// An AcceptOp that loses accepts nothing: the connection goes to the next one.
func TestAcceptOpThatLosesTakesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		const rounds = 200
		turn := cml.NewChan[int]()
		var wg sync.WaitGroup
		wg.Add(3)
		done := cml.NewCond()
		spawn(func() {
			defer wg.Done()
			for i := 0; ; i++ {
				if !cml.Perform(cml.Choice(
					cml.Wrap(turn.PutOp(i), func(cml.Unit) bool { return true }),
					cml.Wrap(done.WaitOp(), func(cml.Unit) bool { return false }))) {
					return
				}
			}
		})
		spawn(func() {
			defer wg.Done()
			for range rounds {
				c, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				c.Read(make([]byte, 1)) // until it is accepted and closed
				c.Close()
			}
		})
		spawn(func() {
			defer wg.Done()
			defer done.Signal()
			op := cml.Choice(
				cml.Wrap(l.AcceptOp(), func(a Accepted) *Accepted { return &a }),
				cml.Wrap(turn.GetOp(), func(int) *Accepted { return nil }))
			for accepted := 0; accepted < rounds; {
				if a := cml.Perform(op); a != nil {
					if a.Err != nil {
						t.Error(a.Err)
						return
					}
					accepted++
					a.Conn.Close()
				}
			}
		})
		within(t, "every connection to be accepted", wg.Wait)
	})
}

func TestUnixListenerRemovesItsFile(t *testing.T) {
	onEach(t, func(t *testing.T) {
		path := tempSocket(t)
		l := mustListen(t, "unix", path)
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
		if got := l.Addr().String(); got != path {
			t.Errorf("listens at %q", got)
		}
		l.Close()
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", filepath.Base(path), err)
		}
	})
}

// The file of a unix listener goes before its descriptor does: who listens at the
// path as soon as it is free keeps it, though the first listener's Close, which has
// woken Accept and waits for a call that is under way, has not returned. A second
// Close removes nothing.
func TestCloseLeavesTheFileOfTheNextListener(t *testing.T) {
	onEach(t, func(t *testing.T) {
		path := tempSocket(t)
		first := mustListen(t, "unix", path)
		raw, err := first.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		accepted := make(chan error, 1)
		go func() {
			_, err := first.Accept()
			accepted <- err
		}()
		parked(t, first, true, 1)
		if p, ok := first.a.(*plainListener); ok {
			eventually(t, "Accept waits", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return len(p.wants) == 1
			})
		}
		var next *Listener
		closed := make(chan error, 1)
		if err := raw.Control(func(uintptr) {
			go func() { closed <- first.Close() }()
			within(t, "Close to wake Accept", func() {
				if err := <-accepted; !errors.Is(err, net.ErrClosed) {
					t.Errorf("Accept: %v", err)
				}
			})
			if err := os.Remove(path); !os.IsNotExist(err) {
				t.Errorf("it closes, and the file is still there: %v", err)
			}
			next = mustListen(t, "unix", path)
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := first.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the second Close: %v", err)
		}
		c, err := Dial("unix", path)
		if err != nil {
			t.Fatal("the next listener has lost its file: ", err)
		}
		c.Close()
		next.Close()
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("all are closed, and the file is still there: %v", err)
		}
	})
}

func TestAddressesOfConnections(t *testing.T) {
	onEach(t, func(t *testing.T) {
		for _, addr := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
			if addr == "[::1]:0" && !haveIPv6() {
				continue
			}
			l := mustListen(t, "tcp", addr)
			c, err := Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			s, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if c.LocalAddr().String() != s.RemoteAddr().String() || c.RemoteAddr().String() != s.LocalAddr().String() {
				t.Errorf("%v→%v and %v→%v", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
			}
			if c.LocalAddr().Network() != "tcp" {
				t.Errorf("network %q", c.LocalAddr().Network())
			}
			local := s.LocalAddr().String()
			s.Close()
			if s.LocalAddr().String() != local {
				t.Error("closed, it has lost its address")
			}
			c.Close()
		}
	})
}

func haveIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

// As many connections as the limit of descriptors allows, up to 10 000: all are
// open at once, and all of them work.
func TestTenThousandConnections(t *testing.T) {
	n := min(10_000, (descriptorLimit()-openFDs()-200)/2)
	if race.Enabled {
		n = min(n, 1000)
	}
	if testing.Short() {
		n = min(n, 500)
		t.Log("500 connections only, with -short")
	}
	leaveNoFDs(t)
	l := mustListen(t, "tcp", "127.0.0.1:0")
	inFiber(t, func() {
		echo(l, fibers.Go)
		conns := cml.NewQueue[net.Conn](0)
		var dialed cml.WaitGroup
		dialed.Add(n)
		for range 20 {
			fibers.Go(func() {
				for range n / 20 {
					c, err := Dial("tcp", l.Addr().String())
					if err != nil {
						t.Error(err)
					} else {
						conns.Put(c)
					}
					dialed.Done()
				}
			})
		}
		dialed.Add(-(n % 20))
		dialed.Wait()
		conns.Close(nil)
		var spoken cml.WaitGroup
		open := 0
		for c := range conns.All() {
			open++
			spoken.Add(1)
			fibers.Go(func() {
				defer spoken.Done()
				defer c.Close()
				buf := []byte("12345678")
				for range 3 {
					if _, err := c.Write(buf); err != nil {
						t.Error(err)
						return
					}
					if _, err := c.Read(buf); err != nil || string(buf) != "12345678" {
						t.Errorf("%q, %v", buf, err)
						return
					}
				}
			})
		}
		spoken.Wait()
		t.Logf("%d connections", open)
		l.Close()
	})
}

func TestListenErrors(t *testing.T) {
	l := mustListen(t, "tcp", "127.0.0.1:0")
	for _, c := range [][2]string{
		{"tcp", l.Addr().String()}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:no such service"},
		{"tcp", "192.0.2.1:0"}, {"tcp4", "[::1]:0"}, {"unix", "/no/such/directory/s"}, {"pigeon", "x"},
		{"udp", "127.0.0.1:0"},
	} {
		onEach(t, func(t *testing.T) {
			same(t, "Listen "+c[0]+" "+c[1],
				func() error { _, err := Listen(c[0], c[1]); return err },
				func() error { _, err := net.Listen(c[0], c[1]); return err })
		})
	}
}
