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
	// beside it (RFC 8305). Zero is 250 ms; negative is one address after the other,
	// which share the time that is left.
	FallbackDelay time.Duration
	// KeepAlive is how long a connection is silent before the peer is probed; zero is
	// 15 s, negative never. KeepAliveConfig counts instead where it is enabled. What the
	// system does not accept is ignored.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	// Resolver looks names up; nil is net.DefaultResolver.
	Resolver *net.Resolver
	// Cancel gives a dial up when it is closed; a context does the same.
	Cancel <-chan struct{}
	// ControlContext is called with each socket before it is bound and connected;
	// where it is nil, Control is.
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error
	Control        func(network, address string, c syscall.RawConn) error

	multipath *bool // what SetMultipathTCP has said
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
	multipath     bool
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
	realOnly("Dial")
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
	realOnly("Dial")
	if ctx == nil {
		panic("poll: DialContext with a nil context: give it context.Background()")
	}
	if deadline := d.deadline(ctx, time.Now()); !deadline.IsZero() {
		var cancel func()
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	if d.Cancel != nil {
		var cancel func()
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func(ctx context.Context) {
			select {
			case <-d.Cancel:
				cancel()
			case <-ctx.Done():
			}
		}(ctx)
	}
	switch formOf(network) {
	case formNone:
		return nil, opError("dial", network, nil, nil, net.UnknownNetworkError(network))
	case formUDP, formUnixgram:
		return d.dialPackets(ctx, network, addr)
	}
	remotes, err := d.resolve(ctx, network, addr)
	if err != nil {
		return nil, opError("dial", network, nil, nil, err)
	}
	s, remote, err := d.connect(ctx, network, remotes)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: remote, Err: err}
	}
	return newConn(s, network), nil
}

// MultipathTCP reports whether dialing asks for Multipath TCP: if SetMultipathTCP
// has said nothing, whether package net does (GODEBUG).
func (d *Dialer) MultipathTCP() bool {
	if d.multipath == nil {
		return new(net.Dialer).MultipathTCP()
	}
	return *d.multipath
}

// SetMultipathTCP says whether dialing asks for Multipath TCP. Where the system does
// not have it, or the attempt fails, TCP is used.
func (d *Dialer) SetMultipathTCP(use bool) { d.multipath = &use }

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
		x.keepAlive = net.KeepAliveConfig{Enable: true, Idle: d.KeepAlive}
	}
	name := network
	if _, ok := remote.(*net.TCPAddr); ok && network == "tcp" { // as package net says it
		name = "tcp6"
		if familyIs4(network, d.LocalAddr, remote) {
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
	m := create(ctx, func(ctx context.Context) made { c, err := nd.DialContext(ctx, network, addr); return made{c, err} })
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
