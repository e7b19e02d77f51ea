package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/internal/parkword"
)

// fire does what the timers of w are for that are due, up to limit of them, at most
// fireBatch. mu is held, and given back. Root only.
func (s *scheduler) fire(w *wheel, now int64, limit int) {
	var batch [fireBatch]any
	due := w.next.Load()
	n := w.take(now, limit, &batch)
	s.counts.fired += uint64(n)
	if n > 1 || n == 1 && w.next.Load() != never { // else there is nothing to gather
		s.rt.slack.fired.Add(int64(n))
	}
	if n >= aheadFrom {
		for _, what := range batch[:n] {
			if f, ok := what.(*fiber); ok {
				f.fetch()
			}
		}
	}
	var sleepers [fireBatch]*fiber
	woken := sleepers[:0]
	s.firing = true
	for _, what := range batch[:n] {
		switch what := what.(type) {
		case *fiber:
			if what.word.Wake(parkword.Served) {
				if s.eyes != nil {
					s.eyes.fired(what, due)
				}
				woken = append(woken, what)
			}
		case *timeRegistration:
			what.Commit(time.Now())
		case alarm:
			what.ring(s)
		}
	}
	s.firing = false
	if len(woken) >= aheadFrom {
		readAhead(woken) // before the push: they are ours until then
	}
	for _, f := range woken {
		s.pushWoken(f)
	}
}

// fireOwn fires the timers of the scheduler's own wheel, and now and then those
// of others that nobody else sees to. It reports whether there were any.
//
// While more fibers are woken than run until the next turn, it fires for a quarter of
// those that run, and leaves what others are late with to them. Sleepers that are late
// would otherwise pile up in the ring, behind it all, and be out of the cache once more
// when it is their turn.
func (s *scheduler) fireOwn(now int64) (fired bool) {
	s.tidyOwn()
	limit, every := fireBatch, scanEvery
	ready := s.ring.Len()
	switch {
	case ready >= manyReady:
		s.readRing(&s.ring)
	default:
		if y := s.behind.Load(); y != nil && y.owner.Len() >= manyReady {
			s.readRing(&y.owner)
		}
	}
	if ready >= turnPicks {
		limit, every = max(s.interval, minFired), scanSeldom
		if s.rotation%backlogTurns != 0 {
			limit = 0
		}
	}
	if limit > 0 && s.wheel.next.Load() <= now && s.wheel.mu.TryLock() {
		s.fire(s.wheel, now, limit)
		fired = true
	}
	if time.Duration(now-s.scanned) < every {
		return fired
	}
	s.scanned = now
	for _, w := range s.rt.wheels {
		next := w.next.Load()
		if next <= now && (w.unattended.Load() || time.Duration(now-next) >= overdue) && w.mu.TryLock() {
			s.fire(w, now, fireBatch)
			fired = true
		}
	}
	return fired
}

// fireAll fires the timers of all wheels. It reports whether there were any.
func (s *scheduler) fireAll(now int64) (fired bool) {
	for _, w := range s.rt.wheels {
		if w.next.Load() <= now {
			w.mu.Lock()
			s.fire(w, now, fireBatch)
			fired = true
		}
	}
	return fired
}
