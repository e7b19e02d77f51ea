package poll

import (
	goruntime "runtime"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll/epoll"
)

// watch returns the operation that is ready when the process has ended: a pidfd
// becomes readable then. Linux before 5.3 has none.
func (p *Process) watch() cml.Op[error] {
	b := backends()
	if b[0] != native {
		return p.reap()
	}
	sys, err := unix.PidfdOpen(p.Pid(), 0)
	if err != nil {
		return p.reap()
	}
	f, err := newFD(sys, 0, formNone)
	if err != nil {
		return p.reap()
	}
	goruntime.AddCleanup(p, func(f *fd) { go f.close() }, f)
	return cml.Wrap(f.ready(epoll.In), func(err error) error {
		f.close() // the next performance finds that out
		return err
	})
}
