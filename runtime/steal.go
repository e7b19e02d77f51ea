package runtime

import (
	"slices"
	"time"

	"github.com/seed222ee791/fibers/worksteal"
)

const (
	stealBatch   = 16
	searchRounds = 6
	searchPause  = 200 // loads of a shared word between two rounds, 0.2–0.4 µs

	stealableAge = 5 * time.Microsecond  // how long a fiber waits in a ring until it is stolen
	backlogAge   = 50 * time.Microsecond // since when no look has found a ring empty, until it is stolen from
)

// victims is what a scheduler remembers of the others' next places and rings. The
// owner's alone.
type victims struct {
	seen  map[*scheduler]sight
	rings map[*worksteal.RingThief[fiber]]ringSight
}

// A sight is a fiber in a next place. At the second look it must be the same and
// its scheduler have had no turn: else it may have run and come back.
type sight struct {
	fiber *fiber
	turns uint64
	at    int64
}

// A ringSight is what was seen in a ring.
type ringSight struct {
	until uint64 // the fibers seen are those before this one
	at    int64  // when that was
	since int64  // all looks since then found some
}

// stealable reports whether fibers should be stolen from a ring of v, the one of the woken or
// the one behind: one has waited there for some time. Most often, woken fibers run for less
// than a microsecond and wake others: to steal one costs more than it brings, to the
// thief, and to those that share cache lines with it.
func (s *scheduler) stealable(v *scheduler, ring *worksteal.RingThief[fiber], now int64) bool {
	low := ring.Taken()
	n := ring.Len()
	if n == 0 {
		if len(s.watched.rings) > 0 {
			delete(s.watched.rings, ring)
		}
		return false
	}
	if v.eager.Load() > 0 {
		return true
	}
	before, known := s.watched.rings[ring]
	age := time.Duration(now - before.at)
	switch {
	case !known:
		if s.watched.rings == nil {
			s.watched.rings = make(map[*worksteal.RingThief[fiber]]ringSight)
		}
		before.since = now
	case age < stealableAge:
		return false
	case int64(before.until-low) > 0:
		if age >= watchMin/2 {
			v.eager.Store(eagerness)
		}
		return true
	case time.Duration(now-before.since) >= backlogAge:
		return true
	}
	s.watched.rings[ring] = ringSight{low + uint64(n), now, before.since}
	return false
}

// search looks for work at the others for a few microseconds.
func (s *scheduler) search() *fiber {
	s.counts.searches++
	for round := 0; round < searchRounds || len(s.watched.rings) > 0 && round < 4*searchRounds; round++ {
		if f := s.sweep(); f != nil {
			return f
		}
		for range searchPause {
			if s.rt.stopping.Load() {
				return nil
			}
		}
	}
	return nil
}

// sweep looks at every queue once and takes what it finds.
func (s *scheduler) sweep() *fiber {
	if f := s.rt.injector.Pop(); f != nil {
		return f
	}
	if f := s.takeLegacy(&s.rt.legacies.newest); f != nil {
		return f
	}
	all := *s.rt.schedulers.Load()
	s.watched.forget(all)
	start := s.random(len(all))
	for i := range all {
		seat := (start + i) % len(all)
		v := all[seat]
		if v == s {
			continue
		}
		if v.unseated.Load() {
			if f := s.inherit(v); f != nil {
				s.counts.stolen++
				return f
			}
			continue
		}
		if f := s.stealFrom(v); f != nil {
			s.counts.stolen++
			if s.eyes != nil {
				s.eyes.event(evSteal, f, uint64(seat))
			}
			return f
		}
	}
	return nil
}

// stealFrom takes the oldest spawned fiber of v, or half of those that it has woken, or
// of those behind.
func (s *scheduler) stealFrom(v *scheduler) *fiber {
	for range 4 { // Lost means that someone else got work: no need to insist
		f, outcome := v.newest.Steal()
		if f != nil {
			s.stealMore(v)
			return f
		}
		if outcome == worksteal.Empty {
			break
		}
		s.counts.lost++
	}
	if f := s.stealHalf(v, &v.woken, &s.ring); f != nil {
		return f
	}
	if y := v.behind.Load(); y != nil {
		if f := s.stealHalf(v, &y.thief, s.toBehind()); f != nil {
			return f
		}
	}
	return s.stealStale(v)
}

// stealHalf takes half of a ring of v, if that is stealable, into one of s.
func (s *scheduler) stealHalf(v *scheduler, from *worksteal.RingThief[fiber], to *worksteal.RingOwner[fiber]) *fiber {
	for range 4 {
		if !s.stealable(v, from, s.rt.clock()) {
			break
		}
		f, moved, outcome := from.StealHalf(to, 32)
		if f != nil {
			s.counts.stolen += uint64(moved)
			delete(s.watched.rings, from)
			return f
		}
		if outcome == worksteal.Empty {
			break
		}
		s.counts.lost++
	}
	return nil
}

// stealFromStalled takes a fiber from a scheduler that has stalled, for one who has work of
// its own: nobody else might ever come for it.
func (s *scheduler) stealFromStalled() *fiber {
	if f := s.takeLegacy(&s.rt.legacies.oldest); f != nil {
		return f
	}
	if s.rt.stalled.Load() == 0 {
		return nil
	}
	for _, v := range *s.rt.schedulers.Load() {
		if v == s || !v.stalled.Load() && !v.unseated.Load() {
			continue
		}
		f := s.inherit(v)
		if f == nil {
			f = s.stealFrom(v)
		}
		if f != nil {
			s.counts.stolen++
			return f
		}
	}
	return nil
}

// stealMore takes up to half of what v has spawned, at most stealBatch, so that
// the way here is not made for each one.
func (s *scheduler) stealMore(v *scheduler) {
	for n := min(v.newest.Len()/2, stealBatch); n > 0; n-- {
		f, _ := v.newest.Steal()
		if f == nil {
			return
		}
		s.counts.stolen++
		s.deque.Push(f)
	}
}

// stealStale takes the fiber in v's next place if it was there some time ago.
func (s *scheduler) stealStale(v *scheduler) *fiber {
	f := v.next.peek()
	if f == nil {
		if len(s.watched.seen) > 0 {
			delete(s.watched.seen, v)
		}
		return nil
	}
	before, known := s.watched.seen[v]
	now := sight{f, v.published.turns.Load(), s.rt.clock()}
	switch {
	case !known || before.fiber != f || before.turns != now.turns:
		if s.watched.seen == nil {
			s.watched.seen = make(map[*scheduler]sight)
		}
		s.watched.seen[v] = now
		return nil
	case time.Duration(now.at-before.at) < watchMin/2:
		return nil
	}
	delete(s.watched.seen, v)
	if v.next.takeIf(f) {
		v.eager.Store(eagerness)
		return f
	}
	return nil
}

// forget drops what was seen at schedulers that are no more.
func (v *victims) forget(all []*scheduler) {
	for ring := range v.rings {
		if !slices.ContainsFunc(all, func(s *scheduler) bool { return s.has(ring) }) {
			delete(v.rings, ring)
		}
	}
	for s := range v.seen {
		if !slices.Contains(all, s) {
			delete(v.seen, s)
		}
	}
}

// sighted reports whether there was a fiber in another's next place at the last
// look, which is worth another soon.
func (v *victims) sighted() bool { return len(v.seen) > 0 }
