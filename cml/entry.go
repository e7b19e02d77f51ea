package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// The waiting entry of a rendezvous channel: the one party that waits there, in a word. Where
// no two of a kind wait, two fibers meet by one CAS each, or two, and no lock. The
// registration of a context has one, too (done.go): for performances alone, which its end
// takes out by S3.
//
// # States
//
//	nil ── S2: a party CASes its offer in ──▶ that offer
//	 ▲                                          │ │ │
//	 ├────────── S1: a partner CASes it out ────┘ │ │
//	 └────────── S4: it CASes itself out ─────────┘ │
//	busy ◀─────── S3: under the lock: CAS ──────────┘  (and from nil)
//	busy ──── S5: under the lock, at its end: store ──▶ an offer, or nil
//
// busy is one of three: it says which kinds of parties there may be in the queues,
// both or one (S7).
//
// Whatever is not that simple (a second party of the same kind, two published
// performances that have to agree, a buffer) goes under the lock of the channel,
// where the first thing is to make the word busy and to move the offer that was
// in it to the queues. Only the holder of the lock changes the word from busy. So
// while the word is not busy both queues are empty, and nobody is about to look
// at them.
//
// # Who is in the word
//
// A plain party (Put, Get) waits for nothing else: it is done when it has been
// taken out, and learns that by being served (wait.Waiter); if it was moved to a
// queue, by done. An offer of a performance may be dead, because another leaf has
// been committed: who takes it out commits the performance (C1 in commit.go),
// and if that fails goes on as if nobody had been there. Only parties that have
// published nothing take offers out: there is nothing to agree on.
//
// # The argument
//
// S1: two partners on one party, or a partner and S3 or S4.
//
//	All are CASes from the same pointer: one is first, the others see something
//	else and go on elsewhere. Whoever takes the party out owns the offer: until
//	it serves the party, or until it commits the performance. An offer may be in the
//	same word again by the time of the CAS: it is one that waits then, and of the
//	same side, which never changes.
//
// S2: a party that comes against one under the lock, or another one.
//
//	If its CAS from nil is first, the others find it: under the lock, where it is
//	moved to a queue (S3) and scanned, or by S1. Otherwise the word is not nil,
//	the CAS fails, and the party goes under the lock. So the CAS is at once the
//	publishing of the offer and the look at the other side.
//
// S4: a party that withdraws or has to end against its partner.
//
//	It takes itself out, or finds that it has been: served, or moved to a queue,
//	from which it removes itself under the lock, or dead (S6).
//
// S5: giving the word back.
//
//	Under the lock, with both queues empty, the word is busy and nobody else
//	changes it. A party that is about to wait alone is put there; after the last
//	offer of a choice was withdrawn, nil.
//
// S6: who takes out a dead offer against its performer, who wants the offer and
// the state for its next performance.
//
//	The taker's last access is to set done: if the performer sees it, both are
//	its own again. If it does not, the taker may still read the offer and try to
//	commit the state: the performer leaves both to the garbage collector, and
//	goes on with new ones.
//
// S7: who comes to try, sees that only parties of its own kind are in the queues,
// and leaves, against one of the other kind that enters them.
//
//	That one enters under the lock, and stores what is in the queues before it
//	gives the lock back. So whoever saw the word before came, for all that anybody
//	can tell, before it. Who means to wait does so under the lock, or by a CAS from
//	nil: nobody relies on the word for that. That a word says more than there is
//	costs a look under the lock.
//
// A party that is stopped between S1 and C1, a dozen instructions, keeps the one
// that it has taken out from meeting others here (not elsewhere), as the holder
// of the lock would.
//
// Measured against the same with the lock alone: docs/design/0006-channel-word.md.
//
// The words of channels are not typed: how a performance posts its offers in them
// stands in post.go.
//
// Checked by: TestEntryStress, TestChanKeepsOrderStress, TestChanLinear,
// TestRuntimeClosesStress, TestCrossedChoicesStress, TestAtRestStress; this source
// under every order of accesses: TestEntryModel, TestChoiceModel (-tags model).
type entry struct {
	// Both are set when made and never change.
	offer *offerHeader // nil: nobody, the queues have those who wait
	side  side
}

