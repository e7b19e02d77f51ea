package poll

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// plainMailer implements mailer.
type plainMailer struct {
	plainStream
	udp *net.UDPConn // nil of a unix socket

	// Operations that receive: one goroutine does, for all of them. A packet that nobody
	// wants any more when it is there goes to the abandoned ones, for the next who receives.
	post struct {
		sync.Mutex
		wants     map[*func(letter) bool]struct{}
		abandoned []letter
		up        bool // the goroutine is there
	}
}

// recvOp implements mailer.
func (m *plainMailer) recvOp(max int) cml.Op[letter] {
	op := cml.NewOp(m.takeAbandoned, func(w cml.Waiter[letter]) func() {
		want := w.Commit
		m.post.Lock()
		if m.post.wants == nil {
			m.post.wants = make(map[*func(letter) bool]struct{})
		}
		m.post.wants[&want] = struct{}{}
		if !m.post.up {
			m.post.up = true
			go m.serve()
		}
		m.post.Unlock()
		if l, ok := m.takeAbandoned(); ok && !w.Commit(l) {
			m.give(l)
		}
		return func() {
			m.post.Lock()
			delete(m.post.wants, &want)
			m.post.Unlock()
		}
	})
	return cml.Wrap(op, func(l letter) letter { return l.cut(max) })
}

func (m *plainMailer) takeAbandoned() (l letter, ok bool) {
	m.post.Lock()
	defer m.post.Unlock()
	if len(m.post.abandoned) == 0 {
		return l, false
	}
	l, m.post.abandoned = m.post.abandoned[0], m.post.abandoned[1:]
	return l, true
}

// give gives l to one who wants it, or keeps it; an error is for all.
func (m *plainMailer) give(l letter) {
	m.post.Lock()
	defer m.post.Unlock()
	for want := range m.post.wants {
		delete(m.post.wants, want)
		if (*want)(l) && l.err == nil {
			return
		}
	}
	if l.err == nil {
		m.post.abandoned = append(m.post.abandoned, l)
	}
}

// serve receives until nobody wants any.
func (m *plainMailer) serve() {
	room := make([]byte, largestPacket)
	for {
		n, from, err := m.c.(net.PacketConn).ReadFrom(room)
		if err != nil {
			m.give(letter{err: bare(err)})
		} else {
			if a, ok := from.(*net.UnixAddr); ok && a == nil {
				from = nil
			}
			m.give(letter{data: append([]byte{}, room[:n]...), from: from})
		}
		m.post.Lock()
		if len(m.post.wants) == 0 {
			m.post.up = false
			m.post.Unlock()
			return
		}
		m.post.Unlock()
	}
}

// early receives a packet where the goroutine has one, or is about to get the next.
func (m *plainMailer) early() (l letter, ok bool) {
	if l, ok := m.takeAbandoned(); ok {
		return l, true
	}
	m.post.Lock()
	up := m.post.up
	m.post.Unlock()
	if !up {
		return l, false
	}
	return cml.Perform(m.recvOp(largestPacket)), true
}

// read implements stream.
func (m *plainMailer) read(p []byte) (int, error) {
	if len(p) > 0 {
		if l, ok := m.early(); ok {
			return copy(p, l.data), l.err
		}
	}
	return m.plainStream.read(p)
}

// sendOp implements mailer.
func (m *plainMailer) sendOp(p []byte, to net.Addr) cml.Op[error] {
	return cml.Wrap(m.ready(epoll.Out), func(err error) error {
		if err != nil {
			return err
		}
		switch a := to.(type) {
		case nil:
			_, err = m.write(p)
		case *net.UDPAddr:
			if m.udp == nil {
				return syscall.EINVAL
			}
			_, err = m.writeToUDP(p, a)
		case *net.UnixAddr:
			if m.udp != nil {
				return syscall.EINVAL
			}
			_, err = m.writeToUnix(p, a)
		default:
			err = syscall.EINVAL
		}
		return err
	})
}

// received is what a call of package net returns that gets something. What it says
// beside an error, but the end, is of no use to anybody: a size of −1, an address of
// zeros.
type received[A any] struct {
	n, oobn, flags int
	from           A
	err            error
}

