package cml

// The commit: how one performance comes to exactly one leaf, and how two or
// more performances agree to meet.
//
// # States
//
// A performance has one word. It holds nil or a pointer to a cell; the cell's
// status says what that means. An offer carries a cell whose status is always
// succeeded; a match, the descriptor of a meeting, has one that begins undecided.
//
//	                 C1 commit: CAS                          (for ever)
//	waiting ──────────────────────────────────▶ the cell of one of its offers
//	(nil, or  ◀── C3 status: failed ──┐
//	a failed                          │
//	match)  ──── C2 install: CAS ──▶ a match ── C3 status: succeeded ──▶ (for ever)
//
// C1 decides one performance on behalf of somebody who needs no agreement: an
// object that has what is wanted, or a party that nobody can commit because it
// has not published anything (it tries) or waits without a choice.
//
// C2 and C3 decide several published performances at once: a match names them
// all, is installed in every word, in the order of their numbers, and is then
// decided by one CAS on its status. A word that holds an undecided match must
// not be changed; whoever meets one helps: makes the remaining steps itself. So
// nobody ever waits for a claim to be given up.
//
// # Rejected
//
// A word of three values, waiting, claimed, synched (Reppy, Russo and Xiao 2009;
// Guile Fibers; Hopac): whoever meets a claimed word spins. It livelocks on
// crossed choices with everybody taking steps, and a claimant that loses its
// processor holds up all its partners.
//
// # The argument
//
// W1: two commits of one word.
//
//	Both are CASes from what was read, and what was read meant waiting. One is
//	first; the other fails, looks again and finds it decided, or helps.
//
// W2: a late helper installs a match that has been decided.
//
//	If it succeeded, every word held it at that moment, and a word that holds a
//	match that succeeded never changes: the helper's CAS fails. If it failed, it
//	means waiting wherever it stands, and is replaced like nil.
//
// W3: a match must not succeed unless every word holds it.
//
//	The CAS to succeeded follows the installation in every word, and a word that
//	holds it can change only after its status did. So they all still hold it.
//
// W4: a match fails only if one of its performances is decided otherwise.
//
//	The CAS to failed follows reading a succeeded cell in a word. So whoever
//	finds its match failed goes on: it is decided itself, or the partner is dead.
//
// W5: helpers do not chase each other.
//
//	A helper of a match installed at number n helps only matches it meets at
//	larger numbers: the chain ends. Every CAS that fails was beaten by one that
//	succeeded, and each match is installed at most once in a word while it is
//	undecided: lock-free.
//
// W6: a stale pointer to a record that was used again.
//
//	Records are used again only if no match ever named them (shared), after all
//	offers were withdrawn; for the offers see P1 in post.go. A match is made of
//	offers in queues only, and both its marking and their withdrawal are under the
//	lock of the object. Where something is withdrawn without a lock and somebody may
//	still touch the record (S6 in entry.go, E1 in newop.go, G1 in source.go), it is
//	not used again either. A match is never used again; the garbage collector has
//	it.
//
// W7: who may touch an offer after a commit.
//
//	After C1 nobody but the performer: the committer has unlinked the offer and
//	written or read its value before. After C3 the committer has still to move
//	the value and unlink, under the lock of the object; the performer takes that
//	lock once before it looks.
//
// W8: a performance whose context is done, and who would commit it to something else.
//
//	After cancel has returned nobody may find that performance waiting, though the
//	op of the context commits it only later, from a goroutine of its own. So who
//	commits on behalf of another (C1, or a match with one that waits) looks at the
//	contexts first, and if one is done takes the performance for decided: the op of
//	the context will do that. One whose look comes before the end of the context is
//	at it at the same time as cancel, and may be first. To find the way to that look
//	costs nobody else anything: as long as a performance has contexts its word is
//	never nil, but a cell that failed, so that the CAS from nil fails; and the match
//	that leaves a word puts that cell back. The performer's own commits do not look:
//	what is ready when it comes may be taken. It publishes contexts before all else,
//	so that no offer of it can be seen before they are noted (and the first is noted by
//	plain stores: whoever looks has come by an offer that was published after them, by
//	S2 or under a lock); the second of two in different arms of nested choices comes
//	after some offers, and ends them from then on. Whether a context is done is seen at its channel: no code of others runs.
//
// Whoever makes the deciding CAS of C3 wakes the partners of the one that made
// the match; that one is awake.
//
// Checked by: docs/models/commit.pml (spin, with mutants), TestAgainstReference,
// TestCrossedChoicesStress, TestAtRestStress, TestBarrierCommitsAllOrNone; this
// source under every order of accesses: TestCrossedModel, TestChoiceModel,
// TestFrozenModel, TestClosingModel, TestContextModel (-tags model).

