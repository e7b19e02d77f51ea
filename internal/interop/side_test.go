//go:build linux

package interop

import (
	"context"
	"net"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A side is what a program is made of: fibers and package poll, or goroutines and
// package net.
type side struct {
	name string
	rt   *fibers.Runtime // nil: goroutines
}

const (
	onFibers     = "fibers"
	onGoroutines = "goroutines"
)

var sides = []string{onFibers, onGoroutines}

func newSide(name string) (*side, error) {
	if name != onFibers {
		return &side{name: onGoroutines}, nil
	}
	rt, err := fibers.New()
	return &side{name: onFibers, rt: rt}, err
}

// spawn starts a party.
func (s *side) spawn(f func()) {
	if s.rt == nil {
		go f()
	} else {
		s.rt.Go(f)
	}
}

// start starts a party. The channel is closed when it has ended.
func (s *side) start(f func()) (ended <-chan struct{}) {
	done := make(chan struct{})
	s.spawn(func() { defer close(done); f() })
	return done
}

func (s *side) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if s.rt == nil {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return new(poll.Dialer).DialContext(ctx, network, addr)
}

func (s *side) listen(network, addr string) (net.Listener, error) {
	if s.rt == nil {
		return net.Listen(network, addr)
	}
	l, err := poll.Listen(network, addr)
	if err != nil {
		return nil, err // not a nil *poll.Listener
	}
	return l, nil
}

func (s *side) listenPacket(network, addr string) (net.PacketConn, error) {
	if s.rt == nil {
		return net.ListenPacket(network, addr)
	}
	c, err := poll.ListenPacket(network, addr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// close ends the side. Fibers that are left end where they wait.
func (s *side) close() error {
	if s.rt == nil {
		return nil
	}
	return s.rt.Close()
}