func (r received[A]) or(none A) (n, oobn, flags int, from A, err error) {
	err = bare(r.err)
	if err != nil && err != io.EOF {
		return 0, 0, 0, none, err
	}
	return r.n, r.oobn, r.flags, r.from, err
}

// sent is the same of one that sends something.
type sent struct {
	n, oobn int
	err     error
}

func (s sent) all() (n, oobn int, err error) {
	if s.err != nil {
		return 0, 0, bare(s.err)
	}
	return s.n, s.oobn, nil
}

func (m *plainMailer) readFromUDP(p []byte) (int, netip.AddrPort, error) {
	if l, ok := m.early(); ok {
		return copy(p, l.data), l.addrPort(), l.err
	}
	n, _, _, from, err := call(func() (r received[netip.AddrPort]) {
		r.n, r.from, r.err = m.udp.ReadFromUDPAddrPort(p)
		return r
	}).or(netip.AddrPort{})
	return n, from, err
}

func (m *plainMailer) writeToUDP(p []byte, to *net.UDPAddr) (int, error) {
	n, _, err := call(func() (s sent) { s.n, s.err = m.udp.WriteToUDP(p, to); return s }).all()
	return n, err
}

func (m *plainMailer) writeToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	n, _, err := call(func() (s sent) { s.n, s.err = m.udp.WriteToUDPAddrPort(p, to); return s }).all()
	return n, err
}

func (m *plainMailer) readMsgUDP(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	if l, ok := m.early(); ok {
		return copy(p, l.data), 0, 0, l.addrPort(), l.err
	}
	return call(func() (r received[netip.AddrPort]) {
		r.n, r.oobn, r.flags, r.from, r.err = m.udp.ReadMsgUDPAddrPort(p, oob)
		return r
	}).or(netip.AddrPort{})
}

func (m *plainMailer) writeMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	return call(func() (s sent) { s.n, s.oobn, s.err = m.udp.WriteMsgUDP(p, oob, to); return s }).all()
}

func (m *plainMailer) writeMsgAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	return call(func() (s sent) { s.n, s.oobn, s.err = m.udp.WriteMsgUDPAddrPort(p, oob, to); return s }).all()
}

func (m *plainMailer) readFromUnix(p []byte) (int, *net.UnixAddr, error) {
	if l, ok := m.early(); ok {
		from, _ := l.from.(*net.UnixAddr)
		return copy(p, l.data), from, l.err
	}
	n, _, _, from, err := call(func() (r received[*net.UnixAddr]) {
		r.n, r.from, r.err = m.c.(*net.UnixConn).ReadFromUnix(p)
		return r
	}).or(nil)
	return n, from, err
}

func (m *plainMailer) writeToUnix(p []byte, to *net.UnixAddr) (int, error) {
	n, _, err := call(func() (s sent) { s.n, s.err = m.c.(*net.UnixConn).WriteToUnix(p, to); return s }).all()
	return n, err
}

// readMsgUnix implements envoy.
func (m *plainMailer) readMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	if l, ok := m.early(); ok {
		from, _ := l.from.(*net.UnixAddr)
		return copy(p, l.data), 0, 0, from, l.err
	}
	return m.plainStream.readMsgUnix(p, oob)
}

// addrPort is where a packet of UDP comes from.
func (l letter) addrPort() netip.AddrPort {
	if a, ok := l.from.(*net.UDPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// readMsgUnix implements envoy.
func (s *plainStream) readMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	c, ok := s.c.(*net.UnixConn)
	if !ok {
		return 0, 0, 0, nil, errors.ErrUnsupported
	}
	return call(func() (r received[*net.UnixAddr]) {
		r.n, r.oobn, r.flags, r.from, r.err = c.ReadMsgUnix(p, oob)
		return r
	}).or(nil)
}

// writeMsgUnix implements envoy.
func (s *plainStream) writeMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	c, ok := s.c.(*net.UnixConn)
	if !ok {
		return 0, 0, errors.ErrUnsupported
	}
	return call(func() (x sent) { x.n, x.oobn, x.err = c.WriteMsgUnix(p, oob, to); return x }).all()
}
