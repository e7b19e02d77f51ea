package poll

import (
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// Packets as operations.
//
// # Receiving
//
// As with connections that are accepted (accept_linux.go): the call that an event makes
// receives the packet and commits with it. If by then the performance has been decided
// otherwise, the packet goes to the abandoned ones, which all who receive look at before they ask
// the kernel.
//
// X1: a packet that is abandoned against others who receive.
//
//	It is put there before the direction is made ready (Found). Another looks at the abandoned ones
//	after its ticket. If it looked before, the event is after the ticket, and its Drained does
//	nothing.
//
// # Sending
//
// What has been sent cannot be taken back, so here the commit comes first. Whoever commits
// has the turn of writers, and has seen that there is room, which nobody can take before the turn is
// given up; so it sends at once, and the performer, who may be awake by then, waits for that as
// one waits for a lock: as long as a system call that does not wait.
//
// Checked by: TestPacketOps….

// abandonedPackets are those that nobody wanted any more when they were there.
type abandonedPackets struct {
	mu   sync.Mutex
	list []abandonedPacket
}

type abandonedPacket struct {
	data []byte
	rsa  syscall.RawSockaddrAny
	size uint32
	err  error
}

// takeAbandoned takes the first of them.
func (f *fd) takeAbandoned() (x abandonedPacket, ok bool) {
	s := f.abandoned.Load()
	if s == nil {
		return x, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return x, false
	}
	x = s.list[0]
	s.list = s.list[1:]
	return x, true
}

func (f *fd) hasAbandoned() bool {
	s := f.abandoned.Load()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) > 0
}

// keep makes an abandoned packet of x.
func (f *fd) keep(x abandonedPacket) {
	s := f.abandoned.Load()
	if s == nil {
		f.abandoned.CompareAndSwap(nil, new(abandonedPackets))
		s = f.abandoned.Load()
	}
	s.mu.Lock()
	s.list = append(s.list, x)
	s.mu.Unlock()
	f.desc.Found(epoll.In) // X1
}

// packetRoom is where packets are received before it is known who gets them.
var packetRoom = sync.Pool{New: func() any { return new([largestPacket]byte) }}

// attemptPacket receives a packet, if there is one.
func (f *fd) attemptPacket(ask bool) (x abandonedPacket, ok bool) {
	if !f.enter() {
		return abandonedPacket{err: net.ErrClosed}, true
	}
	defer f.leave()
	for {
		t, s := f.desc.Begin(epoll.In) // X1
		if err := over(s); err != nil {
			return abandonedPacket{err: err}, true
		}
		if x, ok := f.takeAbandoned(); ok {
			return x, true
		}
		if s == epoll.Idle && !ask {
			return x, false
		}
		room := packetRoom.Get().(*[largestPacket]byte)
		x.size = syscall.SizeofSockaddrAny
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(f.sys), uintptr(unsafe.Pointer(room)), largestPacket,
			unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&x.rsa)), uintptr(unsafe.Pointer(&x.size)))
		if errno == 0 {
			x.data = append([]byte{}, room[:n]...)
		}
		packetRoom.Put(room)
		switch errno {
		case 0:
			acquired()
			return x, true
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
			ask = false
		case unix.EINTR:
		default:
			x.err = os.NewSyscallError("recvfrom", errno)
			return x, true
		}
	}
}

// letter is what x is to its user.
func (f *fd) letter(x abandonedPacket) letter {
	l := letter{data: x.data, err: x.err}
	switch {
	case x.err != nil:
	case f.form == formUDP:
		l.from = net.UDPAddrFromAddrPort(addrPort(&x.rsa))
	default:
		if a := f.sender(&x.rsa, x.size); a != nil {
			l.from = a
		}
	}
	return l
}

// recvOp implements mailer.
func (f *fd) recvOp(max int) cml.Op[letter] {
	op := cml.NewOp(func() (abandonedPacket, bool) { return f.attemptPacket(true) }, func(w cml.Waiter[abandonedPacket]) func() {
		return watch(&f.desc, epoll.In, func() bool {
			x, ok := f.attemptPacket(false)
			if ok && !w.Commit(x) && x.err == nil {
				f.keep(x)
			}
			return ok
		})
	})
	return cml.Wrap(op, func(x abandonedPacket) letter { return f.letter(x).cut(max) })
}