import (
	"slices"
	"sort"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

type status = uint32

const (
	undecided status = iota
	succeeded
	failed
)

// A cell is what a word points to. An offer's is constant while others can see
// it.
type cell struct {
	status number
	index  int    // which leaf of the performance; of an offer
	match  *match // the match it belongs to; nil in an offer
}

// A leaf is what a performance has published with one object.
type leaf interface {
	// withdraw is called once the leaf index, or none, has won. If that is this
	// one, it becomes p.won, and makes sure that the committer has finished with
	// it; otherwise it takes itself back. Performer only, once.
	withdraw(p *performance, index int)
	// part says where it waits, for inspection.
	part() wait.Part
}

// aborted is the cell of performances that come to nothing.
var aborted = func() *cell {
	c := &cell{index: -1}
	c.status.Store(succeeded)
	return c
}()

// A state is the part of a performance that others see.
type state struct {
	// word is the outcome. Writers: any, by CAS (W1); the performer, before it
	// publishes. Readers: any.
	word pointer[cell]
	// contexts are those whose end decides it, a list. Writer: the performer, before it
	// publishes the op of each. Readers: any (W8).
	contexts pointer[watchedContext]
	// w is the performer. Writer: the performer, before it publishes.
	w wait.Waiter
	// id is the place in the order of installation; it never changes.
	id uint64
	// shared says that a match named it, or that a late Waiter.Commit may still
	// touch it (E1 in newop.go): it is not used again (W6). Writers: anyone, under
	// the lock of an object with an offer of it; the performer. Reader: the
	// performer, after it has withdrawn all.
	shared flag
}

var stateIDs atomic.Uint64

func newState() *state { return &state{id: stateIDs.Inc()} }

// A watchedContext is a context as performances see it. It does not change.
type watchedContext struct {
	done <-chan struct{}
	next *watchedContext
}

// withContexts is what a word holds instead of nil: W8.
var withContexts = func() *cell {
	c := &cell{index: -1}
	c.status.Store(failed)
	return c
}()

// vacant returns what the word of s holds while it waits, and no match wants it.
func (s *state) vacant() *cell {
	if s.contexts.Load() != nil {
		return withContexts
	}
	return nil
}

// calledOff reports whether a context of s is done: W8.
func (s *state) calledOff() bool {
	for c := s.contexts.Load(); c != nil; c = c.next {
		if ended(c.done) {
			return true
		}
	}
	return false
}

// lost reports whether s cannot be committed by others any more.
func (s *state) lost(ws *wakes) bool { return s.decided(ws) != nil || s.calledOff() }

// addContext notes a context of p, which is about to publish its op.
func (p *performance) addContext(c *watchedContext) {
	s := p.s
	if !p.open && !p.hasContexts { // nobody else knows s
		p.touched, p.hasContexts = true, true
		preset(&s.contexts, c)
		preset(&s.word, withContexts)
		return
	}
	if first := s.contexts.Load(); first != nil {
		c = &watchedContext{c.done, first}
	}
	s.contexts.Store(c)
	p.touched, p.hasContexts = true, true
	for {
		cur := s.word.Load()
		if cur == withContexts {
			return
		}
		if cur != nil {
			switch cur.status.Load() {
			case succeeded:
				return
			case undecided:
				cur.match.decide(&p.wakes)
				continue
			}
		}
		if s.word.CompareAndSwap(cur, withContexts) {
			return
		}
	}
}

// commit is C1, on behalf of another. False: s was decided before, or is about to be by
// a context (W8).
func (s *state) commit(c *cell, ws *wakes) bool {
	if s.word.Load() == nil && s.word.CompareAndSwap(nil, c) {
		return true
	}
	if s.contexts.Load() != nil && s.lost(ws) {
		return false
	}
	return s.conclude(c, ws)
}

// conclude is C1 by the performer itself, or by one of its contexts.
func (s *state) conclude(c *cell, ws *wakes) bool {
	for {
		cur := s.word.Load()
		if cur != nil {
			switch cur.status.Load() {
			case succeeded:
				return false
			case undecided:
				cur.match.decide(ws)
				continue
			}
		}
		if s.word.CompareAndSwap(cur, c) {
			return true
		}
	}
}

// decided returns the cell that decided s, or nil.
func (s *state) decided(ws *wakes) *cell {
	for {
		cur := s.word.Load()
		if cur == nil {
			return nil
		}
		switch cur.status.Load() {
		case succeeded:
			return cur
		case failed:
			return nil
		}
		cur.match.decide(ws)
	}
}

// won returns the leaf of s that c, which decided it, stands for.
func (s *state) won(c *cell) int {
	if c.match == nil {
		return c.index
	}
	ps := c.match.parties
	i := sort.Search(len(ps), func(i int) bool { return ps[i].s.id >= s.id })
	return ps[i].index
}

// A match is a meeting of published performances. It is written by its maker
// and then, except for the status, never again.
type match struct {
	cell
	parties []party // in the order of their ids
	two     [2]party
}

// A party is one performance in a match.
type party struct {
	s     *state
	index int
	w     wait.Waiter // whom to wake; nil: the maker, who is awake
}

// newPair returns the match of leaf i of a, the maker, and leaf k of b. It is written in its place:
// who makes it may be deep down a small stack.
func newPair(a *state, i int, b *state, k int) *match {
	m := &match{}
	m.match = m
	mine, other := &m.two[0], &m.two[1]
	if a.id > b.id {
		mine, other = other, mine
	}
	mine.s, mine.index = a, i
	other.s, other.index, other.w = b, k, b.w
	m.parties = m.two[:]
	return m
}

// newMatch returns the match of distinct parties.
func newMatch(parties []party) *match {
	m := &match{parties: parties}
	m.match = m
	slices.SortFunc(parties, func(a, b party) int {
		if a.s.id < b.s.id {
			return -1
		}
		return 1
	})
	return m
}

// run makes the match happen, if all parties still wait. The lock of the object
// with which all of them have offers is held.
func (m *match) run(ws *wakes) bool {
	for i := range m.parties {
		m.parties[i].s.shared.Store(true) // W6
	}
	if m.decide(ws) {
		return true
	}
	for i := range m.parties {
		s := m.parties[i].s
		s.word.CompareAndSwap(&m.cell, s.vacant()) // or the rivals would be retained
	}
	return false
}

// decide makes the steps that are left to make, for its maker or a helper. It
// reports whether the match succeeded.
func (m *match) decide(ws *wakes) bool {
	for i := range m.parties {
		s := m.parties[i].s
		for m.status.Load() == undecided {
			cur := s.word.Load()
			if cur == &m.cell {
				break
			}
			if cur != nil {
				switch cur.status.Load() {
				case undecided:
					cur.match.decide(ws) // W5
					continue
				case succeeded:
					m.status.CompareAndSwap(undecided, failed) // W4
					continue
				}
			}
			s.word.CompareAndSwap(cur, &m.cell) // C2
		}
	}
	if m.status.CompareAndSwap(undecided, succeeded) { // C3
		for i := range m.parties {
			if w := m.parties[i].w; w != nil {
				ws.add(w)
			}
		}
	}
	return m.status.Load() == succeeded
}
