package coro

import "unsafe"

// What a swap into a slot will read, for those who have it brought into the caches
// before (package runtime, wheel_ahead.go). They may ask without owning anything: what
// they are told may be of before a change, or 0 where c is not yet made.

// Direct reports whether the process uses direct slots. It may be asked once there is a
// coroutine.
func Direct() bool { return possible && way.swap != nil }

// Near returns what c refers to: of a direct slot the Go runtime's coro, and 0; else the
// closures of next and yield.
func (c *Coro) Near() (slot, yield uintptr) {
	return uintptr(c.slot), uintptr(*(*unsafe.Pointer)(unsafe.Pointer(&c.yield)))
}

// Far returns the two variables of iter.Pull that both sides of a slot close over, which
// is not direct, or 0. (Should there be fewer one day, the last is a word of whatever
// lies behind.)
func (c *Coro) Far() (first, second uintptr) {
	next := (*[3]uintptr)(c.slot)
	if next == nil {
		return 0, 0
	}
	return next[1], next[2]
}