type side uint8

const (
	either side = iota
	putting
	getting
)

// What a word holds while the lock decides: it says who may be in the queues.
var (
	busy     = &entry{side: either}
	busyPuts = &entry{side: putting}
	busyGets = &entry{side: getting}
)

// A word is what is not typed in a channel: where one party waits, and the lock
// for all else.
type word struct {
	entry pointer[entry]
	mu    lock
}

// offerAt returns the offer in s, which is in a word for values of T. The header is
// the first of an offer, and only offers of T come in that word.
func offerAt[T any](s *entry) *offer[T] { return (*offer[T])(unsafe.Pointer(s.offer)) }

// sendTo gives v to o, a getter that the caller has taken out. It reports false
// if o is dead.
func sendTo[T any](o *offer[T], v T) bool {
	o.v = v // before the commit: W7
	if o.s == nil {
		o.w.Serve()
		if simhook.On() {
			simhook.Woke()
		}
		return true
	}
	if o.chosen() {
		return true
	}
	clear1(&o.v)
	o.done.Store(true) // the last access: S6
	return false
}

// receiveFrom takes the value of o, a putter that the caller has taken out. It
// reports false if o is dead.
func receiveFrom[T any](o *offer[T]) (v T, ok bool) {
	if o.s != nil {
		if o.from != nil {
			v = *(*T)(o.from) // before the commit: W7
		} else {
			v = o.v
		}
		if o.chosen() {
			return v, true
		}
		o.done.Store(true) // the last access: S6
		clear1(&v)
		return v, false
	}
	v = o.v
	o.w.Serve()
	if simhook.On() {
		simhook.Woke()
	}
	return v, true
}

// A place is an object with a word. What that says while nobody is in it, its hint, is nil
// where the next one may wait there, otherwise which kinds of parties may be in the queues (S7).
type place[T any] interface {
	object[T]
	// wait lets o, which met nobody, wait in the word or in its queue. Under the lock.
	wait(o *offer[T])
}

// lock takes the lock, and then is seize. (Most often the word is busy, and that is one call.)
func (w *word) lock() *entry {
	w.mu.Lock()
	if s := w.entry.Load(); s != nil && s.offer == nil {
		return nil
	}
	return w.seize()
}

// seize is S3: it makes the word busy, and returns who was in it, whom the caller moves
// to a queue; nil: nobody. Under mu.
func (w *word) seize() *entry {
	for {
		s := w.entry.Load()
		if s != nil && s.offer == nil {
			return nil
		}
		if w.entry.CompareAndSwap(s, busy) {
			return s
		}
	}
}

// moveIn moves who was in the word of at to its queue. Under mu.
func moveIn[T any](s *entry, at object[T]) {
	o := offerAt[T](s)
	k := kindGet
	if s.side == putting {
		k = kindPut
		if o.from != nil {
			o.v = *(*T)(o.from)
		}
	}
	if o.kind != k { // of a plain party it has been k since before it came here, and that may look
		o.kind = k
	}
	o.enqueue(at, at.line(o))
}

// seat is S5 for a party that is to wait: in the word, if the hint allows that. Otherwise
// the caller moves it to its queue. Under mu.
func (w *word) seat(party, hint *entry) bool {
	if hint == nil {
		w.entry.Store(party)
	}
	return hint == nil
}

// show is S5 where nobody is in the word: it lets those who come see who may be there,
// without the lock. Under mu.
func (w *word) show(hint *entry) {
	if s := w.entry.Load(); s != hint && s != nil && s.offer == nil {
		w.entry.Store(hint)
	}
}

// sideOf returns the side of a party that gets or puts.
func sideOf(k kind) side {
	if k == kindPut {
		return putting
	}
	return getting
}
