package runtime

import "time"

// Fresh timers: those that were set since the last turn, and are in no wheel yet.
//
// A time-out is most often cancelled soon, by whoever set it. So a timer for farAhead or
// more from now on is put in a slot, with how long it is to wait, and the next turn puts it
// in the wheel, if it is there still. What is cancelled before that has cost two atomic
// operations, and no look at the clock. The time that counts is that of the turn: such a
// timer is late by the time between two turns, half a millisecond while fibers switch.
//
// Other timers go to the wheel at once, or where another has locked it by way of that one: one that
// lay in a slot would be seen by its owner alone, and of a hundred thousand sleepers the last
// hundredth came three times later (docs/design/0007-wheel.md).
//
// # Who puts them in the wheel (admits them)
//
//	the owner         at every turn, and when the slots are full
//	who falls asleep  those of all wheels (nextTimer)
//	the monitor       those of schedulers that have not turned since its last look
//
// Until then nobody else knows of them.
//
// # The races
//
// H3: cancelling a fresh timer, and admitting it.
//
//	Both take it out of its slot, and one of them succeeds. Who admits it holds mu until it is
//	in the wheel. So whoever finds that it is not in its slot any more goes on as for
//	any timer in the wheel: under the lock, or by dropping it (H1). If it was dropped in
//	between, it is in the list after it has left its slot, so settle, under mu, comes to it
//	when it is in the wheel.
//
// H4: a fresh timer, and a scheduler that loses its seat.
//
//	Who sets it puts it in its slot, then looks at unseated, and if it has no seat admits it
//	itself (U4). If it has one, the slot was filled before the other took the seat,
//	whose first turn looks at all slots. Both may put at the same time: by a CAS, and who
//	finds the slot taken goes to the wheel.
//
// H5: the clock, which is to be read after the timer was set, as nothing is early.
//
//	Who admits empties the slots first, and then looks at the clock.
//
// Checked by: TestFreshTimers…, TestTimersAreDroppedFromAnyCoreStress, TestWheelFreshModel
// (-tags model, with mutants).
type fresh struct {
	slots [freshMost]pointer[timer]
}

const farAhead = time.Second

// hold puts t, which is in no wheel, in a slot, to fire when d has passed. It reports false if that
// is not to be. Owner only.
func (s *scheduler) hold(t *timer, d time.Duration) bool {
	w, i := s.wheel, s.held
	if w.sim != nil {
		return false
	}
	for i > 0 && w.fresh.slots[i-1].Load() == nil {
		i--
	}
	if i == freshMost {
		w.tidy()
		i = 0
	}
	t.home, t.when, t.slot = w, int64(d), i
	t.arm()
	if !w.fresh.slots[i].CompareAndSwap(nil, t) { // H4
		return false
	}
	s.held = i + 1
	if s.unseated.Load() { // H4
		w.tidy()
		s.rt.wakeForWork()
	}
	return true
}

// release takes t out of its slot, and reports whether it was there. From anywhere, by one who
// may cancel it.
func (t *timer) release() bool {
	slot := &t.home.fresh.slots[t.slot]
	return slot.Load() == t && slot.CompareAndSwap(t, nil) // H3
}

// holds reports whether there are fresh timers.
func (w *wheel) holds() bool {
	for i := range w.fresh.slots {
		if w.fresh.slots[i].Load() != nil {
			return true
		}
	}
	return false
}

// admit puts the fresh timers in the wheel; mu is held.
func (w *wheel) admit() {
	taken := w.mu.taken[:0]
	w.settling.Store(true) // H7
	for i := range w.fresh.slots {
		if slot := &w.fresh.slots[i]; slot.Load() != nil {
			if t := slot.Swap(nil); t != nil { // H3
				taken = append(taken, t)
			}
		}
	}
	now := int64(0)
	if len(taken) > 0 {
		now = w.rt.clock() // H5
	}
	for i, t := range taken {
		when := now + t.when
		if when < 0 {
			when = never
		}
		w.schedule(t, tickOf(when))
		taken[i] = nil
	}
	w.settling.Store(false)
}

// tidy admits what is fresh, and settles the rest.
//
//go:noinline
func (w *wheel) tidy() {
	w.mu.Lock()
	w.admit()
	w.settle()
	w.unlock()
}

// tidyOwn is tidy for the owner, at its turn. It does not wait for the lock: there will be another
// turn.
func (s *scheduler) tidyOwn() {
	w := s.wheel
	if s.held == 0 && !w.unsettled() || !w.mu.TryLock() {
		return
	}
	if s.held > 0 {
		s.held = 0
		w.admit()
	}
	w.settle()
	w.unlock()
}

// tidyForgotten is tidy for the monitor, which comes again if another has the lock.
func (w *wheel) tidyForgotten() {
	if w.holds() && w.mu.TryLock() {
		w.admit()
		w.unlock()
	}
}
