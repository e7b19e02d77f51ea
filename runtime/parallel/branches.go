package parallel

import (
	"time"

	"github.com/seed222ee791/fibers/internal/fork"
)

// branches is what a coroutine's fiber has forked and not joined. All of it is
// the fiber's own (package fork).
//
// Frames lie in stacks, one for each type of branch, so that they hold arguments
// as they are, without boxes. The order among frames of different stacks is kept
// by spans: each says that from a certain frame on, those of its stack are newer
// than all in the spans before it. A span is added only when the fiber turns from
// one type to another. A fork of the type used last writes nothing but its frame.
//
// Work is given away oldest first: in a computation that divides, that is the
// largest piece, and it is the one that will be asked for last.
type branches struct {
	place  *fork.Place
	stacks []stack
	spans  []span
	loops  *loops

	// offer is the job that was made last, if it may still wait for a taker.
	// While it does, one is enough.
	offer *job
	offerState
	born time.Time // zero of its clock
}

// An offer is a branch made known to others, as a job. Normally that is done when
// a fork finds a scheduler idle. Two things may be wrong with that.
//
// None may be idle now, but be soon, and the next fork be far away. So a fiber is
// eager as long as its forks come seldom: it keeps one offer open in any case.
// That costs some 200 ns a fork, at most a tenth of the time between two.
// A fiber begins eager, and is so no more when 16 forks came within 32 µs, until
// 16 forks from the bottom (none of their type around them) take more than 160 µs.
//
// The computation may be too small: to wake a sleeper costs 15 µs, and then it
// comes too late. So when a fiber has waked one for a job that it had to take back,
// it becomes shy: it offers without waking, less often if it is not eager, and
// wakes one when the job still waits after 30 µs of computing; or a sleeper that
// looks around finds the job. A job that is taken ends the shyness.
type offerState struct {
	shy   bool
	quiet bool          // the offer woke nobody
	looks int           // by forks that found a scheduler idle and made no offer
	since time.Duration // beside a quiet offer: since when there was work; 0: not known

	forks int           // since counted, while eager
	roots int           // since counted, while not eager
	mark  time.Duration // when counted
}

const (
	reckon      = 16 // forks between two reckonings
	fineForks   = 2 * time.Microsecond
	coarseForks = 10 * time.Microsecond
	shyLooks    = 16 // forks between two offers of a shy fiber
	clockLooks  = 32 // forks between two looks at the clock beside a quiet offer
	worthWaking = 30 * time.Microsecond
	leastFrames = 32   // a stack has at least, once it has been used
	mostFrames  = 1024 // a stack keeps at most, when it is empty
)

// A stack holds frames of one type.
type stack interface {
	// height is the number of frames.
	height() int
	// give makes a job of the oldest branch, or part of a loop, in the first to
	// frames that none was made of. It reports whether there was one. With all
	// set it does so for every branch, and what is left of a loop becomes one.
	give(to int, all bool) bool
}

// A span is a stretch of frames in a stack.
type span struct {
	stack stack
	from  int
}

// branchesOf returns the branches of the coroutine whose place p is.
func branchesOf(p *fork.Place) *branches {
	if p.Branches == nil {
		b := &branches{place: p, born: time.Now()}
		b.loops = &loops{b: b}
		b.stacks = append(b.stacks, b.loops)
		p.Branches = b
		p.Eager = !p.Alone
	}
	return p.Branches.(*branches)
}

// turnTo makes s the stack of the next fork.
func (b *branches) turnTo(s stack) {
	n := len(b.spans)
	for n > 0 && b.spans[n-1].stack.height() <= b.spans[n-1].from {
		n-- // empty
	}
	b.spans = b.spans[:n]
	if n == 0 && cap(b.spans) > mostFrames {
		b.spans = nil // as in pairs.clear
	}
	if n == 0 || b.spans[n-1].stack != s {
		b.spans = append(b.spans, span{s, s.height()})
	}
	b.place.Top = s
}

// give makes a job of the oldest branch, or with all set, jobs of all.
func (b *branches) give(all bool) {
	for i, sp := range b.spans {
		to := sp.stack.height()
		for _, later := range b.spans[i+1:] {
			if later.stack == sp.stack {
				to = min(to, later.from)
				break
			}
		}
		if sp.stack.give(to, all) && !all {
			return
		}
	}
}

// Share implements fork.Branches.
func (b *branches) Share() { b.give(true) }

// feed is called by a fork that finds a scheduler idle, or whose fiber is eager.
func (b *branches) feed() {
	if b.place.Eager {
		b.countFork()
	}
	switch j := b.offer; {
	case j == nil:
		if b.shy && !b.place.Eager {
			if b.looks++; b.looks%shyLooks != 0 {
				return
			}
		}
		b.give(false)
	case !j.waiting():
		b.offer, b.shy = nil, false
		b.give(false)
	case b.quiet:
		b.insist()
	}
}

// insist wakes a sleeper for a quiet offer that has waited for long.
func (b *branches) insist() {
	if b.looks++; b.looks%clockLooks != 0 {
		return
	}
	if now := time.Since(b.born); b.since == 0 {
		b.since = now
	} else if now-b.since >= worthWaking {
		b.quiet = false
		b.place.Host.Wake()
	}
}

// countFork ends eagerness if forks come fast.
func (b *branches) countFork() {
	if b.forks++; b.forks < reckon {
		return
	}
	now := time.Since(b.born)
	if now-b.mark < reckon*fineForks {
		b.place.Eager = false
	}
	b.forks, b.roots, b.mark = 0, 0, now
}

// emptied is called when the last frame of a stack has been removed: it begins
// eagerness if that is seldom.
func (b *branches) emptied() {
	if b.place.Eager || b.place.Alone {
		return
	}
	if b.roots++; b.roots < reckon {
		return
	}
	now := time.Since(b.born)
	if now-b.mark > reckon*coarseForks {
		b.place.Eager = true
	}
	b.forks, b.roots, b.mark = 0, 0, now
}

// post makes a fiber for a job.
func (b *branches) post(j *job) {
	b.place.Host.Spawn(&j.ticket, b.shy)
	b.offer = j
	b.quiet, b.looks, b.since = b.shy, 0, 0
}

// forget drops the reference to a job that has ended.
func (b *branches) forget(j *job) {
	if b.offer == j {
		b.offer = nil
	}
}

// takeBack reports whether nobody has begun j, which is then the caller's; and
// whether nobody else knows j any more, so that it can be used again.
func (b *branches) takeBack(j *job) (mine, free bool) {
	mine = j.takeBack()
	if mine {
		free = b.place.Host.Retract(&j.ticket)
	}
	if b.offer == j {
		b.offer = nil
		if !mine {
			b.shy = false
		} else if !b.quiet {
			b.shy = true
		}
	}
	return mine, free
}
