package poll

import "github.com/seed222ee791/fibers/internal/epoll"

// fdOf returns the descriptor of an endpoint, nil on the portable backend.
func fdOf(x any) *fd {
	var f *fd
	switch x := x.(type) {
	case *Conn:
		f, _ = x.s.(*fd)
	case *PacketConn:
		f, _ = x.m.(*fd)
	case *File:
		f, _ = x.s.(*fd)
	case *Listener:
		if l, ok := x.a.(*listenFD); ok {
			f = &l.fd
		}
	}
	return f
}

// waitersOf returns a function that tells how many wait at a direction of x, or nil
// where that cannot be known.
func waitersOf(x any, in bool) func() int {
	f := fdOf(x)
	if f == nil {
		return nil
	}
	dir := epoll.Out
	if in {
		dir = epoll.In
	}
	return func() int { return f.desc.Waiters(dir) }
}
