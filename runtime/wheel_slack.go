package runtime

import (
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"
)

// Slack: where timers fire all the time, those who have nothing else to do let them
// gather for a moment.
//
// Each sleep of a scheduler costs some 10 µs of processor time, a sleeper whose timer fires
// 1 to 2. So a scheduler that has run out of work does not see to the next timer as soon as
// that is due, but slack later, and then to all that are due by then. The slack is nothing
// while fewer than slackFrom timers fire in a millisecond, as one fiber does that sleeps
// for a tenth of one again and again, and grows with their rate.
//
// Nothing is early by that, and who runs fibers fires at each turn what is due, as always.
//
// With slack, whoever falls asleep watches even if all others sleep (W2). Else each who
// wakes up for the timers would find fibers to run and nobody who watches, and wake another
// for them, which most often finds nothing left to do. And they sleep by the bell (bell.gather):
// in the futex each keeps a processor of Go's, which has Go's thread sysmon look every 20 µs, for an eighth of
// what all took together.
type slack struct {
	// fired counts the timers of all wheels. Writers: who fires.
	fired stdatomic.Int64
	// Hints, of the last interval that was measured: when it ended, fired at that time, the
	// rate in it, and the slack. Writers: who has moved at.
	at, before, rate stdatomic.Int64
	now              stdatomic.Int64
}

const (
	slackInterval = time.Millisecond      // at least, between two measurements
	slackFrom     = 10                    // timers in a millisecond
	slackGrowth   = 25 * time.Microsecond // for each one more
	slackMost     = 250 * time.Microsecond
)

// measure looks how many timers fire. Of two intervals, the one with fewer counts, so that a
// burst alone makes no slack.
func (k *slack) measure(now int64) {
	at := k.at.Load()
	took := now - at
	if took < int64(slackInterval) || !k.at.CompareAndSwap(at, now) {
		return
	}
	fired := k.fired.Load()
	rate := (fired - k.before.Load()) * int64(time.Millisecond) / took
	k.before.Store(fired)
	last := k.rate.Swap(rate)
	k.now.Store(min(max(min(rate, last)-slackFrom, 0)*int64(slackGrowth), int64(slackMost)))
}

// busy reports whether there is slack.
func (k *slack) busy() bool { return k.now.Load() > 0 }

// add returns when to wake up for timers that are due at when, which may be never.
func (k *slack) add(when int64) int64 {
	if when > never-int64(slackMost) {
		return when
	}
	return when + k.now.Load()
}

// fireGathered is fireAll for one who has run out of work: when timers have been due for as long
// as there is slack.
func (s *scheduler) fireGathered(now int64) (fired bool) {
	return s.rt.timersDue(now-s.rt.slack.now.Load()) && s.fireAll(now)
}
