package poll

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// ErrNotPollable is the error of NewFile for a descriptor that cannot be waited
// for: a regular file, a directory. Open reads such files.
var ErrNotPollable = epoll.ErrNotPollable

// ErrTooLong is the error of a Reader for a line, or other piece, that is longer than
// its limit. Nothing has been taken: it can be read in smaller pieces.
var ErrTooLong = errors.New("poll: longer than the limit of the Reader")

// opError puts around err what package net does.
func opError(op, network string, source, addr net.Addr, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var done *net.OpError
	if errors.As(err, &done) {
		return err
	}
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}

// pathError puts around err what package os does.
func pathError(op, name string, err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.Is(err, net.ErrClosed):
		err = fileClosed{}
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// fileClosed is net.ErrClosed for descriptors that are files to their users.
type fileClosed struct{}

func (fileClosed) Error() string { return fs.ErrClosed.Error() }

func (fileClosed) Is(err error) bool { return err == fs.ErrClosed || err == net.ErrClosed }

// rawFileError is what package os says about a file's syscall.RawConn: the bare
// error, with a text of its own where the file is closed.
func rawFileError(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return rawFileClosed{}
	}
	return err
}

type rawFileClosed struct{ fileClosed }

func (rawFileClosed) Error() string { return "use of closed file" }

// cancelled and tooLate are what package net makes of the errors of contexts.
type cancelled struct{}

func (cancelled) Error() string     { return "operation was canceled" }
func (cancelled) Is(err error) bool { return err == context.Canceled }

// tooLate is context.DeadlineExceeded alone where the time was over before there was
// anything to wait for. Where there was, package net has two timers, and it depends
// on them which error it is: this is both.
type tooLate struct{ waited bool }

func (tooLate) Error() string   { return "i/o timeout" }
func (tooLate) Timeout() bool   { return true }
func (tooLate) Temporary() bool { return true }
func (e tooLate) Is(err error) bool {
	return err == context.DeadlineExceeded || e.waited && err == os.ErrDeadlineExceeded
}

// contextError translates the error of a context.
func contextError(err error, waited bool) error {
	switch err {
	case context.Canceled:
		return cancelled{}
	case context.DeadlineExceeded:
		return tooLate{waited}
	}
	return err
}
