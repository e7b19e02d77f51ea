package runtime

// A wheel that is locked.
//
// A holder of the lock may have lost its processor. So nobody waits for it who has something else
// to do: others would have to take the seats of all who come (stalled.go), for as long. What is to be
// done is put in a list of the wheel instead, for one who holds the lock (as in flat
// combining: Hendler, Incze, Shavit and Tzafrir, 2010):
//
//	posted    timers to be set, by the owner while another has the lock; whoever has it
//	          does that when he gives it back
//	dropped   timers to be taken out, where the lock is taken, or the owner awake on another
//	          core, whose line the lock is on: most time-outs of waits are given up where the
//	          other party is; the owner does that when it sets a timer, and at every turn
//
//	H1: dropping a timer, and taking it out because it is due.
//
//	Both change state from armed, who does decides: a dropped timer is passed over
//	by take, and one that was taken is not dropped. What take reads of it besides, its
//	Value, does not change while it is armed. One that is posted is dropped by its state alone,
//	as it is in a list. Once dropped a timer is the wheel's: who has dropped it uses another. (A
//	fresh timer is not dropped but taken out of its slot: H3 in wheel_fresh.go.)
//
//	H2: dropping a timer while the owner falls asleep.
//
//	The owner says that it is unattended and then looks whether something was dropped
//	(nextTimer); the other drops and then looks whether the owner is unattended, and if
//	so takes it out itself. One of them sees the other. So next is exact for those who
//	sleep, and nothing is left over in the wheel of a sleeper.
//
//	H6: posting a timer while another has the lock.
//
//	The one posts, then tries the lock once more; the other gives the lock back, then looks whether
//	something was posted, and tries the lock again. One of them sees the other. (TryLock
//	also fails where the lock is about to be handed to one who waits: he looks, too.) So a
//	timer is in that list no longer than somebody holds the lock. Nobody is kept there by others:
//	owners post, one timer each, and set the next when that is done.
//
//	H7: setting what was posted, or was fresh, while the owner falls asleep.
//
//	Who takes timers out of the list, or the slots, says before that that he is settling, and until
//	they are in the wheel and next says so. nextTimer looks at the list and the slots, and
//	then whether somebody is settling: one that it finds in none of these is in the wheel, or he is,
//	and it waits for the lock.
//
// Checked by: TestTimersAreDroppedFromAnyCoreStress, TestTimersOfALockedWheel…,
// TestNextTimerWaitsForWhoIsSettling, TestWheelModel (-tags model, with mutants).

// push puts t in a list.
func push(list *pointer[timer], t *timer) {
	for {
		first := list.Load()
		t.below = first
		if list.CompareAndSwap(first, t) {
			return
		}
	}
}

// unsettled reports whether there is something in the lists.
func (w *wheel) unsettled() bool { return w.posted.Load() != nil || w.dropped.Load() != nil }

// unlock gives the lock back, and sets what has been posted meanwhile: H6.
func (w *wheel) unlock() {
	w.mu.Unlock()
	if w.posted.Load() != nil {
		w.settlePosted()
	}
}

// settlePosted settles, unless another has the lock.
//
//go:noinline
func (w *wheel) settlePosted() {
	for w.posted.Load() != nil && w.mu.TryLock() {
		w.settle()
		w.mu.Unlock()
	}
}

// drop is cancel for a timer that one alone may cancel, and that release has not found, from the
// scheduler s or, if that is nil, from elsewhere. If it was there, and is the wheel's now, kept is
// false: it must not be used again.
func (t *timer) drop(s *scheduler) (there, kept bool) {
	w := t.home
	if w.sim != nil {
		return t.cancel(), true
	}
	if t.state.Load() == timerPosted && t.state.CompareAndSwap(timerPosted, timerDropped) { // H1
		return true, false
	}
	if (s != nil && s.wheel == w || w.unattended.Load()) && w.mu.TryLock() {
		// Not cancel: each frame counts on a small stack.
		if there = w.mu.timers.Cancel(&t.Timer); there {
			w.removed(t)
		}
		w.unlock()
		return there, true
	}
	if !t.state.CompareAndSwap(timerArmed, timerDropped) { // H1
		return false, true
	}
	push(&w.dropped, t)
	if w.unattended.Load() { // H2
		w.mu.Lock()
		w.settle()
		w.unlock()
	}
	return true, false
}

// settle does what is in the lists; mu is held.
func (w *wheel) settle() {
	if w.posted.Load() != nil {
		w.setPosted()
	}
	for t := w.dropped.Swap(nil); t != nil; {
		next := t.below
		t.below, t.Value = nil, nil
		if w.mu.timers.Cancel(&t.Timer) { // unless take has come by it
			w.removed(t)
		}
		t = next
	}
}

//go:noinline
func (w *wheel) setPosted() {
	w.settling.Store(true) // H7
	for t := w.posted.Swap(nil); t != nil; {
		next, when := t.below, t.when
		if t.state.CompareAndSwap(timerPosted, timerArmed) { // H1
			w.schedule(t, tickOf(when))
		} else {
			t.below, t.Value = nil, nil // dropped
		}
		t = next
	}
	w.settling.Store(false)
}
