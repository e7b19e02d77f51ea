package poll

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// A listenFD is a listening socket.
//
// # Exhaustion
//
// Where descriptors or memory have run out it rests: see exhaustion.go. Events come
// at the edge only, so the end of the rest is signalled by a timer. A connection that
// was accepted and cannot be watched for that reason is an orphan meanwhile: those
// are tried before the next one is accepted.
//
// # Abandoned connections
//
// An operation accepts a connection in the call that an event makes, and commits
// with it. If by then its performance has been decided otherwise, the connection
// goes to the abandoned ones, which are taken before the kernel's.
type listenFD struct {
	fd
	path     string      // of a unix socket
	unlink   atomic.Bool // it is to be removed by Close
	unlinked sync.Once   // it has been

	keepAlive net.KeepAliveConfig // what accepted connections are to have
	heirs     atomic.Int32        // whether they have it from the listener. Writers: who accepts, in no order
	refuses   func() error        // tests have it fail to watch them; else nil

	mu struct {
		sync.Mutex
		abandoned []accepted
		orphans   []orphan
		resting   bool          // a timer will end the rest
		rest      time.Duration // how long the last one was
	}
	nabandoned, norphans atomic.Int32 // how many of them; written under mu
	backingOff           atomic.Bool  // it has rested since accept worked last. Writers: who accepts, in no order
}

// attempt accepts a connection if there is one. Otherwise the state says why not:
// Idle after an attempt that found none. With ask the system is asked though the cell
// says that there is none: see isReady.
func (l *listenFD) attempt(ask bool) (a accepted, s epoll.State) {
	for {
		t, s := l.desc.Begin(epoll.In)
		if l.nabandoned.Load() > 0 {
			if a, ok := l.takeAbandoned(); ok {
				return a, epoll.Ready
			}
		}
		if s != epoll.Ready && !(s == epoll.Idle && ask && !l.backingOff.Load()) {
			return a, s
		}
		if o, ok := l.orphan(); ok {
			if a, ok := l.adopt(o); ok {
				return a, epoll.Ready
			}
			l.desc.Drained(epoll.In, t)
			ask = false
			continue
		}
		var rsa syscall.RawSockaddrAny
		sys, size, errno := sysAccept(l.sys, &rsa)
		switch {
		case errno == 0:
			if a, ok := l.adopt(l.newborn(sys, &rsa, size)); ok {
				return a, epoll.Ready
			}
			l.desc.Drained(epoll.In, t)
			ask = false
		case errno == unix.EAGAIN:
			l.desc.Drained(epoll.In, t)
			ask = false
		case errno == unix.EINTR, errno == unix.ECONNABORTED: // the next one, then
		case exhausted(errno):
			l.desc.Drained(epoll.In, t)
			l.takeRest()
			ask = false
		default:
			a.err = os.NewSyscallError("accept4", errno)
			return a, epoll.Ready
		}
	}
}

// takeRest has the listener tried again after a while.
func (l *listenFD) takeRest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.resting {
		return
	}
	l.mu.resting = true
	l.mu.rest = longerRest(l.mu.rest)
	l.backingOff.Store(true)
	time.AfterFunc(l.mu.rest, func() {
		l.mu.Lock()
		l.mu.resting = false
		l.mu.Unlock()
		l.desc.Signal(epoll.In)
	})
}

// rested says that accept has worked.
func (l *listenFD) rested() {
	if l.backingOff.Load() {
		l.backingOff.Store(false)
		l.mu.Lock()
		l.mu.rest = 0
		l.mu.Unlock()
	}
}

// An orphan is a connection that was accepted and is not watched yet.
type orphan struct {
	sys  int
	peer netip.AddrPort // of TCP
	name net.Addr       // of others
}

func (l *listenFD) newborn(sys int, rsa *syscall.RawSockaddrAny, size uint32) orphan {
	if l.form == formTCP {
		return orphan{sys: sys, peer: addrPort(rsa)}
	}
	return orphan{sys: sys, name: addrOf(rsa, size, l.form)}
}

// adopt makes a stream of a connection that was accepted. It reports false if it
// cannot be watched for want of memory: then it stays an orphan for the time of a
// rest.
func (l *listenFD) adopt(o orphan) (a accepted, ok bool) {
	f := &fd{sys: o.sys, kind: isSocket | isStream, form: l.form, peer: o.peer}
	f.refs.Store(1)
	if l.form == formTCP {
		f.kind |= isTidy
	}
	if o.name != nil {
		f.remoteAddr.Store(&o.name)
	}
	err := l.register(f)
	switch {
	case err == nil:
		l.rested()
		l.bequeath(f.sys)
		return accepted{stream: f}, true
	case exhausted(err):
		l.mu.Lock()
		l.mu.orphans = append(l.mu.orphans, o)
		l.norphans.Inc()
		l.mu.Unlock()
		if _, s := l.desc.Begin(epoll.In); s == epoll.Closed {
			l.dropAbandoned()
		}
		l.takeRest()
		return a, false
	}
	syscall.Close(o.sys)
	return accepted{err: err}, true
}

