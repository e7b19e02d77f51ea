package runtime

import "time"

// A TestPin is the hold of a scheduler that does not run, for the calling thread,
// by a clock of the test's.
type TestPin struct{ s *scheduler }

// NewTestPin returns one on the first CPU that may be used.
func NewTestPin() *TestPin {
	s := &scheduler{rt: &Runtime{}}
	s.pin.cpu = allowedCPUs()[0]
	return &TestPin{s}
}

// Check is check at a time; it reports whether the thread is pinned then.
func (p *TestPin) Check(now time.Duration) bool {
	p.s.now = int64(now)
	p.s.pin.check(p.s)
	return p.s.pin.thread.Load() != 0
}

// Judge is what the monitor does at a time.
func (p *TestPin) Judge(now time.Duration) { p.s.pin.judge(now) }

// Retry returns until when it rests.
func (p *TestPin) Retry() time.Duration { return time.Duration(p.s.pin.retry.Load()) }

// LetGo ends it.
func (p *TestPin) LetGo() { p.s.pin.letGo() }

// AuditThreads is what the monitor does each second.
func AuditThreads() { auditThreads() }
