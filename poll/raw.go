package poll

import (
	"errors"
	"net"
	goruntime "runtime"
	"syscall"
)

// ownedRaw is the syscall.RawConn that users get. It keeps the connection that it
// is of: one that is forgotten is closed, but not while somebody has this. A
// function that is given to Read or Write is called at once and then, each time
// that it returns false, after an event; those given to Write exclude writes
// meanwhile, as in package net.
type ownedRaw struct {
	raw   syscall.RawConn
	owner any
	fail  func(op string, err error) error
}

// Control implements syscall.RawConn.
func (r *ownedRaw) Control(f func(fd uintptr)) error {
	err := r.raw.Control(f)
	goruntime.KeepAlive(r.owner)
	return r.fail("raw-control", err)
}

// Read implements syscall.RawConn.
func (r *ownedRaw) Read(f func(fd uintptr) (done bool)) error {
	err := r.raw.Read(f)
	goruntime.KeepAlive(r.owner)
	return r.fail("raw-read", err)
}

// Write implements syscall.RawConn.
func (r *ownedRaw) Write(f func(fd uintptr) (done bool)) error {
	err := r.raw.Write(f)
	goruntime.KeepAlive(r.owner)
	return r.fail("raw-write", err)
}

// own returns the syscall.RawConn of e for its users. A closed one has it too, of
// no use: so it is in package net.
func own(e endpoint, owner any, fail func(op string, err error) error) (syscall.RawConn, error) {
	raw, err := e.raw()
	if errors.Is(err, net.ErrClosed) {
		raw, err = closedRaw{}, nil
	}
	if err != nil {
		return nil, err
	}
	return &ownedRaw{raw, owner, fail}, nil
}

// closedRaw is what is left of a closed endpoint.
type closedRaw struct{}

func (closedRaw) Control(func(uintptr)) error    { return net.ErrClosed }
func (closedRaw) Read(func(uintptr) bool) error  { return net.ErrClosed }
func (closedRaw) Write(func(uintptr) bool) error { return net.ErrClosed }

// deafRaw is the one of a listener, by which nobody reads or writes.
type deafRaw struct{ syscall.RawConn }

func (deafRaw) Read(func(uintptr) bool) error  { return syscall.EINVAL }
func (deafRaw) Write(func(uintptr) bool) error { return syscall.EINVAL }
