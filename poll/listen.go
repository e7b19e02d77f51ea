package poll

import (
	"context"
	"net"
	goruntime "runtime"
	"syscall"
	"time"
)

// A ListenConfig has the options of listening. Its zero value listens as Listen
// does. The fields are those of net.ListenConfig.
type ListenConfig struct {
	// Control is called with each socket before it is bound.
	Control func(network, address string, c syscall.RawConn) error
	// KeepAlive is how long an accepted connection is silent before the peer is
	// probed; zero is 15 s, negative never. KeepAliveConfig counts instead where it is
	// enabled. What the system does not accept is ignored.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig

	multipath *bool // what SetMultipathTCP has said
}

// MultipathTCP reports whether a listener accepts Multipath TCP too: if
// SetMultipathTCP has said nothing, whether those of package net do.
func (lc *ListenConfig) MultipathTCP() bool {
	if lc.multipath == nil {
		return new(net.ListenConfig).MultipathTCP()
	}
	return *lc.multipath
}

// SetMultipathTCP says whether a listener accepts Multipath TCP too, where the system
// has it.
func (lc *ListenConfig) SetMultipathTCP(use bool) { lc.multipath = &use }

// plain is what package net listens with.
func (lc *ListenConfig) plain() *net.ListenConfig {
	p := &net.ListenConfig{Control: lc.Control, KeepAlive: lc.KeepAlive, KeepAliveConfig: lc.KeepAliveConfig}
	if lc.multipath != nil {
		p.SetMultipathTCP(*lc.multipath)
	}
	return p
}

// Listen listens for connections on the network "tcp", "tcp4", "tcp6", "unix" or
// "unixpacket". Addresses are those of net.Listen; a host name is looked up without
// blocking a scheduler. The file of a unix socket is removed by Close.
func Listen(network, addr string) (*Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, addr)
}

// Listen is Listen with the options of lc. ctx is for the look-up of a host name.
func (lc *ListenConfig) Listen(ctx context.Context, network, addr string) (*Listener, error) {
	realOnly("Listen")
	if formOf(network) == formUnixgram { // of which package net makes a listener that cannot accept
		return nil, opError("listen", network, nil, nil, net.UnknownNetworkError(network))
	}
	type made struct {
		l   net.Listener
		err error
	}
	m := create(ctx, func(ctx context.Context) made { l, err := lc.plain().Listen(ctx, network, addr); return made{l, err} })
	if m.err != nil {
		return nil, m.err
	}
	keepAlive := lc.KeepAliveConfig
	if !keepAlive.Enable && lc.KeepAlive >= 0 {
		keepAlive = net.KeepAliveConfig{Enable: true, Idle: lc.KeepAlive}
	}
	a, err := pick(func(b backend) (acceptor, error) { return b.listen(m.l, keepAlive) })
	if err != nil {
		m.l.Close()
		return nil, opError("listen", network, nil, m.l.Addr(), err)
	}
	l := &Listener{a: a, network: network, addr: m.l.Addr()}
	goruntime.SetFinalizer(l, func(l *Listener) { go l.a.close() })
	return l, nil
}

// ListenPacket is ListenPacket with the options of lc that packets have: Control. ctx
// is for the look-up of a host name.
func (lc *ListenConfig) ListenPacket(ctx context.Context, network, addr string) (*PacketConn, error) {
	realOnly("ListenPacket")
	switch formOf(network) {
	case formUDP, formUnixgram:
	default:
		return nil, opError("listen", network, nil, nil, net.UnknownNetworkError(network))
	}
	type made struct {
		c   net.PacketConn
		err error
	}
	m := create(ctx, func(ctx context.Context) made {
		c, err := lc.plain().ListenPacket(ctx, network, addr)
		return made{c, err}
	})
	if m.err != nil {
		return nil, m.err
	}
	s, err := pick(func(b backend) (mailer, error) { return b.packets(m.c.(net.Conn)) })
	if err != nil {
		m.c.Close()
		return nil, opError("listen", network, nil, m.c.LocalAddr(), err)
	}
	return newPacketConn(s, network), nil
}
