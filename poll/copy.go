package poll

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	goruntime "runtime"
	"syscall"
)

// Copying without the way through the program, as in package net: from a file or a
// connection to a connection. It is tried; where it cannot be, bytes are copied.

// hidden is a connection without ReadFrom and WriteTo, for io.Copy to copy bytes.
// What it is of can be found by those who know it.
type hidden struct{ io.ReadWriter }

// ReadFrom writes what it reads from r until the end: io.Copy calls it. From a file
// or another connection the system may do it alone. The errors are those of package
// net, where TCP connections have this method and others have not.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, done, err := c.direct(r)
	switch {
	case !done:
		n, err = io.Copy(hidden{plainConn{c}}, r)
	case formOf(c.network) != formTCP:
		err = c.written(err)
	}
	return n, c.copied("readfrom", err)
}

// WriteTo reads to the end and writes it to w: io.Copy calls it. To another
// connection the system may do it alone.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := io.Copy(w, hidden{plainConn{c}})
	return n, c.copied("writeto", err)
}

// direct has the system copy from r, if it can.
func (c *Conn) direct(r io.Reader) (n int64, done bool, err error) {
	limit := int64(math.MaxInt64)
	limited, ok := r.(*io.LimitedReader)
	if ok {
		if limit, r = limited.N, limited.R; limit <= 0 {
			return 0, true, nil
		}
	}
	switch x := r.(type) {
	case hidden:
		if p, ok := x.ReadWriter.(plainConn); ok {
			r = p.c
		}
	case *DiskFile:
		r = x.f
	}
	if from, ok := r.(*Conn); ok && !from.ok() {
		return 0, false, nil
	}
	n, done, err = c.s.copyFrom(r, limit)
	if limited != nil {
		limited.N -= n
	}
	goruntime.KeepAlive(c)
	goruntime.KeepAlive(r)
	return n, done, err
}

// plainConn is what hidden hides.
type plainConn struct{ c *Conn }

func (p plainConn) Read(b []byte) (int, error)  { return p.c.Read(b) }
func (p plainConn) Write(b []byte) (int, error) { return p.c.Write(b) }

// written makes of an error of sendfile what one of Write would be: of connections
// other than TCP, package net knows no copying.
func (c *Conn) written(err error) error {
	var sys *os.SyscallError
	if errors.As(err, &sys) && sys.Syscall == "sendfile" {
		err = os.NewSyscallError("write", sys.Err)
	}
	if sys != nil && sys.Syscall == "splice" { // by WriteTo of TCP, which says it
		return err
	}
	return c.fail("write", err)
}

// copied puts around an error of copying what package net does, around those of the
// single calls too.
func (c *Conn) copied(op string, err error) error {
	if err == nil || err == io.EOF || formOf(c.network) != formTCP {
		return err
	}
	return &net.OpError{Op: op, Net: c.network, Source: c.s.local(), Addr: c.s.remote(), Err: err}
}
