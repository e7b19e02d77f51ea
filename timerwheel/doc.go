// Package timerwheel keeps any number of timers and tells which are due: a
// hierarchical timing wheel. It is a data structure and no more: it has no clock
// and no goroutine, and does not wait. The caller says what time it is.
//
// # Roles
//
// A [Wheel] is for one goroutine at a time. It holds [Timer] records, which belong
// to the caller and are linked into it. A [Tick] is a time in the caller's unit:
// the smaller the unit, the finer the order of the timers; it costs next to nothing
// (a level more, perhaps).
//
// # The usual loop
//
//	for {
//		for w.Advance(now(), 100, fire) {
//			// more is due: a good moment to do other things in between
//		}
//		next, ok := w.Next()
//		sleepUntil(next, ok) // rounding up
//	}
//
// The example of the package runs it.
//
// # Guarantees
//
// Nothing fires early: a timer for the tick t is fired by the first call of Advance
// with t or a later one. Timers fire in the order of their ticks, and those of one
// tick in the order in which they were scheduled, over all levels. Next is exact.
//
// Schedule and Cancel are O(1), Next and Advance amortised O(1) for each timer, of
// which the constant is the number of levels between the timer's first and the
// lowest, at most seven. A bounded Advance does a bounded amount of work. How far the
// clock jumps does not matter.
//
// Memory: a timer is 48 bytes, on 64-bit systems; scheduling one allocates nothing.
// The wheel itself takes 2 KiB for each level in use and another 2 or 4 KiB for each
// slot that was looked into, which happens only where more than 32 timers were, and
// ends when they are gone. What has been fired or cancelled is not referred to any
// more.
//
// # Not guaranteed
//
// Nothing is synchronised. Ticks do not wrap around: a wheel that has come to the
// largest Tick stays there. A clock that is set back does not take the wheel back.
//
// # Lineage
//
// Scheme 7 of G. Varghese and T. Lauck, Hashed and hierarchical timing wheels (SOSP
// 1987), with 256 slots a level. As in later wheels, the level of a timer is the highest
// digit at which its tick differs from the clock's, and words of bits say which slots
// are in use, so that empty ones cost nothing. What deviates: slots are taken to
// pieces when the earliest timer is asked for and not only when the clock comes to
// them, which makes Next exact; and the work of that can be spread over several calls.
// That scheduling is bounded and fire may do anything but advance is as in Ratas.
package timerwheel
