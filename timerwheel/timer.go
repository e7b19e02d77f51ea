package timerwheel

// A Tick is a point in time, in whatever unit and from whatever beginning the
// caller chooses. Ticks are ordered as numbers and do not wrap around: after the
// last one there is none. (Counting nanoseconds from zero that takes 584 years.)
type Tick uint64

// A Timer is an entry of a wheel: the record that is linked into it, so that
// scheduling allocates nothing. The zero Timer is ready to be scheduled. It
// belongs in the struct of whatever it is the timer of; 48 bytes on a 64-bit
// system. It must not be copied while it is scheduled.
type Timer struct {
	_ noCopy

	// Value is the caller's: what fire has to know. The wheel does not look at
	// it.
	Value any

	wheel *Wheel // that holds it; nil: none

	// A slot's timers form a ring, in the order in which they came.
	next, prev *Timer
	at         Tick
}

// Scheduled reports whether a wheel holds the timer: it has been scheduled, and
// neither fired nor been cancelled since.
func (t *Timer) Scheduled() bool { return t.wheel != nil }

// When returns the tick that the timer is, or was last, scheduled for; 0 if it
// never was.
func (t *Timer) When() Tick { return t.at }

// noCopy makes go vet report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
