package poll

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// copyFrom implements stream. A file is sent by sendfile, what another stream gets
// is passed on by splice.
func (f *fd) copyFrom(r io.Reader, limit int64) (n int64, done bool, err error) {
	if f.form != formTCP && f.form != formUnix {
		return 0, false, nil
	}
	switch r := r.(type) {
	case *Conn:
		// From unix to unix package net copies bytes, and says so in its errors.
		from, ok := r.s.(*fd)
		if !ok || from.form != formTCP && (from.form != formUnix || f.form != formTCP) {
			return 0, false, nil
		}
		return f.splice(from, limit)
	case *PacketConn, *net.TCPConn, *net.UnixConn, *net.UDPConn, *net.IPConn: // sendfile cannot
		return 0, false, nil
	case syscall.Conn:
		raw, err := r.SyscallConn()
		if err != nil {
			return 0, false, nil
		}
		var failed error
		err = raw.Read(func(from uintptr) bool {
			n, done, failed = f.sendFile(int(from), limit)
			return true
		})
		if err == nil {
			err = failed
		}
		return n, done, err
	}
	return 0, false, nil
}

// onePiece is how much is copied in one system call. These block when a file is not
// in memory, so they are ordinary ones, which Go's scheduler knows about.
const onePiece = 1 << 20

// sendFile sends what is left of a file, limit bytes at most. Not done: this kind of
// file cannot be sent so, or f is closed.
func (f *fd) sendFile(from int, limit int64) (n int64, done bool, err error) {
	if !f.begin() {
		return 0, false, net.ErrClosed
	}
	f.lock()
	n, done, err = f.sendPieces(from, limit)
	f.turn.Unlock()
	f.leave()
	return n, done, err
}

func (f *fd) sendPieces(from int, limit int64) (n int64, done bool, err error) {
	for n < limit {
		t, s := f.desc.Begin(epoll.Out)
		if s != epoll.Ready {
			if err := f.await(epoll.Out, s, true); err != nil {
				return n, n > 0, err
			}
			continue
		}
		if mayBlock(f.sys, epoll.Out) {
			f.desc.Drained(epoll.Out, t)
			continue
		}
		released()
		got, err := unix.Sendfile(f.sys, from, nil, int(min(limit-n, onePiece)))
		n += int64(max(got, 0))
		switch {
		case err == nil && got == 0:
			return n, true, nil // the end
		case err == nil:
			f.yieldIfBusyInside()
		case err == unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
		case err == unix.EINTR:
		case err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP:
			return n, n > 0, os.NewSyscallError("sendfile", err)
		default:
			return n, true, os.NewSyscallError("sendfile", err)
		}
	}
	return n, true, nil
}

// yieldIfBusyInside is yieldIfBusy for who has the turn of writers.
func (f *fd) yieldIfBusyInside() {
	back := false
	defer func() {
		if !back { // the fiber was ended
			f.turn.Unlock()
			f.leave()
		}
	}()
	f.yieldIfBusy()
	back = true
}

// splice passes on what from gets until its end, limit bytes at most. In between it
// is in a pipe, which is there as long as the call. If the fiber ends, what is in
// the pipe is lost, as is what a program has read and not written.
func (f *fd) splice(from *fd, limit int64) (n int64, done bool, err error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return 0, false, nil // there are no descriptors left: bytes, then
	}
	defer func() {
		unix.Close(pipe[0])
		unix.Close(pipe[1])
	}()
	unix.FcntlInt(uintptr(pipe[0]), unix.F_SETPIPE_SZ, onePiece) // some may not: then in smaller pieces
	for n < limit {
		got, err := from.drainInto(pipe[1], int(min(limit-n, onePiece)))
		if err != nil {
			var sys *os.SyscallError
			cannot := errors.As(err, &sys) && sys.Err == unix.EINVAL
			return n, done || !cannot, err
		}
		done = true
		if got == 0 {
			break
		}
		put, err := f.pumpFrom(pipe[0], got)
		n += int64(put)
		if err != nil {
			return n, true, err
		}
	}
	return n, true, nil
}

const spliceNonblock = 2 // SPLICE_F_NONBLOCK

// drainInto moves what there is into a pipe that is empty, and waits until there is
// something. Zero is the end.
func (f *fd) drainInto(pipe, limit int) (int, error) {
	if !f.begin() {
		return 0, net.ErrClosed
	}
	for {
		t, s := f.desc.Begin(epoll.In)
		if s != epoll.Ready {
			if err := f.await(epoll.In, s, false); err != nil {
				f.leave()
				return 0, err
			}
			continue
		}
		if mayBlock(f.sys, epoll.In) {
			f.desc.Drained(epoll.In, t)
			continue
		}
		n, err := unix.Splice(f.sys, nil, pipe, nil, limit, spliceNonblock)
		switch err {
		case nil:
			acquired()
			f.leave()
			return int(n), nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
		case unix.EINTR:
		default:
			f.leave()
			return 0, os.NewSyscallError("splice", err)
		}
	}
}

// pumpFrom sends n bytes that are in a pipe.
func (f *fd) pumpFrom(pipe, n int) (done int, err error) {
	if !f.begin() {
		return 0, net.ErrClosed
	}
	f.lock()
	for err == nil && done < n {
		t, s := f.desc.Begin(epoll.Out)
		if s != epoll.Ready {
			err = f.await(epoll.Out, s, true)
			continue
		}
		if mayBlock(f.sys, epoll.Out) {
			f.desc.Drained(epoll.Out, t)
			continue
		}
		released()
		put, e := unix.Splice(pipe, nil, f.sys, nil, n-done, spliceNonblock)
		switch e {
		case nil:
			done += int(put)
		case unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
		case unix.EINTR:
		default:
			err = os.NewSyscallError("splice", e)
		}
	}
	f.turn.Unlock()
	f.leave()
	return done, err
}
