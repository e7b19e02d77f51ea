//go:build !linux

package runtime

import "time"

// On these systems package poll has Go's own poller wait for descriptors, in plain
// goroutines that then unpark the fibers. Schedulers have no part in that.

type poller struct{}

func (p *poller) init(*scheduler) {}

func (rt *Runtime) attach() (detach func()) { return func() {} }

// dozeFor sleeps for d, or for ever if that is negative. It reports whether the
// permit came (it is consumed). It parks in any case.
func (s *scheduler) dozeFor(d time.Duration, _, _ bool) (permit bool, ended int) {
	return s.parker.Wait(d), 0
}

// permit gives s, which sleeps or is about to, its permit.
func (s *scheduler) permit() { s.parker.Permit() }

func (s *scheduler) polls() bool { return false }

func (s *scheduler) lookIn() int { return 0 }

func (s *scheduler) lookNowAndThen(int64) (ended bool) { return false }

func (m *monitor) lookIn() (free bool) { return false }

func pollerOf() string { return "portable" }
