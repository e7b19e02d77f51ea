package epoll

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Waiting in Go's way: an epoll instance is itself a descriptor that can be waited for, so
// it can lie in the poller of the Go runtime. Then who waits is a goroutine that is parked,
// not a thread that is blocked. Where goroutines have much to do, that is far cheaper: a
// thread that blocks in a system call keeps its processor until Go's sysmon takes that away,
// 20 µs later at best, and has to get one when it comes back. (With a DNS server of fifty
// clients, whose library makes a goroutine for each request: 62 000 switches of threads in
// three seconds against 9000.) Where fibers are alone, it is dearer: an event passes through
// two pollers. So the engine says which it wants (see mixed.go in package runtime).
//
// The instance leaves Go's poller when somebody waits in the system call again: an event
// would wake a thread there as well.

// parking is an instance's place in Go's poller. It belongs to who waits.
type parking struct {
	file    *os.File // of a duplicate of the descriptor; nil: it is not there
	conn    syscall.RawConn
	try     func(uintptr) bool
	turn    sync.Locker
	size    uintptr // of what try may get
	n       uintptr // what it has got
	errno   syscall.Errno
	timed   bool // there is a deadline
	refused bool // Go's poller does not take it
}

// parks has the instance in Go's poller, for a wait of d.
func (k *instance) parks(d time.Duration) bool { return k.parking.enter(k) && k.parking.until(d) }

// park waits in Go's poller.
func (k *instance) park(events []event, turn sync.Locker) (int, error) {
	p := &k.parking
	p.turn, p.size, p.n, p.errno = turn, k.size(events), 0, 0
	_ = p.conn.Read(p.try) // it ends by what try gets, or by the deadline
	if p.n == 0 && p.errno == 0 {
		turn.Lock()
	}
	return k.translate(events, p.n, p.errno)
}

// enter puts the instance in Go's poller, if it is not there. It reports false where that
// cannot be.
func (p *parking) enter(k *instance) bool {
	if p.file != nil || p.refused {
		return !p.refused
	}
	fd, err := unix.FcntlInt(uintptr(k.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return false // for lack of descriptors, perhaps: another time
	}
	if err := unix.SetNonblock(fd, true); err != nil { // else NewFile does not even try
		unix.Close(fd)
		p.refused = true
		return false
	}
	p.file = os.NewFile(uintptr(fd), "epoll")
	p.conn, err = p.file.SyscallConn()
	if err == nil {
		err = p.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		p.leave()
		p.refused = true
		return false
	}
	if p.try == nil {
		p.try = func(uintptr) bool {
			p.turn.Lock()
			if p.n, p.errno = k.look(p.size); p.n != 0 || p.errno != 0 {
				return true
			}
			p.turn.Unlock()
			return false
		}
	}
	return true
}

// until sets the end of the next wait.
func (p *parking) until(d time.Duration) bool {
	if d < 0 {
		if !p.timed {
			return true
		}
		p.timed = false
		return p.file.SetReadDeadline(time.Time{}) == nil
	}
	p.timed = true
	return p.file.SetReadDeadline(time.Now().Add(d)) == nil
}

// leave takes the instance out of Go's poller.
func (p *parking) leave() {
	if p.file != nil {
		p.file.Close()
		p.file, p.conn, p.timed = nil, nil, false
	}
}