// dispatched is a packet that is being sent by who has committed it.
type dispatched struct {
	sync.Mutex
	err error
}

// sendOp implements mailer.
func (f *fd) sendOp(p []byte, to net.Addr) cml.Op[error] {
	s, err := f.socknameOf(to)
	if err != nil {
		return cml.Always(err)
	}
	op := cml.NewOp(func() (*dispatched, bool) {
		if !f.enter() {
			return &dispatched{err: net.ErrClosed}, true
		}
		defer f.leave()
		t, state := f.desc.Begin(epoll.Out)
		if err := over(state); err != nil {
			return &dispatched{err: err}, true
		}
		if !f.turn.TryLock() {
			return nil, false
		}
		defer f.turn.Unlock()
		err := f.sendNow(p, s)
		if err == unix.EAGAIN {
			f.desc.Drained(epoll.Out, t)
			return nil, false
		}
		return &dispatched{err: err}, true
	}, func(w cml.Waiter[*dispatched]) func() {
		return watchBy(func(call func()) (func(), bool) { return f.notice(epoll.Out, call) }, func() bool {
			x := new(dispatched)
			if !f.enter() {
				x.err = net.ErrClosed
				w.Commit(x)
				return true
			}
			defer f.leave()
			t, state := f.desc.Begin(epoll.Out)
			if x.err = over(state); x.err != nil {
				w.Commit(x)
				return true
			}
			if !f.turn.TryLock() {
				return false
			}
			defer f.turn.Unlock()
			if !sysReady(f.sys, true) {
				f.desc.Drained(epoll.Out, t)
				return false
			}
			x.Lock()
			defer x.Unlock()
			if w.Commit(x) {
				x.err = f.sendNow(p, s)
				if x.err == unix.EAGAIN { // no room at the receiver, of which only the attempt tells
					x.err = os.NewSyscallError("sendto", unix.EAGAIN)
				}
			}
			return true
		})
	})
	return cml.Wrap(op, func(x *dispatched) error {
		x.Lock()
		defer x.Unlock()
		return x.err
	})
}

// socknameOf is what the system wants of an address, as in writeToUDP and writeToUnix.
func (f *fd) socknameOf(to net.Addr) (s *sockname, err error) {
	s = new(sockname)
	dialed := f.kind&isDialed != 0
	switch a := to.(type) {
	case nil:
		if !dialed {
			err = errMissingAddress
		}
		return s, err
	case *net.UDPAddr:
		if f.form != formUDP {
			return nil, syscall.EINVAL
		}
		if a != nil && !dialed {
			return s, s.setUDP(a, f.family)
		}
		if a == nil {
			return nil, errMissingAddress
		}
	case *net.UnixAddr:
		switch {
		case f.form == formUDP:
			return nil, syscall.EINVAL
		case a == nil:
			return nil, errMissingAddress
		case a.Net != formNames[f.form]:
			return nil, syscall.EAFNOSUPPORT
		case !dialed:
			s.setUnix(a.Name)
			return s, nil
		}
	default:
		return nil, syscall.EINVAL
	}
	return nil, net.ErrWriteToConnected
}

// sendNow sends a packet, or fails with EAGAIN. The turn is the caller's.
func (f *fd) sendNow(p []byte, to *sockname) error {
	for {
		errno := syscall.Errno(unix.EINVAL)
		if !to.bad {
			var addr unsafe.Pointer
			if to.size > 0 {
				addr = unsafe.Pointer(&to.raw)
			}
			released()
			_, _, errno = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(f.sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
				unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, uintptr(addr), uintptr(to.size))
		}
		switch errno {
		case 0:
			return nil
		case unix.EAGAIN:
			return unix.EAGAIN
		case unix.EINTR:
		default:
			return os.NewSyscallError("sendto", errno)
		}
	}
}
