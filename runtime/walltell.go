package runtime

// Being told that the wall clock has been set.
//
// Linux tells, by a timer that is cancelled then. A goroutine waits for that, as long as
// anybody waits for a time of the wall clock. It owns the teller, and closes it when it ends:
// because it was stopped, or the teller can tell no more, or never could, after which looks
// come each second again and try another.
//
// T1: a step of the clock against the one that sets the timers by it, who makes the teller
//
//	ready first, by opening it or by what wait does before it returns, and then compares
//	the clocks. The step came before that: the comparison shows it. It came after: the
//	teller tells it.
//
// Checked by: TestClockTeller….

// A clockTeller tells that the wall clock has been set, or jumped when the machine woke.
type clockTeller interface {
	// wait waits until the clock has been set, and is ready for the next time when it
	// returns true; false if it cannot tell, or has been stopped.
	wait() bool
	// stop has wait return false. It does not wait, and is called once at the most.
	stop()
	// close gives back what it has, when nobody waits.
	close()
}

// ask has somebody tell when the clock is set, if that can be done. The lock is held.
func (w *wallClock) ask() {
	if w.mu.teller != nil {
		return
	}
	open := openClockTeller
	if w.mu.open != nil {
		open = w.mu.open
	}
	if t, err := open(); err == nil { // T1
		w.mu.teller = t
		go w.listen(t)
	}
}

// listen follows the clock whenever it has been set.
func (w *wallClock) listen(t clockTeller) {
	defer t.close()
	for t.wait() { // T1
		w.mu.Lock()
		if w.mu.teller == t {
			w.follow()
		}
		w.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.teller == t {
		w.mu.teller = nil
		w.scheduleCheck()
	}
}

// dismiss ends the telling: nobody waits any more. The lock is held.
func (w *wallClock) dismiss() {
	if w.mu.teller != nil {
		w.mu.teller.stop()
		w.mu.teller = nil
	}
}
