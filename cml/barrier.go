package cml

import (
	"fmt"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A Barrier lets parties wait until n of them have come, and then all go on. It
// is cyclic: the next n meet in the same way. NewBarrier makes one; to wait at the
// zero value panics.
type Barrier struct {
	n       int
	mu      lock
	waiting queue[Unit] // under mu; at rest fewer than n that could meet
}

// NewBarrier returns a barrier for n parties.
func NewBarrier(n int) *Barrier {
	if n < 1 {
		panic(fmt.Sprintf("cml: NewBarrier(%d): give it at least one party", n))
	}
	return &Barrier{n: n}
}

// Wait waits until n parties wait. Each call of Wait
// synchronizes before the return of all the others of its round.
func (b *Barrier) Wait() {
	b.check()
	await[Unit](b, kindGet, 0, Unit{}, wait.Barrier)
}

// WaitOp is Wait as an op. All n parties commit, or none: one that chooses
// something else has not come. A performance counts once, however many of its
// leaves are at the barrier.
//
//go:noinline
func (b *Barrier) WaitOp() Op[Unit] {
	b.check()
	return &objectOp[Unit]{obj: b, why: wait.Barrier}
}

func (b *Barrier) check() {
	if b.n < 1 {
		panic("cml: a Barrier that is none: make it with NewBarrier")
	}
}

func (b *Barrier) simulatedName(kind) string      { return "Barrier.Wait" }
func (b *Barrier) mutex() *lock                   { return &b.mu }
func (b *Barrier) line(*offer[Unit]) *queue[Unit] { return &b.waiting }
func (b *Barrier) left(*wakes)                    {}

// meet commits o together with n-1 that wait, in one match.
func (b *Barrier) meet(o *offer[Unit], ws *wakes) outcome {
	for b.waiting.n >= b.n-1 {
		var plain, chosen []*offer[Unit]
		var parties []party
		named := map[*state]bool{}
		if o.s != nil {
			parties = append(parties, party{s: o.s, index: o.index})
		}
		var next *offer[Unit]
		for q := b.waiting.first; q != nil && len(plain)+len(chosen) < b.n-1; q = next {
			next = q.next
			switch {
			case q.s == nil:
				plain = append(plain, q)
			case q.s == o.s || named[q.s]:
			case q.s.lost(ws):
				b.waiting.remove(q)
			default:
				named[q.s] = true
				chosen = append(chosen, q)
				parties = append(parties, party{s: q.s, index: q.index, w: q.s.w})
			}
		}
		if len(plain)+len(chosen) < b.n-1 {
			return mustWait
		}
		if len(parties) > 0 && !newMatch(parties).run(ws) {
			if o.s != nil && o.s.decided(ws) != nil {
				return tooLate
			}
			continue // somebody was decided otherwise
		}
		for _, q := range plain {
			q.grant(ws)
		}
		for _, q := range chosen {
			b.waiting.remove(q)
		}
		return met
	}
	return mustWait
}