func (l *listenFD) register(f *fd) error {
	if l.refuses != nil {
		if err := l.refuses(); err != nil {
			return err
		}
	}
	return f.desc.Register(f.sys)
}

func (l *listenFD) orphan() (o orphan, ok bool) {
	if l.norphans.Load() == 0 {
		return o, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.mu.orphans) > 0 {
		o, l.mu.orphans = l.mu.orphans[0], l.mu.orphans[1:]
		l.norphans.Dec()
		return o, true
	}
	return o, false
}

// The values of heirs.
const (
	heirsUnknown = iota
	heirsAll
	heirsNone
)

// inherited are the options that a listener has for its connections.
var inherited = [...][2]int{
	{unix.IPPROTO_TCP, unix.TCP_NODELAY}, {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}, {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
}

// bequeath gives a connection its options. Of a socket of TCP it has them already,
// which saves five system calls; of one of Multipath TCP that depends on the system.
// So the first connection is looked at.
func (l *listenFD) bequeath(sys int) {
	if l.form != formTCP || l.heirs.Load() == heirsAll {
		return
	}
	if l.heirs.Load() == heirsUnknown {
		heirs := int32(heirsAll)
		for _, o := range inherited {
			have, err := unix.GetsockoptInt(sys, o[0], o[1])
			should, err2 := unix.GetsockoptInt(l.sys, o[0], o[1])
			if have != should || err != nil || err2 != nil {
				heirs = heirsNone
			}
		}
		l.heirs.Store(heirs)
		if heirs == heirsAll {
			return
		}
	}
	setTCPDefaults(sys, l.keepAlive)
}

func (l *listenFD) takeAbandoned() (a accepted, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.mu.abandoned); n > 0 {
		a, l.mu.abandoned = l.mu.abandoned[0], l.mu.abandoned[1:]
		l.nabandoned.Store(int32(n - 1))
		return a, true
	}
	return a, false
}

// abandon takes back a connection that nobody wanted, for the next one who does.
func (l *listenFD) abandon(a accepted) {
	l.mu.Lock()
	l.mu.abandoned = append(l.mu.abandoned, a)
	l.nabandoned.Store(int32(len(l.mu.abandoned)))
	l.mu.Unlock()
	if _, s := l.desc.Begin(epoll.In); s == epoll.Closed {
		l.dropAbandoned()
	}
	l.desc.Signal(epoll.In)
}

func (l *listenFD) dropAbandoned() {
	for a, ok := l.takeAbandoned(); ok; a, ok = l.takeAbandoned() {
		if a.stream != nil {
			a.stream.close()
		}
	}
	for o, ok := l.orphan(); ok; o, ok = l.orphan() {
		syscall.Close(o.sys)
	}
}

// accept implements acceptor.
func (l *listenFD) accept() (stream, error) {
	if !l.begin() {
		return nil, net.ErrClosed
	}
	for {
		a, s := l.attempt(false)
		if s == epoll.Ready {
			l.leave()
			return a.stream, a.err
		}
		if err := l.await(epoll.In, s, false); err != nil {
			l.leave()
			return nil, err
		}
	}
}

// acceptOp implements acceptor.
func (l *listenFD) acceptOp() cml.Op[accepted] {
	return cml.NewOp(func() (accepted, bool) { return l.tryAccept(true) }, func(w cml.Waiter[accepted]) func() {
		return watch(&l.desc, epoll.In, func() bool {
			a, ok := l.tryAccept(false)
			if ok && !w.Commit(a) {
				if a.err == nil {
					l.abandon(a)
				}
			}
			return ok
		})
	})
}

// tryAccept is attempt for operations: what ends a wait for good is a result.
func (l *listenFD) tryAccept(ask bool) (a accepted, ok bool) {
	if !l.enter() {
		return accepted{err: net.ErrClosed}, true
	}
	defer l.leave()
	a, s := l.attempt(ask)
	if s == epoll.Ready {
		return a, true
	}
	if err := over(s); err != nil {
		return accepted{err: err}, true
	}
	return a, false
}

func (l *listenFD) setUnlink(unlink bool) { l.unlink.Store(unlink && l.path != "") }

// close implements endpoint. The path of a unix socket goes first, as in package
// net: as soon as the descriptor is closed, or before that by removing the file, it
// may be another listener's.
func (l *listenFD) close() error {
	l.unlinked.Do(func() {
		if l.unlink.Load() {
			unix.Unlink(l.path)
		}
	})
	err := l.fd.close()
	if err == nil {
		l.dropAbandoned()
	}
	return err
}
