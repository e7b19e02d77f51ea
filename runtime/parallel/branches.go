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

	offers
	born time.Time // zero of its clock
}

const (
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
		b.most = max(p.Others, 1)
		b.loops = &loops{b: b}
		b.stacks = append(b.stacks, b.loops)
		p.Branches = b
		b.widen(0)
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

// give makes a job of the oldest branch, or with all set, jobs of all. It reports
// whether there was one.
func (b *branches) give(all bool) (given bool) {
	for i, sp := range b.spans {
		to := sp.stack.height()
		for _, later := range b.spans[i+1:] {
			if later.stack == sp.stack {
				to = min(to, later.from)
				break
			}
		}
		if sp.stack.give(to, all) {
			if !all {
				return true
			}
			given = true
		}
	}
	return given
}

// Share implements fork.Branches.
func (b *branches) Share() { b.give(true) }
