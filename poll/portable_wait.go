package poll

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// sharedWatch is the readiness of one direction in the portable backend: as long
// as any operation wants it, one goroutine waits for all of them. When all have
// gone on to something else it waits still, until the next event or Close: so an
// operation that loses leaves at most that one.
type sharedWatch struct {
	mu    sync.Mutex
	wants map[*func(error)]struct{}
	up    bool // the goroutine is there
}

func (s *plainStream) ready(dir epoll.Direction) cml.Op[error] {
	w := &s.watches[dir]
	return cml.NewOp(
		func() (error, bool) { return s.isReady(dir) },
		func(x cml.Waiter[error]) func() {
			want := func(err error) { x.Commit(err) }
			w.mu.Lock()
			if w.wants == nil {
				w.wants = make(map[*func(error)]struct{})
			}
			w.wants[&want] = struct{}{}
			if !w.up {
				w.up = true
				go s.watch(dir)
			}
			w.mu.Unlock()
			return func() {
				w.mu.Lock()
				delete(w.wants, &want)
				w.mu.Unlock()
			}
		})
}

// isReady asks without waiting, where the system can tell.
func (s *plainStream) isReady(dir epoll.Direction) (error, bool) {
	r, err := s.c.SyscallConn()
	if err != nil {
		return bare(err), true
	}
	if t := s.dead[dir].Load(); t != nil && !t.IsZero() && time.Until(*t) <= 0 {
		return os.ErrDeadlineExceeded, true
	}
	ready := false
	if err := r.Control(func(fd uintptr) { ready = sysIsReady(fd, dir == epoll.Out) }); err != nil {
		return bare(err), true
	}
	return nil, ready
}

// watch waits until the direction is ready, and tells all who want to know.
func (s *plainStream) watch(dir epoll.Direction) {
	r, err := s.c.SyscallConn()
	if err == nil {
		wait := r.Read
		if dir == epoll.Out {
			wait = r.Write
		}
		waited := false
		err = wait(func(fd uintptr) bool {
			done := waited || sysIsReady(fd, dir == epoll.Out)
			waited = true
			return done
		})
	}
	w := &s.watches[dir]
	w.mu.Lock()
	wants := w.wants
	w.wants, w.up = nil, false
	w.mu.Unlock()
	for want := range wants {
		(*want)(bare(err))
	}
}

// plainListener implements acceptor. One goroutine accepts for all who want a
// connection. One that nobody wants any more when it is there goes to the abandoned ones,
// for the next one who does.
type plainListener struct {
	l         net.Listener
	mu        sync.Mutex
	wants     map[*func(accepted) bool]struct{}
	abandoned []accepted
	up        bool // the goroutine is there
	closed    bool
}

func (p *plainListener) accept() (stream, error) {
	a := cml.Perform(p.acceptOp())
	return a.stream, a.err
}

func (p *plainListener) acceptOp() cml.Op[accepted] {
	return cml.NewOp(p.takeAbandoned, func(w cml.Waiter[accepted]) func() {
		want := w.Commit
		p.mu.Lock()
		p.wants[&want] = struct{}{}
		if !p.up && !p.closed {
			p.up = true
			go p.serve()
		}
		p.mu.Unlock()
		if a, ok := p.takeAbandoned(); ok && !w.Commit(a) {
			p.give(a)
		}
		return func() {
			p.mu.Lock()
			delete(p.wants, &want)
			p.mu.Unlock()
		}
	})
}

func (p *plainListener) takeAbandoned() (a accepted, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return accepted{err: net.ErrClosed}, true
	case len(p.abandoned) > 0:
		a, p.abandoned = p.abandoned[0], p.abandoned[1:]
		return a, true
	}
	return a, false
}

// give gives a to one who wants it, or keeps it; an error is for all.
func (p *plainListener) give(a accepted) {
	if !p.handOut(a) && a.err == nil {
		a.stream.close() // which a fiber waits for: L1
	}
}

// handOut is give, but that it reports false if nobody will ever want a.
func (p *plainListener) handOut(a accepted) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for want := range p.wants {
		delete(p.wants, want)
		if (*want)(a) && a.err == nil {
			return true
		}
	}
	if a.err != nil || p.closed {
		return false
	}
	p.abandoned = append(p.abandoned, a)
	return true
}

// serve accepts until nobody wants any.
func (p *plainListener) serve() {
	var rest time.Duration
	for {
		c, err := p.l.Accept()
		if err != nil && exhausted(err) {
			rest = longerRest(rest)
			time.Sleep(rest)
			continue
		}
		rest = 0
		if err != nil {
			p.give(accepted{err: bare(err)})
		} else {
			p.give(accepted{stream: &plainStream{c: c.(plain)}})
		}
		p.mu.Lock()
		if len(p.wants) == 0 || p.closed {
			p.up = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
}

func (p *plainListener) close() error {
	p.mu.Lock()
	abandoned := p.abandoned
	p.abandoned, p.closed = nil, true
	p.mu.Unlock()
	// While this waits for a call that is under way, of the raw descriptor, the Accept
	// in serve fails, and all who want a connection are told.
	err := bare(p.l.Close())
	for _, a := range abandoned {
		a.stream.close()
	}
	p.give(accepted{err: net.ErrClosed}) // to those who are left
	return err
}

func (p *plainListener) file() (*os.File, error) { return fileOf(p.l) }

func (p *plainListener) setUnlink(unlink bool) {
	if l, ok := p.l.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(unlink)
	}
}

func (p *plainListener) local() net.Addr { return p.l.Addr() }

func (p *plainListener) setDeadline(t time.Time, _, _ bool) error {
	if d, ok := p.l.(interface{ SetDeadline(time.Time) error }); ok {
		return bare(d.SetDeadline(t))
	}
	return errors.ErrUnsupported
}

func (p *plainListener) raw() (syscall.RawConn, error) {
	if c, ok := p.l.(syscall.Conn); ok {
		r, err := c.SyscallConn()
		return r, bare(err)
	}
	return nil, errors.ErrUnsupported
}
