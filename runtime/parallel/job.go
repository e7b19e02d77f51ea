package parallel

// A branch that was made known to others, and how its fiber and the one who
// forked it agree on who runs it.
//
// # Before it is a job
//
// A branch begins as a frame in its fiber's own list (branches.go). Only the
// fiber itself touches that. Most frames end there: taken back by the fiber that
// wrote them, and called as a plain function. There is no race in this.
//
// # States of a job
//
//	offered ──J1 start (a thief)──▶ started ──J2 finish──▶ done
//	   │                              ▲
//	   └──J1 take back (the joiner)───┘ (and done without another word)
//
// To each of offered and started the joiner may add the mark awaited, when it is
// about to wait: J2.
//
// # Who may touch what
//
// f, y, the range, wide: written by the joiner before the job is offered, read by
// whoever started it. The result and the outcome: written by who started it
// before done, read by the joiner after it has seen done. waiter: written by the
// joiner before it sets awaited, read by who finishes and saw awaited. Anything
// else of a job is the joiner's.
//
// # The races
//
// J1: a thief that starts the job, and the joiner that takes it back.
//
//	Both make a CAS from offered, so one of them succeeds and runs it, and the
//	other finds it started: the thief's fiber ends at once, the joiner waits.
//	The fiber of a job that was taken back may lie in a queue for a while; it
//	does nothing but this CAS, on a word that nobody changes any more.
//
// J2: the joiner sets awaited, and the thief finishes.
//
//	The joiner writes waiter, then adds awaited by a CAS; the thief swaps done
//	in and looks at what was there. The CAS first: the swap returns awaited, and
//	the thief wakes the joiner, who looks again and finds done. The swap first:
//	the CAS fails, the joiner looks again and finds done, and does not wait.
//
// J3: the last part of a loop to end, and the caller that waits for all parts.
//
//	Parts are counted: each one before it is offered, the caller's own from the
//	beginning. Who ends a part counts it down, and if that makes 0 wakes the
//	caller. The caller counts down its own and waits until there are none. If its
//	own is the last, nobody else wakes it, nor needs to. If it is not, whoever
//	makes it 0 comes after the caller's decrement and wakes it, or makes it not
//	wait. That one touches nothing of the loop's after its decrement: the waiter
//	was read before, and written before the first part was offered.
//
// A job whose fiber has not begun when the runtime closes never will: the engine
// calls drop instead, which starts and finishes it (J1, J2, J3) with a Goexit for
// an outcome. So whoever waits for a job is always woken.
//
// What happened before the end of a branch happened before the return of the
// join: through done. What happened before the fork happened before the branch:
// through the queue that carried its fiber.
//
// Checked by: docs/models/join.pml (spin, with mutants), TestStolen…,
// TestParallelStress, TestCloseStress.

import (
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/fork"
	"github.com/seed222ee791/fibers/internal/wait"
)

const (
	offered uint32 = iota
	started
	done
	awaited = 1 << 2 // added to offered or started
)

// A job is what all kinds of them have in common.
type job struct {
	// state: see above. Writers: the joiner and the thief, by CAS and swap; the
	// joiner by a store in renew, when nobody else knows the job. Readers: both.
	state   atomic.Uint32
	waiter  wait.Waiter
	outcome outcome
	ticket  fork.Ticket
	wide    bool // the fiber that offered it was wide: see offers.go
}

// inherit is called by the fiber that has started the job. It makes it wide if the
// one that offered the job was: what was done before on this stack was other work.
func (j *job) inherit() {
	if !j.wide {
		return
	}
	if p := fork.Current(); p != nil && p.Branches != nil { // else it will begin so
		b := p.Branches.(*branches)
		b.widen(time.Since(b.born))
	}
}

// spares is jobs of which nobody else knows, to be used again.
type spares[J any] []*J

// take returns one, or nil if there is none.
func (s *spares[J]) take() *J {
	n := len(*s) - 1
	if n < 0 {
		return nil
	}
	j := (*s)[n]
	(*s)[n] = nil
	*s = (*s)[:n]
	return j
}

// keep adds one, unless there are most.
func (s *spares[J]) keep(j *J, most int) {
	if len(*s) < most {
		*s = append(*s, j)
	}
}

// start is a thief's step of J1. It reports whether the job is the caller's.
func (j *job) start() bool {
	for {
		s := j.state.Load()
		if s&^awaited != offered {
			return false
		}
		if j.state.CompareAndSwap(s, s&awaited|started) { // J1
			return true
		}
	}
}

// finish is the thief's last act.
func (j *job) finish() {
	if j.state.Swap(done)&awaited != 0 { // J2
		j.waiter.Unpark()
	}
}

// finished reports whether the job is done.
func (j *job) finished() bool { return j.state.Load() == done }

// waiting reports whether nobody has begun the job.
func (j *job) waiting() bool { return j.state.Load()&^awaited == offered }

// takeBack is the joiner's step of J1.
func (j *job) takeBack() bool {
	return j.state.Load() == offered && j.state.CompareAndSwap(offered, started)
}

// renew makes a job of which nobody else knows one that was never offered.
func (j *job) renew() {
	j.state.Store(offered)
	j.waiter, j.outcome = nil, outcome{}
}

// wait waits until the job is done. It does not end the fiber when the runtime
// closes: the branch ends too then, at its next wait, or never begins.
func (j *job) wait() {
	if j.finished() {
		return
	}
	w := wait.Current() // a fiber's, which need not be given back
	j.waiter = w
	for {
		s := j.state.Load()
		if s == done {
			return
		}
		if j.state.CompareAndSwap(s, s|awaited) { // J2
			break
		}
	}
	for !j.finished() {
		w.Wait(wait.Join)
	}
}
