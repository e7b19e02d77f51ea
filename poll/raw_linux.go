package poll

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// raw implements endpoint.
func (f *fd) raw() (syscall.RawConn, error) { return rawFD{f}, nil }

// file implements endpoint, by way of package net: so it is the same kind of file.
func (f *fd) file() (*os.File, error) {
	if !f.enter() {
		return nil, net.ErrClosed
	}
	defer f.leave()
	sys, err := unix.FcntlInt(uintptr(f.sys), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	dup := os.NewFile(uintptr(sys), "socket")
	defer dup.Close()
	var c io.Closer
	if listens, _ := unix.GetsockoptInt(f.sys, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); listens != 0 {
		c, err = net.FileListener(dup)
	} else {
		c, err = net.FileConn(dup)
	}
	if err != nil {
		return nil, bare(err)
	}
	defer c.Close()
	return fileOf(c)
}

// rawFD implements syscall.RawConn.
type rawFD struct{ f *fd }

// Control implements syscall.RawConn.
func (r rawFD) Control(call func(fd uintptr)) error {
	if !r.f.enter() {
		return net.ErrClosed
	}
	defer r.f.leave()
	call(uintptr(r.f.sys))
	return nil
}

// Read implements syscall.RawConn.
func (r rawFD) Read(call func(fd uintptr) (done bool)) error { return r.do(epoll.In, call) }

// Write implements syscall.RawConn. It has the turn of writers.
func (r rawFD) Write(call func(fd uintptr) (done bool)) error { return r.do(epoll.Out, call) }

// do calls call once whatever the state says, since who peeks or asks the system
// for something has no need of an event; then after each event, until it is done.
func (r rawFD) do(dir epoll.Direction, call func(uintptr) bool) error {
	f, turn := r.f, dir == epoll.Out
	if !f.begin() {
		return net.ErrClosed
	}
	if turn {
		f.lock()
	}
	leave := func() {
		if turn {
			f.turn.Unlock()
		}
		f.leave()
	}
	for first := true; ; {
		t, s := f.desc.Begin(dir)
		if s != epoll.Ready && !(first && s == epoll.Idle) {
			if err := f.await(dir, s, turn); err != nil {
				leave()
				return err
			}
			continue
		}
		first = false
		if r.tell(call, leave) {
			leave()
			return nil
		}
		f.desc.Drained(dir, t)
	}
}

// tell calls call, and cleans up if it panics or ends the fiber.
func (r rawFD) tell(call func(uintptr) bool, leave func()) (done bool) {
	returned := false
	defer func() {
		if !returned {
			leave()
		}
	}()
	done = call(uintptr(r.f.sys))
	returned = true
	return done
}

// rawDialing is the one that a Control function gets, of a socket that is not
// registered yet: there is no event to wait for until it is.
type rawDialing struct {
	rawFD
	up *atomic.Bool
}

// errNotYet has the text of package net's for it.
var errNotYet = errors.New("waiting for unsupported file type")

func (r rawDialing) once(call func(uintptr) bool) error {
	done := false
	if err := r.Control(func(fd uintptr) { done = call(fd) }); err != nil || done {
		return err
	}
	return errNotYet
}

// Read implements syscall.RawConn.
func (r rawDialing) Read(call func(fd uintptr) (done bool)) error {
	if !r.up.Load() {
		return r.once(call)
	}
	return r.rawFD.Read(call)
}

// Write implements syscall.RawConn.
func (r rawDialing) Write(call func(fd uintptr) (done bool)) error {
	if !r.up.Load() {
		return r.once(call)
	}
	return r.rawFD.Write(call)
}
