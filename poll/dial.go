package poll

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Dialer has the options of dialing. Its zero value dials as Dial does. The
// fields are those of net.Dialer.
type Dialer struct {
	// Timeout is how long a dial may take, over all addresses; zero is no limit.
	Timeout time.Duration
	// Deadline is when a dial fails at the latest; the zero time is never.
	Deadline time.Time
	// LocalAddr is the address to dial from, of the type for the network.
	LocalAddr net.Addr
	// FallbackDelay is how long a connect may take before the next address is tried
	// beside it (RFC 8305). Zero is 250 ms; negative is one address after the other.
	FallbackDelay time.Duration
	// KeepAlive is the period of keep-alive probes; zero is 15 s, negative none.
	// KeepAliveConfig counts instead where it is enabled.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	// Resolver looks names up; nil is net.DefaultResolver.
	Resolver *net.Resolver
	// ControlContext is called with each socket before it is bound and connected;
	// where it is nil, Control is.
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error
	Control        func(network, address string, c syscall.RawConn) error
}

// staggerAfter is what FallbackDelay is by default: "Connection Attempt Delay".
const staggerAfter = 250 * time.Millisecond

// Dialed is the result of a DialOp: a connection or an error.
type Dialed struct {
	Conn net.Conn
	Err  error
}

// A dialing is one connection that is to be made.
type dialing struct {
	network       string
	local, remote net.Addr // local may be nil
	keepAlive     net.KeepAliveConfig
	control       func(c syscall.RawConn) error // may be nil
}

// Dial connects to an address, as net.Dial does, on the networks "tcp", "tcp4",
// "tcp6", "unix", "unixpacket", "udp", "udp4", "udp6" and "unixgram". The first
// five give a *Conn, the others a *PacketConn. Only the calling fiber, or
// goroutine, waits.
func Dial(network, addr string) (net.Conn, error) {
	return new(Dialer).DialContext(context.Background(), network, addr)
}

// DialTimeout is Dial that fails after d.
func DialTimeout(network, addr string, d time.Duration) (net.Conn, error) {
	return (&Dialer{Timeout: d}).Dial(network, addr)
}

// DialOp returns the operation that connects to an address. It begins when it is
// performed. If it loses, the attempt is given up.
func DialOp(network, addr string) cml.Op[Dialed] { return new(Dialer).DialOp(network, addr) }

// Dial is Dial with the options of d.
func (d *Dialer) Dial(network, addr string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, addr)
}

// DialOp is DialOp with the options of d.
func (d *Dialer) DialOp(network, addr string) cml.Op[Dialed] {
	return cml.Guard(func() cml.Op[Dialed] {
		ctx, cancel := context.WithCancel(context.Background())
		made := cml.NewIVar[Dialed]()
		work := func() {
			defer made.Fill(Dialed{Err: net.ErrClosed}) // for a fiber that is ended
			c, err := d.DialContext(ctx, network, addr)
			if !made.Fill(Dialed{c, err}) && c != nil {
				c.Close() // given up
			}
		}
		if fibers.Current() == nil {
			go work()
		} else {
			fibers.Go(work)
		}
		return cml.OnAbort(
			cml.Wrap(made.ReadOp(), func(r Dialed) Dialed { cancel(); return r }),
			func() {
				cancel()
				if !made.Fill(Dialed{Err: net.ErrClosed}) { // made all the same
					if r := made.Read(); r.Conn != nil {
						r.Conn.Close()
					}
				}
			})
	})
}

// DialContext is Dial with the options of d that fails when ctx is done. Once it
// is connected ctx means nothing to the connection. It fits the field DialContext
// of http.Transport.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if ctx == nil {
		panic("poll: DialContext with a nil context: give it context.Background()")
	}
	fail := func(remote net.Addr, err error) error {
		return opError("dial", network, d.LocalAddr, remote, err)
	}
	if deadline := d.deadline(ctx, time.Now()); !deadline.IsZero() {
		var cancel func()
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return nil, fail(nil, contextError(err))
	}
	switch formOf(network) {
	case formNone:
		return nil, fail(nil, net.UnknownNetworkError(network))
	case formUDP, formUnixgram:
		return d.dialPackets(ctx, network, addr)
	}
	remotes, err := d.resolve(ctx, network, addr)
	if err != nil {
		return nil, fail(nil, err)
	}
	if remotes = matching(remotes, d.LocalAddr); len(remotes) == 0 {
		return nil, fail(nil, &net.AddrError{Err: "no suitable address found", Addr: addr})
	}
	s, remote, err := d.race(ctx, network, remotes)
	if err != nil {
		return nil, fail(remote, err)
	}
	return newConn(s, network), nil
}

