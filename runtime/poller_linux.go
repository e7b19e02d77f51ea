package runtime

// The schedulers as pollers: where descriptors are waited for.
//
// Package epoll has one place in the process where anybody waits for descriptors,
// and a role that one party at a time has: the poller. A scheduler that falls asleep
// takes the role, if it is free and a descriptor is watched, and then waits there
// instead of in its futex, for as long, and until it is given its permit in either
// case. Those who run look in without waiting: before they search, and at a turn,
// every lookEvery. Fibers that are made ready go to the back of the ring of
// whoever polls; those of other runtimes into their injectors.
//
// # The parker
//
//	empty ──Enter──▶ polling ──Leave──▶ empty
//	                    └──Permit──▶ permitted, and epoll.Wake
//
// The other ways to sleep are package parker's, and the bell's (bell_linux.go).
//
// W4: a permit for one who waits in epoll.
//
//	Enter and Permit are swaps of one word. Permit first: Enter finds it and the poller
//	does not wait. Enter first: Permit says that it polls, and its caller calls Wake, which
//	ends the wait that is going on or the next one; Leave finds the permit. If the poller has left by
//	itself meanwhile, a later wait, perhaps another's, returns for nothing.
//
// W5: all sleep, and nobody polls.
//
//	Who sleeps in its futex has failed to take the role: nothing was watched, or
//	somebody had it. Nothing was watched: whoever registers the first descriptor says
//	so (needed) after it can be seen by those who try, and needed wakes a sleeper as a
//	push does (W1). Somebody had it: a scheduler, which is awake when it gives it back,
//	and tries again before it sleeps; or one that looked in, likewise; or one that
//	retires, which wakes another; or a scheduler of another runtime, which is its
//	poller then, or says that it is needed when it closes; or a monitor, which wakes a
//	sleeper if there is one; or the driver of package epoll, which says that it is
//	needed when it ends.
//
// W6: one has given the role back and then computes for long.
//
//	Others who run look in at their turns. A watcher takes the role when it falls
//	asleep again, each millisecond. The monitor looks in every 5 ms if nobody else has
//	since its last time, and if it finds the role free and nobody has had a turn lately,
//	it wakes a sleeper, which takes it. Where somebody has looked it does not: what it
//	makes ready goes into the injector, and waits there behind all that are woken on the
//	scheduler, one of which leaves it at a turn.
//	One that has the role and is parked is in nobody's way: others look all the same (R5 in
//	package epoll).
//
// Checked by: docs/models/poller.pml (spin, with mutants), TestPoller…, TestMonitorLooksWhereNobodyDoes.
// What else was tried is in docs/design/0013.

import (
	"time"

	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/parker"
	"github.com/seed222ee791/fibers/internal/parkword"
	"github.com/seed222ee791/fibers/internal/wait"
)

// lookEvery is how often one who runs looks for descriptors that are ready: a
// system call, if any is watched.
const lookEvery = 20 * time.Microsecond

// poller is what a scheduler has for polling.
type poller struct {
	enqueue epoll.Enqueue
	looked  int64 // when it last looked in
}

// Where a root sleeps that is not in its parker.
const (
	polling = parker.Elsewhere + iota // in epoll: W4
	belled                            // by the bell: B in bell_linux.go
)

// attach makes the runtime poll, from now until detach.
func (rt *Runtime) attach() (detach func()) { return epoll.Attach(rt.wakeForWork) }

func (p *poller) init(s *scheduler) {
	p.enqueue = func(w wait.Waiter) {
		f, ok := w.(*fiber)
		if !ok || f.rt != s.rt {
			w.Unpark()
			s.readied = s.readied || !ok
		} else if f.word.Wake(parkword.Unserved) {
			s.pushWoken(f)
		}
	}
}

// dozeFor sleeps for d, or for ever if that is negative: in epoll, if nobody else
// waits there and there is something to wait for; as a goroutine that parks, or in a
// system call, or by the bell, which watchers, who are up each millisecond, leave to
// others, but where timers gather. It reports whether the permit came (it is consumed), and
// how many waits for descriptors it has ended meanwhile.
func (s *scheduler) dozeFor(d time.Duration, parks, watches bool) (permit bool, ended int) {
	wait, poll := s.parker.Wait, epoll.Wait
	if parks {
		wait, poll = s.parker.Park, epoll.Park
	}
	if !epoll.Acquire() {
		switch {
		case parks || s.rt.bubbled:
			return wait(d), 0
		case s.rt.slack.busy():
			return s.rt.bell.gather(&s.parker, d), 0
		case watches:
			return wait(d), 0
		}
		return s.rt.bell.doze(&s.parker, d), 0
	}
	if !s.parker.Enter(polling) { // W4
		epoll.Release()
		return true, 0
	}
	s.counts.polls++
	ended = poll(d, s.poller.enqueue)
	permit = s.parker.Leave()
	epoll.Release()
	return permit, ended
}

// permit gives s, which sleeps or is about to, its permit, and wakes it wherever it is.
func (s *scheduler) permit() {
	switch s.parker.Permit() {
	case polling:
		epoll.Wake() // W4
	case belled:
		s.rt.bell.ring() // B
	}
}

// polls reports whether s waits in epoll, as a hint.
func (s *scheduler) polls() bool { return s.parker.At(polling) }

// lookIn looks for descriptors that are ready, without waiting. It returns how
// many waits have ended.
func (s *scheduler) lookIn() int {
	n, _ := epoll.Look(s.poller.enqueue)
	return n
}

// lookNowAndThen is lookIn for one who runs.
func (s *scheduler) lookNowAndThen(now int64) (ended bool) {
	if time.Duration(now-s.poller.looked) < lookEvery {
		return false
	}
	s.poller.looked = now
	return s.lookIn() > 0
}

// lookIn is the monitor's; it reports whether it had the role for that time. It does not
// look if somebody else has since it was last called (W6).
func (m *monitor) lookIn() (had bool) {
	if n := epoll.Looks(); n != m.looks {
		m.looks = n
		return false
	}
	_, had = epoll.Look(nil)
	m.looks = epoll.Looks()
	return had
}

// pollerOf says how descriptors are waited for.
func pollerOf() string { return epoll.ReadStats().Backend }
