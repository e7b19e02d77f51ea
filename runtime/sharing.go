package runtime

import (
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/wait"
)

// What fibers keep for their operations, and how they come by it without growing their
// stacks: the engine's side of Scratch, Shared and Roomy in internal/wait.

// A sharing is what the fibers on a scheduler share. It is that of the one that runs.
type sharing struct {
	records  any        // see wait.Waiter.Shared
	chore    wait.Chore // what the root is to do for the fiber of left.co; nil: nothing
	timeouts [1 << timeoutBits]knownTimeout
}

// A knownTimeout is the op for a duration, so that PerformTimeout need not make it again.
type knownTimeout struct {
	d  time.Duration
	op cml.Op[time.Time]
}

const timeoutBits = 3

// sharing returns it, made if need be.
func (s *scheduler) sharing() *sharing {
	if s.shared == nil {
		s.shared = &sharing{}
	}
	return s.shared
}

// place returns the scratch place of the fiber: see wait.Waiter.Scratch.
func (c *coroutine) place() *any {
	if c.scratch == nil {
		c.scratch = new(any)
	}
	return c.scratch
}

// roomy does what the fiber that calls it has no room for: see wait.Roomy.
func roomy(chore wait.Chore) bool {
	c := current()
	if c == nil || c.sched.rt.sim != nil {
		return false
	}
	s := c.sched
	s.sharing().chore, s.left.co = chore, c
	c.Switch(&s.root)
	s.running.set(uintptr(unsafe.Pointer(c.fiber)))
	return true
}

// doChores does, on the root, what roomy asks for.
func (s *scheduler) doChores() {
	for sh := s.shared; sh.chore != nil; {
		sh.chore.Do()
		sh.chore = nil
		s.root.Switch(&s.left.co.Coro)
	}
}