// deadline returns when a dial that begins now fails at the latest; zero is never.
func (d *Dialer) deadline(ctx context.Context, now time.Time) time.Time {
	earliest := d.Deadline
	if d.Timeout != 0 {
		if t := now.Add(d.Timeout); earliest.IsZero() || t.Before(earliest) {
			earliest = t
		}
	}
	if t, ok := ctx.Deadline(); ok && (earliest.IsZero() || t.Before(earliest)) {
		earliest = t
	}
	return earliest
}

// dialing returns what the backend needs for one address.
func (d *Dialer) dialing(ctx context.Context, network string, remote net.Addr) *dialing {
	x := &dialing{network: network, local: d.LocalAddr, remote: remote, keepAlive: d.KeepAliveConfig}
	if !x.keepAlive.Enable && d.KeepAlive >= 0 {
		x.keepAlive = net.KeepAliveConfig{Enable: true, Idle: d.KeepAlive, Interval: d.KeepAlive}
	}
	name := network
	if t, ok := remote.(*net.TCPAddr); ok && network == "tcp" { // as package net says it
		name = "tcp6"
		if t.IP.To4() != nil || len(t.IP) == 0 {
			name = "tcp4"
		}
	}
	switch {
	case d.ControlContext != nil:
		x.control = func(c syscall.RawConn) error { return d.ControlContext(ctx, name, remote.String(), c) }
	case d.Control != nil:
		x.control = func(c syscall.RawConn) error { return d.Control(name, remote.String(), c) }
	}
	return x
}

// dialPackets makes a socket for packets with a peer. Apart from looking up the
// name nothing in it waits.
func (d *Dialer) dialPackets(ctx context.Context, network, addr string) (net.Conn, error) {
	type made struct {
		c   net.Conn
		err error
	}
	nd := net.Dialer{LocalAddr: d.LocalAddr, Resolver: d.Resolver, ControlContext: d.ControlContext, Control: d.Control}
	m := call(func() made { c, err := nd.DialContext(ctx, network, addr); return made{c, err} })
	if m.err != nil {
		return nil, m.err
	}
	s, err := pick(func(b backend) (mailer, error) { return b.packets(m.c) })
	if err != nil {
		m.c.Close()
		return nil, opError("dial", network, d.LocalAddr, m.c.RemoteAddr(), err)
	}
	return newPacketConn(s, network), nil
}

// matching leaves out the addresses that cannot be reached from local.
func matching(remotes []net.Addr, local net.Addr) []net.Addr {
	l, ok := local.(*net.TCPAddr)
	if !ok || l == nil || len(l.IP) == 0 {
		return remotes
	}
	var kept []net.Addr
	for _, r := range remotes {
		if t, ok := r.(*net.TCPAddr); ok && (t.IP.To4() != nil) != (l.IP.To4() != nil) {
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// race connects to the addresses in their order. Each has some time to itself; then
// the next is tried beside it, or at once when one fails. The first that is made
// wins, and the others are given up (RFC 8305). If all fail, the first error
// counts.
func (d *Dialer) race(ctx context.Context, network string, remotes []net.Addr) (s stream, failed net.Addr, err error) {
	type runner struct {
		attempt
		remote net.Addr
	}
	type outcome struct {
		who  int // −1: it is time for the next; −2: ctx is done
		made connected
	}
	var running []runner
	defer func() {
		for _, r := range running {
			r.abandon()
		}
	}()
	lose := func(remote net.Addr, e error) {
		if err == nil {
			failed, err = remote, e
		}
	}
	stagger := d.FallbackDelay
	if stagger == 0 {
		stagger = staggerAfter
	}
	done := cml.Wrap(cml.Done(ctx), func(error) outcome { return outcome{who: -2} })
	for next := true; ; {
		for next && len(remotes) > 0 {
			remote := remotes[0]
			if e := ctx.Err(); e != nil {
				return nil, remote, contextError(e)
			}
			remotes = remotes[1:]
			a, e := pick(func(b backend) (attempt, error) { return b.connect(d.dialing(ctx, network, remote)) })
			if e == nil {
				running = append(running, runner{a, remote})
				break
			}
			lose(remote, e)
		}
		next = false
		if len(running) == 0 {
			return nil, failed, err
		}
		ops := []cml.Op[outcome]{}
		for i, r := range running {
			ops = append(ops, cml.Wrap(r.done(), func(c connected) outcome { return outcome{i, c} }))
		}
		if len(remotes) > 0 && stagger > 0 {
			ops = append(ops, cml.Wrap(fibers.After(stagger), func(time.Time) outcome { return outcome{who: -1} }))
		}
		switch o := cml.Perform(cml.Prefer(cml.Choice(ops...), done)); {
		case o.who == -1:
			next = true
		case o.who == -2:
			return nil, running[0].remote, contextError(ctx.Err())
		case o.made.err == nil:
			return o.made.stream, nil, nil
		default:
			r := running[o.who]
			r.abandon()
			running = append(running[:o.who], running[o.who+1:]...)
			lose(r.remote, o.made.err)
			next = true
		}
	}
}
