package runtime

import (
	"github.com/seed222ee791/fibers/internal/fork"
	"github.com/seed222ee791/fibers/internal/wait"
)

// What package parallel needs of the engine: see package fork. A branch that is
// made known to others is an ordinary spawned fiber; thieves find the oldest,
// which is the largest piece of work, first.

func init() {
	fork.Register(func() *fork.Place {
		c := current()
		if c == nil {
			return nil
		}
		c.Flags[forks] = true
		rt := c.sched.rt
		if sm := rt.sim; sm != nil {
			return &fork.Place{Searching: &sm.hungry, Sleeping: &sm.hungry, Host: (*host)(c), Simulated: true}
		}
		return &fork.Place{
			Searching: bare(&rt.idle.searching),
			Sleeping:  bare(&rt.idle.nsleep),
			Host:      (*host)(c),
			Others:    rt.conf.schedulers - 1,
		}
	})
}

// share makes fibers of the branches that the running fiber has not begun: it is
// about to leave its stack. (A function of its own, so that who waits without
// branches pays for one look at a flag.)
//
//go:noinline
func (c *coroutine) share() {
	if p := fork.Current(); p.Branches != nil && !c.sched.rt.ending.Load() {
		p.Branches.Share()
	}
}

// A host is a coroutine as package parallel sees it.
type host coroutine

var _ fork.Host = (*host)(nil)

// Spawn implements fork.Host.
func (h *host) Spawn(t *fork.Ticket, quiet bool) {
	s := h.sched
	f := s.newFiber(t.Run)
	m, ok := t.Record.(*more)
	watched := wait.Watched()
	if !ok || watched || s.rt.sim != nil {
		m = f.newMore(watched)
		m.dropped, m.origin = t.Dropped, entry(t.Run)
		if sm := s.rt.sim; sm != nil {
			m.sim = sm.born(f, "")
		}
		if watched {
			m.witness(s.rt)
		}
		if !m.again {
			t.Record = m
		}
	} else {
		f.more.Store(m)
	}
	t.Fiber, t.ID = f, f.id()
	if s.eyes != nil {
		s.eyes.spawned(f)
	}
	s.spawned.Store(s.spawned.Load() + 1)
	s.deque.Push(f)
	if s.rt.idle.attend.Load() != 0 && !s.attend() && (!quiet || !s.rt.idle.watched.Load()) {
		s.rt.wakeForWork() // but for a quiet one, as for a fiber in a next place: W2 in idle.go
	}
}

// Wake implements fork.Host.
func (h *host) Wake() { h.sched.rt.wakeForWork() }

// Retract implements fork.Host.
func (h *host) Retract(t *fork.Ticket) bool {
	s := h.sched
	if s.deque.Drained() {
		return false
	}
	f := s.deque.Pop()
	switch {
	case f == nil:
		return false
	case f == t.Fiber.(*fiber) && f.id() == t.ID:
		if sm := s.rt.sim; sm != nil {
			sm.retracted(f)
		}
		s.end(f)
		return true
	}
	s.deque.Push(f)
	s.posted() // W1: who looked meanwhile has not seen it
	return false
}

// Ending implements fork.Host.
func (h *host) Ending() bool { return h.sched.rt.ending.Load() }
