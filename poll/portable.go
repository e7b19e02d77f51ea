package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// portable is the backend over package net: a call that a fiber waits for is made
// by a goroutine of its own.
type portable struct{}

// call returns what f returns, which may take its time. If the fiber ends while it
// waits, f goes on: Close, which ends it, is the owner's.
func call[T any](f func() T) T {
	if fibers.Current() == nil {
		return f()
	}
	v := cml.NewIVar[T]()
	go func() { v.Fill(f()) }()
	return v.Read()
}

// create is call for f that makes something: that is not thrown away when the runtime
// ends, but returned, and the fiber ends where it waits next. ctx of f is done then, so
// that it does not look names up for long. f may call functions of the user: a panic
// and a Goexit go on in the caller.
func create[T any](ctx context.Context, f func(ctx context.Context) T) (v T) {
	if fibers.Current() == nil {
		return f(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := wait.Current()
	var (
		returned bool
		panicked *fibers.PanicError
		done     atomic.Bool // the last to be written by the goroutine
	)
	go func() {
		defer func() {
			if !returned {
				switch r := recover().(type) {
				case nil:
				case *fibers.PanicError:
					panicked = r
				default:
					panicked = &fibers.PanicError{Value: r, Stack: debug.Stack()}
				}
			}
			done.Store(true)
			w.Unpark()
		}()
		v = f(ctx)
		returned = true
	}()
	for !done.Load() {
		if w.Wait(wait.Blocking) {
			cancel()
		}
	}
	switch {
	case panicked != nil:
		panic(panicked)
	case !returned:
		goruntime.Goexit()
	}
	return v
}

// bare takes what package net says around an error off it.
func bare(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	var path *os.PathError
	if errors.As(err, &path) {
		if errors.Is(path.Err, os.ErrClosed) {
			return net.ErrClosed
		}
		return path.Err
	}
	return err
}

// A plain is what package net and os have for all that is read and written.
type plain interface {
	syscall.Conn
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// plainStream implements stream.
type plainStream struct {
	c       plain
	watches [2]sharedWatch
	dead    [2]atomic.Pointer[time.Time] // the deadlines, for those who ask without waiting
	writers struct {
		sync.Mutex
		n int // calls of write that are under way: attempts keep out of them
	}
}

type counted struct {
	n   int
	err error
}

func (s *plainStream) read(p []byte) (int, error) {
	r := call(func() counted { n, err := s.c.Read(p); return counted{n, err} })
	return r.n, bare(r.err)
}

func (s *plainStream) write(p []byte) (int, error) {
	r := call(func() counted {
		s.writing(1)
		defer s.writing(-1)
		n, err := s.c.Write(p)
		return counted{n, err}
	})
	return r.n, bare(r.err)
}

func (s *plainStream) writing(n int) {
	s.writers.Lock()
	s.writers.n += n
	s.writers.Unlock()
}

func (s *plainStream) close() error {
	return call(func() error { return bare(s.c.Close()) })
}

func (s *plainStream) shutdown(dir epoll.Direction) error {
	var err error
	switch c, ok := s.c.(interface {
		CloseRead() error
		CloseWrite() error
	}); {
	case !ok:
		err = errors.ErrUnsupported
	case dir == epoll.In:
		err = c.CloseRead()
	default:
		err = c.CloseWrite()
	}
	return bare(err)
}

func (s *plainStream) setDeadline(t time.Time, in, out bool) error {
	at := t
	if !t.IsZero() {
		at = time.Now().Add(time.Until(t)) // by the monotonic clock from now on, as package net has it
	}
	for dir, chosen := range [2]bool{epoll.In: in, epoll.Out: out} {
		if chosen {
			s.dead[dir].Store(&at)
		}
	}
	switch {
	case in && out:
		return bare(s.c.SetDeadline(t))
	case in:
		return bare(s.c.SetReadDeadline(t))
	}
	return bare(s.c.SetWriteDeadline(t))
}

func (s *plainStream) raw() (syscall.RawConn, error) {
	r, err := s.c.SyscallConn()
	return r, bare(err)
}

func (s *plainStream) local() net.Addr {
	if c, ok := s.c.(net.Conn); ok {
		return c.LocalAddr()
	}
	return nil
}

func (s *plainStream) remote() net.Addr {
	if c, ok := s.c.(net.Conn); ok {
		return c.RemoteAddr()
	}
	return nil
}

func (s *plainStream) file() (*os.File, error) { return fileOf(s.c) }

// fileOf is the method File of what has it.
func fileOf(c any) (*os.File, error) {
	if c, ok := c.(interface{ File() (*os.File, error) }); ok {
		f, err := c.File()
		return f, bare(err)
	}
	return nil, errors.ErrUnsupported
}

// copyFrom leaves it to package net, where both sides are its own or package os's:
// another reader must be read by the caller.
func (s *plainStream) copyFrom(r io.Reader, limit int64) (n int64, done bool, err error) {
	to, ok := s.c.(*net.TCPConn)
	if !ok {
		return 0, false, nil
	}
	switch x := r.(type) {
	case *Conn:
		p, ok := x.s.(*plainStream)
		if !ok {
			return 0, false, nil
		}
		if r, ok = p.c.(io.Reader); !ok {
			return 0, false, nil
		}
	case interface { // a file of package os, also one without its WriteTo
		syscall.Conn
		Name() string
	}:
	default:
		return 0, false, nil
	}
	type copied struct {
		n   int64
		err error
	}
	c := call(func() copied { n, err := to.ReadFrom(&io.LimitedReader{R: r, N: limit}); return copied{n, err} })
	return c.n, true, bare(c.err)
}

func (s *plainStream) options() options {
	if o, ok := s.c.(options); ok {
		return o
	}
	b, _ := s.c.(buffers)
	return noOptions{b}
}

// buffers are what all sockets have.
type buffers interface {
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

// noOptions are those of what is not a TCP connection.
type noOptions struct{ b buffers }

func (noOptions) SetNoDelay(bool) error                        { return errors.ErrUnsupported }
func (noOptions) SetKeepAlive(bool) error                      { return errors.ErrUnsupported }
func (noOptions) SetKeepAlivePeriod(time.Duration) error       { return errors.ErrUnsupported }
func (noOptions) SetKeepAliveConfig(net.KeepAliveConfig) error { return errors.ErrUnsupported }
func (noOptions) SetLinger(int) error                          { return errors.ErrUnsupported }
func (noOptions) MultipathTCP() (bool, error)                  { return false, nil }

// SetReadBuffer implements options.
func (o noOptions) SetReadBuffer(bytes int) error {
	if o.b == nil {
		return errors.ErrUnsupported
	}
	return o.b.SetReadBuffer(bytes)
}

// SetWriteBuffer implements options.
func (o noOptions) SetWriteBuffer(bytes int) error {
	if o.b == nil {
		return errors.ErrUnsupported
	}
	return o.b.SetWriteBuffer(bytes)
}

func (portable) listen(l net.Listener, _ net.KeepAliveConfig) (acceptor, error) {
	return &plainListener{l: l, wants: make(map[*func(accepted) bool]struct{})}, nil
}

func (portable) packets(c net.Conn) (mailer, error) {
	switch c := c.(type) {
	case *net.UDPConn:
		return &plainMailer{plainStream: plainStream{c: c}, udp: c}, nil
	case *net.UnixConn:
		return &plainMailer{plainStream: plainStream{c: c}}, nil
	}
	return nil, fmt.Errorf("%T is not a socket for packets", c)
}

func (portable) pipe() (r, w stream, err error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, nil, bare(err)
	}
	return &plainStream{c: in}, &plainStream{c: out}, nil
}

func (portable) file(fd uintptr, name string) (stream, error) {
	f, err := pollable(fd, name)
	if err != nil {
		return nil, err
	}
	return &plainStream{c: f}, nil
}

// connect implements backend.
func (portable) connect(d *dialing) (attempt, error) {
	ctx, cancel := context.WithCancel(context.Background())
	nd := net.Dialer{LocalAddr: d.local, KeepAliveConfig: d.keepAlive, KeepAlive: -1}
	if d.keepAlive.Enable {
		nd.KeepAlive = 0
	}
	if d.multipath {
		nd.SetMultipathTCP(true)
	}
	if d.control != nil {
		nd.Control = func(_, _ string, c syscall.RawConn) error { return d.control(c) }
	}
	a := &plainAttempt{cancel: cancel, made: cml.NewIVar[connected]()}
	go func() {
		c, err := nd.DialContext(ctx, d.network, d.remote.String())
		if err != nil {
			a.made.Fill(connected{err: bare(err)})
			return
		}
		a.made.Fill(connected{stream: &plainStream{c: c.(plain)}})
	}()
	return a, nil
}

// plainAttempt implements attempt.
type plainAttempt struct {
	cancel func()
	made   *cml.IVar[connected]
	taken  bool // the performer's
}

func (a *plainAttempt) done() cml.Op[connected] {
	return cml.Wrap(a.made.ReadOp(), func(c connected) connected {
		a.taken = true
		a.cancel()
		return c
	})
}

func (a *plainAttempt) abandon() {
	if a.taken {
		return
	}
	a.cancel()
	go func() { // which may have made it all the same
		if c := a.made.Read(); c.stream != nil {
			c.stream.close()
		}
	}()
}
