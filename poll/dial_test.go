package poll

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// refusing returns an address at which nobody listens.
func refusing(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestDialErrors(t *testing.T) {
	for _, c := range [][2]string{
		{"tcp", refusing(t)}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:no-such-service"}, {"tcp", "[::1:80"},
		{"unix", "/no/such/socket"}, {"pigeon", "x"}, {"udp", "127.0.0.1"}, {"tcp", "no.such.host.invalid:80"},
	} {
		onEach(t, func(t *testing.T) {
			ours := func() (err error) {
				inFiber(t, func() { _, err = Dial(c[0], c[1]) })
				return err
			}
			theirs := func() error { _, err := net.Dial(c[0], c[1]); return err }
			var dns *net.DNSError
			if errors.As(theirs(), &dns) { // its text depends on the system's resolver
				if err := ours(); !errors.As(err, &dns) {
					t.Errorf("%s: %v", c[1], err)
				}
				return
			}
			same(t, "Dial "+c[0]+" "+c[1], ours, theirs)
		})
	}
}

func TestDialThatTakesTooLong(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		addr := blackHole(t)
		errs := make(chan error)
		cancelled, cancel := context.WithCancel(t.Context())
		for _, dial := range []func() (net.Conn, error){
			func() (net.Conn, error) { return DialTimeout("tcp", addr, 50*time.Millisecond) },
			func() (net.Conn, error) {
				return (&Dialer{Deadline: time.Now().Add(50 * time.Millisecond)}).Dial("tcp", addr)
			},
			func() (net.Conn, error) {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				return new(Dialer).DialContext(ctx, "tcp", addr)
			},
		} {
			spawn(func() { _, err := dial(); errs <- err })
			within(t, "the time-out", func() {
				err := <-errs
				timedOut(t, err)
				var op *net.OpError
				if !errors.As(err, &op) || op.Op != "dial" || op.Addr == nil || op.Addr.String() != addr {
					t.Errorf("%#v", err)
				}
			})
		}
		spawn(func() { _, err := new(Dialer).DialContext(cancelled, "tcp", addr); errs <- err })
		time.AfterFunc(20*time.Millisecond, cancel)
		within(t, "the cancellation", func() {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	})
}

// resolverTo returns a Dialer and the host name that it finds these addresses for:
// race alone is tested, so none of it goes over a network.
func raceTo(t *testing.T, d *Dialer, addrs ...string) (net.Addr, error) {
	t.Helper()
	var remotes []net.Addr
	for _, a := range addrs {
		ta, err := net.ResolveTCPAddr("tcp", a)
		if err != nil {
			t.Fatal(err)
		}
		remotes = append(remotes, ta)
	}
	s, _, err := d.race(t.Context(), "tcp", remotes)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.remote(), nil
}

func TestHappyEyeballs(t *testing.T) {
	onEach(t, func(t *testing.T) {
		good := mustListen(t, "tcp", "127.0.0.1:0")
		other := mustListen(t, "tcp", "127.0.0.1:0")
		hole, nobody := blackHole(t), refusing(t)
		for name, c := range map[string]struct {
			delay time.Duration
			addrs []string
			want  string
		}{
			"the first":                     {0, []string{good.Addr().String(), other.Addr().String()}, good.Addr().String()},
			"one that refuses":              {time.Hour, []string{nobody, good.Addr().String()}, good.Addr().String()},
			"one that does not answer":      {20 * time.Millisecond, []string{hole, good.Addr().String()}, good.Addr().String()},
			"two that are of no use":        {20 * time.Millisecond, []string{hole, nobody, good.Addr().String()}, good.Addr().String()},
			"the usual delay is not for it": {0, []string{nobody, nobody, nobody, good.Addr().String()}, good.Addr().String()},
		} {
			inFiber(t, func() {
				got, err := raceTo(t, &Dialer{FallbackDelay: c.delay}, c.addrs...)
				if err != nil || got.String() != c.want {
					t.Errorf("%s: connected to %v, %v", name, got, err)
				}
			})
		}
		// All fail: the first error counts.
		if _, err := raceTo(t, new(Dialer), nobody, nobody); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
		// One after the other, and the first does not answer.
		_, err := raceTo(t, &Dialer{FallbackDelay: -1, Timeout: time.Hour}, nobody, good.Addr().String())
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAddressesTakeTurns(t *testing.T) {
	r := net.Resolver{PreferGo: true}
	d := Dialer{Resolver: &r}
	for _, c := range []struct {
		network, addr string
		want          []string
	}{
		{"tcp", "127.0.0.1:80", []string{"127.0.0.1:80"}},
		{"tcp", ":80", []string{":80"}},
		{"tcp6", ":80", []string{":80"}},
		{"tcp", "[::]:80", []string{"[::]:80", "0.0.0.0:80"}},
		{"tcp6", "[::]:80", []string{"[::]:80"}},
		{"tcp", "[fe80::1%lo]:80", []string{"[fe80::1%lo]:80"}},
		{"tcp", "127.0.0.1:http", []string{"127.0.0.1:80"}},
	} {
		got, err := d.resolve(t.Context(), c.network, c.addr)
		if err != nil || len(got) != len(c.want) || got[0].String() != c.want[0] {
			t.Errorf("%s %s: %v, %v", c.network, c.addr, got, err)
		}
	}
	var all []net.Addr
	for _, ip := range []string{"10.0.0.1", "10.0.0.2", "::1", "10.0.0.3", "::2"} {
		all = append(all, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1})
	}
	got := takingTurns(all)
	want := []string{"10.0.0.1:1", "[::1]:1", "10.0.0.2:1", "[::2]:1", "10.0.0.3:1"}
	for i := range want {
		if len(got) != len(want) || got[i].String() != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

func TestDialerOptions(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		echo(l, func(f func()) { go f() })
		var seen []string
		d := Dialer{
			LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)},
			Control: func(network, address string, c syscall.RawConn) error {
				seen = append(seen, network+" "+address)
				return c.Control(func(uintptr) {})
			},
		}
		c, err := d.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.LocalAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.2" {
			t.Errorf("dials from %s", got)
		}
		if len(seen) != 1 || seen[0] != "tcp4 "+l.Addr().String() {
			t.Errorf("Control got %q", seen)
		}
		sentinel := errors.New("no")
		d.Control = func(string, string, syscall.RawConn) error { return sentinel }
		if _, err := d.Dial("tcp", l.Addr().String()); !errors.Is(err, sentinel) {
			t.Error(err)
		}
	})
}

func TestDialOp(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		defer l.Close()
		echo(l, spawn)
		done := make(chan struct{})
		spawn(func() {
			defer close(done)
			op := DialOp("tcp", l.Addr().String())
			for range 2 { // it can be performed again
				d := cml.Perform(op)
				if d.Err != nil {
					t.Error(d.Err)
					return
				}
				d.Conn.Close()
			}
			hole := DialOp("tcp", blackHole(t))
			for range 20 {
				cml.Perform(cml.Prefer(
					cml.Wrap(cml.Always(1), func(int) error { return nil }),
					cml.Wrap(hole, func(d Dialed) error { return d.Err })))
				if _, ok := cml.Poll(hole); ok {
					t.Error("connected to nobody")
				}
			}
			if err := cml.Perform(DialOp("tcp", refusing(t))).Err; !errors.Is(err, syscall.ECONNREFUSED) {
				t.Error(err)
			}
		})
		within(t, "DialOp", func() { <-done })
	})
}

var _ = os.ErrDeadlineExceeded

// A connect that was given up, and whose fiber the end of the runtime keeps from
// running at all, leaves no goroutine that waits for it (TestMain looks for those).
func TestDialOpGivenUpAtTheEndLeavesNothing(t *testing.T) {
	if err := fibers.Run(func() {
		fibers.Go(func() {
			defer func() { cml.Poll(DialOp("tcp", "127.0.0.1:1")) }() // what it spawns never runs
			cml.Perform(cml.Never[int]())
		})
		fibers.Yield()
	}); err != nil {
		t.Fatal(err)
	}
}
