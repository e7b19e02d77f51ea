package poll

import (
	goruntime "runtime"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// endingOf returns how the end of a process is known: a pidfd becomes readable then.
// Linux before 5.3 has none.
func endingOf(pid int) ending {
	if backends()[0] != native {
		return unwatched(pid)
	}
	sys, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return unwatched(pid)
	}
	f, err := newFD(sys, 0, formNone)
	if err != nil {
		return unwatched(pid)
	}
	e := &pidfd{f}
	goruntime.AddCleanup(e, func(f *fd) { go f.close() }, f)
	return e
}

type pidfd struct{ f *fd }

// exited implements ending.
func (e *pidfd) exited() (yes, known bool) {
	_, yes = e.f.isReady(epoll.In, true)
	return yes, true
}

// notify implements ending.
func (e *pidfd) notify(collect func()) (cancel func()) {
	return watch(&e.f.desc, epoll.In, func() bool {
		_, ok := e.f.isReady(epoll.In, false)
		if ok {
			collect()
		}
		return ok
	})
}

// close implements ending.
func (e *pidfd) close() { go e.f.close() } // which may wait for others who ask

// unwatched is a process of which nobody tells when it exits: it can only be asked,
// or waited for.
type unwatched int

// exited implements ending.
func (pid unwatched) exited() (yes, known bool) {
	var i unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, int(pid), &i, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err != nil || i.Signo != 0, true
		}
	}
}

// notify implements ending.
func (unwatched) notify(collect func()) (cancel func()) { collect(); return func() {} }

// close implements ending.
func (unwatched) close() {}

// exitSeen waits until a child has exited, does not collect it, and reports whether that can
// be done here.
func exitSeen(pid int) bool {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err == nil
		}
	}
}
