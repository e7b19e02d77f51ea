package poll

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll/epoll"
)

// A listenFD is a listening socket.
//
// # Exhaustion
//
// Where descriptors or memory have run out it rests: see exhaustion.go. Events come
// at the edge only, so the end of the rest is signalled by a timer.
//
// # Strays
//
// An operation accepts a connection in the call that an event makes, and commits
// with it. If by then its performance has been decided otherwise, the connection
// goes to the strays, which are taken before the kernel's.
type listenFD struct {
	fd
	unlink   string    // the path of a unix socket, to be removed by Close
	unlinked sync.Once // it has been
	mu       struct {
		sync.Mutex
		strays  []accepted
		resting bool          // a timer will end the rest
		rest    time.Duration // how long the last one was
	}
	nstrays atomic.Int32 // how many; written under mu
	weary   atomic.Bool  // it has rested since accept worked last. Writers: who accepts, in no order
}

// attempt accepts a connection if there is one. Otherwise the state says why not:
// Idle after an attempt that found none.
func (l *listenFD) attempt() (a accepted, s epoll.State) {
	for {
		if l.nstrays.Load() > 0 {
			if a, ok := l.stray(); ok {
				return a, epoll.Ready
			}
		}
		t, s := l.desc.Begin(epoll.In)
		if s != epoll.Ready {
			return a, s
		}
		var rsa syscall.RawSockaddrAny
		sys, errno := sysAccept(l.sys, &rsa)
		switch {
		case errno == 0:
			l.rested()
			a.stream, a.err = l.adopt(sys, &rsa)
			return a, epoll.Ready
		case errno == unix.EAGAIN:
			l.desc.Drained(epoll.In, t)
		case errno == unix.EINTR, errno == unix.ECONNABORTED: // the next one, then
		case exhausted(errno):
			l.desc.Drained(epoll.In, t)
			l.takeRest()
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
	l.weary.Store(true)
	time.AfterFunc(l.mu.rest, func() {
		l.mu.Lock()
		l.mu.resting = false
		l.mu.Unlock()
		l.desc.Signal(epoll.In)
	})
}

// rested says that accept has worked.
func (l *listenFD) rested() {
	if l.weary.Load() {
		l.weary.Store(false)
		l.mu.Lock()
		l.mu.rest = 0
		l.mu.Unlock()
	}
}

// adopt makes a stream of a connection that was accepted.
func (l *listenFD) adopt(sys int, rsa *syscall.RawSockaddrAny) (stream, error) {
	k := isSocket | isStream
	if l.form == formTCP {
		k |= isTidy
	}
	f, err := newFD(sys, k, l.form)
	if err != nil {
		return nil, err
	}
	if l.form == formTCP {
		f.peer = addrPort(rsa)
	}
	return f, nil
}

func (l *listenFD) stray() (a accepted, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.mu.strays); n > 0 {
		a, l.mu.strays = l.mu.strays[0], l.mu.strays[1:]
		l.nstrays.Store(int32(n - 1))
		return a, true
	}
	return a, false
}

// astray takes back a connection that nobody wanted, for the next one who does.
func (l *listenFD) astray(a accepted) {
	l.mu.Lock()
	l.mu.strays = append(l.mu.strays, a)
	l.nstrays.Store(int32(len(l.mu.strays)))
	l.mu.Unlock()
	if _, s := l.desc.Begin(epoll.In); s == epoll.Closed {
		l.dropStrays()
	}
	l.desc.Signal(epoll.In)
}

func (l *listenFD) dropStrays() {
	for a, ok := l.stray(); ok; a, ok = l.stray() {
		if a.stream != nil {
			a.stream.close()
		}
	}
}

// accept implements acceptor.
func (l *listenFD) accept() (stream, error) {
	if !l.begin() {
		return nil, net.ErrClosed
	}
	for {
		a, s := l.attempt()
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
	return cml.NewOp(l.tryAccept, func(w cml.Waiter[accepted]) func() {
		return watch(&l.desc, epoll.In, func() bool {
			a, ok := l.tryAccept()
			if ok && !w.Commit(a) {
				if a.err == nil {
					l.astray(a)
				}
			}
			return ok
		})
	})
}

// tryAccept is attempt for operations: what ends a wait for good is a result.
func (l *listenFD) tryAccept() (a accepted, ok bool) {
	if !l.enter() {
		return accepted{err: net.ErrClosed}, true
	}
	defer l.leave()
	a, s := l.attempt()
	if s == epoll.Ready {
		return a, true
	}
	if err := over(s); err != nil {
		return accepted{err: err}, true
	}
	return a, false
}

// close implements endpoint. The path of a unix socket goes first, as in package
// net: as soon as the descriptor is closed, or before that by removing the file, it
// may be another listener's.
func (l *listenFD) close() error {
	if l.unlink != "" {
		l.unlinked.Do(func() { unix.Unlink(l.unlink) })
	}
	err := l.fd.close()
	if err == nil {
		l.dropStrays()
	}
	return err
}
