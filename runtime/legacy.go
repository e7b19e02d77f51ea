package runtime

import "go.uber.org/atomic"

// Legacies: what stalled schedulers have left in their queues beyond what their stand-in took at
// once. Such stalled schedulers are in a list, by age. Thieves take from the newest, so that of a
// computation that spawns and waits as a tree few branches are begun at a time; at their
// turns, schedulers take from the oldest, so that nobody waits for ever. However many
// there are, to lose a seat and to look for work cost the same: a tree of 28 000 fibers
// that wait for their children in Go's way took a minute and a half when thieves looked
// at them all.
//
// A stalled scheduler is listed from replace on, if anything may be left, until it is seen empty,
// reclaims its seat, or ends. Those who are listed have no seat: U1.
//
// # Shared
//
//	newest, oldest  the ends. Writers: under rt.mu. Readers: any, as a hint where to
//	                look; that there are none is exact.
//	older, newer    of each scheduler, and listed: under rt.mu.
type legacies struct {
	newest, oldest atomic.Pointer[scheduler]
}

// legacy is the place of a scheduler in the list.
type legacy struct {
	older, newer *scheduler
	listed       bool
}

// add lists v; rt.mu is held.
func (l *legacies) add(v *scheduler) {
	old := l.newest.Load()
	v.legacy = legacy{older: old, listed: true}
	if old != nil {
		old.legacy.newer = v
	} else {
		l.oldest.Store(v)
	}
	l.newest.Store(v)
}

// remove takes v out, if it is listed; rt.mu is held.
func (l *legacies) remove(v *scheduler) {
	if !v.legacy.listed {
		return
	}
	older, newer := v.legacy.older, v.legacy.newer
	if newer != nil {
		newer.legacy.older = older
	} else {
		l.newest.Store(older)
	}
	if older != nil {
		older.legacy.newer = newer
	} else {
		l.oldest.Store(newer)
	}
	v.legacy = legacy{}
}

// empty reports whether none is listed.
func (l *legacies) empty() bool { return l.newest.Load() == nil }

// legacyTries is how many of those who turn out to be empty a look passes over.
const legacyTries = 16

// takeLegacy takes what the stalled scheduler at one end of the list has left, or part of it.
func (s *scheduler) takeLegacy(end *atomic.Pointer[scheduler]) *fiber {
	for range legacyTries {
		v := end.Load()
		if v == nil || v == s { // s ends soon, and hands on what it has
			return nil
		}
		if f := s.inherit(v); f != nil {
			s.counts.stolen++
			return f
		}
	}
	return nil
}

// inherit takes from v, if that has no seat any more: what it holds is nobody's, with no
// regard to how long it has waited there.
func (s *scheduler) inherit(v *scheduler) *fiber {
	if !v.unseated.Load() {
		return nil
	}
	if left := s.plunder(&v.runQueue, plundered); !left {
		s.rt.dropLegacy(v)
	}
	return s.pickLocal()
}

// dropLegacy takes v, a stalled scheduler whose queues were seen empty, out of the list, if they are
// so still: it may have had its seat back meanwhile, filled them, and lost it again.
func (rt *Runtime) dropLegacy(v *scheduler) {
	rt.mu.Lock()
	if v.legacy.listed && v.empty() { // U1
		rt.legacies.remove(v)
	}
	rt.mu.Unlock()
}
